"""Write the model's input as a silent MP4 at the model's own rate."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import closing
from fractions import Fraction
from typing import Final

from av.container import OutputContainer
from av.video.frame import VideoFrame
from av.video.stream import VideoStream
from PIL import Image as Pillow

from vaceprep.contract import MODEL_FPS
from vaceprep.errors import Refused
from vaceprep.files.atomic import placing
from vaceprep.model_view import CAVEAT
from vaceprep.plans.encode import BT709
from vaceprep.preparation.model_input.assets import ModelInput
from vaceprep.preparation.model_input.scenes import Scene, scenes_of
from vaceprep.preparation.model_input.strip import GROUND, HEIGHT, below, width_of
from vaceprep.preparation.video.animated_webp import as_frame
from vaceprep.preparation.video.copy import open_mp4
from vaceprep.preparation.video.encode import h264_stream
from vaceprep.preparation.video.filters import Chain, source_of

RATE: Final = Fraction(MODEL_FPS)
#: Somebody waits for it, and it is looked at once.
PRESET: Final = "ultrafast"
CRF: Final = "18"
TO_YUV: Final = ("scale=out_color_matrix=bt709:out_range=tv:flags=bilinear", "format=yuv420p")


def write_film(
    model: ModelInput, target: str, *, force: bool, sources: Iterable[str] = ()
) -> list[str]:
    """Write the film of a source to ``target`` atomically. Return what is not shown, in words.

    Raises Refused, also where nothing can be shown.
    """
    notes: list[str] = []
    with placing(target, force=force, sources=sources) as place:
        with closing(scenes_of(model, notes)) as scenes:
            first = next(scenes, None)
            if first is None:
                raise Refused("; ".join(notes) or f"{model.source}: nothing of it can be shown")
            with open_mp4(place.path, MODEL_FPS) as out:
                out.metadata["comment"] = f"vaceprep preview of the model's input, {CAVEAT}"
                _write(out, model, first, scenes)
        place.commit()
    return notes


def _write(out: OutputContainer, model: ModelInput, first: Scene, scenes: Iterator[Scene]) -> None:
    wide, high = width_of(first.picture.size), first.picture.height
    stream = h264_stream(out, RATE, (wide, high + HEIGHT), BT709)
    stream.options = {"preset": PRESET, "crf": CRF}
    stream.codec_context.thread_type = "AUTO"
    to_yuv: Chain | None = None
    number = 0
    scene: Scene | None = first
    while scene is not None:
        frame = _frame(scene, number + 1, model.length, (wide, high))
        frame.pts, frame.time_base = number, 1 / RATE
        if to_yuv is None:
            to_yuv = Chain(source_of(frame, 1 / RATE), TO_YUV)
        _encode(out, stream, to_yuv, frame)
        number += 1
        scene = next(scenes, None)
    out.mux(stream.encode(None))


def _encode(out: OutputContainer, stream: VideoStream, to_yuv: Chain, frame: VideoFrame) -> None:
    for made in to_yuv.push(frame):
        out.mux(stream.encode(made))


def _frame(scene: Scene, number: int, length: int, size: tuple[int, int]) -> VideoFrame:
    """The picture in the middle, its strip below."""
    wide, high = size
    whole = Pillow.new("RGB", (wide, high + HEIGHT), GROUND)
    whole.paste(scene.picture, ((wide - scene.picture.width) // 2, 0))
    whole.paste(below(scene, number, length, wide), (0, high))
    return as_frame(whole)
