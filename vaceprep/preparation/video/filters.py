"""The filter graph of a plan in FFmpeg's syntax."""

from __future__ import annotations

import contextlib
import queue
import threading
from collections.abc import Callable, Iterable, Iterator
from fractions import Fraction
from typing import Final, TypeVar, cast

import av
import av.error
from av.audio.frame import AudioFrame
from av.filter import Graph
from av.filter.context import FilterContext
from av.video.frame import VideoFrame

from vaceprep.contract import HDR_TRANSFERS, WIDE_PRIMARIES
from vaceprep.facts import VideoFacts
from vaceprep.plans.encode import tags
from vaceprep.plans.model import EncodeRecipe
from vaceprep.plans.size import Fit
from vaceprep.probes.codec import MATRICES, PRIMARIES, RANGES, TRANSFERS, number
from vaceprep.probes.container import fraction

#: Seconds between two checks for a signal.
WAIT: Final = 0.2
Made = TypeVar("Made")
Frame = TypeVar("Frame", AudioFrame, VideoFrame)

#: Codecs without a field for the matrix: FFmpeg's decoder always sets BT.601.
MATRIX_ASSUMED: Final = frozenset(["vp8"])


def is_hdr(frame: VideoFrame) -> bool:
    """Whether a frame is tagged as PQ, HLG or BT.2020."""
    return (
        TRANSFERS.get(frame.color_trc) in HDR_TRANSFERS
        or PRIMARIES.get(frame.color_primaries) in WIDE_PRIMARIES
    )


def tag(frame: VideoFrame, facts: VideoFacts) -> None:
    """Set the colour tags of the container where the codec leaves them unspecified.

    The decoder resets tags that the bitstream does not have.
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
    """Return arguments of ``scale`` to BT.709; untagged values count as BT.2020, usual for HDR."""
    tags_in = [
        "in_transfer=bt709" if frame.color_trc not in TRANSFERS else "",
        "in_primaries=bt2020" if frame.color_primaries not in PRIMARIES else "",
        "in_color_matrix=bt2020" if frame.colorspace not in MATRICES else "",
    ]
    # Without the perceptual intent, highlights clip.
    tags_out = (
        "out_transfer=bt709:out_primaries=bt709:out_color_matrix=bt709:out_range=tv:"
        "intent=perceptual"
    )
    return ":".join([*filter(None, tags_in), tags_out])


def source_of(frame: VideoFrame, base: Fraction | None = None, rate: Fraction | None = None) -> str:
    """Return arguments of ``buffer``; PyAV's own helper cannot pass colour tags."""
    base = base or fraction(frame.time_base)
    arguments = {
        "video_size": f"{frame.width}x{frame.height}",
        "pix_fmt": frame.format.name,
        "time_base": f"{base.numerator}/{base.denominator}" if base else "1/1000",
        "pixel_aspect": "1/1",
        "colorspace": MATRICES.get(frame.colorspace),
        "range": RANGES.get(frame.color_range),
        "frame_rate": f"{rate.numerator}/{rate.denominator}" if rate else None,
    }
    return ":".join(f"{key}={value}" for key, value in arguments.items() if value)


def pulled(sink: Graph | FilterContext, kind: type[Frame]) -> Iterator[Frame]:
    """Yield the frames that a filter graph has ready."""
    while True:
        try:
            got = sink.pull()
        except (av.error.BlockingIOError, av.error.EOFError):
            # None is ready yet, or no more are to come.
            return
        if isinstance(got, kind):
            yield got


class Chain:
    """A filter graph for frames of one size and format."""

    def __init__(self, source: str, steps: Iterable[str]) -> None:
        steps = list(steps)
        #: The first frame computes the tone mapping table, for seconds in one call of FFmpeg.
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
        """Yield the output for one frame, or the rest at the end (None)."""
        if self._slow:
            self._slow = False
            yield from in_own_thread(lambda: list(self._pushed(frame)))
        else:
            yield from self._pushed(frame)

    def _pushed(self, frame: VideoFrame | None) -> Iterator[VideoFrame]:
        self._entry.push(frame)
        yield from pulled(self._sink, VideoFrame)


def in_own_thread(work: Callable[[], Made]) -> Made:
    """Return the result of a long call of FFmpeg, run in a thread so that signals are handled.

    Python runs signal handlers only in the main thread, after a call returns. If a handler raises,
    the thread finishes its call and the result is dropped.
    """
    given: queue.SimpleQueue[tuple[Made | None, BaseException | None]] = queue.SimpleQueue()

    def make() -> None:
        try:
            given.put((work(), None))
        except BaseException as error:
            given.put((None, error))

    threading.Thread(target=make, daemon=True).start()
    while True:
        # On Windows, a wait without a timeout cannot be interrupted.
        with contextlib.suppress(queue.Empty):
            made, error = given.get(timeout=WAIT)
            break
    if error is not None:
        raise error
    return cast("Made", made)


