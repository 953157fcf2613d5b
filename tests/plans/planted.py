"""Videos with planted faults: what is where is known, and the rest is clean.

A shot is a texture with coarse and fine detail under a camera that moves steadily.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple

import av
from av import VideoFrame
from PIL import Image, ImageDraw, ImageFilter

SIZE = (320, 180)
FPS = 12
KINDS = ("cut", "black", "freeze", "blur", "bars")


class Planted(NamedTuple):
    """A fault from frame ``first`` on, up to ``end``; a cut is at ``first``, between two frames."""

    kind: str
    first: int
    end: int


class Film(NamedTuple):
    """The faults of a video, and its number of frames."""

    faults: tuple[Planted, ...]
    frames: int


def film(seed: int, clean: int) -> Film:
    """Faults at random, with one stretch of at least ``clean`` frames without any."""
    chance = random.Random(seed)
    at = chance.randrange(0, 2) * chance.randrange(4, 20)
    faults: list[Planted] = []
    kinds = [chance.choice(KINDS) for _ in range(chance.randrange(2, 6))]
    free = chance.randrange(len(kinds) + 1)
    for number, kind in enumerate(kinds):
        at += clean + chance.randrange(6, 14) if number == free else chance.randrange(10, 22)
        length = 0 if kind == "cut" else chance.randrange(10, 22)
        faults.append(Planted(kind, at, at + length))
        at += length
    at += clean + chance.randrange(6, 14) if free == len(kinds) else chance.randrange(10, 22)
    return Film(tuple(faults), at)


def pictures(made: Film, seed: int) -> Iterator[Image.Image]:
    """The frames of a film."""
    chance = random.Random(seed + 1)
    shots = [_texture(chance.randrange(1 << 30), n % 2) for n in range(len(made.faults) + 1)]
    cuts = [fault.first for fault in made.faults if fault.kind == "cut"]
    steps = [(chance.choice((-1, 1)), chance.choice((-1, 0, 1))) for _ in shots]
    frozen: Image.Image | None = None
    for number in range(made.frames):
        shot = sum(number >= cut for cut in cuts)
        now = {fault.kind for fault in made.faults if fault.first <= number < fault.end}
        if "freeze" in now and frozen is not None:
            yield frozen
            continue
        # The camera turns back at the end of its way: a jump would be a cut that is not planted.
        way = 90 - abs(number % 180 - 90)
        left = 290 + steps[shot][0] * way
        top = 120 + steps[shot][1] * way
        picture = shots[shot].crop((left, top, left + SIZE[0], top + SIZE[1]))
        if "black" in now:
            picture = Image.new("L", SIZE, 2)
        if "blur" in now:
            picture = picture.filter(ImageFilter.GaussianBlur(4))
        if "bars" in now:
            draw = ImageDraw.Draw(picture)
            draw.rectangle((0, 0, SIZE[0], 19), fill=0)
            draw.rectangle((0, SIZE[1] - 20, SIZE[0], SIZE[1]), fill=0)
        frozen = picture
        yield picture


def _texture(seed: int, lighter: int) -> Image.Image:
    chance = random.Random(seed)
    width, height = 900, 420
    whole = Image.new("L", (width, height), 128)
    for cell, share in ((120, 0.6), (40, 0.45), (8, 0.4), (3, 0.25)):
        small = (width // cell, height // cell)
        noise = Image.frombytes("L", small, chance.randbytes(small[0] * small[1]))
        whole = Image.blend(whole, noise.resize(whole.size, Image.Resampling.BICUBIC), share)
    level = chance.randrange(-40, -15) + 55 * lighter
    return whole.point([min(255, max(40, value + level)) for value in range(256)])


def write(paths: Sequence[Path], made: Film, seed: int) -> None:
    """Encode a film, each time with less quality."""
    with ExitStack() as stack:
        outputs = []
        for number, path in enumerate(paths):
            output = stack.enter_context(av.open(str(path), "w"))
            options = {"crf": str(20 + 10 * number), "preset": ("ultrafast", "superfast")[number]}
            stream = output.add_stream("libx264", rate=FPS, options=options)
            stream.width, stream.height, stream.pix_fmt = *SIZE, "yuv420p"
            outputs.append((output, stream))
        for picture in pictures(made, seed):
            frame: VideoFrame = VideoFrame.from_image(picture.convert("RGB"))  # type: ignore[no-untyped-call]
            for output, stream in outputs:
                output.mux(stream.encode(frame))
        for output, stream in outputs:
            output.mux(stream.encode(None))
