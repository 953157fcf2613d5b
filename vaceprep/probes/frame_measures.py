"""Measure what each frame of a video looks like, on small grey pictures: numbers, no pixels.

FFmpeg scales each frame to 320x180 grey values from 0 (black) to 255 (white), whatever the range
and depth of the video. The differences are those of 64x36 values, each the mean of 5x5.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from math import sqrt
from operator import mul
from typing import Final, NamedTuple

from av.video.frame import VideoFrame
from av.video.reformatter import VideoReformatter
from PIL import Image, ImageChops

from vaceprep.contract_advice import BAR_LUMA, CUT_DIFFERENCE, FOREIGN, UNLIKE_DIFFERENCE
from vaceprep.facts import Crop
from vaceprep.files.source import Opened
from vaceprep.probes.container import BOUNDED, BROKEN, fraction, open_container
from vaceprep.probes.streams import video_stream

#: Size of the grey picture, and pixels of each side that make one of the 64x36 values.
SIZE: Final = (320, 180)
CELL: Final = 5
#: Seconds after a jump in which a frame like the one before the jump shows that it was a flash, and
#: the same where the light alone changed, which may die away.
FLASH: Final = Fraction(1, 5)
LIGHT_FLASH: Final = Fraction(1)
#: Frames in which a flash may end, however few frames a second there are.
FLASH_FRAMES: Final = 4
#: Part of a jump's difference, or of its change of the mean, that may remain when it is undone.
BACK: Final = 0.5
#: Correlation of two pictures of one shot under other light. Those of two shots are below 0.6
#: nearly always.
ALIKE: Final = 0.85
#: The same of pictures between which something moved.
SIMILAR: Final = 0.7
#: Least correlation of a picture and the same in the light of a flash.
IN_FLASH: Final = 0.3
#: Part of a jump's difference that the change of the mean makes up where the light changed, and
#: where nothing but the light did.
LIGHT: Final = 0.8
ONLY_LIGHT: Final = 0.9
#: Jumps that may be undone later: more in one second are no shots.
MAX_JUMPS: Final = 8
#: Lines inside a bar that are looked at to see whether the bar has a straight edge.
EDGE_LINES: Final = 2

#: Least change of one of the 64x36 values that shows.
VISIBLE: Final = 8

_SQUARE: Final = SIZE[0] // CELL * (SIZE[1] // CELL)
#: White where a pixel's luma is above a bar's.
BRIGHT: Final = [255 * (level >= BAR_LUMA) for level in range(256)]


class Sides(NamedTuple):
    """A number for each side of the picture."""

    left: float
    top: float
    right: float
    bottom: float


NOWHERE: Final = Sides(0, 0, 0, 0)


class FrameMeasure(NamedTuple):
    """What one presented frame looks like. Luma from 0 to 255."""

    #: Seconds from the first frame.
    time: Fraction
    mean: float
    #: Greatest minus least of the 64x36 values.
    spread: int
    #: Mean difference from the frame before; None for the first frame.
    difference: float | None
    #: Mean difference from the first frame, and the greatest difference of one value.
    from_first: float
    peak: int
    #: Part of each side, 0 to 1, that dark lines take; None if the whole frame is dark.
    dark: Sides | None
    #: Part of the two lines next to them, 0 to 1, that is not dark.
    edges: Sides
    #: How many frames ago the picture jumped away from what it is again now; 0: it is not.
    back: int
    #: Correlation with the frame before, -1 to 1, without what is dark in both; None where the
    #: difference is small, or one of the two has one colour.
    likeness: float | None = None
    #: Part of these values that changed visibly; 0 where the difference is small.
    changed: float = 0.0


class _Now(NamedTuple):
    """The frame that is measured, and whether it has nothing in common with the frame before."""

    small: Image.Image
    mean: float
    time: Fraction
    is_foreign: bool


class _Jump(NamedTuple):
    """A large difference, and the picture before it."""

    number: int
    time: Fraction
    difference: float
    #: The mean luma before, and its change.
    mean: float
    change: float
    #: Whether the picture after it is the same under other light.
    alike: bool
    before: Image.Image

    def is_undone(self, now: _Now, frames: int) -> bool:
        """Return whether a later picture, so many frames after, is that of before the jump."""
        near = now.time - self.time <= FLASH or frames <= FLASH_FRAMES
        if near and _difference(now.small, self.before) < BACK * self.difference:
            return True
        if self.alike:
            # A cut to a picture that is as bright by chance undoes nothing.
            bright = abs(now.mean - self.mean) < BACK * abs(self.change)
            return bright and (not now.is_foreign or self._is_like(now, SIMILAR))
        # The light was so bright that nothing else could be seen.
        light = abs(self.change) > LIGHT * self.difference
        return light and self._is_like(now, ALIKE)

    def _is_like(self, now: _Now, least: float) -> bool:
        found = _likeness(now.small, self.before).correlation
        return found is not None and found > least

    def is_over(self, time: Fraction, frames: int) -> bool:
        """Return whether it is too late to undo it."""
        return time - self.time > LIGHT_FLASH and frames > FLASH_FRAMES


@dataclass(slots=True, eq=False)
class Measuring:
    """Measures the frames of one video, in the order in which they are presented."""

    crop: Crop | None = None
    frames: int = 0
    #: The last frame: 320x180 grey, for what else is to be measured.
    picture: Image.Image | None = None
    _small: Image.Image | None = None
    _first: Image.Image | None = None
    _mean: float = 0.0
    _start: Fraction | None = None
    _time: Fraction = Fraction(0)
    _jumps: list[_Jump] = field(default_factory=list)
    _scaler: VideoReformatter = field(default_factory=VideoReformatter)

    def add(self, frame: VideoFrame) -> FrameMeasure:
        """Return what the next frame looks like."""
        time = self._at(frame)
        self.picture = _grey(frame, self._scaler, self.crop)
        small = self.picture.reduce(CELL)
        mean, least, most = _levels(small)
        difference = likeness = None
        changed = 0.0
        if self._small is not None:
            counts = ImageChops.difference(small, self._small).histogram()
            difference = sum(map(mul, counts, range(256))) / _SQUARE
            if difference > UNLIKE_DIFFERENCE:
                likeness, count = _likeness(small, self._small)
                changed = sum(counts[VISIBLE:]) / max(1, count)
        self._first = self._first or small
        from_first, _, peak = _levels(ImageChops.difference(small, self._first))
        dark, edges = _borders(self.picture)
        foreign = likeness is not None and likeness < FOREIGN
        light = abs(mean - self._mean) / difference if difference else 0.0
        if likeness is not None and foreign and (likeness < IN_FLASH or light < LIGHT):
            # A flash does not outlast its shot.
            self._jumps = [jump for jump in self._jumps if not jump.alike]
        back = self._back(_Now(small, mean, time, foreign))
        if self._small is not None and (difference or 0.0) > CUT_DIFFERENCE:
            self._jumps.append(
                _Jump(
                    self.frames,
                    time,
                    difference or 0.0,
                    self._mean,
                    mean - self._mean,
                    likeness is not None and likeness > ALIKE,
                    self._small,
                )
            )
        self._small, self._mean = small, mean
        self.frames += 1
        return FrameMeasure(
            time=time,
            mean=mean,
            spread=most - least,
            difference=difference,
            from_first=from_first,
            peak=peak,
            dark=dark,
            edges=edges,
            back=back,
            likeness=likeness,
            changed=changed,
        )

    def _at(self, frame: VideoFrame) -> Fraction:
        base = fraction(frame.time_base)
        if frame.pts is not None and base is not None:
            at = frame.pts * base
            self._start = at if self._start is None else self._start
            self._time = max(self._time, at - self._start)
        return self._time

    def _back(self, now: _Now) -> int:
        """Return how many frames ago the jump was that this frame undoes; 0: there is none."""
        found = 0
        kept: list[_Jump] = []
        for jump in self._jumps:
            frames = self.frames - jump.number
            if jump.is_over(now.time, frames):
                continue
            if jump.is_undone(now, frames):
                found = max(found, frames)
            else:
                kept.append(jump)
        self._jumps = kept[-MAX_JUMPS:]
        return found


def frame_measures(
    opened: Opened, demuxer: str, *, crop: Crop | None = None, threads: int = 1
) -> Iterator[tuple[FrameMeasure, Image.Image]]:
    """Yield what each presented frame looks like, and its 320x180 grey picture.

    Nothing is kept of earlier frames. Ends where decoding fails.
    """
    measuring = Measuring(crop)
    try:
        with open_container(opened, demuxer) as container:
            video = video_stream(container)
            if video is None:
                return
            if threads != 1:
                video.codec_context.thread_type = "AUTO"
            video.codec_context.options = {"threads": str(threads), **BOUNDED}
            for frame in container.decode(video):
                measure = measuring.add(frame)
                if measuring.picture is not None:
                    yield measure, measuring.picture
    except BROKEN:
        return


def _grey(frame: VideoFrame, scaler: VideoReformatter, crop: Crop | None) -> Image.Image:
    """Return the frame's luma, 0 to 255, without the pixels that the container hides."""
    width, height = SIZE
    scaled = scaler.reformat(
        frame, width=width, height=height, format="gray", interpolation="AREA", threads=1
    )
    plane = scaled.planes[0]
    whole = Image.frombuffer("L", SIZE, bytes(plane), "raw", "L", plane.line_size, 1)
    if crop is None:
        return whole
    across, down = width / frame.width, height / frame.height
    box = (crop.left * across, crop.top * down, width - crop.right * across)
    bottom = height - crop.bottom * down
    if box[0] >= box[2] or box[1] >= bottom:
        return whole
    return whole.resize(SIZE, Image.Resampling.BOX, (*box, bottom))


