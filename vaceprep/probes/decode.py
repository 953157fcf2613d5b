"""Decode every frame, to prove that all decode and to count a mask's pixels."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Final, NamedTuple

from av.packet import Packet
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from vaceprep.contract import MASK_VIDEO_TOLERANCE
from vaceprep.facts import Crop, DecodeFacts, MaskFacts, VideoFacts
from vaceprep.files.source import Opened
from vaceprep.probes.access_units import Form, form_of, picture
from vaceprep.probes.container import BOUNDED, BROKEN, clause, fraction, open_container
from vaceprep.probes.streams import video_stream

if TYPE_CHECKING:
    from vaceprep.probes.mask_shape import MaskShapes

#: Codecs in which every packet shows a frame unless it holds no picture. Others have packets that
#: are only needed to decode later ones.
ONE_A_PACKET: Final = frozenset(
    ["h264", "hevc", "vvc", "av1", "mjpeg", "prores", "dnxhd", "ffv1", "huffyuv", "rawvideo"]
)
BLACK, WHITE, OTHER = 0, 1, 2
#: Class of each level: near 0, near 255, or neither.
CLASSES: Final = bytes(
    BLACK if v <= MASK_VIDEO_TOLERANCE else WHITE if v >= 255 - MASK_VIDEO_TOLERANCE else OTHER
    for v in range(256)
)

#: Pixels of a frame counted at a time.
BAND_PIXELS: Final = 1 << 20
#: A bit for each class: whether it is the counted one.
_BLACKS: Final = bytes(c == BLACK for c in range(256))
_WHITES: Final = bytes(c == WHITE for c in range(256))


def _in_all(classes: bytes, wanted: bytes) -> int:
    """Count pixels whose three channels have one class; long integers make it fast."""
    flags = classes.translate(wanted)
    red, green, blue = (int.from_bytes(flags[channel::3], "little") for channel in range(3))
    return (red & green & blue).bit_count()


class Failure(NamedTuple):
    """The number (from 1) of a packet that did not decode, and the decoder's message."""

    number: int
    error: str


@dataclass(slots=True, eq=False)
class Decoded:
    """The result of decoding packet by packet, so far."""

    frames: int = 0
    #: Packets without a picture.
    empty: int = 0
    #: Pictures from the first keyframe on.
    pictures: int = 0
    #: The first failure before the first keyframe, and the first after that.
    early: Failure | None = None
    late: Failure | None = None
    #: How to parse the packets; None for other codecs.
    form: Form | None = None
    #: Packets with data.
    number: int = 0
    #: Whether a keyframe was read.
    begun: bool = False
    #: Whether an undamaged frame was decoded.
    whole: bool = False

    @property
    def failure(self) -> Failure | None:
        """Return the first packet that did not decode."""
        return self.early or self.late

    def facts(self, counted: VideoFacts) -> DecodeFacts:
        """Return the outcome, compared with what was counted without decoding."""
        indexed = counted.fragmented is not None
        frames = counted.frames or 0
        failure = self.failure
        if counted.unshown is not None or not indexed:
            # Packets before the first keyframe refer to missing frames.
            failure = self.late
        if not indexed:
            frames = min(frames, self.pictures)
        short = max(frames - self.frames, 0)
        if failure is not None and not short:
            # Every shown frame decodes; the edit list hides the one that failed.
            failure = None
        never = missing = 0
        # FFmpeg plays all edits at the track's speed: with others it shows other frames.
        if failure is None and "speed" not in (counted.edit_effect or ""):
            never = short
            if counted.codec in ONE_A_PACKET:
                # Do not subtract packets that the count already excludes.
                never = min(self.empty, short) if counted.packets_are_frames else 0
            missing = short - never
        number, error = failure or (None, None)
        return DecodeFacts(self.frames, number, error, never, missing)

    def fail(self, number: int, error: str) -> None:
        if self.begun:
            self.late = self.late or Failure(number, error)
        else:
            self.early = self.early or Failure(number, error)

    def pictured(self, packet: Packet[VideoStream]) -> bool:
        """Return whether the packet holds a picture; count it if not."""
        if self.form is None or not packet.size:
            return True
        data = memoryview(packet)
        found = picture(self.form, packet.size, lambda at, count: bytes(data[at : at + count]))
        self.empty += found is None
        return found is not None

    def shown(self, packet: Packet[VideoStream]) -> Iterator[VideoFrame]:
        """Yield the frames decoded from one packet. Raises EOFError at the end."""
        self.number += bool(packet.size)
        pictured = self.pictured(packet)
        self.begun = self.begun or (packet.is_keyframe and pictured)
        self.pictures += self.begun and pictured and bool(packet.size)
        try:
            for frame in packet.decode():
                if isinstance(frame, VideoFrame):
                    if frame.is_corrupt:
                        self.fail(self.number, "the decoder marks it as damaged")
                    # At the start, frames may refer to frames that were cut off.
                    self.whole = self.whole or not frame.is_corrupt
                    self.frames += not (self.whole and frame.is_corrupt)
                    yield frame
        except EOFError:
            raise
        except BROKEN as error:
            # Packets hidden by an edit list may refer to frames that were cut off.
            if pictured and not packet.is_discard:
                self.fail(self.number, clause(error))


