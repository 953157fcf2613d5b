"""Select the packets of a video track that show a picture; others are decoded but are no frames.

Not shown: packets before the first keyframe, pictures that lead it and refer to earlier ones,
alternate references of VP8 and VP9, samples without a slice, second fields of a frame. Decodes
nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final, NamedTuple

from av.container import InputContainer
from av.packet import Packet
from av.video.stream import VideoStream

from vaceprep.probes.access_units import Pairs, form_of, picture
from vaceprep.probes.container import fraction
from vaceprep.probes.h264 import Bits, begins_clean, length_size, units
from vaceprep.probes.nal_units import (
    H264_SLICES,
    HEVC_SKIPPED,
    HEVC_SLICES,
    H264Unit,
    h264_type,
    hevc_type,
)
from vaceprep.probes.timestamps import INSTEAD, SHORT

#: Packets held back before a keyframe is found; beyond this number all of them count.
PENDING: Final = 5_000
#: Packets of H.264 or HEVC with fewer bytes have their units read.
SMALL: Final = 200
#: Units of H.264 that carry a slice of any layer or view.
H264_ANY_SLICE: Final = H264_SLICES | {H264Unit.SLICE_EXTENSION}
#: AV1's units: a frame's header, and a frame with its header.
AV1_FRAMES: Final = frozenset([3, 6])
AV1_SEQUENCE: Final = 1
#: Demuxers of animated pictures.
ANIMATED: Final = frozenset(["apng", "gif"])


class Coded(NamedTuple):
    """A packet, and whether it shows a picture.

    Decoding needs the packet either way.
    """

    packet: Packet[VideoStream]
    shows: bool


class Fields:
    """Finds packets that are the second field of a frame (PAFF), in decoding order."""

    def __init__(self, video: VideoStream) -> None:
        context = video.codec_context
        self._form = form_of(context.codec.canonical_name, context.extradata or b"")
        self._pairs = Pairs()
        #: Second fields so far.
        self.seconds = 0

    def second(self, packet: Packet[VideoStream]) -> bool:
        """Return whether the packet completes the frame of the previous one."""
        form = self._form
        if form is None or form.slices is None or not packet.size:
            return False
        data = memoryview(packet)
        found = picture(form, packet.size, lambda at, count: bytes(data[at : at + count]))
        second = found is not None and self._pairs.second(found.field)
        self.seconds += second
        return second


class Sieve:
    """Takes the packets of a track in decoding order; returns those from the first keyframe on.

    Drops pictures that lead that keyframe and refer to earlier ones: no frame refers to them. If no
    keyframe comes within ``PENDING`` packets or at all, returns every packet.
    """

    def __init__(self, video: VideoStream) -> None:
        context = video.codec_context
        self._codec = context.codec.canonical_name
        self._extradata = context.extradata or b""
        self._intra = context.codec.intra_only
        self._held: list[Packet[VideoStream]] | None = []
        #: The first keyframe's time while pictures that lead it may follow.
        self._key: int | None = None
        #: Packets dropped at the beginning: before the keyframe, and leading it.
        self.before = self.leading = 0

    def push(self, packet: Packet[VideoStream]) -> list[Coded]:
        """Return the packets that are certain by now. Pass no packet without data."""
        if self._held is None:
            if self._leads(packet):
                self.leading += 1
                return []
            return [self._coded(packet)]
        if not (packet.is_keyframe or self._intra):
            self._held.append(packet)
            return self.rest() if len(self._held) > PENDING else []
        before, self._held = [self._coded(p) for p in self._held], None
        self.before = sum(part.shows for part in before)
        if not self._intra and not self._is_clean(packet):
            self._key = packet.pts
        # Packets without a picture may hold parameter sets.
        kept = [part for part in before if not part.shows and not part.packet.is_discard]
        return [*kept, self._coded(packet)]

    def rest(self) -> list[Coded]:
        """Return the packets held back if no keyframe came."""
        held, self._held = self._held or [], None
        return [self._coded(packet) for packet in held]

    def _coded(self, packet: Packet[VideoStream]) -> Coded:
        shown = not packet.is_discard and shows(packet, self._codec, self._extradata)
        return Coded(packet, shown)

    def _is_clean(self, packet: Packet[VideoStream]) -> bool:
        """Return whether pictures that lead this keyframe decode."""
        if self._codec in ("mpeg2video", "mpeg1video"):
            return closed_gop(bytes(packet))
        return self._codec == "h264" and begins_clean(bytes(packet), "h264", self._extradata)

    def _leads(self, packet: Packet[VideoStream]) -> bool:
        """Return whether a packet is shown before the first keyframe and does not decode."""
        if self._key is None or packet.pts is None or packet.is_discard:
            return False
        if packet.pts > self._key:
            self._key = None
        elif packet.pts < self._key:
            return self._codec != "hevc" or bool(
                _kinds(packet, "hevc", self._extradata) & HEVC_SKIPPED
            )
        return False


def demuxed(container: InputContainer, video: VideoStream) -> Iterator[Packet[VideoStream]]:
    """Yield the track's packets; an animated GIF or PNG has the delays that browsers show."""
    base = fraction(video.time_base)
    if container.format.name not in ANIMATED or base is None:
        yield from container.demux(video)
        return
    clock = 0
    for packet in container.demux(video):
        if packet.size:
            length = packet.duration or 0
            if length * base <= SHORT:
                length = round(INSTEAD / base)
            packet.pts, packet.dts, packet.duration = clock, clock, length
            clock += length
        yield packet


