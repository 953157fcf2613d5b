"""Write a result: silent H.264 in MP4, 4:2:0, 30 frames a second."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from av.container import OutputContainer
from av.video.frame import PictureType, VideoFrame
from av.video.stream import VideoStream

from vaceprep.contract import OUTPUT_FPS
from vaceprep.plans.encode import BT709, Colours
from vaceprep.preparation.video.animated_webp import as_frame
from vaceprep.preparation.video.copy import open_mp4
from vaceprep.preparation.video.encode import h264_stream
from vaceprep.preparation.video.filters import Chain, source_of
from vaceprep.sandbox.errors import Stopped
from vaceprep.sandbox.render.clips import RATE, TICK

if TYPE_CHECKING:
    from PIL.Image import Image

#: Speed matters more than size: a task should take seconds.
PRESET: Final = "ultrafast"
CRF: Final = "22"


class ResultVideo:
    """A result video in progress, written frame by frame."""

    def __init__(
        self, out: OutputContainer, stream: VideoStream, colours: Colours, stop: threading.Event
    ) -> None:
        self.frames = 0
        self._out = out
        self._stream = stream
        self._stop = stop
        # Software based on FFmpeg reads a stream without a matrix as BT.601.
        self._matrix = "bt709" if colours.matrix == "bt709" else "bt601"
        self._to_yuv: Chain | None = None

    def add(self, frame: VideoFrame) -> None:
        """Write the next frame, in 4:2:0. Raises Stopped."""
        if self._stop.is_set():
            raise Stopped
        frame.pts, frame.time_base = self.frames, TICK
        frame.pict_type = PictureType.NONE
        self._out.mux(self._stream.encode(frame))
        self.frames += 1

    def picture(self, image: Image) -> None:
        """Write an RGB picture as the next frame. Raises Stopped."""
        frame = as_frame(image)
        if self._to_yuv is None:
            scale = f"scale=out_color_matrix={self._matrix}:out_range=tv:flags=bilinear"
            self._to_yuv = Chain(source_of(frame, TICK), [scale, "format=yuv420p"])
        frame.pts, frame.time_base = self.frames, TICK
        for made in self._to_yuv.push(frame):
            self.add(made)


@contextmanager
def result_video(
    path: str,
    size: tuple[int, int],
    function: str,
    stop: threading.Event,
    colours: Colours = BT709,
) -> Iterator[ResultVideo]:
    """Write a result of this size (even, in pixels); it is complete when the block ends."""
    with open_mp4(path, OUTPUT_FPS) as out:
        out.metadata["comment"] = f"vaceprep sandbox: {function}"
        stream = h264_stream(out, RATE, size, colours)
        stream.options = {"preset": PRESET, "crf": CRF}
        yield ResultVideo(out, stream, colours, stop)
        out.mux(stream.encode(None))