@dataclass(slots=True, eq=False, repr=False)
class _Tally:
    """Pixel counts of a mask's frames so far."""

    pixels: int = 0
    white: int = 0
    black: int = 0
    frames: int = 0
    first_other: int | None = None
    shapes: MaskShapes | None = None

    def add(self, frame: VideoFrame, crop: Crop | None = None) -> None:
        plane = frame.reformat(format="rgb24").planes[0]
        left, above, right, below = crop or (0, 0, 0, 0)
        if left + right >= frame.width or above + below >= frame.height:
            left = above = right = below = 0
        first, width = left * 3, frame.width - left - right
        view, row, stride = memoryview(plane), width * 3, plane.line_size
        # Count in bands: a frame may be of any size, and each step here copies it.
        rows = max(1, BAND_PIXELS // width)
        self.frames += 1
        if self.shapes is not None:
            self.shapes.add(frame)
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
        shape = None if self.shapes is None else self.shapes.facts()
        return MaskFacts(
            self.pixels, self.white, self.black, other, self.frames, self.first_other, shape
        )


def decode_all(
    opened: Opened,
    demuxer: str,
    *,
    as_mask: bool,
    until: Fraction | None = None,
    crop: Crop | None = None,
    watch: Callable[[VideoFrame], object] | None = None,
) -> tuple[Decoded, MaskFacts | None]:
    """Decode the video track to its end, or to ``until`` seconds after its first frame.

    A damaged frame does not stop decoding: later frames still count. Returns errors as values.
    Counts a mask's pixels without those that ``crop`` hides. ``watch`` gets each frame.
    """
    tally = _Tally()
    found = Decoded()
    if as_mask:
        from vaceprep.probes.mask_shape import MaskShapes

        tally.shapes = MaskShapes()
    try:
        with open_container(opened, demuxer) as container:
            video = video_stream(container)
            if video is None:
                raise ValueError("it has no video track")
            context = video.codec_context
            found.form = form_of(context.codec.canonical_name, context.extradata or b"")
            # Without this a decoder conceals what it cannot read and reports nothing.
            context.options = {"err_detect": "explode", "threads": "1", **BOUNDED}
            start: Fraction | None = None
            for packet in container.demux(video):
                base = fraction(packet.time_base)
                if until is not None and packet.pts is not None and base:
                    at = packet.pts * base
                    start = at if start is None else min(start, at)
                    if at - start >= until:
                        found.number += bool(packet.size)
                        continue
                for frame in found.shown(packet):
                    if as_mask:
                        tally.add(frame, crop)
                    if watch is not None:
                        watch(frame)
    except EOFError:
        pass
    except BROKEN as error:
        found.fail(found.number + 1, clause(error))
    return found, tally.facts()
