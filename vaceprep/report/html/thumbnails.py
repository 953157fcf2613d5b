"""Thumbnails for the page, limited in number, bytes and time over the whole report.

Files are opened as everywhere: nameless and with the one demuxer for their signature. A file that
yields no picture is no error here: the page gives the reason.
"""

from __future__ import annotations

import base64
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from fractions import Fraction
from io import BytesIO
from math import floor
from typing import TYPE_CHECKING, Any, Final

from vaceprep.checks.inputs import Item, kind_of
from vaceprep.checks.source import opening
from vaceprep.errors import Refused
from vaceprep.facts import Facts, ImageFacts, VideoFacts
from vaceprep.files.source import CannotOpen
from vaceprep.formats import UNTIMED
from vaceprep.plans.model import WHITE
from vaceprep.preparation.read import Read
from vaceprep.preparation.video.frame import frame_at, frame_number
from vaceprep.probes.sniff import sniff
from vaceprep.report.html.view import DataUri, Picture, Window

if TYPE_CHECKING:
    from PIL.Image import Image

#: The longer side of a picture in a strip, and of one that is compared or shown alone.
SMALL: Final = 288
LARGE: Final = 480
#: Frames of a strip, and the number of files from which there are fewer.
FRAMES: Final = 5
FEW_FRAMES: Final = 3
MANY_FILES: Final = 60
#: Bytes of all pictures of a report.
ALL_BYTES: Final = 24 * 2**20
#: Seconds for the pictures of one file, and of all.
FILE_SECONDS: Final = 4.0
ALL_SECONDS: Final = 180.0
#: The most pixels of an image that is decoded for a thumbnail.
MOST_PIXELS: Final = 60_000_000
#: The most frames decoded to reach one that can only be found by counting from the start.
MOST_COUNTED: Final = 3_000
QUALITY: Final = 66

LATE: Final = "the time for pictures was used up"


@dataclass(frozen=True, slots=True)
class Shot:
    """A picture before it is encoded, and its presentation time (None: a still image)."""

    image: Image
    at: Fraction | None


@dataclass(frozen=True, slots=True)
class Shots:
    """The pictures of a file, and why there are not more."""

    shots: tuple[Shot, ...] = ()
    note: str = ""


def bounded(size: tuple[int, int], longest: int) -> tuple[int, int]:
    """The size with the same aspect ratio and a longer side of at most ``longest`` pixels.

    >>> bounded((1920, 1080), 480), bounded((10, 4000), 480)
    ((480, 270), (1, 480))
    """
    factor = min(1.0, longest / max(*size, 1))
    return max(1, round(size[0] * factor)), max(1, round(size[1] * factor))


def instants(facts: VideoFacts, count: int, window: Window | None = None) -> tuple[Fraction, ...]:
    """Evenly spread seconds, each in the middle of a frame. ``window`` is a start and a length.

    Empty if the duration is unknown.
    """
    start, length = window or (Fraction(0), facts.duration or Fraction(0))
    if length <= 0 or not facts.duration:
        return ()
    count = min(count, facts.frames or count)
    found: dict[Fraction, None] = {}
    for number in range(count):
        at = start + length * (2 * number + 1) / (2 * count)
        if facts.fps:
            at = (floor(at * facts.fps) + Fraction(1, 2)) / facts.fps
        if at < facts.duration:
            found[at] = None
    return tuple(found)


class _Watch:
    """Ends the file at a time limit: nothing else stops a running decoder.

    An exception in ``read`` would do so too, but FFmpeg continues to read after it, and PyAV
    prints the traceback of each exception that the next one replaces.
    """

    def __init__(self, opened: Any, end: float) -> None:
        self.late = False
        read = opened.read

        def watched(size: int = -1) -> bytes:
            if time.monotonic() > end:
                self.late = True
                return b""
            data: bytes = read(size)
            return data

        opened.read = watched

    def check(self) -> None:
        """Raise TimeoutError if the limit was exceeded: the bytes read then are incomplete."""
        if self.late:
            raise TimeoutError(LATE)


