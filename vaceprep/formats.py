"""Media formats: names, signatures, demuxers, endings, media types, and timestamp properties.

One table. A new format is one row; every other table of formats is derived from it here. Formats
without a fixed signature are recognised by their structure in ``probes/sniff.py``.
"""

from __future__ import annotations

from functools import partial
from os.path import splitext
from typing import Final, Literal, NamedTuple


class MediaFormat(NamedTuple):
    """One format, by its name in the facts."""

    kind: Literal["image", "video"]
    name: str
    #: Endings of file names, the usual one first.
    endings: tuple[str, ...] = ()
    #: Endings that do not identify the format of a file whose bytes are unknown.
    rare: tuple[str, ...] = ()
    #: Media types that servers send for it, its own first.
    types: tuple[str, ...] = ()
    #: The display name; empty: an image's name in capitals, a video's unchanged.
    shown: str = ""
    #: The display name if an image format contains a video.
    shown_video: str = ""
    #: Endings for which Pillow writes an image in this format.
    written: tuple[str, ...] = ()
    #: The first bytes of its files; empty if only their structure identifies it.
    signatures: tuple[bytes, ...] = ()
    #: FFmpeg's demuxer for its videos; None if it contains none.
    demuxer: str | None = None
    #: Which packets carry a presentation timestamp: FFmpeg generates the others, and
    #: generates wrong ones if frames are reordered.
    timed: Literal["all", "some", "none"] = "all"
    #: Whether timestamps are rounded to milliseconds.
    rounds: bool = False


def _row(
    kind: Literal["image", "video"],
    name: str,
    endings: str = "",
    rare: str = "",
    types: str = "",
    shown: str = "",
    *,
    shown_video: str = "",
    written: str = "",
    signatures: tuple[bytes, ...] = (),
    demuxer: str | None = None,
    timed: Literal["all", "some", "none"] = "all",
    rounds: bool = False,
) -> MediaFormat:
    return MediaFormat(
        kind,
        name,
        tuple(endings.split()),
        tuple(rare.split()),
        tuple(types.split()),
        shown,
        shown_video,
        tuple(written.split()),
        signatures,
        # FFmpeg names most video formats as they are named here.
        name if kind == "video" and demuxer is None else demuxer,
        timed,
        rounds,
    )


_image = partial(_row, "image")
_video = partial(_row, "video")


def _raw(
    name: str, endings: str = "", rare: str = "", signatures: tuple[bytes, ...] = ()
) -> MediaFormat:
    shown = f"{name.upper()} (a camera's raw photograph)"
    return _image(name, endings, rare, shown=shown, signatures=signatures)


#: FFmpeg's demuxer for the MP4 family.
MOV: Final = "mov,mp4,m4a,3gp,3g2,mj2"
ASF: Final = bytes.fromhex("3026b2758e66cf11a6d900aa0062ce6c")

