"""Identify a file by its first bytes alone. Pure; imports neither PyAV nor Pillow.

The answer names the only demuxer that may open the file, because a library's own guess may follow
names and playlists to other files.
"""

from __future__ import annotations

import struct
from typing import Final, Literal, NamedTuple

from vaceprep.contract import IMAGE_BRANDS, QUICKTIME_BRAND, THREEGPP_PREFIX
from vaceprep.formats import DEMUXERS, SIGNATURES

#: ISO family: major brand to format. ``mif1`` and similar brands need further reading.
_BRANDS: Final[dict[bytes, str]] = {
    **dict.fromkeys((b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx"), "heic"),
    **dict.fromkeys((b"hevm", b"hevs"), "heic"),
    **dict.fromkeys((b"avif", b"avis"), "avif"),
    **dict.fromkeys((b"jpeg", b"jpgs", b"j2ki", b"vvic", b"vvis", b"evbi"), "heif"),
    b"jxl ": "jxl",
    b"crx ": "cr3",
}
_SHARED_BRANDS: Final = (b"mif1", b"msf1", b"mif2")
_BMP_HEADERS: Final = (12, 16, 40, 52, 56, 64, 108, 124)


def sniff_image(head: bytes) -> str | None:
    """Return the image format of a file's first bytes (a few hundred at least), or None.

    Names are lower case: ``jpeg``, ``png``, ``bmp``, ``tiff``, ``webp`` are the accepted ones (MPO
    is JPEG, APNG is PNG, BigTIFF is TIFF), all others are recognised only. A raw photograph in a
    TIFF container is recognised if its marks lie within these bytes (``dng``, ``cr2``);
    ``probe_image`` reads further. Never raises.
    """
    if (found := _signed(head, "image")) is not None:
        return found
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "webp"
    if head[:4] in (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"):
        return _tiff_kind(head)
    if head[4:8] == b"ftyp":
        return _ftyp_kind(head)
    if head[:2] == b"BM" and _is_bmp(head):
        return "bmp"
    if head[:4] in (b"\0\0\1\0", b"\0\0\2\0") and _is_icon(head):
        return "ico" if head[2] == 1 else "cur"
    if _is_pnm(head):
        return "pnm"
    if _is_pcx(head):
        return "pcx"
    if _is_tga(head):
        return "tga"
    return "svg" if _is_svg(head) else None


def _signed(head: bytes, kind: str) -> str | None:
    """Return the format whose signature starts these bytes."""
    for signature, row in SIGNATURES.items():
        if row.kind == kind and head.startswith(signature):
            return row.name
    return None


def _tiff_kind(head: bytes) -> str:
    from vaceprep.probes.images.tiff_tags import Tag

    if head[8:10] == b"CR" and head[3:4] in (b"\0", b"*"):
        return "cr2"
    if head[2:3] == b"+" or head[3:4] == b"+":
        return "tiff"
    order = "<" if head[:2] == b"II" else ">"
    if len(head) < 8:
        return "tiff"
    (start,) = struct.unpack_from(order + "I", head, 4)
    if start + 2 > len(head):
        return "tiff"
    (count,) = struct.unpack_from(order + "H", head, start)
    for at in range(start + 2, min(start + 2 + 12 * count, len(head) - 11), 12):
        if struct.unpack_from(order + "H", head, at)[0] == Tag.DNG_VERSION:
            return "dng"
    return "tiff"


def _ftyp_kind(head: bytes) -> str | None:
    size = int.from_bytes(head[:4], "big")
    major = head[8:12]
    if major in _BRANDS:
        return _BRANDS[major]
    if major not in _SHARED_BRANDS:
        return None
    end = min(size, len(head)) if size >= 16 else len(head)
    for at in range(16, end - 3, 4):
        brand = head[at : at + 4]
        if brand in _BRANDS:
            return _BRANDS[brand]
    return "heif"


def _is_bmp(head: bytes) -> bool:
    if len(head) < 18:
        return False
    # Two letters prove little; a known header size after them does.
    return int.from_bytes(head[14:18], "little") in _BMP_HEADERS


def _is_icon(head: bytes) -> bool:
    count = int.from_bytes(head[4:6], "little")
    # The directory's first entry has a zero byte at 9 and lies after the directory.
    if not 0 < count <= 1024 or len(head) < 22 or head[9] not in (0, 255):
        return False
    return int.from_bytes(head[18:22], "little") >= 6 + 16 * count


def _is_pnm(head: bytes) -> bool:
    if len(head) < 8 or head[:1] != b"P" or head[2:3] not in (b" ", b"\t", b"\r", b"\n"):
        return False
    if head[1:2] in b"123456":
        word = head[3:64].split(None, 1)[:1]
        return bool(word) and (word[0].isdigit() or word[0].startswith(b"#"))
    if head[1:2] == b"7":
        return head[3:64].lstrip().startswith((b"WIDTH", b"HEIGHT", b"DEPTH", b"#"))
    return head[1:2] in b"Ff" and head[3:4].isdigit()


def _is_pcx(head: bytes) -> bool:
    if len(head) < 128 or head[0] != 10 or head[1] not in (0, 2, 3, 4, 5):
        return False
    left, top, right, bottom = struct.unpack_from("<4H", head, 4)
    fits = left <= right and top <= bottom
    return fits and head[2] == 1 and head[3] in (1, 2, 4, 8) and not any(head[74:128])


#: TGA: pixel depths by picture type, run-length coded or not.
_TGA_DEPTHS: Final = {
    1: (8,),
    2: (16, 24, 32),
    3: (8, 16),
    9: (8,),
    10: (16, 24, 32),
    11: (8, 16),
}


def _is_tga(head: bytes) -> bool:
    """Return whether every field is valid in a TGA header, which has no signature."""
    if len(head) < 18 or head[2] not in _TGA_DEPTHS or head[16] not in _TGA_DEPTHS[head[2]]:
        return False
    palette = head[2] in (1, 9)
    table = head[7] in (15, 16, 24, 32) and any(head[5:7]) if palette else not any(head[3:8])
    width, height = struct.unpack_from("<HH", head, 12)
    # Interleaving, and alpha bit counts that no writer uses, mean other data.
    plain = not head[17] & 0xC0 and head[17] & 15 in (0, 1, 8)
    return head[1] == palette and table and plain and width > 0 and height > 0


def _is_svg(head: bytes) -> bool:
    text = head.replace(b"\0", b"") if head[:2] in (b"\xff\xfe", b"\xfe\xff") else head
    text = text.removeprefix(b"\xef\xbb\xbf").removeprefix(b"\xff\xfe").removeprefix(b"\xfe\xff")
    text = text.lstrip()
    lower = text.lower()
    return lower.startswith((b"<?xml", b"<!doctype svg", b"<!--", b"<svg")) and b"<svg" in lower


Kind = Literal["video", "image", "audio", "playlist", "text", "unknown"]

#: Boxes that may come first in a file of the MP4 family.
FIRST_BOXES: Final = frozenset(
    b"ftyp moov mdat free skip wide pnot styp moof sidx uuid udta emsg".split()
)
RIFF_FORMS: Final = (b"WEBP", b"AVI ", b"AVIX", b"WAVE")
#: MPEG-TS (ITU-T H.222.0, 2.4.3.2): the first byte of each packet, and the bytes of a packet.
TS_SYNC: Final = 0x47
TS_PACKET: Final = 188
BLURAY_PACKET: Final = 192


class Sniffed(NamedTuple):
    """``format`` names the container or image format; ``demuxer`` is FFmpeg's name for it.

    An image with a demuxer may move: under a video's role it is measured as a video.
    """

    kind: Kind
    format: str
    demuxer: str | None = None


def _video(name: str) -> Sniffed:
    return Sniffed("video", name, DEMUXERS[name])


#: Playlists by their first letters, in lower case.
_PLAYLISTS: Final = {
    "an M3U or HLS playlist": (b"#extm3u",),
    "an ffconcat script": (b"ffconcat",),
    "an SDP session description": (b"v=0\r", b"v=0\n"),
    "a PLS playlist": (b"[playlist]",),
    "a playlist": (b"#http live", b"[reference]", b"<asx", b"rtsptext"),
}


def _playlist(head: bytes) -> str | None:
    text = head.lstrip(b"\xef\xbb\xbf \t\r\n")[:512].lower()
    # A picture may contain these words, too.
    if text.startswith(b"<") and (b"<mpd" in text or b"<smoothstreamingmedia" in text):
        return "a streaming manifest"
    return next((name for name, begins in _PLAYLISTS.items() if text.startswith(begins)), None)


def _boxes(head: bytes) -> Sniffed | None:
    # A RIFF file's size may spell a box's name; its form, eight letters in all, is more reliable.
    riff = head[:4] == b"RIFF" and head[8:12] in RIFF_FORMS
    if head[4:8] not in FIRST_BOXES or riff:
        return None
    if head[4:8] != b"ftyp":
        return _video("mov")
    brand = head[8:12].decode("latin-1").strip(" \0")
    if brand in IMAGE_BRANDS:
        return Sniffed("image", sniff_image(head) or "heic")
    return _video(family(brand) or "mp4")


def family(brand: str | None) -> str | None:
    """Return the container that a major brand names; None without a brand.

    Some writers put another box before ``ftyp``: then only the boxes give the brand.
    """
    if brand is None:
        return None
    if brand == QUICKTIME_BRAND:
        return "mov"
    return "3gp" if brand[:2].lower() == THREEGPP_PREFIX else "mp4"


def _transport_stream(head: bytes) -> bool:
    for size, first in ((TS_PACKET, 0), (BLURAY_PACKET, 4), (204, 0)):
        marks = range(first, min(len(head), first + 8 * size), size)
        if len(marks) >= 3 and all(head[at] == TS_SYNC for at in marks):
            return True
    return False


#: Start codes: MPEG program stream (ITU-T H.222.0, 2.5.3.3), MPEG-1 and MPEG-2 video (H.262, table
#: 6-1), MPEG-4 Visual (ISO/IEC 14496-2, table 6-3).
PACK: Final = 0xBA
SEQUENCE_HEADER: Final = 0xB3
VISUAL_OBJECT_SEQUENCE: Final = 0xB0
VISUAL_OBJECT: Final = 0xB5


def _elementary(head: bytes) -> Sniffed | None:
    """Identify an elementary stream by its first start code or unit."""
    start = head.find(b"\0\0\1", 0, 5)
    if start < 0 or len(head) < start + 5:
        return None
    code = head[start + 3]
    if code == PACK:
        return _video("mpeg")
    if code == SEQUENCE_HEADER:
        return _video("mpegvideo")
    if code in (VISUAL_OBJECT_SEQUENCE, VISUAL_OBJECT):
        return _video("m4v")
    from vaceprep.probes.nal_units import H264Unit, HevcUnit

    # ``nal_ref_idc`` (two bits) may have any value.
    if code & 0x9F in (H264Unit.SPS, H264Unit.DELIMITER):
        return _video("h264")
    if code in [unit << 1 for unit in range(HevcUnit.VPS, HevcUnit.DELIMITER + 1)]:
        return _video("hevc")
    return None


def _audio(head: bytes) -> str | None:
    if head[:4] == b"RIFF" and head[8:12] == b"WAVE":
        return "WAVE"
    if head[:4] == b"FORM" and head[8:12] in (b"AIFF", b"AIFC"):
        return "AIFF"
    signatures = (
        *((b"ID3", "MP3"), (b"fLaC", "FLAC"), (b"#!AMR", "AMR"), (b"MThd", "MIDI")),
        *((b"caff", "CAF"), (b".snd", "AU"), (b"wvpk", "WavPack"), (b"MAC ", "Monkey's Audio")),
    )
    for signature, name in signatures:
        if head.startswith(signature):
            return name
    if len(head) > 2 and head[0] == 0xFF and head[1] & 0xE0 == 0xE0 and head[1] != 0xFF:
        # Two layers of MPEG audio and AAC's ADTS; a JPEG has 0xD8 in the second byte.
        return "AAC" if head[1] & 0xF6 == 0xF0 else "MP3"
    return None


def sniff(head: bytes) -> Sniffed:
    """Identify a file by its first bytes (4096 are enough)."""
    if playlist := _playlist(head):
        return Sniffed("playlist", playlist)
    if boxes := _boxes(head):
        return boxes
    if image := sniff_image(head):
        return Sniffed("image", image, DEMUXERS[image])
    if head.startswith(b"\x1a\x45\xdf\xa3"):
        return _video("webm" if b"webm" in head[:64] else "matroska")
    if head[:4] == b"RIFF" and head[8:12] in (b"AVI ", b"AVIX"):
        return _video("avi")
    if (signed := _signed(head, "video")) is not None:
        return _video(signed)
    if _transport_stream(head):
        return _video("mpegts")
    if elementary := _elementary(head):
        return elementary
    if audio := _audio(head):
        return Sniffed("audio", audio)
    return Sniffed("text", "text") if _is_text(head[:1024]) else Sniffed("unknown", "unknown")


def _is_text(sample: bytes) -> bool:
    if b"\0" in sample:
        return False
    try:
        sample.decode()
    except UnicodeDecodeError as error:
        # A multi-byte character may be cut at the end of the sample.
        return len(sample) == 1024 and error.start >= len(sample) - 3
    return True
