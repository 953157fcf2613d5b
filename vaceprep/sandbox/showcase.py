"""One job of each function with media of its own, which need mending as real ones do.

Painted here, so that they are there on a machine without a network; ``vaceprep demo`` runs them.
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable
from fractions import Fraction
from functools import partial
from io import BytesIO
from typing import Final

import av
from av.video.frame import PictureType
from av.video.stream import VideoStream
from PIL import Image as Pillow
from PIL import ImageDraw, ImageFilter
from PIL.Image import Image

from vaceprep.contract import FUNCTIONS
from vaceprep.errors import Refused
from vaceprep.files.atomic import write
from vaceprep.files.source import CannotOpen, open_path
from vaceprep.preparation.video.animated_webp import as_frame
from vaceprep.sandbox import scenery

WIDE: Final = (1280, 720)
SMALL: Final = (960, 540)
TALL: Final = (540, 960)
RED: Final = ((214, 64, 56), (250, 226, 190), (238, 150, 60))
#: Where the balloon of the edit hangs, in shares of the picture, and how tall it is in pixels.
HANGS: Final = (0.5, 0.4)
BALLOON: Final = 380
#: By how many pixels it bobs.
BOBS: Final = 10

Scene = Callable[[float], Image]


def write_showcase(folder: str | os.PathLike[str]) -> list[str]:
    """Write the media and a job for each function into a folder, and return the jobs' paths.

    The folder is made where it is absent. What is there already is left, if it is the same.
    Raises Refused where a file of that name says something else, or cannot be written.
    """
    where = os.fspath(folder)
    try:
        os.makedirs(where, exist_ok=True)
    except OSError as error:
        raise Refused(f"{where} cannot be made: {error.strerror or error}") from None
    for name, make in MEDIA.items():
        _keep(make(), os.path.join(where, name))
    paths = []
    for function in FUNCTIONS:
        path = os.path.join(where, f"{function}.vace.yaml")
        _keep(JOBS[function].encode(), path)
        paths.append(path)
    return paths


def _keep(data: bytes, path: str) -> None:
    try:
        with open_path(path) as opened:
            same = opened.read() == data
    except (CannotOpen, OSError):
        same = False
    if not same:
        write(data, path, force=False)


# --- moving ----------------------------------------------------------------------------------


def _video(
    scene: Scene,
    seconds: float,
    rate: int,
    container: str,
    codec: str = "libx264",
    options: dict[str, str] | None = None,
    turned: int = 0,
) -> bytes:
    """A scene as a video; ``turned`` is stored lying, with so many degrees to turn it back."""
    out = BytesIO()
    with av.open(out, "w", format=container, container_options={"fflags": "+bitexact"}) as film:
        stream = film.add_stream(codec, rate=Fraction(rate))
        if not isinstance(stream, VideoStream):
            raise Refused(f"there is no {codec} encoder")
        first = True
        for number in range(round(seconds * rate)):
            image = scene(number / rate)
            if turned:
                image = image.transpose(Pillow.Transpose.ROTATE_90)
            frame = as_frame(image)
            if first:
                stream.width, stream.height = image.size
                stream.pix_fmt = "yuv420p"
                stream.options = {"threads": "1", **(options or {})}
                if turned:
                    stream.set_display_rotation(turned)
                first = False
            frame.pts, frame.time_base = number, Fraction(1, rate)
            frame.pict_type = PictureType.NONE
            film.mux(stream.encode(frame.reformat(format="yuv420p")))
        film.mux(stream.encode(None))
    return out.getvalue()


QUICK: Final = {"preset": "ultrafast", "crf": "20"}


def _meadow(size: tuple[int, int]) -> Image:
    image = scenery.sky(size, scenery.DAY)
    scenery.sun(image, (0.8, 0.2), 0.06, (255, 244, 214))
    scenery.hills(image, scenery.GREEN)
    return image


def _sailing(time: float) -> Image:
    """A boat that crosses the bay before a low sun."""
    image = scenery.sky(SMALL, scenery.DAWN)
    scenery.sun(image, (0.68, 0.42), 0.09, (255, 226, 150))
    scenery.sea(image, 0.58, ((196, 110, 110), (70, 60, 110)), (255, 200, 150), time)
    rock = math.sin(time * 2.4)
    vessel = scenery.boat(230, (236, 232, 222)).rotate(rock * 3, Pillow.Resampling.BICUBIC)
    scenery.put(image, vessel, (0.2 + time * 0.1, 0.62 + rock * 0.008))
    return image


def _floating(ground: Image, time: float) -> Image:
    """A balloon that bobs over the hills while clouds pass."""
    image = ground.copy()
    scenery.put(image, scenery.cloud(360), (0.15 + time * 0.02, 0.2))
    scenery.put(image, scenery.cloud(260), (0.72 + time * 0.03, 0.42))
    lift = math.sin(time * 1.6) * BOBS / image.height
    scenery.put(image, scenery.balloon(BALLOON, RED), (HANGS[0], HANGS[1] + lift))
    return image


def _rising(time: float) -> Image:
    """The sun comes up behind violet hills."""
    image = scenery.sky(WIDE, scenery.DAWN)
    scenery.sun(image, (0.3 + time * 0.03, 0.6 - time * 0.08), 0.08, (255, 214, 140))
    scenery.hills(image, scenery.VIOLET)
    return image


def _lighthouse(time: float) -> Image:
    """Upright, as a telephone takes it: a tower by the sea."""
    image = scenery.sky(TALL, scenery.DAY)
    scenery.put(image, scenery.cloud(300), (0.2 + time * 0.05, 0.14))
    scenery.sea(image, 0.66, ((60, 140, 170), (24, 70, 110)), (150, 210, 220), time)
    draw = ImageDraw.Draw(image)
    draw.polygon([(150, 960), (180, 700), (380, 690), (430, 960)], fill=(74, 70, 74))
    for band in range(5):
        top, foot = 300 + band * 80, 380 + band * 80
        inner, outer = band * 5, (band + 1) * 5
        corners = [(242 - inner, top), (318 + inner, top), (318 + outer, foot), (242 - outer, foot)]
        draw.polygon(corners, fill=(206, 58, 52) if band % 2 == 0 else (244, 240, 232))
    draw.rectangle((236, 288, 324, 302), fill=(60, 60, 66))
    glow = 205 + round(50 * math.sin(time * 3))
    draw.rectangle((254, 236, 306, 288), fill=(255, glow, 120))
    draw.polygon([(246, 236), (314, 236), (280, 200)], fill=(150, 40, 40))
    return image


# --- still -----------------------------------------------------------------------------------


def _portrait() -> bytes:
    """The balloon alone, as a camera that was held upright stores it: lying, with a note."""
    image = scenery.sky((900, 1200), ((188, 214, 236), (226, 236, 244)))
    scenery.put(image, scenery.balloon(980, RED), (0.5, 0.5))
    exif = Pillow.Exif()
    exif[0x0112] = 6
    out = BytesIO()
    lying = image.transpose(Pillow.Transpose.ROTATE_90)
    lying.save(out, "JPEG", quality=92, exif=exif)
    return out.getvalue()


def _landscape() -> bytes:
    """Larger than any side may be."""
    out = BytesIO()
    _meadow((2400, 1350)).save(out, "PNG", compress_level=3)
    return out.getvalue()


def _mask() -> bytes:
    """Where the balloon hangs, as people draw it: half the size, with soft edges."""
    width, height = WIDE[0] // 2, WIDE[1] // 2
    image = Pillow.new("L", (width, height))
    thing = scenery.balloon(BALLOON // 2, RED).getchannel("A")
    left = round(HANGS[0] * width - thing.width / 2)
    image.paste(thing, (left, round(HANGS[1] * height - thing.height / 2)))
    # Wider than the balloon, since it bobs.
    around = image.filter(ImageFilter.MaxFilter(2 * (BOBS // 2) + 3))
    out = BytesIO()
    around.filter(ImageFilter.GaussianBlur(1)).save(out, "PNG")
    return out.getvalue()


def _night() -> bytes:
    """The same hills under stars; its transparency hides nothing."""
    image = scenery.sky(WIDE, scenery.NIGHT)
    scenery.stars(image, 220)
    scenery.sun(image, (0.74, 0.22), 0.05, (240, 240, 226))
    scenery.hills(image, scenery.INKY)
    out = BytesIO()
    image.quantize(256).save(out, "PNG")
    return out.getvalue()


MEDIA: Final[dict[str, Callable[[], bytes]]] = {
    "balloon.jpg": _portrait,
    "hills.png": _landscape,
    "boat.mov": lambda: _video(_sailing, 6, 10, "mov", options=QUICK),
    "flight.mp4": lambda: _video(partial(_floating, _meadow(WIDE)), 5.5, 24, "mp4", options=QUICK),
    "mask.png": _mask,
    "dawn.mkv": lambda: _video(_rising, 3.5, 24, "matroska", "mpeg4", {"b": "8000000"}),
    "night.png": _night,
    "lighthouse.mov": lambda: _video(_lighthouse, 4, 24, "mov", options=QUICK, turned=-90),
}
JOBS: Final = {
    "image_reference": """\
