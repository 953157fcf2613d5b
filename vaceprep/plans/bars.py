"""Crop black bars from a video, and the same rectangle from its masks (``--crop-bars``). Pure."""

from __future__ import annotations

from fractions import Fraction
from typing import Final

from vaceprep.facts import Crop, VideoFacts
from vaceprep.plans.image import agrees
from vaceprep.records import Record, replace

Size = tuple[int, int]
NONE: Final = Crop(0, 0, 0, 0)


def visible(facts: VideoFacts) -> Size:
    """Return the size in stored pixels of what the container shows."""
    left, top, right, bottom = facts.crop or NONE
    return facts.stored_width - left - right, facts.stored_height - top - bottom


def cropped(facts: VideoFacts, bars: Crop) -> VideoFacts:
    """Return the facts of a video whose container hides the bars as well."""
    own = facts.crop or NONE
    crop = Crop(*(a + b for a, b in zip(own, bars, strict=True)))
    whole = replace(facts, crop=crop)
    width, height = visible(whole)
    width = max(1, round(width * facts.sample_aspect_ratio))
    if facts.rotation in (90, 270):
        width, height = height, width
    return replace(whole, width=width, height=height)


class Unbarred(Record):
    """The displayed picture of a video before and after its bars are cropped."""

    #: The displayed size with the bars, and without.
    whole: Size
    size: Size
    #: The bars as shares of the displayed sides: left, top, right, bottom.
    bars: tuple[Fraction, Fraction, Fraction, Fraction]

    def includes_bars(self, mask: Size, canvas: Size) -> bool:
        """Whether a mask of that size was drawn on the picture with the bars.

        ``canvas`` is the size of the video's output. A mask of exactly one of the sizes belongs to
        that; any other size belongs to the whole picture if it has its shape.
        """
        if mask == self.whole:
            return True
        return mask not in (self.size, canvas) and agrees(mask, self.whole)

    def box(self, mask: Size) -> tuple[float, float, float, float]:
        """Return the rectangle without bars of a mask: left, top, right, bottom in its pixels."""
        (width, height), (left, top, right, bottom) = mask, self.bars
        edges = left * width, top * height, (1 - right) * width, (1 - bottom) * height
        one, two, three, four = map(float, edges)
        return one, two, three, four

    def bars_of(self, mask: VideoFacts) -> Crop:
        """Return the same bars of a mask video, in its stored pixels before it is turned."""
        left, top, right, bottom = self.bars
        for _ in range((mask.rotation or 0) // 90):
            left, top, right, bottom = top, right, bottom, left
        if mask.mirrored:
            left, right = right, left
        width, height = visible(mask)
        return Crop(
            round(left * width), round(top * height), round(right * width), round(bottom * height)
        )


def unbarred(barred: VideoFacts, facts: VideoFacts) -> Unbarred:
    """Return what ``cropped`` changed of the displayed picture: ``barred`` became ``facts``."""
    edges = zip(facts.crop or NONE, barred.crop or NONE, strict=True)
    width, height = visible(barred)
    sides = width, height, width, height
    shares = [Fraction(a - b, side) for (a, b), side in zip(edges, sides, strict=True)]
    left, top, right, bottom = shares
    if facts.mirrored:
        left, right = right, left
    for _ in range((facts.rotation or 0) // 90):
        # A quarter turn clockwise moves the lower edge to the left.
        left, top, right, bottom = bottom, left, top, right
    before, after = (barred.width, barred.height), (facts.width, facts.height)
    return Unbarred(before, after, (left, top, right, bottom))
