"""Verify that an encoded output shows what its source shows: decode, count, compare."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Final

from av.video.frame import VideoFrame
from PIL.Image import Image

from vaceprep.errors import Mismatch
from vaceprep.facts import VideoFacts
from vaceprep.files.source import Opened, open_path
from vaceprep.formats import MOV
from vaceprep.plans.model import EncodeRecipe
from vaceprep.preparation.video.compare import (
    Distance,
    Reference,
    is_other_picture,
    is_other_time,
    is_right,
    is_turned,
)
from vaceprep.preparation.video.source_frames import Clock, Timed, source_frames
from vaceprep.preparation.video.thumbnails import (
    WHOLE,
    Box,
    Orientation,
    Preparation,
    Thumbnail,
    thumbnail,
)
from vaceprep.probes.container import BOUNDED, BROKEN, clause, fraction, open_container
from vaceprep.probes.look import Looking
from vaceprep.probes.sniff import Sniffed, sniff

#: Number of times at which frames are compared: the first, the last, and evenly between.
INSTANTS: Final = 5
#: Source frames to compare with around each of them, and over the whole window.
AROUND: Final = 5
OVERALL: Final = 20
#: Seconds by which the output may exceed the end of the source's pictures.
HELD: Final = Fraction(1, 4)
#: Demuxers whose rotation players apply; in other streams they ignore it.
TURNING: Final = (MOV, "matroska,webm")
UNREAD: Final = "the output cannot be compared with the source"
ADVICE: Final = (
    "nothing was written; report this with the source, and convert the source with another "
    "program first"
)

OnProgress = Callable[[Fraction], None]


@dataclass(slots=True)
class Decoded:
    """The result of decoding an output's video track."""

    #: Frames that decode, up to the first that does not.
    frames: int = 0
    #: The decoder's error at the frame that does not decode; None if all decode.
    error: str | None = None
    #: The index of the first frame that is not at its time of the constant rate.
    misplaced: int | None = None
    #: Thumbnails of the wanted frames by index.
    pictures: dict[int, Image] = field(default_factory=dict)


def verify(
    opened: Opened,
    sniffed: Sniffed,
    facts: VideoFacts,
    recipe: EncodeRecipe,
    path: str,
    on_progress: OnProgress,
    looking: Looking | None = None,
) -> None:
    """Decode every frame of an encoded output and compare it with the source at five times.

    ``looking`` measures each frame. Raises Mismatch where the output differs from the recipe, and
    what ``on_progress`` raises.
    """
    numbers = instants(recipe.frames)
    decoded = decode_output(path, recipe.rate, numbers, _of_output(recipe), on_progress, looking)
    clock = Clock()
    found = _counted(decoded, recipe) or _compared(
        opened, sniffed, facts, recipe, decoded, clock, on_progress
    )
    found = found or _ends(recipe, facts, clock)
    if found:
        raise Mismatch(f"{found}; {ADVICE}")


def _compared(
    opened: Opened,
    sniffed: Sniffed,
    facts: VideoFacts,
    recipe: EncodeRecipe,
    decoded: Decoded,
    clock: Clock,
    on_progress: OnProgress,
) -> str | None:
    """Return what is wrong with the output's frames, as a sentence."""
    rate, length, rough = recipe.rate, recipe.length, recipe.deinterlace
    shown = [(n / rate, picture) for n, picture in sorted(decoded.pictures.items())]
    near = [recipe.start + time for time, _ in shown]

    def reference(margin: Fraction, step: Fraction | None) -> Reference | str:
        wanted = _Wanted(near, margin, recipe.start, step)
        last = recipe.start + length + margin
        try:
            frames = source_frames(
                opened, sniffed, facts, recipe.start, last, clock, salvage=recipe.salvage
            )
            thumbs = _reference(
                frames, wanted, lambda: _of_source(facts, recipe, sniffed, clock), on_progress
            )
        except BROKEN as error:
            return f"{UNREAD}: the source cannot be read a second time ({clause(error)})"
        if not thumbs:
            return f"{UNREAD}: the source shows no picture at {_s(recipe.start)} s"
        return Reference(thumbs, loose=recipe.tone_map)

    # Most outputs are right: the source's frames at these times suffice as proof.
    right = reference(1 / rate, None)
    if isinstance(right, str):
        return right
    if is_right(_expected(right, shown, recipe.start, 1 / rate), rough=rough):
        return None
    # Otherwise compare frames of other times to find out what is wrong, if anything.
    around = max(1 / rate, 1 / facts.fps if facts.fps else 1 / rate)
    more = reference((AROUND + Fraction(1, 2)) * around, length / OVERALL)
    if isinstance(more, str):
        return more
    found = fault(more, shown, recipe.start, 1 / rate, rough=rough)
    if found and clock.delay > 1 / rate:
        # A player may count from the first packet, even if that does not decode.
        at = recipe.start - clock.delay
        found = fault(more, shown, at, 1 / rate, rough=rough)
    return found