# A balloon (lying on its side, with a note to turn it) before hills (with too long a side).
function: image_reference
prompt: A striped hot-air balloon drifts over green hills on a clear morning
ref_images_url:
  - balloon.jpg
  - hills.png
obj_or_bg: [obj, bg]
""",
    "video_repainting": """\
# QuickTime instead of MP4, 10 frames a second, 6 seconds: three reasons to be refused.
function: video_repainting
prompt: A sailing boat crosses a bay at dawn, as a colourful poster
prompt_extend: false
video_url: boat.mov
control_condition: posebodyface
""",
    "video_edit": """\
# Half a second too long; the mask has half the video's size and soft edges.
function: video_edit
prompt: A balloon in other colours floats over the hills
prompt_extend: false
video_url: flight.mp4
mask_image_url: mask.png
""",
    "video_extension": """\
# Matroska instead of MP4 and 3.5 seconds; the last frame has a palette.
function: video_extension
prompt: The sun rises behind the hills, the day passes, and night falls with stars
prompt_extend: false
first_clip_url: dawn.mkv
last_frame_url: night.png
""",
    "video_outpainting": """\
# From a telephone: QuickTime, stored lying.
function: video_outpainting
prompt: A lighthouse by the wide open sea
prompt_extend: false
video_url: lighthouse.mov
left_scale: 2.0
right_scale: 2.0
""",
}
