"""FFmpeg's filters as one chain, fed with frames and read as they come out."""

from __future__ import annotations

import contextlib
import queue
import threading
from collections.abc import Callable, Iterable, Iterator
from fractions import Fraction
from typing import Final, TypeVar, cast

import av
import av.error
from av.filter import Graph
from av.video.frame import VideoFrame

from vaceprep.contract import HDR_TRANSFERS, WIDE_PRIMARIES
from vaceprep.facts import VideoFacts
from vaceprep.probe.colour import MATRICES, PRIMARIES, RANGES, TRANSFERS, number
from vaceprep.probe.container import fraction

#: What the buffer says where nothing more is to come, or nothing yet.
_EMPTY: Final = (av.error.BlockingIOError, av.error.EOFError)
#: Seconds between two looks at whether a signal came.
WAIT: Final = 0.2
Made = TypeVar("Made")

#: Codecs that cannot say a matrix: FFmpeg's decoder puts BT.601 on each frame, whatever holds.
MATRIX_ASSUMED: Final = frozenset(["vp8"])


def is_hdr(frame: VideoFrame) -> bool:
    """Whether a frame says that its colours are PQ, HLG or BT.2020."""
    return (
        TRANSFERS.get(frame.color_trc) in HDR_TRANSFERS
        or PRIMARIES.get(frame.color_primaries) in WIDE_PRIMARIES
    )


def tag(frame: VideoFrame, facts: VideoFacts) -> None:
    """Give a frame the colours that its container alone tells, where its codec leaves them open.

    A decoder resets what the bitstream does not say.
    """
    if frame.color_primaries not in PRIMARIES and facts.color_primaries:
        frame.color_primaries = number(PRIMARIES, facts.color_primaries)
    if frame.color_trc not in TRANSFERS and facts.color_transfer:
        frame.color_trc = number(TRANSFERS, facts.color_transfer)
    is_rgb = frame.format.is_rgb or frame.format.name == "pal8"
    is_open = frame.colorspace not in MATRICES or facts.codec in MATRIX_ASSUMED
    if is_open and facts.color_matrix not in (None, "gbr") and not is_rgb:
        frame.colorspace = number(MATRICES, facts.color_matrix)
    if frame.color_range not in RANGES and facts.color_range and not is_rgb:
        frame.color_range = number(RANGES, facts.color_range)


def tone_mapping(frame: VideoFrame) -> str:
    """Arguments of ``scale`` to BT.709; what the file leaves unsaid is BT.2020, as HDR has it."""
    said = [
        "in_transfer=bt709" if frame.color_trc not in TRANSFERS else "",
        "in_primaries=bt2020" if frame.color_primaries not in PRIMARIES else "",
        "in_color_matrix=bt2020" if frame.colorspace not in MATRICES else "",
    ]
    # Without the perceptual intent highlights clip.
    asked = (
        "out_transfer=bt709:out_primaries=bt709:out_color_matrix=bt709:out_range=tv:"
        "intent=perceptual"
    )
    return ":".join([*filter(None, said), asked])


def source_of(frame: VideoFrame, base: Fraction | None = None, rate: Fraction | None = None) -> str:
    """Arguments of the ``buffer`` filter, which PyAV's own helper would make square and grey."""
    base = base or fraction(frame.time_base)
    said = {
        "video_size": f"{frame.width}x{frame.height}",
        "pix_fmt": frame.format.name,
        "time_base": f"{base.numerator}/{base.denominator}" if base else "1/1000",
        "pixel_aspect": "1/1",
        "colorspace": MATRICES.get(frame.colorspace),
        "range": RANGES.get(frame.color_range),
        "frame_rate": f"{rate.numerator}/{rate.denominator}" if rate else None,
    }
    return ":".join(f"{key}={value}" for key, value in said.items() if value)


class Chain:
    """A chain of filters for frames of one size and format."""

    def __init__(self, source: str, steps: Iterable[str]) -> None:
        steps = list(steps)
        #: Whether the first frame makes the table of tone mapping: seconds in one call of FFmpeg.
        self._slow = any("intent=" in step for step in steps)
        self._graph = Graph()
        self._entry = last = self._graph.add("buffer", source)
        for step in steps:
            name, _, arguments = step.partition("=")
            following = self._graph.add(name, arguments)
            last.link_to(following)
            last = following
        self._sink = self._graph.add("buffersink")
        last.link_to(self._sink)
        self._graph.configure()

    def push(self, frame: VideoFrame | None) -> Iterator[VideoFrame]:
        """What comes out for one frame, or at the end (None)."""
        if self._slow:
            self._slow = False
            yield from in_own_thread(lambda: list(self._pushed(frame)))
        else:
            yield from self._pushed(frame)

    def _pushed(self, frame: VideoFrame | None) -> Iterator[VideoFrame]:
        self._entry.push(frame)
        while True:
            try:
                got = self._sink.pull()
            except _EMPTY:
                return
            if isinstance(got, VideoFrame):
                yield got


def in_own_thread(work: Callable[[], Made]) -> Made:
    """What a long call of FFmpeg gives, made by another thread, so that a signal is answered.

    Python runs handlers of signals in the main thread alone, and not before a call returns. Where
    a handler raises, the other thread finishes its call and its result is dropped.
    """
    given: queue.SimpleQueue[tuple[Made | None, BaseException | None]] = queue.SimpleQueue()

    def make() -> None:
        try:
            given.put((work(), None))
        except BaseException as error:
            given.put((None, error))

    threading.Thread(target=make, daemon=True).start()
    while True:
        # On Windows, nothing interrupts a wait without an end.
        with contextlib.suppress(queue.Empty):
            made, error = given.get(timeout=WAIT)
            break
    if error is not None:
        raise error
    return cast("Made", made)
