"""Image formats as people write them, and the endings of their file names."""

from __future__ import annotations

from os.path import splitext
from typing import Final

#: Endings by format, the usual one first. MPO is JPEG, APNG is PNG, BigTIFF is TIFF.
ENDINGS: Final[dict[str, tuple[str, ...]]] = {
    "jpeg": (".jpg", ".jpeg", ".jpe", ".jfif", ".jif", ".mpo"),
    "png": (".png", ".apng"),
    "bmp": (".bmp", ".dib"),
    "tiff": (".tiff", ".tif", ".btf", ".tf8"),
    "webp": (".webp",),
    "gif": (".gif",),
    "heic": (".heic", ".heif", ".hif"),
    "heif": (".heif", ".heic", ".hif", ".avci"),
    "avif": (".avif", ".avifs"),
    "jxl": (".jxl",),
    "jp2": (".jp2", ".j2k", ".jpx", ".jpf", ".j2c", ".jpc"),
    "ico": (".ico",),
    "cur": (".cur",),
    "tga": (".tga", ".icb", ".vda", ".vst"),
    "psd": (".psd",),
    "svg": (".svg",),
    "eps": (".eps", ".ps", ".ai"),
    "pnm": (".pnm", ".ppm", ".pgm", ".pbm", ".pam", ".pfm"),
    "exr": (".exr",),
    "qoi": (".qoi",),
    "dds": (".dds",),
    "hdr": (".hdr",),
    "pcx": (".pcx",),
    "icns": (".icns",),
    "dng": (".dng",),
    "nef": (".nef", ".nrw"),
    "cr2": (".cr2",),
    "cr3": (".cr3",),
    "arw": (".arw",),
}
_SHOWN: Final = {
    "jpeg": "JPEG",
    "webp": "WEBP",
    "svg": "SVG (a drawing, not pixels)",
    "eps": "EPS (a drawing, not pixels)",
    "jp2": "JPEG 2000",
    "jxl": "JPEG XL",
    "jxr": "JPEG XR",
    "hdr": "Radiance HDR",
    "exr": "OpenEXR",
    "psd": "Photoshop (PSD)",
    "pnm": "PNM (PBM, PGM, PPM)",
    "raw": "a camera's raw photograph",
    **{
        raw: f"{raw.upper()} (a camera's raw photograph)"
        for raw in ("dng", "nef", "cr2", "cr3", "arw", "pef", "srw", "orf", "rw2", "raf")
    },
}


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
