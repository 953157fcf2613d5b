"""Decoding every frame: to prove that they all decode, and to look at a mask's pixels."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Final

from av.video.frame import VideoFrame

from vaceprep.contract import MASK_VIDEO_TOLERANCE
from vaceprep.facts import Crop, DecodeFacts, MaskFacts
from vaceprep.probe.codec import video_stream
from vaceprep.probe.container import BOUNDED, BROKEN, clause, open_container
from vaceprep.source import Opened

BLACK, WHITE, OTHER = 0, 1, 2
#: Class of each level: near 0, near 255, or neither.
CLASSES: Final = bytes(
    BLACK if v <= MASK_VIDEO_TOLERANCE else WHITE if v >= 255 - MASK_VIDEO_TOLERANCE else OTHER
    for v in range(256)
)

#: Pixels of a frame that are counted at a time.
BAND_PIXELS: Final = 1 << 20
#: A bit for each class that is the one counted.
_BLACKS: Final = bytes(c == BLACK for c in range(256))
_WHITES: Final = bytes(c == WHITE for c in range(256))


def _in_all(classes: bytes, wanted: bytes) -> int:
    """Pixels whose three channels are of one class: as long numbers, a second's work is a blink."""
    flags = classes.translate(wanted)
    red, green, blue = (int.from_bytes(flags[channel::3], "little") for channel in range(3))
    return (red & green & blue).bit_count()


@dataclass(slots=True, eq=False, repr=False)
class _Tally:
    """Pixels of a mask's frames counted so far."""

    pixels: int = 0
    white: int = 0
    black: int = 0
    frames: int = 0
    first_other: int | None = None

    def add(self, frame: VideoFrame, crop: Crop | None = None) -> None:
        plane = frame.reformat(format="rgb24").planes[0]
        left, above, right, below = crop or (0, 0, 0, 0)
        if left + right >= frame.width or above + below >= frame.height:
            left = above = right = below = 0
        first, width = left * 3, frame.width - left - right
        view, row, stride = memoryview(plane), width * 3, plane.line_size
        # A band at a time, for a frame may have any size and each step here copies it.
        rows = max(1, BAND_PIXELS // width)
        self.frames += 1
        for top in range(above, frame.height - below, rows):
            bottom = min(top + rows, frame.height - below)
            if stride == row:
                data = bytes(view[top * row : bottom * row])
            else:
                begins = range(top * stride + first, bottom * stride, stride)
                data = b"".join(view[at : at + row] for at in begins)
            self._add_band(data.translate(CLASSES))

    def _add_band(self, classes: bytes) -> None:
        pixels = len(classes) // 3
        red = classes[0::3]
        if classes[1::3] == red and classes[2::3] == red:
            black, white = red.count(BLACK), red.count(WHITE)
        else:
            black, white = _in_all(classes, _BLACKS), _in_all(classes, _WHITES)
        self.pixels += pixels
        self.black += black
        self.white += white
        if black + white < pixels and self.first_other is None:
            self.first_other = self.frames

    def facts(self) -> MaskFacts | None:
        if not self.frames:
            return None
        other = self.pixels - self.white - self.black
        return MaskFacts(self.pixels, self.white, self.black, other, self.frames, self.first_other)


def decode_all(
    opened: Opened,
    demuxer: str,
    *,
    as_mask: bool,
    until: Fraction | None = None,
    crop: Crop | None = None,
) -> tuple[DecodeFacts, MaskFacts | None]:
    """Decode the video track to its end, or to ``until`` seconds after its first frame.

    A damaged frame does not stop the walk: what comes after it still counts. Errors are values.
    A mask is judged without what ``crop`` hides.
    """
    frames = number = 0
    failed: int | None = None
    error_text: str | None = None
    tally = _Tally()
    try:
        with open_container(opened, demuxer) as container:
            video = video_stream(container)
            if video is None:
                raise ValueError("it has no video track")
            # Without this a decoder paints over what it cannot read and says nothing.
            video.codec_context.options = {"err_detect": "explode", "threads": "1", **BOUNDED}
            packets = container.demux(video)
            start: Fraction | None = None
            while True:
                try:
                    packet = next(packets)
                except StopIteration:
                    break
                number += bool(packet.size)
                if until is not None and packet.pts is not None and packet.time_base:
                    at = packet.pts * packet.time_base
                    start = at if start is None else min(start, at)
                    if at - start >= until:
                        continue
                try:
                    for frame in packet.decode():
                        if not isinstance(frame, VideoFrame):
                            continue
                        frames += 1
                        if frame.is_corrupt and failed is None:
                            failed, error_text = number, "the decoder marks it as damaged"
                        if as_mask:
                            tally.add(frame, crop)
                except BROKEN as error:
                    if isinstance(error, EOFError):
                        break
                    # What an edit list hides may lean on frames that were cut off.
                    if failed is None and not packet.is_discard:
                        failed, error_text = number, clause(error)
    except (*BROKEN, StopIteration) as error:
        if failed is None:
            failed, error_text = number + 1, clause(error)
    return DecodeFacts(frames, failed, error_text), tally.facts()
