"""Extract one exact presented frame of a video as a displayed RGB image.

Times are exact fractions of a second from the first presented frame, edit list applied. The frame
at a time is the one with the greatest presentation time that is not later.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Final, Literal

from av.video.frame import VideoFrame
from PIL import Image as Pillow
from PIL.Image import Image

from vaceprep.contract import MAX_SAMPLES
from vaceprep.errors import Refused
from vaceprep.facts import VideoFacts
from vaceprep.formats import ROUNDING
from vaceprep.plans.model import WHITE, Colour
from vaceprep.preparation.read import Read, check_pixels, unreadable, video_of
from vaceprep.preparation.video.filters import (
    Chain,
    is_hdr,
    shown_size,
    source_of,
    tag,
    tone_mapping,
    visible,
)
from vaceprep.preparation.video.finder import Finder
from vaceprep.preparation.video.seek import Found
from vaceprep.preparation.video.thumbnails import oriented

#: The most exact setting of FFmpeg's scaler.
EXACT: Final = "flags=bicubic+accurate_rnd+full_chroma_int+full_chroma_inp"


def flattened(image: Image, background: Colour = WHITE) -> Image:
    """Return 8-bit RGB, transparency composited on a colour."""
    if image.mode == "RGB" and "transparency" not in image.info:
        return image
    shown = image.convert("RGBA")
    ground = Pillow.new("RGBA", shown.size, (*background, 255))
    return Pillow.alpha_composite(ground, shown).convert("RGB")


def displayed(found: Found, facts: VideoFacts) -> tuple[Image, tuple[str, ...]]:
    """Convert the frame to its displayed size. Return the image and what was done, in words.

    Raises what FFmpeg raises where it cannot convert.
    """
    notes = []
    for near in (found.before, found.frame, found.after):
        if near is not None:
            tag(near, facts)
    frame = found.frame
    if frame.interlaced_frame:
        frame = _deinterlaced(found)
        notes.append("deinterlaced")
    width, height = facts.width, facts.height
    if facts.rotation in (90, 270):
        width, height = height, width
    wide, high = shown_size(frame, facts)
    if (width, height) != (wide, high):
        notes.append(f"pixels made square ({wide}x{high} to {width}x{height})")
    cropped = visible(frame, facts)
    steps = [cropped] if cropped else []
    steps.append(f"scale={width}:{height}:{EXACT}")
    if is_hdr(frame):
        notes.append("HDR brought down to BT.709")
        steps[:0] = [f"scale={tone_mapping(frame)}", "format=yuv444p"]
    has_alpha = any(component.is_alpha for component in frame.format.components)
    pixels = "rgba" if has_alpha else "rgb24"
    image = as_image(_through(frame, [*steps, f"format={pixels}"]), "RGBA" if has_alpha else "RGB")
    if has_alpha:
        image = flattened(image)
    return oriented(image, (facts.rotation or 0, facts.mirrored)), tuple(notes)


def _run(frames: Sequence[VideoFrame], steps: Sequence[str]) -> list[VideoFrame]:
    """Pass all frames through a filter graph."""
    chain = Chain(source_of(frames[0]), steps)
    return [got for frame in (*frames, None) for got in chain.push(frame)]


def _through(frame: VideoFrame, steps: Sequence[str]) -> VideoFrame:
    got = _run([frame], steps)
    if not got:
        raise ValueError("no picture comes out of the conversion")
    return got[0]


def _deinterlaced(found: Found) -> VideoFrame:
    """Deinterlace the frame; its neighbours show what moved."""
    shape = (found.frame.width, found.frame.height, found.frame.format.name)
    near = [
        f
        for f in (found.before, found.frame, found.after)
        if f is not None and (f.width, f.height, f.format.name) == shape
    ]
    index = near.index(found.frame)
    got = _run(near, ["bwdif=mode=send_frame:deint=interlaced"])
    return got[index] if len(got) == len(near) else found.frame


def as_image(frame: VideoFrame, mode: str) -> Image:
    """Return a packed RGB or RGBA frame as an image."""
    plane = frame.planes[0]
    return Pillow.frombuffer(
        mode, (frame.width, frame.height), bytes(plane), "raw", mode, plane.line_size, 1
    )


@dataclass(frozen=True, slots=True)
class Shown:
    """A displayed frame; ``at`` is its start in seconds, None if it has no time."""

    image: Image
    at: Fraction | None
    #: What was done beyond rotating and scaling to the displayed size, in words.
    notes: tuple[str, ...]


def frame_at(
    read: Read, at: Fraction | Literal["first", "last"], *, finder: Finder | None = None
) -> Shown:
    """Return the frame shown at a time. Raises Refused.

    ``finder`` is for many frames of one open video.
    """
    facts = video_of(read)
    if at == "first":
        return _taken(read, facts, 1)
    if at == "last":
        return _taken(read, facts, "last")
    length = facts.duration
    says = "" if length is None else f"; the video lasts {_seconds(length)} s"
    if at < 0:
        raise Refused(f"there is no frame before the start, at {_seconds(at)} s{says}")
    if length is not None and at >= length:
        if at == length:
            says += " and its last frame ends there"
        raise Refused(
            f"there is no frame at {_seconds(at, length)} s{says} (--at last takes the last frame)"
        )
    return _taken(read, facts, at, finder)


def frame_number(read: Read, number: int) -> Shown:
    """Return presented frame ``number``, counted from 1. Raises Refused."""
    facts = video_of(read)
    known = facts.frames
    if number < 1 or number > MAX_SAMPLES or (known is not None and number > known):
        count = "its frames" if known is None else f"frames 1 to {known}"
        raise Refused(f"there is no frame {number}: the video has {count}")
    return _taken(read, facts, number)


def number_of(read: Read, shown: Shown, at: Fraction | Literal["first", "last"]) -> int | None:
    """Return the frame's number among the presented ones, from 1; None if unknown."""
    facts = video_of(read)
    if at == "first":
        return 1
    if at == "last" and facts.frames is not None:
        return facts.frames
    if shown.at is None:
        return None
    if facts.constant_rate and facts.fps and facts.rounding_tick is None:
        return round(shown.at * facts.fps) + 1
    if read.sniffed.demuxer is None or facts.duration is None:
        return None
    from vaceprep.probes.samples import survey

    found = survey(read.opened, read.sniffed, facts, Fraction(0), facts.duration)
    if found.obstacle is not None or len(found.times) != facts.frames:
        return None
    return sum(time <= shown.at + found.tick for time in found.times)