#: Luma from which a mask is white: the middle of limited range.
MIDDLE: Final = 126
LANCZOS: Final = "flags=lanczos+accurate_rnd+full_chroma_int"
#: Matrices that the scaler does not know, and its names for the same numbers.
SCALED: Final = {"bt470bg": "bt470", "bt2020nc": "bt2020", "bt2020c": "bt2020"}
TURNS: Final = {
    90: ("transpose=clock",),
    180: ("hflip", "vflip"),
    270: ("transpose=cclock",),
}
#: FFmpeg's number of full range.
FULL: Final = 2


def steps(frame: VideoFrame, facts: VideoFacts, recipe: EncodeRecipe) -> list[str]:
    """Return the filters in order; none if the frame can be encoded as it is."""
    chain: list[str] = []
    if recipe.deinterlace:
        chain.append("bwdif=mode=send_frame:deint=interlaced")
    cropped = visible(frame, facts)
    if cropped:
        chain.append(cropped)
    turned = recipe.rotation in (90, 270)
    how = Fit(_swapped(recipe.size.scaled), _swapped(recipe.size.canvas)) if turned else recipe.size
    flags = "flags=neighbor" if recipe.threshold else LANCZOS
    scale = f"{how.scaled[0]}:{how.scaled[1]}:{flags}"
    if how.scaled != shown_size(frame, facts) or frame.format.is_rgb or _is_full(frame):
        chain.append(f"scale={scale}:{_ranges(frame, facts, recipe)}".rstrip(":"))
        if frame.format.is_rgb and not recipe.tone_map:
            # Explicitly, because a scaler inserted by FFmpeg would use another matrix.
            chain.append("format=yuv444p")
    if recipe.tone_map:
        chain.append(f"scale={tone_mapping(frame)}")
    chain += _cut(how)
    chain += ["hflip"] if recipe.mirrored else []
    chain += TURNS.get(recipe.rotation, ())
    if recipe.size.padded:
        chain += ["format=yuv420p", _pad(recipe)]
    if recipe.threshold:
        chain += ["format=yuv420p", f"lutyuv=y='if(gte(val,{MIDDLE}),235,16)':u=128:v=128"]
    if recipe.blend and made_up(facts, recipe):
        # Never blend across a cut: show the nearer frame.
        rate = recipe.rate
        chain.append("format=yuv420p")
        chain.append(
            f"framerate=fps={rate.numerator}/{rate.denominator}:interp_start=0:interp_end=255"
        )
    if chain or frame.format.name != "yuv420p":
        chain.append("format=yuv420p")
    return chain


def shown_size(frame: VideoFrame, facts: VideoFacts) -> tuple[int, int]:
    """Return the size in pixels of a decoded frame after the container's crop."""
    crop = facts.crop
    if crop is None or (frame.width, frame.height) != (facts.stored_width, facts.stored_height):
        return frame.width, frame.height
    return frame.width - crop.left - crop.right, frame.height - crop.top - crop.bottom


def visible(frame: VideoFrame, facts: VideoFacts) -> str | None:
    """Return the filter for the container's crop; None if there is nothing to crop."""
    width, height = shown_size(frame, facts)
    if facts.crop is None or (width, height) == (frame.width, frame.height):
        return None
    return f"crop={width}:{height}:{facts.crop.left}:{facts.crop.top}:exact=1"


def made_up(facts: VideoFacts, recipe: EncodeRecipe) -> bool:
    """Whether the output has frames that the source does not have."""
    return facts.fps is None or recipe.rate > facts.fps or not facts.constant_rate


def _swapped(size: tuple[int, int]) -> tuple[int, int]:
    return size[1], size[0]


def _is_full(frame: VideoFrame) -> bool:
    return frame.color_range == FULL or frame.format.name.startswith("yuvj")


def _ranges(frame: VideoFrame, facts: VideoFacts, recipe: EncodeRecipe) -> str:
    """Return input and output ranges of the scaler, and the matrix, which is the tagged one."""
    if not frame.format.is_rgb:
        return f"in_range={'pc' if _is_full(frame) else 'tv'}:out_range=tv"
    if recipe.tone_map:
        return ""
    matrix = tags(facts, tone_mapped=False).matrix
    return f"out_color_matrix={SCALED.get(matrix, matrix)}:out_range=tv"


def _cut(how: Fit) -> list[str]:
    """Crop to the canvas around the centre, or an odd line at the end."""
    (wide, high), (width, height) = how.scaled, how.canvas
    width, height = min(wide, width), min(high, height)
    if (width, height) == (wide, high):
        return []
    left, top = (wide - width) // 2, (high - height) // 2
    return [f"crop={width}:{height}:{left}:{top}"]


def _pad(recipe: EncodeRecipe) -> str:
    width, height = recipe.size.canvas
    red, green, blue = recipe.beside
    return f"pad={width}:{height}:(ow-iw)/2:(oh-ih)/2:color=0x{red:02x}{green:02x}{blue:02x}"
