"""Compare frames of an output with those of its source at the same time, as thumbnails. Pure."""

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

#: Levels by which a pixel may exceed the range of the source's pixels around it.
LEVELS: Final = 12
BEYOND: Final = [255 * (v > LEVELS) for v in range(256)]
#: Allowed shares of pixels that exceed it by more: in several frames, in the same pixels of all
#: frames, and in a single frame.
SHARE: Final = 0.008
STEADY_SHARE: Final = 0.006
SINGLE_SHARE: Final = 0.25
#: A frame of another time or orientation counts as the one shown if the expected frame is farther
#: away by this factor plus this many levels: in several frames, and in a single one.
FACTOR: Final = 3.0
CLEARLY: Final = 1.5
SINGLE_CLEARLY: Final = 6.0
#: CLEARLY for tone-mapped frames, whose levels are compared by rank, which is less exact.
LOOSE: Final = 6.0
#: Levels of distance by rank from which a tone-mapped frame is a different one.
LOOSE_LEVELS: Final = 64.0
#: Range of luma without the outer twentieths under which the rank of levels is meaningless.
FLAT: Final = 16
#: Level under which an HDR frame is nearly black, where tone mapping changes the ranks.
DARK: Final = 48
#: The level of each entry of a histogram, for up to three channels.
WEIGHTS: Final = tuple(range(256)) * 3
#: Deinterlacing reconstructs edges: it multiplies the allowed shares by this.
ROUGH: Final = 4
#: Number of frames in which a deviation of the same pixels is evidence.
STEADY: Final = 4
#: Number of frames that count as several.
SEVERAL: Final = 2


@dataclass(frozen=True, slots=True)
class Distance:
    """The distance of a frame of the output from the expected ones, in levels, 0 to 255."""

    #: Seconds from the start of the output.
    time: Fraction
    #: The distance from the source's frames at that time.
    expected: float
    #: White where the source does not have the colour near that pixel, and the share of white.
    outside: Image
    off: float
    #: The source's frames at that time, as indices into the reference.
    pictures: range = range(0)
    #: Whether only the rank of levels was compared.
    loose: bool = False
    #: The distance from the nearest frame of another time, and that time.
    other: float = float("inf")
    other_time: Fraction | None = None
    #: The least distance from the source's frames at that time in another orientation.
    turned: float = float("inf")
    orientation: Orientation | None = None

    @property
    def slack(self) -> float:
        """Levels of distance that are not evidence."""
        return LOOSE if self.loose else CLEARLY


class Reference:
    """Thumbnails of a source in order of time."""

    def __init__(self, shown: Sequence[tuple[Fraction, Thumbnail]], *, loose: bool = False) -> None:
        self.loose = loose
        self.times = [time for time, _ in shown]
        self._own = [thumb for _, thumb in shown]
        self._thumbs = [_by_order(t) for t in self._own] if loose else self._own

    def between(self, first: Fraction, last: Fraction) -> range:
        """Return the frames that are shown at any time from ``first`` to ``last``."""
        begin = max((i for i, t in enumerate(self.times) if t <= first), default=0)
        end = max((i for i, t in enumerate(self.times) if t <= last), default=0)
        return range(begin, end + 1)

    def distance(self, time: Fraction, shown: Image, expected: range) -> Distance:
        """Return the distance of a frame that should be one of ``expected``, or between them."""
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
        """Add the distances from frames of other times and in other orientations."""
        if distance.expected <= distance.slack:
            # No frame of another time or orientation can be nearer by a significant amount.
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
        """Return the mean excess of a frame over each thumbnail."""
        count = len(self._thumbs)
        low, high = (_strip([getattr(t, side) for t in self._thumbs]) for side in ("low", "high"))
        excess = _excess(_strip([shown] * count), Thumbnail(low, high))
        means = excess.convert("F").resize((1, count), Resampling.BOX)
        found = array("f")
        found.frombytes(means.tobytes())
        return found


def is_right(distances: Sequence[Distance], *, rough: bool = False) -> bool:
    """Whether all frames are so near the expected ones that they cannot be others."""
    near = all(d.expected <= d.slack for d in distances)
    return near and is_other_picture(distances, rough=rough) is None


def is_other_time(distances: Sequence[Distance]) -> Distance | None:
    """Return the strongest evidence of frames from other times; None if there is none."""
    return _worst(distances, [d.expected - FACTOR * d.other for d in distances])


def is_turned(distances: Sequence[Distance]) -> Distance | None:
    """Return the strongest evidence of wrong rotation or mirroring; None if there is none."""
    return _worst(distances, [d.expected - FACTOR * d.turned for d in distances])


def is_other_picture(distances: Sequence[Distance], *, rough: bool = False) -> Distance | None:
    """Return the strongest evidence of frames or colours that the source does not have.

    ``rough`` allows more deviation, for a deinterlaced output.
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
    """Stack images vertically, as one channel."""
    data = b"".join(image.tobytes() for image in images)
    return Pillow.frombytes("L", (3 * SIDE, SIDE * len(images)), data)


def _interval(thumbs: Sequence[Thumbnail]) -> Thumbnail:
    """Return the range of values of each pixel over all thumbnails."""
    return Thumbnail(
        reduce(ImageChops.darker, (t.low for t in thumbs)),
        reduce(ImageChops.lighter, (t.high for t in thumbs)),
    )


def _spread(thumb: Thumbnail) -> Thumbnail:
    """Extend each range by the adjacent pixels: motion and scaling move edges by less."""
    return Thumbnail(
        thumb.low.filter(ImageFilter.MinFilter(3)), thumb.high.filter(ImageFilter.MaxFilter(3))
    )


def _excess(shown: Image, allowed: Thumbnail) -> Image:
    """Return the levels by which each pixel is out of range."""
    return ImageChops.lighter(
        ImageChops.subtract(shown, allowed.high), ImageChops.subtract(allowed.low, shown)
    )


def _mean(image: Image) -> float:
    histogram: list[int] = image.histogram()
    levels: int = sum(map(mul, histogram, WEIGHTS))
    return levels / sum(histogram)


def _outside(excess: Image) -> Image:
    """Return white where a channel exceeds LEVELS, without the outermost pixels."""
    red, green, blue = (c.point(BEYOND) for c in excess.split())
    white = ImageChops.lighter(ImageChops.lighter(red, green), blue)
    return white.crop((1, 1, white.width - 1, white.height - 1))


def _levels_in_order(image: Image) -> Image:
    """Replace luma by its rank, so that only the order of levels counts."""
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
