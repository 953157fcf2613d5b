"""Properties of the coded picture, and the names of its colours. Pure."""

from __future__ import annotations

from fractions import Fraction
from typing import Final, NamedTuple

PRIMARIES: Final = {
    **{1: "bt709", 4: "bt470m", 5: "bt470bg", 6: "smpte170m", 7: "smpte240m", 8: "film"},
    **{9: "bt2020", 10: "smpte428", 11: "smpte431", 12: "smpte432", 22: "ebu3213"},
}
TRANSFERS: Final = {
    **{1: "bt709", 4: "bt470m", 5: "bt470bg", 6: "smpte170m", 7: "smpte240m", 8: "linear"},
    **{9: "log100", 10: "log316", 11: "iec61966-2-4", 12: "bt1361e", 13: "iec61966-2-1"},
    **{14: "bt2020-10", 15: "bt2020-12", 16: "smpte2084", 17: "smpte428", 18: "arib-std-b67"},
}
MATRICES: Final = {
    **{0: "gbr", 1: "bt709", 4: "fcc", 5: "bt470bg", 6: "smpte170m", 7: "smpte240m", 8: "ycgco"},
    **{9: "bt2020nc", 10: "bt2020c", 11: "smpte2085", 12: "chroma-derived-nc"},
    **{13: "chroma-derived-c", 14: "ictcp"},
}
RANGES: Final = {1: "tv", 2: "pc"}


def number(names: dict[int, str], name: str) -> int:
    """Return the number of a name in one of the tables above; 2 (unspecified) if it has none."""
    return next((n for n, known in names.items() if known == name), 2)


class Codec(NamedTuple):
    """Properties of the coded picture; colour values as in ITU-T H.273, None where unknown."""

    name: str | None
    profile: str | None
    width: int
    height: int
    pixel_format: str | None
    aspect: Fraction
    full_range: bool | None
    primaries: int
    transfer: int
    matrix: int
    interlaced: bool | None
