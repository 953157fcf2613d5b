"""Reels drawn for tests: one shot in which the picture changes much, or shots with hard cuts.

Written without knowledge of how the program finds a cut. Each reel follows from its number alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from math import sin
from pathlib import Path
from typing import Final

import av
import numpy as np
from av.video.frame import VideoFrame
from av.video.stream import VideoStream
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter

SIZE: Final = (160, 90)
#: Width and height of the place that the camera sees a part of.
PLACE: Final = (640, 360)
RATES: Final = (16, 24, 25, 30, 50)
Pixels = NDArray[np.float32]
Random = np.random.Generator


@dataclass
class Reel:
    """The frames of one clip, and the numbers of the frames with which another shot begins."""

    kind: str
    rate: int
    frames: list[Pixels]
    cuts: tuple[int, ...] = ()


def place(random: Random, contrast: float = 1.0) -> Image.Image:
    """A picture with large and small forms in colour, and things in front of them."""
    width, height = PLACE
    total: Pixels = np.zeros((height, width, 3), np.float32)
    for octave, weight in ((2, 1.0), (4, 0.7), (9, 0.4), (30, 0.2)):
        shape = (octave + 1, 2 * octave + 1, 3)
        grid = (random.random(shape) * 255).astype(np.uint8)
        # Colours of a place are near grey: all channels share most of their light.
        grid = (0.35 * grid + 0.65 * grid.mean(axis=2, keepdims=True)).astype(np.uint8)
        large = Image.fromarray(grid).resize(PLACE, Image.Resampling.BICUBIC)
        total += weight * (np.asarray(large, np.float32) - 127.5)
    spread = float(total.std()) or 1.0
    level = random.uniform(85, 165)
    total = level + total * (random.uniform(42, 62) * contrast / spread)
    picture = Image.fromarray(np.clip(total, 0, 255).astype(np.uint8))
    pen = ImageDraw.Draw(picture)
    for _ in range(int(random.integers(6, 26))):
        left, top = random.integers(0, width), random.integers(0, height)
        wide, high = random.integers(10, 90), random.integers(10, 110)
        shade = int(np.clip(level + contrast * random.normal(0, 70), 0, 255))
        tint = tuple(int(np.clip(shade + random.normal(0, 18), 0, 255)) for _ in range(3))
        draw: Callable[..., None] = pen.rectangle if random.random() < 0.6 else pen.ellipse
        draw((int(left), int(top), int(left + wide), int(top + high)), fill=tint)
    return picture.filter(ImageFilter.GaussianBlur(random.uniform(0.4, 1.6)))


@dataclass
class Path2D:
    """Where the camera looks in each frame: the centre, and the part of the place, 0 to 1."""

    x: Sequence[float]
    y: Sequence[float]
    part: Sequence[float]


def views(picture: Image.Image, path: Path2D) -> list[Pixels]:
    """What the camera sees."""
    width, height = picture.size
    frames = []
    for x, y, part in zip(path.x, path.y, path.part, strict=True):
        wide, high = width * part, height * part
        left = min(max(x * width - wide / 2, 0), width - wide)
        top = min(max(y * height - high / 2, 0), height - high)
        box = (left, top, left + wide, top + high)
        seen = picture.resize(SIZE, Image.Resampling.BILINEAR, box, reducing_gap=2.0)
        frames.append(np.asarray(seen, np.float32))
    return frames


def still(random: Random, count: int) -> Path2D:
    """A camera that does not move."""
    part = random.uniform(0.3, 0.8)
    x, y = random.uniform(0.3, 0.7, 2)
    return Path2D([x] * count, [y] * count, [part] * count)


def pan(random: Random, count: int, rate: int, speed: float | None = None) -> Path2D:
    """A camera that turns evenly. ``speed`` in widths of the frame a second."""
    part = random.uniform(0.25, 0.4)
    steps = np.arange(count) / rate
    speed = random.uniform(0.2, 1.2) if speed is None else speed
    angle = random.uniform(-0.4, 0.4)
    x = 0.5 + (steps - steps[-1] / 2) * speed * part
    y = 0.5 + (steps - steps[-1] / 2) * speed * part * angle
    if random.random() < 0.5:
        x = 1 - x
    return Path2D(list(x), list(y), [part] * count)


def zoom(random: Random, count: int, rate: int, factor: float | None = None) -> Path2D:
    """A camera that comes nearer, or goes away: ``factor`` a second."""
    factor = random.uniform(1.15, 1.7) if factor is None else factor
    part = 0.9 / factor ** (np.arange(count) / rate)
    part = np.clip(part, 0.12, 0.95)
    if random.random() < 0.5:
        part = part[::-1]
    return Path2D([0.5] * count, [0.5] * count, list(part))


def shaken(random: Random, path: Path2D, strength: float) -> Path2D:
    """The same path from a hand: it sways, trembles, and is pushed once."""
    count = len(path.x)
    phase, pace = random.uniform(0, 6.3, 2), random.uniform(0.2, 0.5, 2)
    push = int(random.integers(0, count))
    kick = strength * random.uniform(2, 5)
    at = np.arange(count)
    jolt = kick * np.exp(-np.abs(at - push) / 1.5)
    x = [
        value + strength * sin(phase[0] + pace[0] * i) + random.normal(0, strength / 3) + jolt[i]
        for i, value in enumerate(path.x)
    ]
    y = [
        value + strength * sin(phase[1] + pace[1] * i) + random.normal(0, strength / 3) - jolt[i]
        for i, value in enumerate(path.y)
    ]
    return Path2D(x, y, path.part)


def camera(random: Random, count: int, rate: int) -> Path2D:
    """Some ordinary movement."""
    kind = random.integers(0, 4)
    if kind == 0:
        return still(random, count)
    if kind == 1:
        return pan(random, count, rate)
    if kind == 2:
        return zoom(random, count, rate)
    return shaken(random, still(random, count), random.uniform(0.002, 0.008))


def grain(random: Random, frames: list[Pixels], strength: float) -> list[Pixels]:
    """The frames with noise of the camera."""
    return [f + random.normal(0, strength, (*f.shape[:2], 1)).astype(np.float32) for f in frames]


def paired(
    frames: list[Pixels], levels: NDArray[np.float64]
) -> Iterator[tuple[Pixels, np.float32]]:
    """Each frame with its level."""
    return zip(frames, levels.astype(np.float32), strict=True)


# --- one shot --------------------------------------------------------------------------------


def _length(random: Random) -> tuple[int, int]:
    """A rate and a number of frames: two to three seconds."""
    rate = int(random.choice(RATES))
    return rate, int(rate * random.uniform(2, 3))


def fast_pan(random: Random) -> Reel:
    """A camera that turns quickly from one thing to another, with the blur of movement."""
    rate, count = _length(random)
    begin, turn = (
        int(count * random.uniform(0.2, 0.6)),
        max(3, int(rate * random.uniform(0.3, 0.6))),
    )
    part = random.uniform(0.25, 0.35)
    share = np.clip((np.arange(count) - begin) / turn, 0, 1)
    ease = share * share * (3 - 2 * share)
    x = 0.2 + 0.6 * ease
    picture = place(random)
    seen = []
    for number in range(count):
        # An open shutter adds up what passes by during half of a frame.
        after = x[min(number + 1, count - 1)]
        between = np.linspace(x[number], (x[number] + after) / 2, 6)
        lit = views(picture, Path2D(list(between), [0.5] * 6, [part] * 6))
        seen.append(np.asarray(sum(lit[1:], lit[0]) / len(lit), np.float32))
    return Reel("fast pan", rate, seen)


def fast_zoom(random: Random) -> Reel:
    """A crash zoom in the middle of a shot."""
    rate, count = _length(random)
    begin, turn = (
        int(count * random.uniform(0.2, 0.6)),
        max(4, int(rate * random.uniform(0.3, 0.6))),
    )
    share = np.clip((np.arange(count) - begin) / turn, 0, 1)
    part = 0.8 * (random.uniform(0.25, 0.4) ** share)
    path = Path2D([0.5] * count, [0.5] * count, list(part))
    return Reel("fast zoom", rate, views(place(random), path))


def even_pan(random: Random) -> Reel:
    rate, count = _length(random)
    return Reel("pan", rate, views(place(random), pan(random, count, rate)))


def even_zoom(random: Random) -> Reel:
    rate, count = _length(random)
    return Reel("zoom", rate, views(place(random), zoom(random, count, rate)))


def hand(random: Random) -> Reel:
    rate, count = _length(random)
    path = shaken(random, camera(random, count, rate), random.uniform(0.004, 0.015))
    return Reel("hand", rate, grain(random, views(place(random), path), 3))


def noise(random: Random) -> Reel:
    """A film of a sensitive camera at night: strong grain."""
    rate, count = _length(random)
    frames = views(place(random, random.uniform(0.4, 1)), camera(random, count, rate))
    return Reel("noise", rate, grain(random, frames, random.uniform(12, 35)))


def _lit(random: Random, frames: list[Pixels], light: Sequence[float]) -> list[Pixels]:
    """The frames under more light: 0 as they are, 1 nearly white."""
    gain = random.uniform(0.5, 1.2)
    return [f * (1 + gain * s) + 150 * s for f, s in zip(frames, light, strict=True)]


def flash(random: Random) -> Reel:
    """Photographers: lights of one to four frames, some of which fade."""
    rate, count = _length(random)
    light = np.zeros(count)
    for _ in range(int(random.integers(1, 5))):
        at, length = int(random.integers(1, count - 6)), int(random.integers(1, 5))
        light[at : at + length] = random.uniform(0.4, 1.2)
        if random.random() < 0.5:
            rest = light[at + length :][:4]
            rest[:] = np.maximum(rest, 0.5 ** np.arange(1, 1 + len(rest)))
    frames = views(place(random), camera(random, count, rate))
    return Reel("flash", rate, _lit(random, frames, list(light)))


def strobe(random: Random) -> Reel:
    """A strobe light through the whole shot, or at one of its ends."""
    rate, count = _length(random)
    period, on = int(random.integers(3, 8)), int(random.integers(1, 3))
    light = ((np.arange(count) % period) < on) * random.uniform(0.5, 1.1)
    part = int(count * random.uniform(0.15, 0.4))
    where = random.integers(0, 3)
    if where == 1:
        light[part:] = 0
    elif where == 2:
        light[:-part] = 0
    frames = views(place(random), camera(random, count, rate))
    return Reel("strobe", rate, _lit(random, frames, list(light)))


def flash_at_edge(random: Random) -> Reel:
    """A light in the first or the last frames, so that the clip begins or ends within it."""
    rate, count = _length(random)
    light = np.zeros(count)
    length, strength = int(random.integers(1, 4)), random.uniform(0.4, 1.2)
    if random.random() < 0.5:
        light[:length] = strength
    else:
        light[-length:] = strength
    frames = views(place(random), camera(random, count, rate))
    return Reel("flash at an edge", rate, _lit(random, frames, list(light)))


def fade(random: Random) -> Reel:
    """From black or white, to black or white, or both."""
    rate, count = _length(random)
    steps = int(rate * random.uniform(0.25, 1))
    colour = 255.0 if random.random() < 0.3 else 0.0
    level = np.ones(count)
    which = random.integers(0, 3)
    if which != 1:
        level[:steps] = np.linspace(0, 1, steps)
    if which != 0:
        level[-steps:] = np.minimum(level[-steps:], np.linspace(1, 0, steps))
    frames = views(place(random), camera(random, count, rate))
    shown = [np.asarray((f - colour) * s + colour, np.float32) for f, s in paired(frames, level)]
    return Reel("fade", rate, shown)


def dip(random: Random) -> Reel:
    """One place fades to black, another comes out of it: no hard cut."""
    rate, count = _length(random)
    steps = int(rate * random.uniform(0.3, 0.6))
    half = count // 2
    level = np.ones(count)
    level[half - steps : half] = np.linspace(1, 0, steps)
    level[half : half + steps] = np.linspace(0, 1, steps)
    frames = views(place(random), camera(random, half, rate))
    frames += views(place(random), camera(random, count - half, rate))
    return Reel(
        "dip to black", rate, [np.asarray(f * s, np.float32) for f, s in paired(frames, level)]
    )


def dissolve(random: Random) -> Reel:
    """One place becomes another over a third of a second or more: no hard cut."""
    rate, count = _length(random)
    steps = max(6, int(rate * random.uniform(0.35, 1)))
    begin = int((count - steps) * random.uniform(0.3, 0.7))
    share = np.clip((np.arange(count) - begin) / steps, 0, 1)
    one = views(place(random), camera(random, count, rate))
    two = views(place(random), camera(random, count, rate))
    mixed = [a * (1 - s) + b * s for a, b, s in zip(one, two, share, strict=True)]
    return Reel("dissolve", rate, mixed)


def wipe(random: Random) -> Reel:
    """One place is pushed away by another over half a second: no hard cut."""
    rate, count = _length(random)
    steps = max(8, int(rate * random.uniform(0.5, 1)))
    begin = (count - steps) // 2
    share = np.clip((np.arange(count) - begin) / steps, 0, 1)
    one = views(place(random), camera(random, count, rate))
    two = views(place(random), camera(random, count, rate))
    frames = []
    for a, b, s in zip(one, two, share, strict=True):
        edge = round(s * SIZE[0])
        frames.append(np.concatenate([b[:, :edge], a[:, edge:]], axis=1))
    return Reel("wipe", rate, frames)


def passing(random: Random) -> Reel:
    """Something large passes close to the camera, within a few frames."""
    rate, count = _length(random)
    frames = views(place(random), camera(random, count, rate))
    steps = int(rate * random.uniform(0.35, 0.8))
    begin = int((count - steps) * random.uniform(0.2, 0.8))
    wide, shade = int(SIZE[0] * random.uniform(0.4, 0.8)), random.uniform(0, 255)
    tint = np.clip(shade + random.normal(0, 10, 3), 0, 255)
    for step in range(steps):
        right = int((SIZE[0] + wide) * step / steps)
        area = frames[begin + step].copy()
        area[10:, max(0, right - wide) : right] = tint
        frames[begin + step] = area
    return Reel("passing", rate, frames)


def twos(random: Random) -> Reel:
    """Drawn on twos or threes: each picture of a movement stays for some frames."""
    rate, count = _length(random)
    held = int(random.integers(2, 4))
    frames = views(place(random), pan(random, count, rate, random.uniform(0.2, 0.8)))
    return Reel("twos", rate, [frames[number - number % held] for number in range(count)])


def title(random: Random) -> Reel:
    """Writing that comes and goes from one frame to the next."""
    rate, count = _length(random)
    frames = views(place(random), camera(random, count, rate))
    begin, end = int(count * 0.3), int(count * 0.8)
    bright = 255.0 if random.random() < 0.6 else 0.0
    for number in range(begin, end):
        area = frames[number].copy()
        for line in range(int(random.integers(1, 2)) + 1):
            top = 60 + 12 * line
            area[top : top + 8, 20:140:3] = bright
            area[top : top + 8, 21:140:3] = bright
        frames[number] = area
    return Reel("title", rate, frames)


UNCUT: Final[tuple[Callable[[Random], Reel], ...]] = (
    fast_pan,
    fast_zoom,
    even_pan,
    even_zoom,
    hand,
    noise,
    flash,
    strobe,
    flash_at_edge,
    fade,
    dip,
    dissolve,
    wipe,
    passing,
    twos,
    title,
)


# --- several shots ---------------------------------------------------------------------------


def _shots(random: Random, kind: str, contrast: float = 1.0) -> Reel:
    rate = int(random.choice(RATES))
    frames: list[Pixels] = []
    cuts = []
    for number in range(int(random.integers(2, 5))):
        if number:
            cuts.append(len(frames))
        count = int(rate * random.uniform(0.5, 1.2))
        frames += views(place(random, contrast), camera(random, count, rate))
    return Reel(kind, rate, frames, tuple(cuts))


def plain_cuts(random: Random) -> Reel:
    return _shots(random, "cuts")


def moving_cuts(random: Random) -> Reel:
    """Cuts between shots that all pan."""
    rate = int(random.choice(RATES))
    frames: list[Pixels] = []
    cuts = []
    for number in range(int(random.integers(2, 4))):
        if number:
            cuts.append(len(frames))
        count = int(rate * random.uniform(0.7, 1.2))
        frames += views(place(random), pan(random, count, rate, random.uniform(0.5, 1.5)))
    return Reel("cuts of pans", rate, frames, tuple(cuts))


def noisy_cuts(random: Random) -> Reel:
    reel = _shots(random, "cuts with grain")
    reel.frames = grain(random, reel.frames, random.uniform(8, 25))
    return reel


def hand_cuts(random: Random) -> Reel:
    """Cuts between shots from a hand."""
    rate = int(random.choice(RATES))
    frames: list[Pixels] = []
    cuts = []
    for number in range(int(random.integers(2, 4))):
        if number:
            cuts.append(len(frames))
        count = int(rate * random.uniform(0.7, 1.2))
        path = shaken(random, still(random, count), random.uniform(0.003, 0.01))
        frames += views(place(random), path)
    return Reel("cuts from a hand", rate, frames, tuple(cuts))


def angle(random: Random) -> Reel:
    """The same place from another side: the camera jumps."""
    rate = int(random.choice(RATES))
    picture = place(random)
    frames: list[Pixels] = []
    cuts = []
    for number, (x, y) in enumerate(((0.2, 0.25), (0.8, 0.75), (0.2, 0.75))):
        if number:
            cuts.append(len(frames))
        count = int(rate * random.uniform(0.6, 1.1))
        path = Path2D([x] * count, [y] * count, [random.uniform(0.25, 0.38)] * count)
        frames += views(picture, path)
    return Reel("another angle", rate, frames, tuple(cuts))


def flash_and_cut(random: Random) -> Reel:
    """A flash in one shot, a third of a second or more from the cut."""
    reel = _shots(random, "cuts and flashes")
    light = np.zeros(len(reel.frames))
    edges = (0, *reel.cuts, len(reel.frames))
    for begin, end in pairwise(edges):
        middle = (begin + end) // 2
        light[middle : middle + int(random.integers(1, 3))] = random.uniform(0.5, 1)
    reel.frames = _lit(random, reel.frames, list(light))
    return reel


def short_shot(random: Random) -> Reel:
    """A shot of a quarter of a second between two others."""
    rate = int(random.choice(RATES))
    lengths = (0.8, 0.26, 0.8)
    frames: list[Pixels] = []
    cuts = []
    for number, seconds in enumerate(lengths):
        if number:
            cuts.append(len(frames))
        count = max(5, int(rate * seconds))
        frames += views(place(random), camera(random, count, rate))
    return Reel("a short shot", rate, frames, tuple(cuts))


def dim_cuts(random: Random) -> Reel:
    """Cuts between shots of little contrast."""
    return _shots(random, "dim cuts", random.uniform(0.6, 0.8))


def edge_cut(random: Random) -> Reel:
    """A cut three to eight frames from the beginning or the end."""
    rate = int(random.choice(RATES))
    short, long = int(random.integers(3, 9)), int(rate * 1.5)
    first, last = (short, long) if random.random() < 0.5 else (long, short)
    frames = views(place(random), camera(random, first, rate))
    frames += views(place(random), camera(random, last, rate))
    return Reel("a cut at an edge", rate, frames, (first,))


CUT: Final[tuple[Callable[[Random], Reel], ...]] = (
    plain_cuts,
    moving_cuts,
    noisy_cuts,
    hand_cuts,
    angle,
    flash_and_cut,
    short_shot,
    dim_cuts,
    edge_cut,
)


def reels(kinds: Sequence[Callable[[Random], Reel]], count: int, seed: int) -> Iterator[Reel]:
    """So many reels, the kinds in turn."""
    for number in range(count):
        yield kinds[number % len(kinds)](np.random.default_rng((seed, number)))


def write(reel: Reel, path: Path, crf: int = 20) -> Path:
    """Encode a reel as H.264."""
    with av.open(str(path), "w", container_options={"movflags": "+faststart"}) as out:
        stream = out.add_stream("libx264", rate=reel.rate)
        assert isinstance(stream, VideoStream)
        stream.width, stream.height, stream.pix_fmt = *SIZE, "yuv420p"
        stream.options = {"preset": "veryfast", "crf": str(crf), "threads": "1"}
        for number, pixels in enumerate(reel.frames):
            rgb = np.ascontiguousarray(np.clip(pixels, 0, 255).astype(np.uint8))
            frame = VideoFrame.from_ndarray(rgb, format="rgb24")
            frame.pts, frame.time_base = number, Fraction(1, reel.rate)
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    return path
