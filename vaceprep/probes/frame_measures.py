"""Measure what each frame of a video looks like, on small grey pictures: numbers, no pixels.

FFmpeg scales each frame to 320x180 grey values from 0 (black) to 255 (white), whatever the range
and depth of the video. The differences are those of 64x36 values, each the mean of 5x5.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from statistics import StatisticsError, correlation
from typing import Final, NamedTuple

from av.video.frame import VideoFrame
from av.video.reformatter import VideoReformatter
from PIL import Image, ImageChops

from vaceprep.contract_advice import BAR_LUMA, CUT_DIFFERENCE
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
#: Part of a jump's difference that the change of the mean makes up where the light changed.
LIGHT: Final = 0.8
#: Jumps that may be undone later: more in one second are no shots.
MAX_JUMPS: Final = 8
#: Lines inside a bar that are looked at to see whether the bar has a straight edge.
EDGE_LINES: Final = 2

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

    def is_undone(self, small: Image.Image, mean: float, time: Fraction, frames: int) -> bool:
        """Return whether a later picture, so many frames after, is that of before the jump."""
        near = time - self.time <= FLASH or frames <= FLASH_FRAMES
        if near and _difference(small, self.before) < BACK * self.difference:
            return True
        if self.alike:
            return abs(mean - self.mean) < BACK * abs(self.change)
        # The light was so bright that nothing else could be seen.
        light = abs(self.change) > LIGHT * self.difference
        return light and _alike(small, self.before)

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
        difference = None if self._small is None else _difference(small, self._small)
        self._first = self._first or small
        from_first, _, peak = _levels(ImageChops.difference(small, self._first))
        dark, edges = _borders(self.picture)
        back = self._back(small, mean, time)
        if self._small is not None and difference is not None and difference > CUT_DIFFERENCE:
            self._jumps.append(
                _Jump(
                    self.frames,
                    time,
                    difference,
                    self._mean,
                    mean - self._mean,
                    _alike(small, self._small),
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
        )

    def _at(self, frame: VideoFrame) -> Fraction:
        base = fraction(frame.time_base)
        if frame.pts is not None and base is not None:
            at = frame.pts * base
            self._start = at if self._start is None else self._start
            self._time = max(self._time, at - self._start)
        return self._time

    def _back(self, small: Image.Image, mean: float, time: Fraction) -> int:
        """Return how many frames ago the jump was that this frame undoes; 0: there is none."""
        found = 0
        kept: list[_Jump] = []
        for jump in self._jumps:
            frames = self.frames - jump.number
            if jump.is_over(time, frames):
                continue
            if jump.is_undone(small, mean, time, frames):
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


def _alike(one: Image.Image, other: Image.Image) -> bool:
    """Return whether two pictures correlate; pictures of one colour are like no other."""
    try:
        return correlation(one.tobytes(), other.tobytes()) > ALIKE
    except StatisticsError:
        return False


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
