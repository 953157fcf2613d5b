"""PNG and JPEG files that Pillow shows although part of them is missing or wrong: VP204's cause."""

from __future__ import annotations

import io
import re
import struct
import zlib
from collections.abc import Callable

import pytest
from PIL import Image

from tests.probes.stillmedia import chunk, facts, failure, saved
from vaceprep.files.source import open_bytes
from vaceprep.probes.image import probe_image

W, H = 96, 80
HEADER = struct.pack(">IIBBBBB", W, H, 8, 2, 0, 0, 0)
RAW = b"".join(b"\0" + bytes((x * y) % 251 for x in range(W * 3)) for y in range(H))
PACKED = zlib.compress(RAW)


def png(*chunks: tuple[bytes, bytes]) -> bytes:
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunk(name, body) for name, body in chunks)


IHDR, IDAT, IEND = (b"IHDR", HEADER), (b"IDAT", PACKED), (b"IEND", b"")
GOOD = png(IHDR, IDAT, IEND)


def header(**changes: int) -> tuple[bytes, bytes]:
    names = ("width", "height", "depth", "colour", "compression", "filtering", "interlacing")
    values = dict(zip(names, struct.unpack(">IIBBBBB", HEADER), strict=True)) | changes
    return b"IHDR", struct.pack(">IIBBBBB", *values.values())


