"""Small islands and holes of a mask.

They are found by runs of equal pixels in each row, in plain Python: a mask of 720p takes some
milliseconds, and larger ones are scaled down first.
"""

from __future__ import annotations

from typing import Final

from PIL import Image

from vaceprep.contract_advice import SPECK_SHARE

#: Pixels above which a picture is scaled down, by a whole factor.
MOST_PIXELS: Final = 1 << 21
#: Runs of equal pixels after which the rest of a picture is left out: it is noise.
MOST_RUNS: Final = 40_000
MIDDLE: Final = 128
#: Black or white for each level of grey.
THRESHOLD: Final = [255 * (level >= MIDDLE) for level in range(256)]

#: A row's number, and the first pixel of a run in it and the first after it.
Run = tuple[int, int, int]


def small_parts(picture: Image.Image) -> tuple[int, int]:
    """Return how many small islands of white and small holes of black a picture has."""
    grey = picture if picture.mode == "L" else picture.convert("RGB").convert("L")
    factor = 1
    while (grey.width // factor) * (grey.height // factor) > MOST_PIXELS:
        factor += 1
    grey = grey.reduce(factor) if factor > 1 else grey
    width, height = grey.size
    white, black = _runs(grey.point(THRESHOLD).tobytes(), width)
    limit = float(SPECK_SHARE * width * height)
    return _small(white, limit, corners=1), _small(black, limit, corners=0)


def _runs(data: bytes, width: int) -> tuple[list[Run], list[Run]]:
    """Return the runs of white and of black pixels, row by row."""
    white: list[Run] = []
    black: list[Run] = []
    for row, begin in enumerate(range(0, len(data), width)):
        at, end = begin, begin + width
        while at < end:
            if data[at]:
                stop = data.find(b"\0", at, end)
                stop = end if stop < 0 else stop
                white.append((row, at - begin, stop - begin))
            else:
                stop = data.find(b"\xff", at, end)
                stop = end if stop < 0 else stop
                black.append((row, at - begin, stop - begin))
            at = stop
        if len(white) > MOST_RUNS:
            break
    return white, black


def _small(runs: list[Run], limit: float, *, corners: int) -> int:
    """Count the connected parts of under ``limit`` pixels. ``corners`` 1: corners connect too."""
    parents = list(range(len(runs)))
    sizes = [end - start for _, start, end in runs]

    def root(label: int) -> int:
        while parents[label] != label:
            parents[label] = label = parents[parents[label]]
        return label

    above: list[tuple[int, int, int]] = []
    current: list[tuple[int, int, int]] = []
    row, at = -1, 0
    for label, (number, start, end) in enumerate(runs):
        if number != row:
            above = current if number == row + 1 else []
            current, row, at = [], number, 0
        # Runs above that end before this one touch no later one.
        while at < len(above) and above[at][1] + corners <= start:
            at += 1
        touching = at
        while touching < len(above) and above[touching][0] < end + corners:
            one, other = root(label), root(above[touching][2])
            if one != other:
                parents[one] = other
                sizes[other] += sizes[one]
            touching += 1
        current.append((start, end, label))
    return sum(parents[label] == label and size < limit for label, size in enumerate(sizes))
