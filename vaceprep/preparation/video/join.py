"""Joining newly encoded H.264 frames to packets that are copied from the source.

A cut that starts between two keyframes needs new frames only up to the next keyframe: the
head. One track holds both, because its one decoder configuration (``avcC``) may carry several
parameter sets and every slice names its own. The head gets an identifier that the source does
not use, and its parameter set says the same of size, aspect and colour as the source's, so
that a decoder has nothing to set up anew where they meet.

The head has no B-frames: each of its frames is presented as soon as it is decoded, so none is
waiting when the source's first keyframe empties the decoder. Specifications: ITU-T H.264, 7.3
and 7.4; ISO/IEC 14496-15, 5.3.3.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Final, NamedTuple

from av import CodecContext
from av.codec.context import Flags
from av.packet import Packet
from av.video.codeccontext import VideoCodecContext
from av.video.frame import PictureType, VideoFrame
from av.video.stream import VideoStream

from vaceprep.probes import h264 as stated
from vaceprep.probes.h264 import BASELINE, Bits, Sps, parse_sps

#: Kinds of units (``nal_unit_type``) that are told apart here.
IDR: Final = 5
SPS: Final = 7
PPS: Final = 8
#: Slices and parts of slices, of keyframes and of others.
PICTURE: Final = range(1, IDR + 1)

#: The encoder's name of the source's profile (``profile_idc``). Both parts have the same one:
#: where High follows lossless High 4:4:4, FFmpeg itself decodes the second part wrongly.
PROFILES: Final = {BASELINE: "baseline", 77: "main", 100: "high"}
#: Identifiers of parameter sets that the encoder can give; source files use the lowest ones,
#: also in sets that travel between their frames.
IDENTIFIERS: Final = range(31, -1, -1)
#: What decoders call such frames; the second in full range.
FORMATS: Final = ("yuv420p", "yuvj420p")


class CannotJoin(Exception):
    """New frames and the source's packets make no clean track; the message is a clause."""


@dataclass(frozen=True, slots=True)
class Parameters:
    """A decoder configuration (``avcC``); the units without start codes."""

    profile: int
    #: The constraint flags beside the profile.
    compatibility: int
    level: int
    #: Bytes of the number before each unit in a packet: 1, 2 or 4.
    length_size: int
    sps: tuple[bytes, ...]
    pps: tuple[bytes, ...]
    #: What follows the sets: chroma format, bit depths and extensions in the high profiles.
    extension: bytes = b""

    def avcc(self) -> bytes:
        """The record as bytes."""
        parts = (
            bytes([1, self.profile, self.compatibility, self.level]),
            bytes([0xFC | (self.length_size - 1), 0xE0 | len(self.sps)]),
            *_with_lengths(self.sps, 2),
            bytes([len(self.pps)]),
            *_with_lengths(self.pps, 2),
            self.extension,
        )
        return b"".join(parts)


class HeadPacket(NamedTuple):
    """A coded frame, in decoding order, its units behind lengths as in the source."""

    data: bytes
    #: Place in presentation order, from 0.
    rank: int
    #: Whether decoding can start with it.
    key: bool


def parse_avcc(extradata: bytes) -> Parameters:
    """Read a decoder configuration. Raises CannotJoin."""
    if len(extradata) < 7 or extradata[0] != 1:
        raise CannotJoin("it has no H.264 decoder configuration")
    length_size = (extradata[4] & 3) + 1
    if length_size == 3:
        raise CannotJoin("its H.264 decoder configuration is damaged")
    sps, at = _sets(extradata, 5, 31, SPS)
    pps, at = _sets(extradata, at, 255, PPS)
    profile, compatibility, level = extradata[1:4]
    return Parameters(profile, compatibility, level, length_size, sps, pps, extradata[at:])


