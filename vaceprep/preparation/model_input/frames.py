"""The pictures that the model takes of one file, as RGB, scaled and cropped as it does.

Scaling is bicubic and antialiased, as in the published code.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator
from contextlib import closing
from fractions import Fraction
from typing import Final

from av.video.frame import VideoFrame
from PIL import Image as Pillow
from PIL.Image import Image, Resampling

from vaceprep.errors import Refused
from vaceprep.facts import ImageFacts, VideoFacts
from vaceprep.model_view.canvas import Rectangle
from vaceprep.plans.model import WHITE, Colour
from vaceprep.preparation.image.colours import displayed
from vaceprep.preparation.model_input.assets import Size, Taken
from vaceprep.preparation.read import check_pixels, reading, unreadable
from vaceprep.preparation.video.animated_webp import as_frame, frames_of
from vaceprep.preparation.video.decode import Shown, frames_from
from vaceprep.preparation.video.filters import (
    TURNS,
    Chain,
    is_hdr,
    source_of,
    tag,
    tone_mapping,
    visible,
)
from vaceprep.preparation.video.frame import as_image, flattened
from vaceprep.probes.container import BROKEN, clause

#: What the model invents: 127.5 of 255.
GREY: Final[Colour] = (128, 128, 128)
#: Bicubic with the published code's parameter. FFmpeg widens the filter to scale down, which
#: prevents aliasing.
BICUBIC: Final = "flags=bicubic+accurate_rnd+full_chroma_inp+full_chroma_int:param0=0:param1=0.5"
#: Planes are several times as quick to scale to as packed RGB.
PLANES: Final = "gbrp"


def pictures_of(file: Taken, around: Colour = GREY) -> Generator[Image]:
    """Yield the model's picture for each of the file's ``used``; ``around`` fills the rest.

    Raises Refused at a frame that does not decode.
    """
    check_pixels(file.scaled, "a picture")
    facts = file.facts
    if isinstance(facts, ImageFacts):
        whole = displayed_picture(file)
        part = visible_part(file)
        seen = whole.resize(file.scaled, Resampling.BICUBIC)
        box = (part.left, part.top, part.left + part.width, part.top + part.height)
        picture = on_canvas(seen.crop(box), file, around)
        yield from (picture for _ in file.used)
        return
    check_pixels((facts.stored_width, facts.stored_height), "a frame")
    for frame in _chosen(_decoded(file, facts), file.used):
        yield on_canvas(_merged(frame), file, around)


def _merged(frame: VideoFrame) -> Image:
    """Return a frame of the planes green, blue and red as an image."""
    size = frame.width, frame.height
    green, blue, red = (
        Pillow.frombuffer("L", size, bytes(plane), "raw", "L", plane.line_size, 1)
        for plane in frame.planes
    )
    return Pillow.merge("RGB", (red, green, blue))


def displayed_picture(file: Taken) -> Image:
    """Return a still image as displayed, transparency on white. Raises Refused."""
    with reading(file.source, file.role) as read:
        if not isinstance(read.facts, ImageFacts):
            raise unreadable(file.source, "it is a video, not an image")
        return displayed(read, read.facts, WHITE).convert("RGB")


def visible_part(file: Taken) -> Rectangle:
    """Return the part of the scaled picture that lies on the model's picture."""
    left, top = (max(0, at) for at in file.crop)
    right = min(file.scaled[0], file.crop[0] + file.width)
    bottom = min(file.scaled[1], file.crop[1] + file.height)
    return Rectangle(left, top, max(1, right - left), max(1, bottom - top))


def on_canvas(seen: Image, file: Taken, around: Colour) -> Image:
    """Return the model's picture with the visible part at its place."""
    if seen.size == (file.width, file.height):
        return seen
    canvas = Pillow.new("RGB", (file.width, file.height), around)
    canvas.paste(seen, (max(0, -file.crop[0]), max(0, -file.crop[1])))
    return canvas


def _chosen(frames: Iterable[VideoFrame], used: Iterable[int]) -> Iterator[VideoFrame]:
    """Yield the frames with these numbers, which do not decrease."""
    counted = enumerate(frames)
    number, frame = -1, None
    for wanted in used:
        while number < wanted:
            following = next(counted, None)
            if following is None:
                raise Refused(f"it ends before its frame {wanted + 1}")
            number, frame = following
        if frame is not None:
            yield frame


def _decoded(file: Taken, facts: VideoFacts) -> Iterator[VideoFrame]:
    """Yield the visible part of each frame, scaled, as RGB; only of those that are used."""
    wanted = set(file.used)
    chain: Chain | None = None
    shape: tuple[int, int, str] | None = None
    with reading(file.source, "video_url") as read:
        opened, sniffed = read.opened, read.sniffed
        shown = (
            frames_of(opened, sniffed.format, Fraction(0), WHITE)
            if sniffed.demuxer is None
            else frames_from(opened, sniffed.demuxer, facts, Fraction(0))
        )
        with closing(shown):
            for number, frame in enumerate(_named(shown, file.source)):
                if number not in wanted:
                    # Its number counts, its pixels do not.
                    yield frame
                    continue
                tag(frame, facts)
                flat = _flat(frame)
                if chain is None or shape != (flat.width, flat.height, flat.format.name):
                    shape = (flat.width, flat.height, flat.format.name)
                    chain = Chain(source_of(flat), _steps(flat, facts, file))
                made = list(chain.push(flat))
                if not made:
                    raise unreadable(file.source, "no picture comes out of the conversion")
                yield made[0]


def _named(frames: Iterator[Shown], source: str) -> Iterator[VideoFrame]:
    """Yield the frames; a failure of the decoder names the source."""
    try:
        for frame, _ in frames:
            yield frame
    except Refused as error:
        raise unreadable(source, str(error)) from None
    except BROKEN as error:
        raise unreadable(source, f"its frames do not decode ({clause(error)})") from None


def _flat(frame: VideoFrame) -> VideoFrame:
    """Return the frame without transparency, on white."""
    if frame.format.name != "pal8" and not any(c.is_alpha for c in frame.format.components):
        return frame
    made = as_frame(flattened(as_image(frame.reformat(format="rgba"), "RGBA"), WHITE))
    made.pts, made.time_base = frame.pts, frame.time_base
    return made


def _steps(frame: VideoFrame, facts: VideoFacts, file: Taken) -> list[str]:
    """Return the filters from a decoded frame to the visible part of the scaled picture."""
    cropped = visible(frame, facts)
    steps = [cropped] if cropped else []
    turn = facts.rotation or 0
    width, height = _turned(file.scaled, turn)
    if is_hdr(frame):
        steps += [f"scale={width}:{height}:{BICUBIC}", f"scale={tone_mapping(frame)}"]
    steps += [f"scale={width}:{height}:{BICUBIC}", f"format={PLANES}"]
    steps += ["hflip"] if facts.mirrored else []
    steps += TURNS.get(turn, ())
    part = visible_part(file)
    if (part.width, part.height) != file.scaled:
        steps.append(f"crop={part.width}:{part.height}:{part.left}:{part.top}:exact=1")
    return steps


def _turned(size: Size, turn: int) -> Size:
    return (size[1], size[0]) if turn in (90, 270) else size
