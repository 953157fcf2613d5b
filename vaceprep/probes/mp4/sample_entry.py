"""A video track's sample entry: its size, clean aperture and Dolby Vision configuration. Pure.

Specification: ISO/IEC 14496-12, 12.1 (``clap``), and Dolby Vision Streams Within the ISO Base Media
File Format (``dvcC``, ``dvvC``).
"""

from __future__ import annotations

import struct
from fractions import Fraction
from math import floor
from typing import Final, NamedTuple

from vaceprep.facts import Crop
from vaceprep.probes.mp4.box_types import Box
from vaceprep.probes.mp4.tables import children

#: Bytes of a video sample entry before its boxes.
FIXED: Final = 78
DOLBY_VISION: Final = ("dvcC", "dvvC", "dvwC")


class DolbyVision(NamedTuple):
    """The profile, and the compatible base layer for other decoders (0: none)."""

    profile: int
    compatibility: int

    @property
    def alone(self) -> bool:
        """Whether only a Dolby Vision decoder can show its colours."""
        return self.profile == PROFILE_ALONE or self.compatibility == 0


#: The profile whose base layer never has a standard colour space.
PROFILE_ALONE: Final = 5


class Entry(NamedTuple):
    """The sample entry. Sizes in pixels of the stored picture."""

    width: int
    height: int
    #: Pixels outside the clean aperture; None without one.
    crop: Crop | None
    dolby: DolbyVision | None


def read_entry(body: memoryview) -> Entry | None:
    """Parse the body of a video sample entry; None if it is too short."""
    if len(body) < FIXED:
        return None
    width, height = struct.unpack_from(">HH", body, 24)
    crop, dolby = None, None
    for name, inner in children(body[FIXED:]):
        if name == Box.CLAP:
            crop = clean_aperture(inner, width, height)
        elif name in DOLBY_VISION:
            dolby = dolby_vision(bytes(inner[:5]))
    return Entry(width, height, crop, dolby)


def dolby_vision(record: bytes) -> DolbyVision | None:
    """Parse a Dolby Vision configuration record; None if it is too short."""
    if len(record) < 5:
        return None
    return DolbyVision(record[2] >> 1, record[4] >> 4)


def clean_aperture(body: memoryview, width: int, height: int) -> Crop | None:
    """Return the pixels outside ``clap``; None if it is the whole picture or lies outside it."""
    if len(body) < 32:
        return None
    parts = struct.unpack_from(">IIIIiIiI", body)
    if not all(parts[1::2]):
        return None
    wide, high, across, down = (
        Fraction(a, b) for a, b in zip(parts[::2], parts[1::2], strict=True)
    )
    if wide <= 0 or high <= 0:
        return None
    left, right = (width - wide) / 2 + across, (width - wide) / 2 - across
    top, bottom = (height - high) / 2 + down, (height - high) / 2 - down
    if min(left, right, top, bottom) < 0:
        return None
    found = Crop(*(floor(side) for side in (left, top, right, bottom)))
    return found if any(found) else None