def _sets(extradata: bytes, at: int, mask: int, kind: int) -> tuple[tuple[bytes, ...], int]:
    """The sets counted at ``at``, and where they end."""
    units: list[bytes] = []
    count, at = (extradata[at] & mask, at + 1) if at < len(extradata) else (0, at)
    for _ in range(count):
        length = int.from_bytes(extradata[at : at + 2], "big")
        unit = extradata[at + 2 : at + 2 + length]
        if not 2 < length == len(unit) or unit[0] & 31 != kind:
            raise CannotJoin("its H.264 decoder configuration is damaged")
        units.append(unit)
        at += 2 + length
    if not units:
        raise CannotJoin("its H.264 decoder configuration lacks parameter sets")
    return tuple(units), at


def parse_annexb(extradata: bytes) -> Parameters:
    """The configuration that start codes and parameter sets amount to, as in MPEG-TS.

    Packets of such a source go through ``with_lengths``. Raises CannotJoin.
    """
    found = list(_between_start_codes(extradata))
    # A set that is repeated counts once.
    sps, pps = (
        tuple(dict.fromkeys(u for u in found if u[0] & 31 == kind and 3 < len(u) < 1 << 16))
        for kind in (SPS, PPS)
    )
    if not (0 < len(sps) <= 31 and 0 < len(pps) <= 255):
        raise CannotJoin("it has no H.264 decoder configuration")
    profile, compatibility, level = sps[0][1:4]
    # 4:2:0 and 8 bits, the only pictures that are joined; no further extension.
    extension = b"\xfd\xf8\xf8\0" if profile in stated.HIGH_PROFILES else b""
    return Parameters(profile, compatibility, level, 4, sps, pps, extension)


def _between_start_codes(data: bytes) -> Iterator[bytes]:
    """Units of a byte stream (H.264, Annex B), whatever the length of its start codes."""
    for unit in data.split(b"\0\0\1")[1:]:
        # A unit never ends with a zero byte; a longer start code begins with one.
        if stripped := unit.rstrip(b"\0"):
            yield stripped


def with_lengths(packet: bytes) -> bytes:
    """A packet with start codes as one with lengths of 4 bytes."""
    return b"".join(_with_lengths(_between_start_codes(packet), 4))


def _with_lengths(units: Iterable[bytes], size: int) -> Iterator[bytes]:
    for unit in units:
        if len(unit) >> 8 * size:
            raise CannotJoin(f"a frame does not fit its {size}-byte lengths")
        yield len(unit).to_bytes(size, "big") + unit


def _units(packet: bytes, length_size: int) -> Iterator[bytes]:
    """Units behind lengths. Raises ValueError where the lengths do not add up."""
    at = 0
    while at < len(packet):
        start = at + length_size
        at = start + int.from_bytes(packet[at:start], "big")
        if not start < at <= len(packet):
            raise ValueError("the packet's lengths do not add up")
        yield packet[start:at]


def is_idr(packet: bytes, length_size: int) -> bool:
    """Whether nothing in or after this packet refers to, or is shown, before it.

    Containers also mark pictures as keyframes that decoding can only recover from.
    """
    try:
        kinds = {unit[0] & 31 for unit in _units(packet, length_size)}
    except ValueError:
        return False
    return kinds.intersection(PICTURE) == {IDR}


def check_join(packet: bytes, source: Parameters) -> None:
    """Check that decoding can start with the first packet to copy. Raises CannotJoin."""
    if not is_idr(packet, source.length_size):
        raise CannotJoin("its next keyframe refers to frames before it")
    # Zero bytes may follow a unit and mean nothing.
    shapes = {unit.rstrip(b"\0") for unit in source.sps}
    known = _ids(source.pps)
    for unit in _units(packet, source.length_size):
        kind = unit[0] & 31
        if (
            (kind == SPS and unit.rstrip(b"\0") not in shapes)
            or (kind == PPS and not _ids([unit]) <= known)
            or (kind == IDR and _codes(unit, 1, 3)[2] not in known)
        ):
            raise CannotJoin("its frames bring parameter sets of their own")


def _codes(unit: bytes, at: int, count: int) -> list[int]:
    """So many Exp-Golomb codes from byte ``at`` of a unit. Raises CannotJoin."""
    bits = Bits(unit[at : at + 16].replace(b"\0\0\3", b"\0\0"))
    try:
        return [bits.ue() for _ in range(count)]
    except ValueError:
        raise CannotJoin("its H.264 headers are damaged") from None


