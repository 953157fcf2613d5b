"""Decode frames, filter them and encode them as H.264 at a constant frame rate."""

from __future__ import annotations

import os
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import ExitStack, closing
from fractions import Fraction
from typing import Final

from av.container import OutputContainer
from av.video.frame import PictureType, VideoFrame
from av.video.stream import VideoStream

from vaceprep.errors import Damaged, Refused
from vaceprep.facts import VideoFacts
from vaceprep.files.source import Opened
from vaceprep.plans.encode import Colours, tags
from vaceprep.plans.frames import slot
from vaceprep.plans.model import EncodeRecipe
from vaceprep.preparation.video.audio import Sound
from vaceprep.preparation.video.copy import open_mp4
from vaceprep.preparation.video.decode import Shown, frames_from
from vaceprep.preparation.video.filters import Chain, source_of, steps, tag
from vaceprep.probes.codec import MATRICES, PRIMARIES, TRANSFERS, number
from vaceprep.probes.container import fraction
from vaceprep.probes.sniff import Sniffed

#: Visually lossless, as far as H.264's CRF goes.
CRF: Final = 18
PRESET: Final = "medium"
#: For masks: so low that every pixel stays within a few levels, even among many edges.
MASK_CRF: Final = 1
#: Psychovisual options take bits from edges, which a mask needs there.
MASK_PARAMS: Final = "aq-mode=0:psy=0"
#: Share of the byte limit that maxrate aims at; the rest is for the container and rounding.
AIM: Final = Fraction(9, 10)
#: Encoding attempts, each with a lower maxrate.
ATTEMPTS: Final = 3
#: FFmpeg's number of limited range.
LIMITED: Final = 1

OnProgress = Callable[[Fraction], None]


def encode(
    opened: Opened,
    sniffed: Sniffed,
    facts: VideoFacts,
    recipe: EncodeRecipe,
    path: str,
    on_progress: OnProgress,
    *,
    preset: str = PRESET,
) -> None:
    """Write the recipe's frames to ``path``, within its limit of bytes.

    ``preset`` is the encoder's. Raises Refused, or one of ``BROKEN``.
    """
    ceiling = AIM * 8 * recipe.limit / (recipe.length + 1)
    for _ in range(ATTEMPTS):
        size = _attempt(opened, sniffed, facts, recipe, path, int(ceiling), on_progress, preset)
        if size <= recipe.limit:
            return
        # The encoder exceeded maxrate: lower it by the excess and a margin.
        ceiling *= AIM * recipe.limit / size
    raise Refused(f"no quality brings it under {recipe.limit:,} bytes")


def _attempt(
    opened: Opened,
    sniffed: Sniffed,
    facts: VideoFacts,
    recipe: EncodeRecipe,
    path: str,
    ceiling: int,
    on_progress: OnProgress,
    preset: str,
) -> int:
    """Encode once. Return the bytes written."""
    frames: Generator[Shown]
    if sniffed.demuxer is None:
        from vaceprep.preparation.video.animated_webp import frames_of

        frames = frames_of(opened, sniffed.format, recipe.start, recipe.behind)
    else:
        frames = frames_from(opened, sniffed.demuxer, facts, recipe.start, salvage=recipe.salvage)
    rate = recipe.rate
    with closing(frames), ExitStack() as stack:
        out = stack.enter_context(open_mp4(path, rate.numerator))
        stream: VideoStream | None = None
        sound: Sound | None = None
        for number, frame in enumerate(in_every_slot(frames, facts, recipe)):
            if stream is None:
                stream = _stream(out, facts, recipe, ceiling, preset)
                if recipe.keep_audio:
                    sound = Sound(out, opened, sniffed, recipe.start, recipe.length)
                    stack.enter_context(closing(sound))
            send(out, stream, frame, number, rate)
            on_progress(Fraction(number + 1, recipe.frames))
        if stream is None:
            raise Damaged("none of its frames decodes", 0)
        out.mux(stream.encode(None))
        if sound is not None:
            sound.write()
    return os.path.getsize(path)


def send(
    out: OutputContainer, stream: VideoStream, frame: VideoFrame, number: int, rate: Fraction
) -> None:
    """Encode one frame as number ``number`` of the output."""
    frame.pts, frame.time_base = number, 1 / rate
    # The encoder chooses picture types, not the source.
    frame.pict_type = PictureType.NONE
    out.mux(stream.encode(frame))


def in_every_slot(
    frames: Iterable[Shown], facts: VideoFacts, recipe: EncodeRecipe
) -> Iterator[VideoFrame]:
    """Yield the filtered frame of each slot; a frame is repeated up to the slot of the next."""
    number = 0
    held: VideoFrame | None = None
    for frame, place in filtered(placed(frames, recipe), facts, recipe):
        while held is not None and number < min(place, recipe.frames):
            yield held
            number += 1
        held = frame
        if number >= recipe.frames:
            return
    while held is not None and number < recipe.frames:
        yield held
        number += 1