def _seconds(value: Fraction, beside: Fraction | None = None) -> str:
    """Format with as few digits as needed, also to distinguish it from ``beside``."""
    short, long = f"{float(value):.7g}", f"{float(value):.17g}"
    if beside is None or value == beside or short != f"{float(beside):.7g}":
        return short
    return long


def _taken(
    read: Read,
    facts: VideoFacts,
    wanted: Fraction | int | Literal["last"],
    finder: Finder | None = None,
) -> Shown:
    check_pixels((facts.width, facts.height), "a frame")
    check_pixels((facts.stored_width, facts.stored_height), "a frame")
    if read.sniffed.demuxer is None:
        return _of_webp(read, wanted)
    from vaceprep.preparation.video.seek import NoFrame, find
    from vaceprep.probes.container import BROKEN, clause

    try:
        exact = _exactly(facts, wanted)
        if finder is not None and isinstance(exact, Fraction):
            found = finder.find(exact)
        else:
            found = find(read.opened, read.sniffed.demuxer, exact, facts)
        image, notes = displayed(found, facts)
    except NoFrame as error:
        raise unreadable(read.source, str(error)) from None
    except BROKEN as error:
        raise unreadable(read.source, f"its frame does not decode ({clause(error)})") from None
    return Shown(image, found.at, notes)


def _exactly(
    facts: VideoFacts, wanted: Fraction | int | Literal["last"]
) -> Fraction | int | Literal["last"]:
    """Return the frame's number where a rounding time base is asked for an exact start time.

    In Matroska, frame 1 of 24 FPS starts at 42 ms; a request for 1/24 s means that frame.
    """
    rounds = facts.container in ROUNDING or facts.rounding_tick is not None
    if not isinstance(wanted, Fraction) or not rounds or not facts.constant_rate or not facts.fps:
        return wanted
    number = wanted * facts.fps
    return int(number) + 1 if number.denominator == 1 and number < MAX_SAMPLES else wanted


def _of_webp(read: Read, wanted: Fraction | int | Literal["last"]) -> Shown:
    """Return a frame of an animated WEBP, which FFmpeg does not read."""
    from vaceprep.preparation.video.animated_webp import pictures_of

    try:
        for number, picture in enumerate(pictures_of(read.opened, read.sniffed.format), 1):
            if wanted < picture[2] if isinstance(wanted, Fraction) else number == wanted:
                break
        image, start, _ = picture
        return Shown(flattened(image), start, ())
    except Refused as error:
        raise unreadable(read.source, str(error)) from None
    except Exception as error:  # Pillow raises nearly everything for broken data
        raise unreadable(read.source, f"its frame does not decode ({error})") from None