def _ids(units: Iterable[bytes]) -> set[int]:
    """Identifiers of parameter sets, which begin after the profile and level if there are any."""
    return {_codes(unit, 4 if unit[0] & 31 == SPS else 1, 1)[0] for unit in units}


def free_identifier(source: Parameters) -> int:
    """An identifier that none of the source's parameter sets has. Raises CannotJoin."""
    taken = _ids(source.sps) | _ids(source.pps)
    free = next((number for number in IDENTIFIERS if number not in taken), None)
    if free is None or len(source.sps) >= 31 or len(source.pps) >= 255:
        raise CannotJoin("all identifiers of parameter sets are taken")
    return free


def described(source: Parameters) -> Sps:
    """What the source's parameter sets say of its pictures. Raises CannotJoin."""
    if source.profile not in PROFILES:
        raise CannotJoin(f"its H.264 profile ({source.profile}) is not a common one")
    said = {parse_sps(unit) for unit in source.sps}
    if None in said:
        raise CannotJoin("it is not progressive 8-bit 4:2:0 video")
    # The profile's name tells baseline that is constrained from baseline that is not.
    first, *others = {sps._replace(profile=None) for sps in said if sps}
    if others or any(unit[1] != source.profile for unit in source.sps):
        raise CannotJoin("its parameter sets differ in profile, size or colour")
    # A decoder sets up anew, and may lose frames, where the coded size changes.
    whole = (-(-first.width // 16) * 16, -(-first.height // 16) * 16)
    if any(_buffers(unit)[0] != whole for unit in source.sps):
        raise CannotJoin("its coded pictures are larger than what is shown of them")
    return first


def _buffers(unit: bytes) -> tuple[tuple[int, int], bool]:
    """The size before cropping, and whether the set says how many frames wait for earlier ones.

    Reads what ``parse_sps`` leaves out, in a set that it takes.
    """
    bits = Bits(unit[4:].replace(b"\0\0\3", b"\0\0"))
    bits.ue()
    if unit[1] in stated.HIGH_PROFILES:
        _skip(bits, 3)
        if bits.u(2) & 1:
            stated._scaling_lists(bits, 8)
    bits.ue()
    order = bits.ue()
    if order == 0:
        bits.ue()
    elif order == 1:
        bits.u(1)
        _skip(bits, 2)
        _skip(bits, min(bits.ue(), 256))
    bits.ue()
    bits.u(1)
    coded = (bits.ue() + 1) * 16, (bits.ue() + 1) * 16
    try:
        return coded, _ordered(bits)
    except ValueError:
        return coded, False


def _skip(bits: Bits, codes: int) -> None:
    for _ in range(codes):
        bits.ue()


def _ordered(bits: Bits) -> bool:
    """Whether the set restricts reordering (Annex E), read from after its size."""
    bits.u(2)
    if bits.u(1):
        _skip(bits, 4)
    if not bits.u(1):
        return False
    if bits.u(1) and bits.u(8) == stated.WRITTEN_OUT:
        bits.u(32)
    if bits.u(1):
        bits.u(1)
    if bits.u(1) and bits.u(5) & 1:
        bits.u(24)
    if bits.u(1):
        _skip(bits, 2)
    if bits.u(1):
        bits.u(65)
    if bits.u(2):
        # Buffering models, which hardly any file has; to say no does no harm.
        return False
    return bits.u(2) & 1 == 1


def joined_extradata(source: Parameters, head: bytes) -> bytes:
    """The ``avcC`` record with the parameter sets of both. Raises CannotJoin."""
    new = parse_avcc(head)
    if _ids(source.sps) & _ids(new.sps) or _ids(source.pps) & _ids(new.pps):
        raise CannotJoin("both parts use the same parameter set identifiers")
    if source.profile != new.profile or described(source) != described(new):
        raise CannotJoin("the parts differ in profile, size or colour")
    return Parameters(
        profile=source.profile,
        # A constraint holds for the track where it holds for both parts.
        compatibility=source.compatibility & new.compatibility,
        level=max(source.level, new.level),
        length_size=source.length_size,
        sps=source.sps + new.sps,
        pps=source.pps + new.pps,
        extension=source.extension or new.extension,
    ).avcc()


def encode_head(
    frames: Iterable[VideoFrame], rate: Fraction, source: Parameters, *, crf: int = 16
) -> tuple[list[HeadPacket], bytes]:
    """Encode the frames before the join so that the source's packets can follow.

    The frames come in presentation order as the source's decoder gives them; they lose their
    times. ``rate`` is in frames a second. Gives the packets and the ``avcC`` record of the
    whole track. Raises CannotJoin, and what PyAV raises.
    """
    encoder = _encoder(described(source), rate, source, crf)
    packets: list[HeadPacket] = []
    rank = -1
    for rank, frame in enumerate(frames):
        if rank == 0 and frame.format.name in FORMATS:
            # Whether the levels are full or not, the encoder must not convert them.
            encoder.pix_fmt = frame.format.name
        shape = (frame.width, frame.height, frame.format.name)
        if shape != (encoder.width, encoder.height, encoder.pix_fmt):
            raise CannotJoin("its frames are not what its parameter set tells")
        frame.pts, frame.time_base = rank, 1 / rate
        # Else the encoder repeats the source's choice.
        frame.pict_type = PictureType.P if rank else PictureType.I
        packets += _slices(encoder.encode(frame), source)
    if rank < 0:
        raise CannotJoin("there is no frame to encode")
    packets += _slices(encoder.encode(None), source)
    if not packets[0].key or sorted(p.rank for p in packets) != list(range(rank + 1)):
        raise CannotJoin("the encoder left out frames")
    return packets, joined_extradata(source, encoder.extradata or b"")


def _encoder(said: Sps, rate: Fraction, source: Parameters, crf: int) -> VideoCodecContext:
    """An encoder whose parameter set will say what the source's says."""
    parameters = {
        "sps-id": free_identifier(source),
        "level": source.level,
        # Lengths instead of start codes.
        "annexb": 0,
        # No more memory than the source's own frames need, and no delay.
        **{"ref": 1, "bframes": 0},
        # One group of pictures: its only reader is on the way to the next keyframe.
        **{"keyint": "infinite", "scenecut": 0},
        "fullrange": "on" if said.full_range else "off",
    }
    if source.profile != BASELINE and not all(_buffers(unit)[1] for unit in source.sps):
        # A decoder that guesses the delay would guess none from the head, and drop a frame when
        # the source's B-frames come. So the head announces B-frames; none is ever chosen.
        parameters |= {"bframes": 2, "b-pyramid": "normal"}
    if said.full_range is False and {said.primaries, said.transfer, said.matrix} == {
        stated.UNSPECIFIED
    }:
        # Makes x264 state the range where it has nothing else to state; means nothing itself.
        parameters["videoformat"] = "component"
    encoder = CodecContext.create("libx264", "w")
    encoder.width, encoder.height = said.width, said.height
    encoder.time_base, encoder.framerate = 1 / rate, rate
    encoder.color_primaries, encoder.color_trc = said.primaries, said.transfer
    encoder.colorspace = said.matrix
    if said.aspect is not None:
        encoder.sample_aspect_ratio = said.aspect
    encoder.flags |= Flags.global_header
    encoder.options = {
        "preset": "fast",
        "crf": str(crf),
        "profile": PROFILES[source.profile],
        "x264-params": ":".join(f"{name}={value}" for name, value in parameters.items()),
    }
    return encoder


def _slices(packets: Iterable[Packet[VideoStream]], source: Parameters) -> Iterator[HeadPacket]:
    """The encoder's packets without what is not a slice: it describes the encoder only."""
    for packet in packets:
        units = [u for u in _units(bytes(packet), 4) if u[0] & 31 in PICTURE]
        data = b"".join(_with_lengths(units, source.length_size))
        if packet.pts is not None:
            yield HeadPacket(data, packet.pts, is_idr(data, source.length_size))
