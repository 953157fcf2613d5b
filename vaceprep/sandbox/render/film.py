"""Write a result: silent H.264 in MP4, 4:2:0, 30 frames a second."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final, NamedTuple

from av.container import OutputContainer
from av.video.frame import PictureType, VideoFrame
from av.video.stream import VideoStream
from PIL.Image import Image

from vaceprep.contract import OUTPUT_FPS
from vaceprep.plans.encode import Colours
from vaceprep.preparation.video.animated_webp import as_frame
from vaceprep.preparation.video.copy import open_mp4
from vaceprep.preparation.video.encode import h264_stream
from vaceprep.preparation.video.filters import Chain, source_of
from vaceprep.sandbox.effects import NO_EFFECTS, Effects
from vaceprep.sandbox.errors import Stopped
from vaceprep.sandbox.render.clips import RATE, TICK

#: Speed matters more than size: a task should take seconds.
PRESET: Final = "ultrafast"
CRF: Final = "22"
#: What comes back unchanged is compared with what was sent.
IDENTITY_CRF: Final = "14"


Shot = VideoFrame | Image


class Rendered(NamedTuple):
    """A result as frames: its size (even, in pixels), its colours, and its frames in order."""

    size: tuple[int, int]
    colours: Colours
    shots: Iterator[Shot]


class ResultVideo:
    """A result video in progress, written frame by frame."""

    def __init__(
        self,
        out: OutputContainer,
        stream: VideoStream,
        colours: Colours,
        stop: threading.Event,
        effects: Effects = NO_EFFECTS,
    ) -> None:
        self._frames = 0
        self._out = out
        self._stream = stream
        self._stop = stop
        # Software based on FFmpeg reads a stream without a matrix as BT.601.
        self._matrix = "bt709" if colours.matrix == "bt709" else "bt601"
        self._to_yuv: Chain | None = None
        self._filters = effects.filters()
        self._chain: Chain | None = None
        self._last: VideoFrame | None = None

    def add(self, shot: Shot) -> None:
        """Write the next frame, in 4:2:0, or an RGB picture as the next frame. Raises Stopped."""
        if isinstance(shot, VideoFrame):
            self._write(shot)
            return
        frame = as_frame(shot)
        if self._to_yuv is None:
            scale = f"scale=out_color_matrix={self._matrix}:out_range=tv:flags=bilinear"
            self._to_yuv = Chain(source_of(frame, TICK), [scale, "format=yuv420p"])
        frame.pts, frame.time_base = self._frames, TICK
        for made in self._to_yuv.push(frame):
            self._write(made)

    def repeat(self) -> None:
        """Write the last frame once more, if there is one."""
        if self._last is not None:
            self._write(self._last)

    def _write(self, frame: VideoFrame) -> None:
        if self._stop.is_set():
            raise Stopped
        self._last = frame
        if self._filters:
            self._chain = self._chain or Chain(source_of(frame, TICK), self._filters)
            frame.pts, frame.time_base = self._frames, TICK
            for made in self._chain.push(frame):
                self._encode(made)
            return
        self._encode(frame)

    def _encode(self, frame: VideoFrame) -> None:
        frame.pts, frame.time_base = self._frames, TICK
        frame.pict_type = PictureType.NONE
        self._out.mux(self._stream.encode(frame))
        self._frames += 1


@contextmanager
def result_video(
    path: str,
    made: Rendered,
    function: str,
    stop: threading.Event,
    effects: Effects = NO_EFFECTS,
) -> Iterator[ResultVideo]:
    """Write a result to ``path``; it is complete when the block ends."""
    with open_mp4(path, OUTPUT_FPS) as out:
        out.metadata["comment"] = f"vaceprep sandbox: {function}"
        stream = h264_stream(out, RATE, made.size, made.colours)
        stream.options = {"preset": PRESET, "crf": IDENTITY_CRF if effects.identity else CRF}
        video = ResultVideo(out, stream, made.colours, stop, effects)
        yield video
        if effects.frame_more:
            video.repeat()
        out.mux(stream.encode(None))