def _levels(small: Image.Image) -> tuple[float, int, int]:
    """Return the mean, the least and the greatest of the 64x36 values."""
    counts = [(level, count) for level, count in enumerate(small.histogram()) if count]
    total = sum(level * count for level, count in counts)
    return total / _SQUARE, counts[0][0], counts[-1][0]


def _difference(one: Image.Image, other: Image.Image) -> float:
    return _levels(ImageChops.difference(one, other))[0]


class _Likeness(NamedTuple):
    """How much two pictures have in common where they are not both dark, as bars are."""

    #: Correlation, -1 to 1; None if one of them has one colour.
    correlation: float | None
    #: Number of the values that are compared.
    values: int


def _likeness(one: Image.Image, other: Image.Image) -> _Likeness:
    pairs = [
        (a, b)
        for a, b in zip(one.tobytes(), other.tobytes(), strict=True)
        if a >= BAR_LUMA or b >= BAR_LUMA
    ]
    count = len(pairs)
    if not count:
        return _Likeness(None, 0)
    first, second = zip(*pairs, strict=True)
    sums = sum(first), sum(second)
    squares = count * sum(map(mul, first, first)), count * sum(map(mul, second, second))
    spread = (squares[0] - sums[0] ** 2) * (squares[1] - sums[1] ** 2)
    if not spread:
        return _Likeness(None, count)
    both: int = count * sum(map(mul, first, second))
    return _Likeness((both - sums[0] * sums[1]) / sqrt(spread), count)


