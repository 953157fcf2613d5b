"""The picture that tells what it is: a mosaic of flat cells, eight rows of ten.

Corners of four colours tell the orientation, ten bars the number (the leftmost bar is bit 9),
four patches the colours. Everything here is plain arithmetic: no library draws or converts.
"""

from __future__ import annotations

from typing import Final

RGB = tuple[int, int, int]
#: Rows of cells, from the top.
Mosaic = tuple[tuple[RGB, ...], ...]

COLUMNS: Final = 10
ROWS: Final = 8
BITS: Final = COLUMNS
BAR_ROWS: Final = range(1, 6)
PATCH_ROW: Final = 6
#: Columns of each patch: its first of two.
PATCH_COLUMNS: Final = (1, 3, 5, 7)

BLACK: Final[RGB] = (16, 16, 16)
WHITE: Final[RGB] = (235, 235, 235)
GREY: Final[RGB] = (128, 128, 128)
PATCHES: Final[tuple[RGB, ...]] = ((200, 60, 60), (60, 180, 75), (60, 90, 200), GREY)
#: Top left, top right, bottom left, bottom right.
CORNERS: Final[tuple[RGB, ...]] = ((190, 50, 50), (50, 150, 60), (50, 60, 180), (200, 180, 60))
CORNER_CELLS: Final = ((0, 0), (0, COLUMNS - 1), (ROWS - 1, 0), (ROWS - 1, COLUMNS - 1))


def bars(number: int) -> tuple[bool, ...]:
    """Bits of a number, the highest first; True is white."""
    return tuple(bool(number >> (BITS - 1 - at) & 1) for at in range(BITS))


def picture(number: int) -> Mosaic:
    """The picture of that number."""
    row = tuple(WHITE if bit else BLACK for bit in bars(number))
    top = (CORNERS[0], *(GREY,) * (COLUMNS - 2), CORNERS[1])
    low = (CORNERS[2], *(GREY,) * (COLUMNS - 2), CORNERS[3])
    patches = [GREY] * COLUMNS
    for column, colour in zip(PATCH_COLUMNS, PATCHES, strict=True):
        patches[column] = patches[column + 1] = colour
    return (top, *(row,) * len(BAR_ROWS), tuple(patches), low)


def mask(number: int) -> Mosaic:
    """A mask of that number: bars on black, with a white cell at the top left."""
    white, black = (255, 255, 255), (0, 0, 0)
    row = tuple(white if bit else black for bit in bars(number))
    dark = (black,) * COLUMNS
    return ((white, *dark[1:]), *(row,) * len(BAR_ROWS), dark, dark)


def turned(mosaic: Mosaic, quarters: int) -> Mosaic:
    """The mosaic turned clockwise by quarters of a circle."""
    for _ in range(quarters % 4):
        mosaic = tuple(zip(*reversed(mosaic), strict=True))
    return mosaic


def mirrored(mosaic: Mosaic) -> Mosaic:
    """The mosaic with left and right exchanged."""
    return tuple(tuple(reversed(row)) for row in mosaic)


def number_of(cells: Mosaic) -> int | None:
    """The number that the bars of an upright picture tell; None where one is neither.

    A bar is black or white as it lies clearly below or above the grey between the corners.
    """
    between = cells[0][1 : COLUMNS - 1]
    grey = sum(sum(cell) for cell in between) / (3 * len(between))
    return _told(cells, 0.74 * grey, 1.17 * grey)


def mask_number(cells: Mosaic) -> int | None:
    """The number that the bars of a mask tell; None where one is neither black nor white."""
    return _told(cells, 8, 247)


def _told(cells: Mosaic, black: float, white: float) -> int | None:
    number = 0
    for column in range(BITS):
        levels = [sum(cells[row][column]) / 3 for row in BAR_ROWS]
        if max(levels) <= black:
            number <<= 1
        elif min(levels) >= white:
            number = number << 1 | 1
        else:
            return None
    return number
