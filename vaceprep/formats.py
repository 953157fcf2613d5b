"""Media formats: names, endings, media types, and which of them an image can be written in.

One table. A new format is one row; every other table of formats is derived from it here. How the
first bytes tell a format, and which demuxer of FFmpeg reads it: ``probes/sniff.py``.
"""

from __future__ import annotations

from os.path import splitext
from typing import Final, Literal, NamedTuple


class MediaFormat(NamedTuple):
    """One format, by the name that the probe gives it."""

    kind: Literal["image", "video"]
    name: str
    #: Endings of its names, the usual one first.
    endings: tuple[str, ...] = ()
    #: Those that do not tell the kind of a file whose bytes are unknown.
    rare: tuple[str, ...] = ()
    #: Media types that servers use for it, its own first.
    types: tuple[str, ...] = ()
    #: The name as people write it; empty: an image's name in capitals, a video's as it is.
    shown: str = ""
    #: The same where an image format holds a video.
    shown_video: str = ""
    #: Endings for which an image is written in it, by Pillow.
    written: tuple[str, ...] = ()


def _image(
    name: str,
    endings: str = "",
    rare: str = "",
    types: str = "",
    shown: str = "",
    shown_video: str = "",
    written: str = "",
) -> MediaFormat:
    return MediaFormat(
        "image",
        name,
        tuple(endings.split()),
        tuple(rare.split()),
        tuple(types.split()),
        shown,
        shown_video,
        tuple(written.split()),
    )


def _video(
    name: str, endings: str = "", rare: str = "", types: str = "", shown: str = ""
) -> MediaFormat:
    return _image(name, endings, rare, types, shown)._replace(kind="video")


def _raw(name: str, endings: str = "", rare: str = "") -> MediaFormat:
    return _image(name, endings, rare, shown=f"{name.upper()} (a camera's raw photograph)")