#: MPO is JPEG, APNG is PNG, BigTIFF is TIFF; .ts and .mts are TypeScript's too.
FORMATS: Final = (
    _image(
        "png",
        ".png .apng",
        types="image/png image/x-png image/apng image/vnd.mozilla.apng",
        shown_video="animated PNG",
        written=".png",
        signatures=(b"\x89PNG\r\n\x1a\n",),
        demuxer="apng",
    ),
    _image(
        "jpeg",
        ".jpg .jpeg .jpe .jfif .jif .mpo",
        ".jif",
        "image/jpeg image/jpg image/pjpeg",
        written=".jpg .jpeg",
        signatures=(b"\xff\xd8\xff",),
    ),
    _image("webp", ".webp", types="image/webp", shown_video="WEBP", written=".webp"),
    _image("bmp", ".bmp .dib", types="image/bmp image/x-bmp image/x-ms-bmp", written=".bmp"),
    _image(
        "tiff",
        ".tiff .tif .btf .tf8",
        ".btf .tf8",
        "image/tiff image/x-tiff",
        written=".tif .tiff",
    ),
    _image(
        "gif",
        ".gif",
        types="image/gif",
        shown_video="GIF",
        signatures=(b"GIF87a", b"GIF89a"),
        demuxer="gif",
    ),
    _image(
        "heic",
        ".heic .heif .hif",
        ".hif",
        "image/heic image/heif image/heic-sequence image/heif-sequence",
    ),
    _image("heif", ".heif .heic .hif .avci", ".hif .avci"),
    _image("avif", ".avif .avifs", ".avifs", "image/avif image/avif-sequence"),
    _image(
        "jxl",
        ".jxl",
        shown="JPEG XL",
        signatures=(b"\x00\x00\x00\x0cJXL \r\n\x87\n", b"\xff\x0a"),
    ),
    _image("jxr", shown="JPEG XR", signatures=(b"II\xbc\x01",)),
    _image(
        "jp2",
        ".jp2 .j2k .jpx .jpf .j2c .jpc",
        ".j2k .jpx .jpf .j2c .jpc",
        shown="JPEG 2000",
        signatures=(b"\x00\x00\x00\x0cjP  \r\n\x87\n", b"\xff\x4f\xff\x51"),
    ),
    _image("ico", ".ico"),
    _image("cur", ".cur", ".cur"),
    _image("tga", ".tga .icb .vda .vst", ".icb .vda .vst"),
    _image("psd", ".psd", shown="Photoshop (PSD)", signatures=(b"8BPS\x00\x01",)),
    _image("psb", signatures=(b"8BPS\x00\x02",)),
    _image("svg", ".svg", shown="SVG (a drawing, not pixels)"),
    _image(
        "eps",
        ".eps .ps .ai",
        ".ps .ai",
        shown="EPS (a drawing, not pixels)",
        signatures=(b"%!PS-Adobe", b"\xc5\xd0\xd3\xc6"),
    ),
    _image("pnm", ".pnm .ppm .pgm .pbm .pam .pfm", ".pnm .pam .pfm", shown="PNM (PBM, PGM, PPM)"),
    _image("exr", ".exr", shown="OpenEXR", signatures=(b"\x76\x2f\x31\x01",)),
    _image("qoi", ".qoi", signatures=(b"qoif",)),
    _image("dds", ".dds", ".dds", signatures=(b"DDS ",)),
    _image("hdr", ".hdr", ".hdr", shown="Radiance HDR", signatures=(b"#?RADIANCE", b"#?RGBE")),
    _image("pcx", ".pcx", ".pcx"),
    _image("icns", ".icns", ".icns", signatures=(b"icns",)),
    _image("mng", signatures=(b"\x8aMNG\r\n\x1a\n",)),
    _image("jng", signatures=(b"\x8bJNG\r\n\x1a\n",)),
    _image("xcf", signatures=(b"gimp xcf ",)),
    _image("bpg", signatures=(b"BPG\xfb",)),
    _image("djvu", signatures=(b"AT&TFORM",)),
    _raw("dng", ".dng"),
    _raw("nef", ".nef .nrw", ".nrw"),
    _raw("cr2", ".cr2"),
    _raw("cr3", ".cr3"),
    _raw("arw", ".arw"),
    *map(_raw, ("pef", "srw")),
    _raw("orf", signatures=(b"IIRO\x08\0\0\0", b"IIRS\x08\0\0\0", b"MMOR\0\0\0\x08")),
    _raw("rw2", signatures=(b"IIU\x00",)),
    _raw("raf", signatures=(b"FUJIFILMCCD-RAW ",)),
    _image("raw", shown="a camera's raw photograph"),
    _video(
        "mp4",
        ".mp4 .m4v .f4v",
        types="video/mp4 application/mp4 video/x-m4v audio/mp4",
        shown="MP4",
        demuxer=MOV,
    ),
    _video("mov", ".mov .qt", types="video/quicktime", shown="QuickTime (MOV)", demuxer=MOV),
    _video("3gp", ".3gp .3g2", types="video/3gpp video/3gpp2", shown="3GPP", demuxer=MOV),
    _video(
        "matroska",
        ".mkv",
        types="video/x-matroska video/matroska",
        shown="Matroska (MKV)",
        rounds=True,
        demuxer="matroska,webm",
    ),
    _video("webm", ".webm", types="video/webm", shown="WebM", rounds=True, demuxer="matroska,webm"),
    _video(
        "avi",
        ".avi",
        types="video/x-msvideo video/avi video/msvideo video/vnd.avi",
        shown="AVI",
        timed="none",
    ),
    _video("mpegts", ".ts .mts .m2ts", ".ts .mts", "video/mp2t video/mpeg", "MPEG-TS"),
    _video(
        "flv",
        ".flv",
        types="video/x-flv",
        shown="Flash Video (FLV)",
        signatures=(b"FLV\1",),
        rounds=True,
    ),
    _video("ogg", ".ogv", shown="Ogg", signatures=(b"OggS",)),
    _video("asf", ".wmv .asf", shown="ASF (WMV)", signatures=(ASF,), timed="some"),
    _video("mpeg", ".mpg .mpeg .vob", shown="MPEG programme stream", timed="some"),
    _video("mpegvideo", ".m2v", timed="none"),
    _video("m4v", timed="none"),
    _video("h264", ".264 .h264", shown="bare H.264", timed="none"),
    _video("hevc", ".265 .h265 .hevc", shown="bare HEVC", timed="none"),
    _video("mxf", ".mxf", shown="MXF", signatures=(bytes.fromhex("060e2b34"),)),
    _video("rm", ".rm .rmvb", signatures=(b".RMF",)),
    _video("ivf", ".ivf", signatures=(b"DKIF",)),
    _video("yuv4mpeg", ".y4m", signatures=(b"YUV4MPEG2",), demuxer="yuv4mpegpipe"),
    _video("nut", signatures=(b"nut/multimedia container",)),
)