def instants(frames: int) -> list[int]:
    """Return the indices of the compared frames: two adjacent ones at each of five times."""
    last = frames - 1
    at = {last * i // (INSTANTS - 1) for i in range(INSTANTS)}
    return sorted({n for a in at for n in (a, a + 1 if a < last else max(last - 1, 0))})


def decode_output(
    path: str,
    rate: Fraction,
    wanted: Collection[int],
    how: Preparation,
    on_progress: OnProgress,
    looking: Looking | None = None,
) -> Decoded:
    """Decode the MP4 at ``path``, whose frames are at ``rate`` from 0 s. Errors are values."""
    found = Decoded()
    with open_path(path) as opened:
        demuxer = sniff(opened.head).demuxer or "mov"
        try:
            with open_container(opened, demuxer) as container:
                video = container.streams.video[0]
                video.codec_context.thread_type = "AUTO"
                video.codec_context.thread_count = 0
                # Otherwise a decoder conceals what it cannot read and reports nothing.
                video.codec_context.options = {
                    "err_detect": "explode",
                    "threads": "auto",
                    **BOUNDED,
                }
                for frame in container.decode(video):
                    on_progress(Fraction(1))
                    _add(found, frame, rate, wanted, how)
                    if found.error:
                        break
                    if looking is not None:
                        looking.add(frame)
        except BROKEN as error:
            found.error = clause(error)
    return found


def _add(
    found: Decoded, frame: VideoFrame, rate: Fraction, wanted: Collection[int], how: Preparation
) -> None:
    number = found.frames
    if frame.is_corrupt:
        found.error = "the decoder marks it as damaged"
        return
    base = fraction(frame.time_base)
    at = None if frame.pts is None or base is None else frame.pts * base
    if found.misplaced is None and at != number / rate:
        found.misplaced = number
    if number in wanted:
        found.pictures[number] = thumbnail(frame, how).low
    found.frames += 1


def _counted(decoded: Decoded, recipe: EncodeRecipe) -> str | None:
    """Return an error unless all frames of the plan decode, each at its time."""
    if decoded.error:
        return f"frame {decoded.frames + 1} of the output does not decode ({decoded.error})"
    if decoded.frames != recipe.frames:
        return f"{decoded.frames} frames of the output decode, not the {recipe.frames} planned"
    if decoded.misplaced is not None:
        at = _s(decoded.misplaced / recipe.rate)
        return f"frame {decoded.misplaced + 1} of the output is not shown at {at} s"
    return None


def fault(
    reference: Reference,
    shown: Sequence[tuple[Fraction, Image]],
    start: Fraction,
    slack: Fraction,
    *,
    rough: bool = False,
) -> str | None:
    """Return what is wrong with the output's frames, as a sentence; None if nothing is.

    ``shown`` are its frames by seconds from its start, which is at ``start`` in the source;
    ``slack`` is how many seconds a frame may be early or late; ``rough`` allows for the edges that
    deinterlacing reconstructs.
    """
    found = [
        reference.compared(d, picture)
        for d, (_, picture) in zip(_expected(reference, shown, start, slack), shown, strict=True)
    ]
    turned = is_turned(found)
    if turned is not None and turned.orientation is not None:
        turn, mirrored = turned.orientation
        how = " and ".join([f"turned by {turn} degrees"] * bool(turn) + ["mirrored"] * mirrored)
        return _sentence(f"at {_s(turned.time)} s its picture is {how}")
    late = is_other_time(found)
    if late is not None and late.other_time is not None:
        return _sentence(
            f"at {_s(late.time)} s it shows the source's picture of {_s(late.other_time)} s, not "
            f"that of {_s(start + late.time)} s"
        )
    other = is_other_picture(found, rough=rough)
    if other is not None:
        return _sentence(
            f"at {_s(other.time)} s its picture, or its colours, are not those of the source at "
            f"{_s(start + other.time)} s"
        )
    return None


def _expected(
    reference: Reference,
    shown: Sequence[tuple[Fraction, Image]],
    start: Fraction,
    slack: Fraction,
) -> list[Distance]:
    """Return the distance of each frame from the source's frames at its time."""
    return [
        reference.distance(
            time, picture, reference.between(start + time - slack, start + time + slack)
        )
        for time, picture in shown
    ]


def _s(value: Fraction) -> str:
    return f"{float(value):.2f}"


def _sentence(what: str) -> str:
    return f"the output does not show what the source shows: {what}"


def _ends(recipe: EncodeRecipe, facts: VideoFacts, clock: Clock) -> str | None:
    """Return an error if the output lasts longer than the source's pictures."""
    if clock.end is None or facts.duration is None:
        return None
    if recipe.salvage:
        # The last decodable frame is held in place of damaged ones.
        return None
    rate, length = recipe.rate, recipe.length
    if length > facts.duration - recipe.start + 1 / rate:
        # The plan holds the last frame: a mask is as long as its video.
        return None
    if recipe.start + length <= clock.end + max(HELD, 2 / rate):
        return None
    return _sentence(
        f"it lasts {_s(length)} s, but the source has pictures for "
        f"{_s(clock.end - recipe.start)} s only"
    )


@dataclass(slots=True)
class _Wanted:
    """Selects the source's frames for thumbnails: those around given times, and some others."""

    near: Sequence[Fraction]
    margin: Fraction
    #: The earliest time of the next other one, and their interval in seconds; None: no others.
    due: Fraction
    step: Fraction | None

    def takes(self, time: Fraction, until: Fraction | None) -> bool:
        """Whether to take a frame that is shown from ``time`` to ``until`` (None: no end)."""
        if until is not None and until <= self.near[0] - self.margin:
            return False
        if any(
            time <= at + self.margin and (until is None or until > at - self.margin)
            for at in self.near
        ):
            return True
        if self.step is None or time < self.due:
            return False
        self.due = time + self.step
        return True


def _reference(
    frames: Iterable[Timed],
    wanted: _Wanted,
    how: Callable[[], Preparation],
    on_progress: OnProgress,
) -> list[tuple[Fraction, Thumbnail]]:
    """Return thumbnails of the selected frames, each with its time."""
    found: list[tuple[Fraction, Thumbnail]] = []
    held: Timed | None = None
    for timed in frames:
        on_progress(Fraction(1))
        if held is not None and wanted.takes(held[1], timed[1]):
            found.append((held[1], thumbnail(held[0], how())))
        held = timed
    if held is not None and wanted.takes(held[1], None):
        found.append((held[1], thumbnail(held[0], how())))
    return found


def _of_source(
    facts: VideoFacts, recipe: EncodeRecipe, sniffed: Sniffed, clock: Clock
) -> Preparation:
    """Return how to convert the source's frames for the comparison."""
    orientation: Orientation = recipe.rotation, recipe.mirrored
    if sniffed.demuxer in TURNING and clock.orientation is not None:
        orientation = clock.orientation
    (wide, high), (width, height) = recipe.size.scaled, recipe.size.canvas
    box = (*_part(wide, width), *_part(high, height))
    return Preparation(
        crop=_displayed(facts, clock),
        orientation=orientation,
        box=(box[0], box[2], box[1], box[3]),
        behind=recipe.behind,
        threshold=recipe.threshold,
        fields=recipe.deinterlace,
    )


def _displayed(facts: VideoFacts, clock: Clock) -> Box:
    """Return the part of a decoded frame inside the container's crop rectangle."""
    size = facts.stored_width, facts.stored_height
    if facts.crop is None or clock.size != size:
        return WHOLE
    left, top, right, bottom = facts.crop
    width, height = size
    return left / width, top / height, 1 - right / width, 1 - bottom / height


def _of_output(recipe: EncodeRecipe) -> Preparation:
    """Return how to convert the output's frames: crop the padding of the canvas."""
    (wide, high), (width, height) = recipe.size.scaled, recipe.size.canvas
    box = (*_part(width, wide), *_part(height, high))
    return Preparation(box=(box[0], box[2], box[1], box[3]))


def _part(side: int, inside: int) -> tuple[float, float]:
    """Return the start and end of a centred length as shares of a side, 0 to 1 if it is longer."""
    if inside >= side:
        return 0.0, 1.0
    edge = (side - inside) // 2
    return edge / side, (edge + inside) / side
