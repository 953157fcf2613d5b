"""Footage drawn for tests: scenes that pan, zoom, flash and fade, and shots one after another.

Each clip follows from its seed alone. Nothing here knows how the program looks at a video.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from random import Random

import av
from av.video.frame import VideoFrame
from av.video.stream import VideoStream
from PIL import Image, ImageChops, ImageDraw, ImageEnhance, ImageFilter

SIZE = (160, 90)
RATES = (16, 24, 25, 30, 50)


def scene(random: Random, size: tuple[int, int] = SIZE) -> Image.Image:
    """A picture three times as wide and high as a frame: sky, ground, buildings, people, grain."""
    width, height = 3 * size[0], 3 * size[1]
    low, high = random.randint(10, 120), random.randint(100, 245)
    picture = Image.linear_gradient("L").resize((width, height))
    if random.random() < 0.5:
        picture = picture.transpose(Image.Transpose.ROTATE_180)
    picture = picture.point([low + (high - low) * level // 255 for level in range(256)])
    pen = ImageDraw.Draw(picture)
    for _ in range(random.randint(12, 40)):
        left, top = random.randint(-20, width), random.randint(-20, height)
        right, bottom = left + random.randint(8, width // 4), top + random.randint(8, height // 3)
        draw: Callable[..., None] = random.choice((pen.rectangle, pen.ellipse))
        draw((left, top, right, bottom), fill=random.randint(0, 255))
    if random.random() < 0.5:
        noise = Image.effect_noise((width, height), random.randint(10, 60))
        picture = Image.blend(picture, noise, 0.15)
    if random.random() < 0.4:
        picture = picture.filter(ImageFilter.GaussianBlur(random.uniform(0.5, 3)))
    return picture


@dataclass
class Camera:
    """Looks at a part of a scene and moves evenly: across, closer, or not at all."""

    picture: Image.Image
    at: tuple[float, float]
    #: Widths and heights of a frame that it moves in a second.
    speed: tuple[float, float]
    #: Part of the scene that it sees, and by what that grows in a second.
    part: float
    zoom: float
    shake: float

    def view(self, seconds: float, random: Random, size: tuple[int, int] = SIZE) -> Image.Image:
        part = min(0.6, max(0.12, self.part * self.zoom**seconds))
        width, height = self.picture.width * part, self.picture.height * part
        wobble = [random.gauss(0, self.shake) for _ in range(2)]
        x = (self.at[0] + self.speed[0] * seconds * part + wobble[0]) % 1.0
        y = (self.at[1] + self.speed[1] * seconds * part + wobble[1]) % 1.0
        # A camera that reaches the scene's end goes back again.
        x, y = 2 * min(x, 1 - x), 2 * min(y, 1 - y)
        left, top = x * (self.picture.width - width), y * (self.picture.height - height)
        box = (left, top, left + width, top + height)
        return self.picture.resize(size, Image.Resampling.BILINEAR, box)


def camera(random: Random, kind: str, size: tuple[int, int] = SIZE) -> Camera:
    """A camera on a new scene: ``still``, ``pan``, ``zoom`` or ``hand`` (held by hand)."""
    speed = (0.0, 0.0)
    if kind == "pan":
        speed = (random.uniform(-1.2, 1.2), random.uniform(-0.4, 0.4))
    zoom = random.choice((random.uniform(0.4, 0.8), random.uniform(1.3, 2.2)))
    return Camera(
        scene(random, size),
        (random.random(), random.random()),
        speed,
        random.uniform(0.25, 0.4),
        zoom if kind == "zoom" else 1.0,
        0.002 if kind == "hand" else 0.0,
    )


KINDS = ("still", "pan", "zoom", "hand")


def shot(random: Random, frames: int, rate: int, kind: str | None = None) -> list[Image.Image]:
    """One shot: a camera on a scene, and at times somebody who walks through it."""
    seen = camera(random, kind or random.choice(KINDS))
    walker = random.random() < 0.5
    size, level = random.randint(6, 30), random.randint(0, 255)
    at, pace = random.uniform(0, SIZE[0]), random.uniform(-60, 60)
    found = []
    for number in range(frames):
        picture = seen.view(number / rate, random)
        if walker:
            x = at + pace * number / rate
            ImageDraw.Draw(picture).ellipse((x, 40, x + size, 40 + 2 * size), fill=level)
        found.append(picture)
    return found


def lit(picture: Image.Image, light: float) -> Image.Image:
    """The picture under a flash of light: 0 none, 1 all white."""
    return Image.blend(picture, Image.new("L", picture.size, 255), min(1.0, max(0.0, light)))


def with_flash(random: Random, shots: list[Image.Image]) -> list[Image.Image]:
    """One to four flashes: of a camera (over at once), of lightning, or one that dies away."""
    found = list(shots)
    for _ in range(random.randint(1, 4)):
        at = random.randrange(3, len(found) - 3)
        light = random.uniform(0.5, 1.0)
        kind = random.choice(("camera", "lightning", "dying"))
        lights = {
            "camera": [light] * random.randint(1, 3),
            "lightning": [light, 0.1, light, 0.0, light / 2],
            "dying": [light * 0.75**n for n in range(12)],
        }[kind]
        for number, much in enumerate(lights):
            if at + number < len(found):
                found[at + number] = lit(found[at + number], much)
    return found


def with_fades(random: Random, shots: list[Image.Image]) -> list[Image.Image]:
    """Fades in from black or white, and out again."""
    length = random.randint(8, max(8, len(shots) // 3))
    level = random.choice((0, 255))
    ground = Image.new("L", SIZE, level)
    found = list(shots)
    for number in range(length):
        found[number] = Image.blend(ground, found[number], number / length)
        found[-1 - number] = Image.blend(ground, found[-1 - number], number / length)
    return found


def dissolve(one: list[Image.Image], other: list[Image.Image], length: int) -> list[Image.Image]:
    """Two shots, of which the first dissolves into the other."""
    mixed = [
        Image.blend(a, b, (n + 1) / (length + 1))
        for n, (a, b) in enumerate(zip(one[-length:], other[:length], strict=True))
    ]
    return [*one[:-length], *mixed, *other[length:]]


def wiped_by_light(random: Random, shots: list[Image.Image]) -> list[Image.Image]:
    """The light grows and fades over the whole shot."""
    pulse = random.randint(20, 60)
    phases = [number % pulse / pulse for number in range(len(shots))]
    return [
        ImageEnhance.Brightness(picture).enhance(1 + 1.6 * phase * (1 - phase))
        for picture, phase in zip(shots, phases, strict=True)
    ]


@dataclass
class Clip:
    """Drawn frames, and the numbers of those that begin another shot."""

    rate: int
    frames: list[Image.Image]
    cuts: list[int]


def uncut(seed: int) -> Clip:
    """A clip of one shot, or of two that dissolve: no cut is in it, whatever else happens."""
    random = Random(f"uncut {seed}")
    rate = random.choice(RATES)
    frames = random.randint(3 * rate // 2, 3 * rate)
    kind = KINDS[seed % len(KINDS)]
    shots = shot(random, frames, rate, kind)
    event = ("flash", "fades", "dissolve", "light", "repeats", "nothing")[seed // 4 % 6]
    if event == "flash":
        shots = with_flash(random, shots)
    elif event == "fades":
        shots = with_fades(random, shots)
    elif event == "dissolve":
        shots = dissolve(shots, shot(random, frames, rate), random.randint(10, frames // 2))
    elif event == "light":
        shots = wiped_by_light(random, shots)
    elif event == "repeats":
        times = random.randint(2, 3)
        shots = [picture for picture in shots[::times] for _ in range(times)]
    return Clip(rate, shots, [])


def unlike(random: Random, before: Image.Image, frames: int, rate: int) -> list[Image.Image]:
    """A shot that does not begin like that picture: an eye would see the cut."""
    while True:
        found = shot(random, frames, rate)
        change = ImageChops.difference(found[0], before).histogram()
        if sum(level * count for level, count in enumerate(change)) / sum(change) > 45:
            return found


def cut(seed: int) -> Clip:
    """Two to four shots with a hard cut between them; some have a flash elsewhere."""
    random = Random(f"cut {seed}")
    rate = random.choice(RATES)
    frames = shot(random, random.randint(rate // 2, rate), rate)
    at: list[int] = []
    for _ in range(random.randint(1, 3)):
        at.append(len(frames))
        frames += unlike(random, frames[-1], random.randint(rate // 2, rate), rate)
    return Clip(rate, frames, at)


def as_frame(picture: Image.Image) -> VideoFrame:
    frame: VideoFrame = VideoFrame.from_image(picture.convert("RGB"))  # type: ignore[no-untyped-call]
    return frame


def video_frames(clip: Clip) -> Iterator[VideoFrame]:
    """The clip's frames as a decoder gives them."""
    for number, picture in enumerate(clip.frames):
        frame = as_frame(picture)
        frame.pts, frame.time_base = number, Fraction(1, clip.rate)
        yield frame


def write(
    path: Path,
    rate: int,
    frames: Iterable[Image.Image],
    size: tuple[int, int],
    pixels: str = "yuv420p",
) -> None:
    """Encode pictures, scaled to that size, as an MP4."""
    with av.open(str(path), "w", format="mp4") as out:
        stream = out.add_stream("libx264", rate=rate)
        assert isinstance(stream, VideoStream)
        stream.width, stream.height = size
        stream.pix_fmt = pixels
        stream.options = {"threads": "1", "preset": "ultrafast"}
        for picture in frames:
            whole = picture.resize(size, Image.Resampling.BILINEAR)
            out.mux(stream.encode(as_frame(whole)))
        out.mux(stream.encode(None))