def placed(frames: Iterable[Shown], recipe: EncodeRecipe) -> Iterator[tuple[VideoFrame, int]]:
    """Yield frames with their slots at the constant rate; in one slot the later frame wins.

    Slot 0 is at the recipe's start, where the first frame is already shown.
    """
    held: tuple[VideoFrame, int] | None = None
    for frame, time in frames:
        place = max(slot(time - recipe.start, recipe.rate), 0)
        if held is not None and (place > held[1] or recipe.deinterlace):
            yield held
        held = frame, place
        if place >= recipe.frames:
            break
    if held is not None:
        yield held


def filtered(
    frames: Iterable[tuple[VideoFrame, int]], facts: VideoFacts, recipe: EncodeRecipe
) -> Iterator[tuple[VideoFrame, int]]:
    """Yield filtered frames; the filter graph is rebuilt where size or format change."""
    chain: Chain | None = None
    shape: tuple[int, int, str] | None = None
    plain = False
    for decoded, place in frames:
        tag(decoded, facts)
        frame = flat(decoded, facts, recipe)
        if shape != (frame.width, frame.height, frame.format.name):
            if chain is not None:
                yield from _out(chain, None, recipe.rate)
            shape = (frame.width, frame.height, frame.format.name)
            wanted = steps(frame, facts, recipe)
            plain = not wanted
            chain = None if plain else Chain(source_of(frame, 1 / recipe.rate), wanted)
        if chain is None:
            yield frame, place
            continue
        frame.pts, frame.time_base = place, 1 / recipe.rate
        yield from _out(chain, frame, recipe.rate)
    if chain is not None:
        yield from _out(chain, None, recipe.rate)


def _out(
    chain: Chain, frame: VideoFrame | None, rate: Fraction
) -> Iterator[tuple[VideoFrame, int]]:
    """Yield the frames that the filter graph outputs, each with its slot.

    A filter may change the time base (bwdif halves it), so the slot is computed in the time base of
    the output frame.
    """
    for got in chain.push(frame):
        base = fraction(got.time_base)
        if got.pts is None or base is None:
            raise Refused("a filter gives a frame without a presentation time")
        yield got, slot(got.pts * base, rate)


def flat(frame: VideoFrame, facts: VideoFacts, recipe: EncodeRecipe) -> VideoFrame:
    """Return the frame as RGB on the background colour; unchanged if it has no alpha channel."""
    has_alpha = any(component.is_alpha for component in frame.format.components)
    if not has_alpha and frame.format.name != "pal8":
        return frame
    from vaceprep.preparation.video.animated_webp import as_frame
    from vaceprep.preparation.video.frame import as_image, flattened

    if not frame.format.is_rgb and frame.colorspace not in MATRICES:
        frame.colorspace = number(MATRICES, tags(facts, tone_mapped=False).matrix)
    whole = frame.reformat(format="rgba")
    made = as_frame(flattened(as_image(whole, "RGBA"), recipe.behind))
    made.color_primaries, made.color_trc = frame.color_primaries, frame.color_trc
    return made


def _stream(
    out: OutputContainer, facts: VideoFacts, recipe: EncodeRecipe, ceiling: int, preset: str
) -> VideoStream:
    colours = tags(facts, tone_mapped=recipe.tone_map)
    stream = h264_stream(out, recipe.rate, recipe.size.canvas, colours)
    stream.options = {
        "preset": preset,
        "crf": str(MASK_CRF if recipe.threshold else CRF),
        "maxrate": str(ceiling),
        "bufsize": str(ceiling),
    }
    if recipe.threshold:
        stream.options |= {"x264-params": MASK_PARAMS}
    return stream


def h264_stream(
    out: OutputContainer, rate: Fraction, size: tuple[int, int], colours: Colours
) -> VideoStream:
    """Add a track of H.264 in 4:2:0 with limited range and square pixels."""
    stream = out.add_stream("libx264", rate=rate)
    if not isinstance(stream, VideoStream):
        raise Refused("there is no H.264 encoder")
    stream.width, stream.height = size
    stream.pix_fmt = "yuv420p"
    stream.time_base = 1 / rate
    context = stream.codec_context
    context.time_base = 1 / rate
    context.sample_aspect_ratio = Fraction(1)
    # The encoder writes these only if they are set before its first frame.
    context.color_range = LIMITED
    context.color_primaries = number(PRIMARIES, colours.primaries)
    context.color_trc = number(TRANSFERS, colours.transfer)
    context.colorspace = number(MATRICES, colours.matrix)
    return stream
