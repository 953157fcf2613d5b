"""A mosaic as the bytes of a picture in a pixel format."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import cache
from typing import Final

import av

from tests.truth.colour import Colour
from tests.truth.mosaic import RGB, Mosaic

#: A plane's lines without padding, and the bytes of one of them.
Plane = tuple[bytes, int]

#: Byte order of packed RGB; x is unused, A is alpha (opaque).
PACKED: Final = {
    **{"rgb24": "RGB", "bgr24": "BGR", "rgba": "RGBA", "argb": "ARGB", "bgra": "BGRA"},
    **{"bgr0": "BGRx", "gray": "G"},
}
SUBSAMPLING: Final = {"420": (2, 2), "422": (2, 1), "444": (1, 1), "411": (4, 1), "410": (4, 4)}


def _sample(value: int, depth: int) -> bytes:
    return value.to_bytes(1 if depth == 8 else 2, "little")


def _spread(
    mosaic: Mosaic, size: tuple[int, int], sample: Callable[[RGB], bytes], sub: tuple[int, int]
) -> Plane:
    """Lines of a plane: each cell is one sample, over and over."""
    width, height = size[0] // sub[0], size[1] // sub[1]
    rows, columns = len(mosaic), len(mosaic[0])
    lines = []
    for at, row in enumerate(mosaic):
        line = b"".join(
            sample(colour) * (width * (n + 1) // columns - width * n // columns)
            for n, colour in enumerate(row)
        )
        lines.append(line * (height * (at + 1) // rows - height * at // rows))
    body = b"".join(lines)
    return body, len(body) // height


@cache
def planes(mosaic: Mosaic, size: tuple[int, int], pixels: str, colour: Colour) -> tuple[Plane, ...]:
    """The planes of a mosaic of that displayed size in that pixel format."""
    if pixels in PACKED:
        order = PACKED[pixels]

        def packed(rgb: RGB) -> bytes:
            levels = {**dict(zip("RGB", rgb, strict=True)), "A": 255, "x": 0}
            return bytes(levels[letter] for letter in order)

        return (_spread(mosaic, size, packed, (1, 1)),)
    depth = int((re.search(r"p(\d+)le$", pixels) or [0, 8])[1])
    if pixels.startswith("gbr"):
        top = (1 << depth) - 1
        picked = [
            _spread(mosaic, size, lambda c, n=n: _sample(round(c[n] * top / 255), depth), (1, 1))  # type: ignore[misc]
            for n in (1, 2, 0)
        ]
        return tuple(picked)
    known = re.fullmatch(r"yuv(a|j)?(\d{3})p(\d+le)?", pixels)
    assert known is not None, pixels
    sub = SUBSAMPLING[known[2]]
    parts = [
        _spread(
            mosaic,
            size,
            lambda c, n=n: _sample(colour.to_yuv(c, depth)[n], depth),  # type: ignore[misc]
            sub if n else (1, 1),
        )
        for n in range(3)
    ]
    if known[1] == "a":
        opaque = _sample((1 << depth) - 1, depth)
        parts.append(_spread(mosaic, size, lambda _: opaque, (1, 1)))
    return tuple(parts)


def woven(top: Sequence[Plane], bottom: Sequence[Plane]) -> tuple[Plane, ...]:
    """Two pictures as the fields of one: even lines of the first, odd ones of the second."""
    parts = []
    for (upper, line), (lower, _) in zip(top, bottom, strict=True):
        body = bytearray(upper)
        for at in range(line, len(body), 2 * line):
            body[at : at + line] = lower[at : at + line]
        parts.append((bytes(body), line))
    return tuple(parts)


def frame(parts: Sequence[Plane], size: tuple[int, int], pixels: str) -> av.VideoFrame:
    """A frame of PyAV with those planes."""
    made = av.VideoFrame(*size, pixels)
    for plane, (body, line) in zip(made.planes, parts, strict=True):
        if plane.line_size == line:
            plane.update(body)
            continue
        pad = bytes(plane.line_size - line)
        lines = (body[at : at + line] + pad for at in range(0, len(body), line))
        plane.update(b"".join(lines).ljust(plane.buffer_size, b"\0"))
    return made
