"""Whether a picture of an output is that of its source at the same time. Pure, on thumbnails."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import reduce
from operator import mul
from typing import Final

from PIL import Image as Pillow
from PIL import ImageChops, ImageFilter, ImageOps
from PIL.Image import Image, Resampling

from vaceprep.preparation.video.thumbnails import (
    ANY,
    ORIENTATIONS,
    SIDE,
    Orientation,
    Thumbnail,
    oriented,
)

#: Levels by which a pixel may leave what its surroundings in the source allow.
LEVELS: Final = 12
BEYOND: Final = [255 * (v > LEVELS) for v in range(256)]
#: Share of the pixels that may leave it by more: in several pictures, the same pixels in all of
#: them, and in a single one.
SHARE: Final = 0.008
STEADY_SHARE: Final = 0.006
SINGLE_SHARE: Final = 0.25
#: A picture of another time or another turn is the one shown where the right one is farther away
#: by this factor and so many levels: in several pictures, and in a single one.
FACTOR: Final = 3.0
CLEARLY: Final = 1.5
SINGLE_CLEARLY: Final = 6.0
#: Tone-mapped pictures are compared by the order of their levels alone, which is less exact.
LOOSE: Final = 6.0
#: Levels of distance by order from which a tone-mapped picture is another one.
LOOSE_LEVELS: Final = 64.0
#: Luma between the darkest and the brightest twentieth under which a picture has no order.
FLAT: Final = 16
#: Level under which all of a HDR picture is nearly black, in an order that tone mapping changes.
DARK: Final = 48
#: The level of each entry of a histogram, for up to three channels.
WEIGHTS: Final = tuple(range(256)) * 3
#: Where fields are put together, edges are drawn anew: so many times the shares are allowed.
ROUGH: Final = 4
#: Pictures from which the same pixels in all of them are evidence.
STEADY: Final = 4
#: Pictures that are several.
SEVERAL: Final = 2


@dataclass(frozen=True, slots=True)
class Distance:
    """How far a picture of the output is from what it should show; in levels, 0 to 255."""

    #: Seconds from the output's start.
    time: Fraction
    #: From the source's pictures at that time.
    expected: float
    #: White where the source does not have the colour near that place, and their share.
    outside: Image
    off: float
    #: The source's pictures at that time, by their numbers in the reference.
    pictures: range = range(0)
    #: Whether only the order of levels was compared.
    loose: bool = False
    #: From the nearest picture of another time, and that time.
    other: float = float("inf")
    other_time: Fraction | None = None
    #: From the source's pictures at that time turned otherwise, the nearest of them.
    turned: float = float("inf")
    orientation: Orientation | None = None

    @property
    def slack(self) -> float:
        """Levels of distance that are no evidence."""
        return LOOSE if self.loose else CLEARLY


class Reference:
    """Thumbnails of a source in the order of their times."""

    def __init__(self, shown: Sequence[tuple[Fraction, Thumbnail]], *, loose: bool = False) -> None:
        self.loose = loose
        self.times = [time for time, _ in shown]
        self._own = [thumb for _, thumb in shown]
        self._thumbs = [_by_order(t) for t in self._own] if loose else self._own

    def between(self, first: Fraction, last: Fraction) -> range:
        """The pictures that are shown at some time from ``first`` to ``last``."""
        begin = max((i for i, t in enumerate(self.times) if t <= first), default=0)
        end = max((i for i, t in enumerate(self.times) if t <= last), default=0)
        return range(begin, end + 1)

    def distance(self, time: Fraction, shown: Image, expected: range) -> Distance:
        """The distance of a picture that should be one of ``expected``, or between them."""
        own = _interval([self._own[i] for i in expected])
        right = _interval([self._thumbs[i] for i in expected]) if self.loose else own
        judged = _levels_in_order(shown) if self.loose else shown
        outside = _outside(_excess(shown, _spread(own)))
        flat = self.loose and (_is_dark(own.high) or (_is_flat(own.low) and _is_flat(shown)))
        return Distance(
            time,
            0.0 if flat else _mean(_excess(judged, right)),
            outside,
            _mean(outside) / 255,
            expected,
            self.loose,
        )

    def compared(self, distance: Distance, shown: Image) -> Distance:
        """The same with the distances from pictures of other times and other turns."""
        if distance.expected <= distance.slack:
            # No picture of another time or turn can be nearer by that much.
            return distance
        expected = distance.pictures
        right = _interval([self._thumbs[i] for i in expected])
        judged = _levels_in_order(shown) if self.loose else shown
        others = self._distances(judged)
        other = min(
            (i for i, own in enumerate(self._own) if i not in expected and own is not ANY),
            key=others.__getitem__,
            default=None,
        )
        turned, orientation = min(
            (_mean(_excess(oriented(judged, o), right)), o) for o in ORIENTATIONS[1:]
        )
        return replace(
            distance,
            other=distance.other if other is None else others[other],
            other_time=None if other is None else self.times[other],
            turned=turned,
            orientation=orientation,
        )

    def _distances(self, shown: Image) -> array[float]:
        """The mean excess of a picture over each thumbnail."""
        count = len(self._thumbs)
        low, high = (_strip([getattr(t, side) for t in self._thumbs]) for side in ("low", "high"))
        excess = _excess(_strip([shown] * count), Thumbnail(low, high))
        means = excess.convert("F").resize((1, count), Resampling.BOX)
        found = array("f")
        found.frombytes(means.tobytes())
        return found


def is_right(distances: Sequence[Distance], *, rough: bool = False) -> bool:
    """Whether all pictures are so near those expected that no other can be shown instead."""
    near = all(d.expected <= d.slack for d in distances)
    return near and is_other_picture(distances, rough=rough) is None


def is_other_time(distances: Sequence[Distance]) -> Distance | None:
    """The sample that proves best that pictures are shown at other times; None where none does."""
    return _worst(distances, [d.expected - FACTOR * d.other for d in distances])


def is_turned(distances: Sequence[Distance]) -> Distance | None:
    """The same for pictures that are turned or mirrored otherwise."""
    return _worst(distances, [d.expected - FACTOR * d.turned for d in distances])


def is_other_picture(distances: Sequence[Distance], *, rough: bool = False) -> Distance | None:
    """The same for pictures, or colours, that the source does not have.

    ``rough`` allows more where the output is deinterlaced.
    """
    worst = max(distances, key=lambda d: (d.off, d.expected), default=None)
    if worst is None:
        return None
    if worst.loose:
        many = sum(d.expected > LOOSE_LEVELS for d in distances)
        return worst if many >= min(SEVERAL, len(distances)) else None
    several, more = min(SEVERAL, len(distances)), ROUGH if rough else 1
    many = sum(d.off > SHARE * more for d in distances) >= several
    always = _mean(reduce(ImageChops.darker, (d.outside for d in distances))) / 255
    steady = len(distances) >= STEADY and always > STEADY_SHARE * more
    return worst if many or steady or worst.off > SINGLE_SHARE else None


def _worst(distances: Sequence[Distance], by: Sequence[float]) -> Distance | None:
    if not distances:
        return None
    slack = distances[0].slack
    single = slack * SINGLE_CLEARLY / CLEARLY
    many = sum(levels > slack for levels in by) >= SEVERAL
    worst = max(range(len(by)), key=by.__getitem__)
    return distances[worst] if many or by[worst] > single else None


def _strip(images: Sequence[Image]) -> Image:
    """Pictures below each other, as one channel."""
    data = b"".join(image.tobytes() for image in images)
    return Pillow.frombytes("L", (3 * SIDE, SIDE * len(images)), data)


def _interval(thumbs: Sequence[Thumbnail]) -> Thumbnail:
    """What is between the pictures, pixel for pixel."""
    return Thumbnail(
        reduce(ImageChops.darker, (t.low for t in thumbs)),
        reduce(ImageChops.lighter, (t.high for t in thumbs)),
    )


def _spread(thumb: Thumbnail) -> Thumbnail:
    """The same with what is one pixel beside: motion and scaling move edges by less."""
    return Thumbnail(
        thumb.low.filter(ImageFilter.MinFilter(3)), thumb.high.filter(ImageFilter.MaxFilter(3))
    )


def _excess(shown: Image, allowed: Thumbnail) -> Image:
    """By how many levels each pixel is outside."""
    return ImageChops.lighter(
        ImageChops.subtract(shown, allowed.high), ImageChops.subtract(allowed.low, shown)
    )


def _mean(image: Image) -> float:
    histogram: list[int] = image.histogram()
    levels: int = sum(map(mul, histogram, WEIGHTS))
    return levels / sum(histogram)


def _outside(excess: Image) -> Image:
    """White where a channel is outside by more than LEVELS; the outermost pixels are left out."""
    red, green, blue = (c.point(BEYOND) for c in excess.split())
    white = ImageChops.lighter(ImageChops.lighter(red, green), blue)
    return white.crop((1, 1, white.width - 1, white.height - 1))


def _levels_in_order(image: Image) -> Image:
    """Luma by rank, so that only the order of levels counts."""
    return ImageOps.equalize(image.convert("L")).convert("RGB")


def _by_order(thumb: Thumbnail) -> Thumbnail:
    if thumb is ANY:
        return ANY
    low = _levels_in_order(thumb.low)
    return Thumbnail(low, low if thumb.high is thumb.low else _levels_in_order(thumb.high))


def _is_dark(image: Image) -> bool:
    levels = sorted(image.convert("L").tobytes())
    return levels[-1 - len(levels) // 20] < DARK


def _is_flat(image: Image) -> bool:
    levels = sorted(image.convert("L").tobytes())
    part = len(levels) // 20
    return levels[-1 - part] - levels[part] < FLAT