def _borders(picture: Image.Image) -> tuple[Sides | None, Sides]:
    """Return which part of each side dark lines take, and how bright the lines inside are."""
    bright = picture.point(BRIGHT)
    box = bright.getbbox()
    if box is None:
        return None, NOWHERE
    width, height = SIZE
    left, top, right, bottom = box
    if box == (0, 0, width, height):
        return NOWHERE, NOWHERE
    dark = Sides(left / width, top / height, 1 - right / width, 1 - bottom / height)
    return dark, bright_edges(bright, box)


def bright_edges(bright: Image.Image, box: tuple[int, int, int, int]) -> Sides:
    """Return which part, 0 to 1, of the lines inside each side of a box is bright.

    ``bright`` is white where the picture is.
    """
    left, top, right, bottom = box
    lines = (
        (left, top, min(left + EDGE_LINES, right), bottom),
        (left, top, right, min(top + EDGE_LINES, bottom)),
        (max(right - EDGE_LINES, left), top, right, bottom),
        (left, max(bottom - EDGE_LINES, top), right, bottom),
    )
    return Sides(*(_bright_part(bright, line) for line in lines))


def _bright_part(bright: Image.Image, box: tuple[int, int, int, int]) -> float:
    counts = bright.crop(box).histogram()
    return counts[255] / sum(counts)
