"""The shape of a mask video: tiny parts, and changes that last for a few frames only."""

from __future__ import annotations

from collections import deque
from itertools import pairwise
from typing import Final

from av.video.frame import VideoFrame
from av.video.reformatter import VideoReformatter
from PIL import Image, ImageChops

from vaceprep.contract_advice import FLICKER_FRAMES, FLICKER_SHARE
from vaceprep.facts import MaskShape
from vaceprep.probes.mask_parts import THRESHOLD, small_parts

#: Of a mask video, one frame of so many is searched for small parts.
EVERY: Final = 8
#: Size of the pictures in which changes are counted.
SIZE: Final = (320, 180)


class MaskShapes:
    """The shapes of a mask video's frames, in the order in which they are presented."""

    def __init__(self) -> None:
        self._frames = 0
        self._parts = (0, 0)
        self._flicker: int | None = None
        self._scaler = VideoReformatter()
        self._last: deque[Image.Image] = deque(maxlen=FLICKER_FRAMES)

    def add(self, frame: VideoFrame) -> None:
        """Take the next frame into account."""
        if self._frames % EVERY == 0:
            whole = self._grey(frame, (frame.width, frame.height))
            self._parts = max(self._parts, small_parts(whole), key=sum)
        small = self._grey(frame, SIZE).point(THRESHOLD)
        self._frames += 1
        if self._flicker is None and self._flickers(small):
            self._flicker = self._frames
        self._last.append(small)

    def _grey(self, frame: VideoFrame, size: tuple[int, int]) -> Image.Image:
        width, height = size
        scaled = self._scaler.reformat(
            frame, width=width, height=height, format="gray", interpolation="AREA", threads=1
        )
        plane = scaled.planes[0]
        return Image.frombuffer("L", size, bytes(plane), "raw", "L", plane.line_size, 1)

    def _flickers(self, small: Image.Image) -> bool:
        """Return whether this frame undoes what changed a few frames ago."""
        last = list(self._last)
        for before, after in pairwise(last):
            changed = ImageChops.difference(before, after)
            if not changed.getbbox():
                continue
            still = ImageChops.difference(before, small)
            undone = ImageChops.subtract(changed, still).histogram()[255]
            if undone > FLICKER_SHARE * SIZE[0] * SIZE[1]:
                return True
        return False

    def facts(self) -> MaskShape:
        """Return the worst of all frames."""
        return MaskShape(*self._parts, self._flicker)
