"""The colour tags that an encoded video gets, by their names as FFmpeg prints them. Pure."""

from __future__ import annotations

from typing import Final, NamedTuple

from vaceprep.facts import VideoFacts

#: Lines and columns from which players take an untagged picture for BT.709.
HD_LINES: Final = 720
HD_COLUMNS: Final = 1280
#: Beginnings of the names of pixel formats that are RGB.
RGB: Final = ("rgb", "bgr", "gbr", "argb", "abgr", "0rgb", "0bgr", "pal8", "x2rgb")


class Colours(NamedTuple):
    """Primaries, transfer characteristics and matrix."""

    primaries: str
    transfer: str
    matrix: str


BT709: Final = Colours("bt709", "bt709", "bt709")
BT601: Final = Colours("smpte170m", "smpte170m", "smpte170m")


def tags(facts: VideoFacts, *, tone_mapped: bool) -> Colours:
    """What the output says of its colours: the source's own words, or what players assume."""
    if tone_mapped or (facts.pixel_format or "").startswith(RGB):
        return BT709
    hd = facts.stored_height >= HD_LINES or facts.stored_width >= HD_COLUMNS
    usual = BT709 if hd else BT601
    matrix = facts.color_matrix
    return Colours(
        facts.color_primaries or usual.primaries,
        facts.color_transfer or usual.transfer,
        usual.matrix if matrix in (None, "gbr") else matrix,
    )
