"""The format of an image by its first bytes: no name, no decoder, no library.

Recognised formats are more than the accepted ones, so that a photograph in HEIC is told from a
file that is no image at all.
"""

from __future__ import annotations

import struct
from typing import Final

#: Signatures at the file's start, the longer before the shorter.
_PREFIXES: Final[tuple[tuple[bytes, str], ...]] = (
    (b"\xff\xd8\xff", "jpeg"),
    (b"\x89PNG\r\n\x1a\n", "png"),
    (b"\x8aMNG\r\n\x1a\n", "mng"),
    (b"\x8bJNG\r\n\x1a\n", "jng"),
    (b"GIF87a", "gif"),
    (b"GIF89a", "gif"),
    (b"\x00\x00\x00\x0cJXL \r\n\x87\n", "jxl"),
    (b"\xff\x0a", "jxl"),
    (b"\x00\x00\x00\x0cjP  \r\n\x87\n", "jp2"),
    (b"\xff\x4f\xff\x51", "jp2"),
    (b"8BPS\x00\x01", "psd"),
    (b"8BPS\x00\x02", "psb"),
    (b"\x76\x2f\x31\x01", "exr"),
    (b"qoif", "qoi"),
    (b"DDS ", "dds"),
    (b"#?RADIANCE", "hdr"),
    (b"#?RGBE", "hdr"),
    (b"%!PS-Adobe", "eps"),
    (b"\xc5\xd0\xd3\xc6", "eps"),
    (b"icns", "icns"),
    (b"IIRO\x08\x00\x00\x00", "orf"),
    (b"IIRS\x08\x00\x00\x00", "orf"),
    (b"MMOR\x00\x00\x00\x08", "orf"),
    (b"IIU\x00", "rw2"),
    (b"II\xbc\x01", "jxr"),
    (b"FUJIFILMCCD-RAW ", "raf"),
    (b"gimp xcf ", "xcf"),
    (b"BPG\xfb", "bpg"),
    (b"AT&TFORM", "djvu"),
)
#: Boxes of the ISO family: major brand to format. ``mif1`` and its like need a closer look.
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
    """The image format that a file's first bytes (a few hundred at least) show, or None.

    Names are lower case: ``jpeg``, ``png``, ``bmp``, ``tiff``, ``webp`` are the accepted ones
    (MPO is JPEG, APNG is PNG, BigTIFF is TIFF), all others are recognised only. A raw photograph
    in a TIFF shell is told here where its marks lie within these bytes (``dng``, ``cr2``);
    ``probe_image`` looks further. Never raises.
    """
    for prefix, name in _PREFIXES:
        if head.startswith(prefix):
            return name
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


def _tiff_kind(head: bytes) -> str:
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
        if struct.unpack_from(order + "H", head, at)[0] == 50706:
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
    # Two letters prove little: a known size of the header behind them does.
    return int.from_bytes(head[14:18], "little") in _BMP_HEADERS


def _is_icon(head: bytes) -> bool:
    count = int.from_bytes(head[4:6], "little")
    # The directory's first entry has a zero byte at 9 and lies behind the directory.
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


#: TGA: depths of a pixel by kind of picture, run-length coded or not.
_TGA_DEPTHS: Final = {
    1: (8,),
    2: (16, 24, 32),
    3: (8, 16),
    9: (8,),
    10: (16, 24, 32),
    11: (8, 16),
}


def _is_tga(head: bytes) -> bool:
    """TGA has no signature: every field of its header must hold an allowed value."""
    if len(head) < 18 or head[2] not in _TGA_DEPTHS or head[16] not in _TGA_DEPTHS[head[2]]:
        return False
    palette = head[2] in (1, 9)
    table = head[7] in (15, 16, 24, 32) and any(head[5:7]) if palette else not any(head[3:8])
    width, height = struct.unpack_from("<HH", head, 12)
    # Interleaving, and numbers of alpha bits that no writer uses, stand for other data.
    plain = not head[17] & 0xC0 and head[17] & 15 in (0, 1, 8)
    return head[1] == palette and table and plain and width > 0 and height > 0


def _is_svg(head: bytes) -> bool:
    text = head.replace(b"\0", b"") if head[:2] in (b"\xff\xfe", b"\xfe\xff") else head
    text = text.removeprefix(b"\xef\xbb\xbf").removeprefix(b"\xff\xfe").removeprefix(b"\xfe\xff")
    text = text.lstrip()
    lower = text.lower()
    return lower.startswith((b"<?xml", b"<!doctype svg", b"<!--", b"<svg")) and b"<svg" in lower