#: MPO is JPEG, APNG is PNG, BigTIFF is TIFF; .ts and .mts are TypeScript's too.
FORMATS: Final = (
    _image(
        "png",
        ".png .apng",
        types="image/png image/x-png image/apng image/vnd.mozilla.apng",
        shown_video="animated PNG",
        written=".png",
    ),
    _image(
        "jpeg",
        ".jpg .jpeg .jpe .jfif .jif .mpo",
        ".jif",
        "image/jpeg image/jpg image/pjpeg",
        written=".jpg .jpeg",
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
    _image("gif", ".gif", types="image/gif", shown_video="GIF"),
    _image(
        "heic",
        ".heic .heif .hif",
        ".hif",
        "image/heic image/heif image/heic-sequence image/heif-sequence",
    ),
    _image("heif", ".heif .heic .hif .avci", ".hif .avci"),
    _image("avif", ".avif .avifs", ".avifs", "image/avif image/avif-sequence"),
    _image("jxl", ".jxl", shown="JPEG XL"),
    _image("jxr", shown="JPEG XR"),
    _image("jp2", ".jp2 .j2k .jpx .jpf .j2c .jpc", ".j2k .jpx .jpf .j2c .jpc", shown="JPEG 2000"),
    _image("ico", ".ico"),
    _image("cur", ".cur", ".cur"),
    _image("tga", ".tga .icb .vda .vst", ".icb .vda .vst"),
    _image("psd", ".psd", shown="Photoshop (PSD)"),
    _image("svg", ".svg", shown="SVG (a drawing, not pixels)"),
    _image("eps", ".eps .ps .ai", ".ps .ai", shown="EPS (a drawing, not pixels)"),
    _image("pnm", ".pnm .ppm .pgm .pbm .pam .pfm", ".pnm .pam .pfm", shown="PNM (PBM, PGM, PPM)"),
    _image("exr", ".exr", shown="OpenEXR"),
    _image("qoi", ".qoi"),
    _image("dds", ".dds", ".dds"),
    _image("hdr", ".hdr", ".hdr", shown="Radiance HDR"),
    _image("pcx", ".pcx", ".pcx"),
    _image("icns", ".icns", ".icns"),
    _raw("dng", ".dng"),
    _raw("nef", ".nef .nrw", ".nrw"),
    _raw("cr2", ".cr2"),
    _raw("cr3", ".cr3"),
    _raw("arw", ".arw"),
    *map(_raw, ("pef", "srw", "orf", "rw2", "raf")),
    _image("raw", shown="a camera's raw photograph"),
    _video(
        "mp4",
        ".mp4 .m4v .f4v",
        types="video/mp4 application/mp4 video/x-m4v audio/mp4",
        shown="MP4",
    ),
    _video("mov", ".mov .qt", types="video/quicktime", shown="QuickTime (MOV)"),
    _video("3gp", ".3gp .3g2", types="video/3gpp video/3gpp2", shown="3GPP"),
    _video("matroska", ".mkv", types="video/x-matroska video/matroska", shown="Matroska (MKV)"),
    _video("webm", ".webm", types="video/webm", shown="WebM"),
    _video(
        "avi",
        ".avi",
        types="video/x-msvideo video/avi video/msvideo video/vnd.avi",
        shown="AVI",
    ),
    _video("mpegts", ".ts .mts .m2ts", ".ts .mts", "video/mp2t video/mpeg", "MPEG-TS"),
    _video("flv", ".flv", types="video/x-flv", shown="Flash Video (FLV)"),
    _video("ogg", ".ogv", shown="Ogg"),
    _video("asf", ".wmv .asf", shown="ASF (WMV)"),
    _video("mpeg", ".mpg .mpeg .vob", shown="MPEG programme stream"),
    _video("mpegvideo", ".m2v"),
    _video("h264", ".264 .h264", shown="bare H.264"),
    _video("hevc", ".265 .h265 .hevc", shown="bare HEVC"),
    _video("mxf", ".mxf", shown="MXF"),
    _video("rm", ".rm .rmvb"),
    _video("ivf", ".ivf"),
    _video("y4m", ".y4m"),
)

#: Endings of images by format, the usual one first.
ENDINGS: Final = {f.name: f.endings for f in FORMATS if f.kind == "image" and f.endings}
#: Endings that are images' where the bytes are unknown.
IMAGE_ENDINGS: Final = frozenset(
    e for f in FORMATS if f.kind == "image" for e in f.endings if e not in f.rare
)
#: Endings that are videos' where the bytes are unknown.
VIDEO_ENDINGS: Final = frozenset(
    e for f in FORMATS if f.kind == "video" for e in f.endings if e not in f.rare
)
#: Media types that servers use, by format; each format's own first.
TYPES: Final = {f.name: f.types for f in FORMATS if f.types}
#: The media type and the ending of what is published, by format.
MEDIA_TYPES: Final = {f.name: (f.types[0], f.endings[0]) for f in FORMATS if f.types}
#: The format in which an image is written, by its name's ending.
WRITTEN: Final = {ending: f.name for f in FORMATS for ending in f.written}
#: Containers as people write them.
CONTAINER_NAMES: Final = {
    f.name: shown for f in FORMATS if (shown := f.shown if f.kind == "video" else f.shown_video)
}
_SHOWN: Final = {f.name: f.shown for f in FORMATS if f.kind == "image" and f.shown}


def shown_format(fmt: str) -> str:
    """The format as people write it: ``JPEG``, ``HEIC``, ``JPEG XL``."""
    return _SHOWN.get(fmt, fmt.upper())


def ending(name: str) -> str:
    """A name's ending with its dot, lower case; empty where it has none."""
    return splitext(name.rstrip())[1].lower()


def name_disagrees(name: str, fmt: str) -> bool:
    """Whether a name's ending says something else than the bytes.

    A name without an ending says nothing. An ending that is no image's says something else,
    and so does one of another format; a format without an entry here is not judged by endings
    unknown to us.
    """
    found = ending(name)
    if found in ("", "."):
        return False
    if fmt in ENDINGS:
        return found not in ENDINGS[fmt]
    return any(found in endings for endings in ENDINGS.values())