#: Endings of images by format, the usual one first.
ENDINGS: Final = {f.name: f.endings for f in FORMATS if f.kind == "image" and f.endings}
#: Endings that mean an image if the bytes are unknown.
IMAGE_ENDINGS: Final = frozenset(
    e for f in FORMATS if f.kind == "image" for e in f.endings if e not in f.rare
)
#: Endings that mean a video if the bytes are unknown.
VIDEO_ENDINGS: Final = frozenset(
    e for f in FORMATS if f.kind == "video" for e in f.endings if e not in f.rare
)
#: The format by the first bytes of its files. No signature begins with another one.
SIGNATURES: Final = {signature: f for f in FORMATS for signature in f.signatures}
#: FFmpeg's demuxer by format.
DEMUXERS: Final = {f.name: f.demuxer for f in FORMATS}
#: Demuxers of formats in which some packets, or all, carry no presentation timestamp.
PARTLY_TIMED: Final = frozenset(f.demuxer for f in FORMATS if f.timed != "all")
UNTIMED: Final = frozenset(f.demuxer for f in FORMATS if f.timed == "none")
#: Containers whose timestamps are rounded to milliseconds.
ROUNDING: Final = frozenset(f.name for f in FORMATS if f.rounds)
#: Most frames of reordering delay: the largest picture buffer of H.264 (A.3.1), HEVC (A.4.2).
MAX_REORDER: Final = 16
#: The same in packets: each field of a frame may be a packet.
REORDER_PACKETS: Final = 2 * MAX_REORDER
#: Media types that servers send, by format; each format's own first.
TYPES: Final = {f.name: f.types for f in FORMATS if f.types}
#: The media type and the ending for published files, by format.
MEDIA_TYPES: Final = {f.name: (f.types[0], f.endings[0]) for f in FORMATS if f.types}
#: The format in which an image is written, by name ending.
WRITTEN: Final = {ending: f.name for f in FORMATS for ending in f.written}
#: Display names of containers.
CONTAINER_NAMES: Final = {
    f.name: shown for f in FORMATS if (shown := f.shown if f.kind == "video" else f.shown_video)
}
_SHOWN: Final = {f.name: f.shown for f in FORMATS if f.kind == "image" and f.shown}


def shown_format(fmt: str) -> str:
    """The display name of a format: ``JPEG``, ``HEIC``, ``JPEG XL``."""
    return _SHOWN.get(fmt, fmt.upper())


def ending(name: str) -> str:
    """A name's ending with its dot, in lower case; empty if it has none."""
    return splitext(name.rstrip())[1].lower()


def name_disagrees(name: str, fmt: str) -> bool:
    """Whether a name's ending contradicts the format of the bytes.

    A name without an ending never does. For an image format of the table, every ending but its
    own does; for any other format, every image ending does.
    """
    found = ending(name)
    if found in ("", "."):
        return False
    if fmt in ENDINGS:
        return found not in ENDINGS[fmt]
    return any(found in endings for endings in ENDINGS.values())