def shrunk_window() -> bytes:
    """A stream that looks back farther than the window that its header announces."""
    noise = bytes((i * i * 7 + i // 3) % 256 for i in range(W * 3))
    raw = b"".join(b"\0" + noise for _ in range(H))
    packed = bytearray(zlib.compress(raw))
    packed[0] = 0x08  # 256 bytes, less than a row
    packed[1] = -(packed[0] << 8) % 31
    return bytes(packed)


@pytest.mark.parametrize(
    "data",
    [
        png(header(compression=1), IDAT, IEND),
        png(header(filtering=1), IDAT, IEND),
        png(header(interlacing=2), IDAT, IEND),
        png(header(depth=4), IDAT, IEND),
        png(header(colour=5), IDAT, IEND),
        png(IHDR, IHDR, IDAT, IEND),
        png(IHDR, IDAT, IHDR, IEND),
        png(IDAT, IHDR, IEND),
        png(IHDR, (b"IDAT", PACKED[:-4]), IEND),
        png(IHDR, (b"IDAT", PACKED[:-4] + b"\1\2\3\4"), IEND),
        png(IHDR, (b"IDAT", zlib.compress(RAW[: len(RAW) // 2])), IEND),
        png(IHDR, (b"IDAT", zlib.compress(RAW[: -3 * W - 1])), IEND),
        png(IHDR, (b"IDAT", zlib.compress(RAW[:-1])), IEND),
        png(IHDR, (b"IDAT", PACKED[: len(PACKED) // 2]), IEND),
        png(IHDR, (b"IDAT", zlib.compress(b"\5" + RAW[1:])), IEND),
        png(IHDR, (b"IDAT", bytes([0x88, 0x1C]) + PACKED[2:]), IEND),
        png(IHDR, (b"IDAT", shrunk_window()), IEND),
        png(IHDR, (b"ABCD", b"x"), IDAT, IEND),
        png(IHDR, IDAT, (b"CgBI", b"x"), IEND),
        png(IHDR, (b"acTL", bytes(8)), IDAT, IEND),
        png(header(colour=3), IDAT, IEND),
        png(header(colour=3), (b"PLTE", b"1234"), IDAT, IEND),
        png(header(colour=3), (b"PLTE", b""), IDAT, IEND),
        png(IHDR, (b"IDAT", PACKED[:99]), (b"tEXt", b"a\0b"), (b"IDAT", PACKED[99:]), IEND),
        png(IHDR, (b"IDAT", b""), IEND),
    ],
)
@pytest.mark.parametrize("want_mask", [False, True])
def test_a_png_that_libpng_does_not_open(data: bytes, want_mask: bool) -> None:
    assert facts(GOOD).decoded
    assert failure(data, want_mask=want_mask).reason in ("broken", "truncated")


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "I;16"])
@pytest.mark.parametrize("size", [(1, 1), (3, 2), (40, 33)])
def test_whole_pngs_stay_whole(mode: str, size: tuple[int, int]) -> None:
    for value in (0, 173):
        base = Image.new("L", size, value)
        image = base.convert("I").convert("I;16") if mode == "I;16" else base.convert(mode)
        found = facts(saved(image, "PNG"), want_mask=True)
        assert found.decoded
        assert found.mask is not None
        assert found.mask.pixels == size[0] * size[1]


@pytest.mark.parametrize("mode", ["LA", "RGBA"])
def test_missing_rows_of_a_png_with_alpha(mode: str) -> None:
    """Pixels that are needed take another way: rows are marked before they are decoded."""
    image = Image.new(mode, (64, 64), 0)
    image.putdata([(i % 256, 255) if mode == "LA" else (i % 256, 3, 9, 255) for i in range(4096)])
    whole = saved(image, "PNG")
    assert facts(whole).has_alpha is False
    size = whole.index(b"IDAT") + 4
    length = struct.unpack(">I", whole[size - 8 : size - 4])[0]
    raw = zlib.decompress(whole[size : size + length])
    for cut in (len(raw) // 2, len(raw) - 1, len(raw) // 64 * 63):
        short = whole[: size - 8] + chunk(b"IDAT", zlib.compress(raw[:cut])) + chunk(b"IEND", b"")
        assert failure(short).reason in ("broken", "truncated")


def test_rows_beyond_the_last_are_ignored() -> None:
    assert facts(png(IHDR, (b"IDAT", zlib.compress(RAW + RAW)), IEND)).decoded


# --- JPEG ----------------------------------------------------------------------------------


def photo(mode: str = "RGB", size: tuple[int, int] = (200, 136)) -> Image.Image:
    # Noise over gradients: every block has coded data of its own.
    base = Image.effect_noise(size, 60)
    both = [base, base.rotate(90, expand=False), Image.linear_gradient("L").resize(size)]
    return Image.merge("RGB", both).convert(mode)


def jpeg(mode: str = "RGB", **options: object) -> bytes:
    data = io.BytesIO()
    photo(mode).save(data, "JPEG", quality=85, **options)
    return data.getvalue()


KINDS: dict[str, Callable[[], bytes]] = {
    "baseline": jpeg,
    "4:4:4": lambda: jpeg(subsampling=0),
    "grey": lambda: jpeg("L"),
    "cmyk": lambda: jpeg("CMYK"),
    "restarts by rows": lambda: jpeg(restart_marker_rows=1),
    "restarts by blocks": lambda: jpeg(restart_marker_blocks=3),
    "progressive": lambda: jpeg(progressive=True),
    "progressive grey": lambda: jpeg("L", progressive=True),
    "progressive, restarts": lambda: jpeg(progressive=True, restart_marker_rows=2),
}
END = b"\xff\xd9"


def scans(data: bytes) -> list[int]:
    """Where the scan headers begin."""
    return [m.start() for m in re.finditer(rb"\xff\xda", data)]


@pytest.mark.parametrize("kind", KINDS)
def test_a_jpeg_cut_short_with_an_end_mark(kind: str) -> None:
    whole = KINDS[kind]()
    assert facts(whole).decoded
    first = scans(whole)[0]
    length = int.from_bytes(whole[first + 2 : first + 4], "big")
    body = first + 2 + length
    for share in (0.0, 0.1, 0.5, 0.9, 0.98):
        cut = body + int((len(whole) - 2 - body) * share)
        while whole[cut - 1] == 0xFF:
            cut -= 1
        assert failure(whole[:cut] + END).reason == "broken", share


@pytest.mark.parametrize("kind", ["progressive", "progressive grey"])
def test_progressive_scans_left_out(kind: str) -> None:
    whole = KINDS[kind]()
    starts = [*scans(whole), len(whole) - 2]
    for kept in range(1, len(starts) - 1):
        # The tables before the next scan go with it: they draw nothing.
        assert failure(whole[: starts[kept]] + END).message == "the JPEG's last scans are missing"


@pytest.mark.parametrize("kind", ["restarts by rows", "restarts by blocks"])
def test_restart_intervals_left_out(kind: str) -> None:
    whole = KINDS[kind]()
    marks = [m.start() for m in re.finditer(rb"\xff[\xd0-\xd7]", whole)]
    assert len(marks) > 6
    for first, last in ((0, 1), (2, 3), (4, 6), (len(marks) - 3, len(marks) - 1)):
        left = whole[: marks[first]] + whole[marks[last] :]
        assert failure(left).reason == "broken"
    # The marks are all there, the data of one interval are not.
    for at in (0, 3, len(marks) - 2):
        middle = (marks[at] + 2 + marks[at + 1]) // 2
        assert failure(whole[:middle] + whole[marks[at + 1] :]).reason == "broken"
    assert failure(whole[: marks[1] + 2] + whole[marks[2] :]).reason == "broken"


def test_a_scan_of_a_progressive_jpeg_without_its_data() -> None:
    whole = KINDS["progressive"]()
    starts = scans(whole)
    for at in starts:
        begin = at + 2 + int.from_bytes(whole[at + 2 : at + 4], "big")
        match = re.compile(rb"\xff[^\x00\xff\xd0-\xd7]").search(whole, begin)
        assert match is not None
        assert failure(whole[:begin] + whole[match.start() :]).reason == "broken"


@pytest.mark.parametrize("size", [(1, 1), (7, 9), (8, 8), (17, 500)])
@pytest.mark.parametrize("progressive", [False, True])
def test_small_whole_jpegs_stay_whole(size: tuple[int, int], progressive: bool) -> None:
    for mode in ("L", "RGB", "CMYK"):
        data = io.BytesIO()
        photo(mode, size).save(data, "JPEG", progressive=progressive)
        assert facts(data.getvalue()).decoded


@pytest.mark.parametrize("body", [b"JFIF\0", b"JFIF", b"JFIF\0\1\2", b"JFXX\0", b""])
@pytest.mark.parametrize("marker", [0xE0, 0xE1, 0xE2, 0xEE])
def test_short_application_segments(marker: int, body: bytes) -> None:
    whole = jpeg()
    for name in (body, b"Adobe\0", b"Exif\0\0", b"ICC_PROFILE\0", b"MPF\0"):
        segment = bytes([0xFF, marker]) + struct.pack(">H", 2 + len(name)) + name
        found = facts(whole[:2] + segment + whole[20:])
        assert found.decoded
        assert found.mode == "RGB"


# --- BMP -----------------------------------------------------------------------------------


def bmp(alpha: Callable[[int], int], header_size: int = 124) -> bytes:
    """A 32-bit BMP with an alpha mask, 8x8, red growing to the right."""
    rows = b"".join(bytes([9, 20, x * 30, alpha(x)]) for _ in range(8) for x in range(8))
    head = struct.pack("<IiiHHIIiiII", header_size, 8, 8, 1, 32, 3, len(rows), 0, 0, 0, 0)
    masks = struct.pack("<4I", 0xFF0000, 0xFF00, 0xFF, 0xFF000000)
    body = (head + masks + b"BGRs").ljust(header_size, b"\0")
    start = 14 + header_size
    return struct.pack("<2sIHHI", b"BM", start + len(rows), 0, 0, start) + body + rows


@pytest.mark.parametrize("header_size", [108, 124])
def test_a_bmp_without_any_alpha_is_opaque(header_size: int) -> None:
    found = facts(bmp(lambda _: 0, header_size))
    assert (found.has_alpha, found.mode) == (False, "RGB")
    assert facts(bmp(lambda x: 255 if x else 0, header_size)).has_alpha is True
    with open_bytes(bmp(lambda _: 0, header_size)) as opened:
        assert probe_image(opened, "bmp")