def coded(packets: Iterable[Packet[VideoStream]], video: VideoStream) -> Iterator[Coded]:
    """Yield the packets from the first keyframe on, and whether each shows a picture."""
    sieve = Sieve(video)
    for packet in packets:
        if packet.size:
            yield from sieve.push(packet)
    yield from sieve.rest()


def with_shown(packets: Iterable[Packet[VideoStream]], video: VideoStream) -> Iterator[Coded]:
    """Yield all packets, also those before a keyframe, and whether each shows a picture."""
    context = video.codec_context
    codec, extradata = context.codec.canonical_name, context.extradata or b""
    for packet in packets:
        yield Coded(packet, not packet.is_discard and shows(packet, codec, extradata))


def shows(packet: Packet[VideoStream], codec: str, extradata: bytes) -> bool:
    """Return whether a packet shows a picture, by its codec's headers.

    True for codecs without such a header and for damaged data.
    """
    if codec in ("h264", "hevc"):
        if packet.size >= SMALL:
            return True
        kinds = _kinds(packet, codec, extradata)
        return not kinds or bool(
            kinds.intersection(H264_ANY_SLICE if codec == "h264" else HEVC_SLICES)
        )
    if codec == "vp8":
        # Frame tag: one bit keyframe (0), three of version, one of show_frame (RFC 6386, 9.1).
        return bool(memoryview(packet)[0] & 0x10)
    if codec == "vp9":
        return any(_vp9_shows(frame) for frame in _vp9_frames(bytes(packet)))
    if codec == "av1":
        return _av1_shows(bytes(packet))
    return True


def _kinds(packet: Packet[VideoStream], codec: str, extradata: bytes) -> set[int]:
    """Return the types of the units in a packet of H.264 or HEVC."""
    heads = units(bytes(packet), length_size(codec, extradata))
    if codec == "h264":
        return {h264_type(head[0]) for head in heads if head}
    return {hevc_type(head[0]) for head in heads if head}


#: MPEG-2's group of pictures header (ITU-T H.262, table 6-1).
GROUP_START: Final = b"\0\0\1\xb8"


def closed_gop(data: bytes) -> bool:
    """Return ``closed_gop`` of the group of pictures header in a packet of MPEG-1 or MPEG-2."""
    at = data.find(GROUP_START)
    # After the start code: a time code of 25 bits, closed_gop, broken_link.
    return at >= 0 and len(data) > at + 7 and bool(data[at + 7] & 0x40)


def _vp9_frames(data: bytes) -> Sequence[bytes]:
    """Return the frames of a superframe, or the packet as the only one (VP9, Annex B)."""
    marker = data[-1] if data else 0
    if marker & 0xE0 != 0xC0:
        return [data]
    count, width = (marker & 7) + 1, (marker >> 3 & 3) + 1
    index = data[-(2 + count * width) :]
    if len(index) < 2 + count * width or index[0] != marker:
        return [data]
    frames, at = [], 0
    for number in range(count):
        size = int.from_bytes(index[1 + number * width : 1 + (number + 1) * width], "little")
        frames.append(data[at : at + size])
        at += size
    return frames


def _vp9_shows(frame: bytes) -> bool:
    """Return whether a frame is shown: ``show_existing_frame`` or ``show_frame`` (6.2)."""
    if not frame:
        return False
    bits = Bits(frame[:2])
    try:
        if bits.u(2) != 2:
            return True
        profile = bits.u(1) | bits.u(1) << 1
        if profile == 3:
            bits.u(1)
        if bits.u(1):
            return True
        bits.u(1)
        return bool(bits.u(1))
    except ValueError:
        return True


def _av1_shows(data: bytes) -> bool:
    """Return whether a temporal unit has a shown frame (AV1 specification, 5.3 and 5.9.2)."""
    at, known = 0, False
    while at < len(data):
        head = data[at]
        at += 2 if head & 4 else 1
        if not head & 2:
            size = len(data) - at
        else:
            size, at = _leb128(data, at)
        kind = head >> 3 & 15
        if kind == AV1_SEQUENCE and at < len(data) and data[at] & 8:
            # The reduced header is for still pictures, which are all shown.
            return True
        if kind in AV1_FRAMES and at < len(data):
            known = True
            # show_existing_frame, frame_type in two bits, show_frame.
            if data[at] & 0x80 or data[at] & 0x10:
                return True
        at += size
    return not known


def _leb128(data: bytes, at: int) -> tuple[int, int]:
    """Return a LEB128 number (groups of seven bits) and the offset after it."""
    value = 0
    for place in range(8):
        if at >= len(data):
            break
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << 7 * place
        if not byte & 0x80:
            break
    return value, at
