"""Types of the boxes that are read from a file of the MP4 family.

Specification: ISO/IEC 14496-12 (sections beside the types), Apple's QuickTime File Format.
"""

from __future__ import annotations


class Box:
    """The four-character code of a box."""

    FTYP = "ftyp"  # brands, 4.3
    MOOV = "moov"  # the index, 8.2.1
    MVHD = "mvhd"  # movie header, 8.2.2
    TRAK = "trak"  # track, 8.3.1
    TKHD = "tkhd"  # track header, 8.3.2
    EDTS = "edts"  # edits, 8.6.5
    ELST = "elst"  # edit list, 8.6.6
    MDIA = "mdia"  # media, 8.4.1
    MDHD = "mdhd"  # media header, 8.4.2
    HDLR = "hdlr"  # kind of media, 8.4.3
    MINF = "minf"  # media information, 8.4.4
    DINF = "dinf"  # data information, 8.7.1
    DREF = "dref"  # data references, 8.7.2
    STBL = "stbl"  # tables of samples, 8.5.1
    STSD = "stsd"  # sample entries, 8.5.2
    STTS = "stts"  # durations, 8.6.1.2
    CTTS = "ctts"  # offsets of presentation times, 8.6.1.3
    STSS = "stss"  # keyframes, 8.6.2
    STSZ = "stsz"  # sizes of samples, 8.7.3.2
    STZ2 = "stz2"  # sizes of samples in fewer bits, 8.7.3.3
    STSC = "stsc"  # samples of each chunk, 8.7.4
    STCO = "stco"  # offsets of chunks, 8.7.5
    CO64 = "co64"  # offsets of chunks in 64 bits, 8.7.5
    CLAP = "clap"  # clean aperture, 12.1.4
    MVEX = "mvex"  # there are fragments, 8.8.1
    TREX = "trex"  # defaults of fragments, 8.8.3
    MOOF = "moof"  # fragment, 8.8.4
    TRAF = "traf"  # track of a fragment, 8.8.6
    TFHD = "tfhd"  # header of a track of a fragment, 8.8.7
    TRUN = "trun"  # run of samples, 8.8.8
    MDAT = "mdat"  # media data, 8.1.1
    UUID = "uuid"  # a type of its own, 11.1
    UDTA = "udta"  # user data, 8.10.1
    META = "meta"  # metadata, 8.11.1
    CMOV = "cmov"  # compressed index, QuickTime
    XMP = "XMP_"  # XMP packet in user data, ISO 16684-3
    FREE = "free"  # padding, 8.1.2
    SKIP = "skip"  # padding, 8.1.2
    WIDE = "wide"  # room for a longer size, QuickTime
    IODS = "iods"  # object descriptor, ISO/IEC 14496-14, 5.5
    VMHD = "vmhd"  # video media header, 12.1.2
    SMHD = "smhd"  # sound media header, 12.2.2
    SDTP = "sdtp"  # dependencies of samples, 8.6.4
    SGPD = "sgpd"  # descriptions of sample groups, 8.9.3
    SBGP = "sbgp"  # samples of a group, 8.9.2
    ILST = "ilst"  # items of iTunes' metadata, QuickTime
    KEYS = "keys"  # names of QuickTime's metadata
    DATA = "data"  # value of such an item, QuickTime
    COLR = "colr"  # colours, 12.1.5
    PASP = "pasp"  # pixel aspect, 12.1.4
    FIEL = "fiel"  # fields, QuickTime
    BTRT = "btrt"  # bit rates, 8.5.2
    ESDS = "esds"  # elementary stream, ISO/IEC 14496-14, 5.6
    AVCC = "avcC"  # H.264's configuration, ISO/IEC 14496-15, 5.3
    HVCC = "hvcC"  # HEVC's configuration, ISO/IEC 14496-15, 8.3
    AV1C = "av1C"  # AV1's configuration, AV1 in ISOBMFF, 2.3
    VPCC = "vpcC"  # VP9's configuration, VP Codec in ISOBMFF, 2.2
    DAC3 = "dac3"  # AC-3's configuration, ETSI TS 102 366, F.4
    DEC3 = "dec3"  # E-AC-3's configuration, ETSI TS 102 366, F.6
    DOPS = "dOps"  # Opus's configuration, Opus in ISOBMFF, 4.3.2
    WAVE = "wave"  # decoder configuration of sound, QuickTime
    FRMA = "frma"  # the format again, QuickTime
    ENDA = "enda"  # order of the bytes, QuickTime
    CHAN = "chan"  # channels, QuickTime
    TREF = "tref"  # references to other tracks, 8.3.3
    TMCD = "tmcd"  # reference to a time code track, QuickTime
    CDSC = "cdsc"  # reference to the track that is described, 8.3.3
    CDEP = "cdep"  # reference to a track of dependent content, QuickTime
    TAPT = "tapt"  # sizes for display, QuickTime
    LOAD = "load"  # how to preload, QuickTime
    GMHD = "gmhd"  # header of other media, QuickTime
    NMHD = "nmhd"  # null media header, 8.4.5.2
    CSLG = "cslg"  # from composition to decoding times, 8.6.1.4
    CHRM = "chrm"  # places of chroma samples, QuickTime
    GAMA = "gama"  # gamma, QuickTime
    MDCV = "mdcv"  # mastering display, 12.1.7
    CLLI = "clli"  # content light level, 12.1.6
    AMVE = "amve"  # ambient viewing environment, 12.1.8
