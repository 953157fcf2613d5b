"""H.264 whose every field is a picture of its own (PAFF), written bit by bit.

Each field is one macroblock of plain samples, so that no encoder is needed: 16 by 32 pixels.
"""

from __future__ import annotations

from tests.media import Hand, box, full, u32


class Bits:
    """Bits in the order in which they are written."""

    def __init__(self) -> None:
        self.text = ""

    def u(self, value: int, count: int) -> None:
        self.text += f"{value:0{count}b}"

    def ue(self, *values: int) -> None:
        for value in values:
            code = f"{value + 1:b}"
            self.text += "0" * (len(code) - 1) + code

    def unit(self, kind: int, body: bytes = b"") -> bytes:
        """The unit, with its stop bit and ``body`` before that on a byte's border."""
        if body:
            self.text += "0" * (-len(self.text) % 8)
        head = int(self.text, 2).to_bytes(len(self.text) // 8) if body else b""
        text = "1" if body else self.text + "1"
        text += "0" * (-len(text) % 8)
        return bytes([kind]) + head + body + int(text, 2).to_bytes(len(text) // 8)


def parameter_sets() -> tuple[bytes, bytes]:
    """A sequence that allows fields, without macroblock pairs, and its picture parameters."""
    sps = Bits()
    sps.u(77, 8)
    sps.u(0, 8)
    sps.u(30, 8)
    sps.ue(0, 0, 2, 1)
    sps.u(0, 1)
    sps.ue(0, 0)
    sps.u(0b001, 3)
    sps.u(0, 2)
    pps = Bits()
    pps.ue(0, 0)
    pps.u(0, 2)
    pps.ue(0, 0, 0)
    pps.u(0, 3)
    pps.ue(0, 0, 0)
    pps.u(0, 3)
    return sps.unit(0x67), pps.unit(0x68)


def field(number: int, bottom: bool) -> bytes:
    """One field of frame ``number``: brighter from frame to frame."""
    bits = Bits()
    bits.ue(0, 7, 0)
    bits.u(0, 4)
    bits.u(1, 1)
    bits.u(bottom, 1)
    if bottom:
        bits.u(0, 1)
    else:
        bits.ue(number % 2)
        bits.u(0, 2)
    bits.ue(0, 25)
    level = 32 + number * 5 % 180
    samples = bytes([level]) * 256 + bytes([128]) * 128
    unit = bits.unit(0x61 if bottom else 0x65, samples)
    return u32(len(unit)) + unit


class FieldFile(Hand):
    """An MP4 whose every sample is one field."""

    def description(self) -> bytes:
        sps, pps = parameter_sets()
        config = bytes([1, *sps[1:4], 0xFF, 0xE1]) + len(sps).to_bytes(2) + sps
        config += b"\1" + len(pps).to_bytes(2) + pps
        picture = bytes(6) + b"\0\1" + bytes(16) + b"\0\x10\0\x20"
        picture += u32(0x480000, 0x480000, 0) + b"\0\1" + bytes(32) + b"\0\x18\xff\xff"
        return full("stsd", u32(1), box(self.entry, picture, box("avcC", config)))

    def payload(self) -> list[bytes]:
        return [field(n // 2, bool(n % 2)) for n in range(self.frames)]