class Thumbnails:
    """Makes pictures and returns them as ``data:`` URIs until its budget is used up."""

    def __init__(
        self, files: int, *, most_bytes: int = ALL_BYTES, seconds: float = ALL_SECONDS
    ) -> None:
        self.frames = FRAMES if files <= MANY_FILES else FEW_FRAMES
        self._end = time.monotonic() + seconds
        self._left = most_bytes
        self._lock = threading.Lock()
        #: Number of pictures left out for lack of space or time.
        self.dropped = 0

    @contextmanager
    def _reading(self, path: str, facts: Facts) -> Iterator[tuple[Read, _Watch]]:
        end = min(self._end, time.monotonic() + FILE_SECONDS)
        if time.monotonic() > self._end:
            raise TimeoutError(LATE)
        with opening(Item(path, kind_of(path))) as opened:
            watch = _Watch(opened, end)
            try:
                yield Read(path, opened, sniff(opened.head), facts), watch
            except Exception:
                watch.check()
                raise
            watch.check()

    def taken(
        self, path: str, facts: Facts, at: Sequence[Fraction], size: tuple[int, int]
    ) -> Shots:
        """Frames of a video at times in seconds, or the picture of an image file."""
        if isinstance(facts, VideoFacts):
            return self.strip(path, facts, at, size)
        return self.still(path, facts, size)

    def still(self, path: str, facts: ImageFacts, size: tuple[int, int]) -> Shots:
        """A picture of an image file, at a size in pixels."""
        from PIL.Image import Resampling

        from vaceprep.preparation.image.colours import plain
        from vaceprep.preparation.image.decode import still, turned

        if facts.stored_width * facts.stored_height > MOST_PIXELS:
            return Shots(note=f"no picture: more than {MOST_PIXELS // 10**6} million pixels")
        try:
            with self._reading(path, facts) as (read, _):
                stored = still(read)
            image = plain(
                stored.image,
                stored.profile,
                "RGB",
                to_srgb=True,
                flatten=WHITE,
                depth=facts.bit_depth,
            )
            return Shots((Shot(turned(image, facts).resize(size, Resampling.BOX), None),))
        except Exception as error:  # a thumbnail must never fail the report
            return Shots(note=self._why(error))

    def strip(
        self,
        path: str,
        facts: VideoFacts,
        at: Sequence[Fraction],
        size: tuple[int, int],
    ) -> Shots:
        """Frames of a video at times in seconds, each at a size in pixels."""
        small = replace(facts, width=size[0], height=size[1])
        found: list[Shot] = []
        try:
            with self._reading(path, small) as (read, watch):
                if self._counted(read, facts):
                    shown = frame_number(read, 1)
                    watch.check()
                    return Shots((Shot(shown.image, shown.at),), "its first frame alone")
                for instant in at:
                    shown = frame_at(read, instant)
                    watch.check()
                    found.append(Shot(shown.image, instant))
                if not at:
                    shown = frame_number(read, 1)
                    watch.check()
                    found.append(Shot(shown.image, shown.at))
        except Exception as error:  # the pictures made so far are shown
            return Shots(tuple(found), self._why(error))
        return Shots(tuple(found))

    def numbered(self, path: str, facts: VideoFacts, number: int, size: tuple[int, int]) -> Shots:
        """Frame ``number`` of a video, counted from 1."""
        small = replace(facts, width=size[0], height=size[1])
        try:
            with self._reading(path, small) as (read, watch):
                if number > 1 and self._counted(read, facts):
                    return Shots(note="no picture: its frames can only be counted")
                shown = frame_number(read, number)
                watch.check()
                return Shots((Shot(shown.image, shown.at),))
        except Exception as error:
            return Shots(note=self._why(error))

    def grey(self, path: str, facts: ImageFacts) -> Image | str:
        """A mask's area as black and white at its full size, or why there is none."""
        from vaceprep.preparation.image.mask import black_and_white, displayed_grey

        if facts.stored_width * facts.stored_height > MOST_PIXELS:
            return f"no picture: more than {MOST_PIXELS // 10**6} million pixels"
        try:
            with self._reading(path, facts) as (read, _):
                return black_and_white(displayed_grey(read))
        except Exception as error:
            return self._why(error)

    def printed(self, image: Image, alt: str, caption: str = "", *, faint: bool = False) -> Any:
        """The picture for the page; None if the budget is used up."""
        out = BytesIO()
        image.save(out, "WEBP", quality=QUALITY, method=3)
        data = out.getvalue()
        with self._lock:
            if len(data) > self._left:
                self.dropped += 1
                return None
            self._left -= len(data)
        text = base64.b64encode(data).decode("ascii")
        uri = DataUri(f"data:image/webp;base64,{text}")
        return Picture(uri, image.width, image.height, alt, caption, faint)

    def _counted(self, read: Read, facts: VideoFacts) -> bool:
        """Whether reaching a later frame would decode too many."""
        timeless = read.sniffed.demuxer is None or read.sniffed.demuxer in UNTIMED
        return timeless and (facts.frames or MOST_COUNTED + 1) > MOST_COUNTED

    def _why(self, error: BaseException) -> str:
        if LATE in str(error) or isinstance(error, TimeoutError):
            with self._lock:
                self.dropped += 1
            return f"no picture, or not every one: {LATE}"
        if isinstance(error, CannotOpen):
            return f"no picture: {error.fact.message}"
        if isinstance(error, Refused):
            # It begins with the file's name, which is already shown above it.
            message = str(error)
            return f"no picture: {message.partition(' cannot be read: ')[2] or message}"
        return f"no picture: {' '.join(str(error).split()) or type(error).__name__}"[:200]
