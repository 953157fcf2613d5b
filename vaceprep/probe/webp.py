"""Timing of an animated WEBP, which FFmpeg cannot demux, from its RIFF chunks.

Specification: the WebP container specification (VP8X, ANMF).
"""

from __future__ import annotations

import struct
from fractions import Fraction
from typing import Final

from vaceprep.contract import MAX_SAMPLES
from vaceprep.probe.timing import Timing, from_timestamps
from vaceprep.source import Opened

#: Milliseconds up to which browsers do not keep a delay, and those that they show instead.
SHORT: Final = 10
INSTEAD: Final = 100


def shown_for(delay: int) -> int:
    """The milliseconds for which browsers show a frame with that delay."""
    return INSTEAD if delay <= SHORT else delay


def animation(opened: Opened) -> Timing:
    """Frames and durations (milliseconds) of the file's ANMF chunks."""
    at, clock = 12, 0
    times: list[int] = []
    spent: list[int] = []
    while at + 8 <= opened.size and len(times) < MAX_SAMPLES:
        header = opened.read_at(at, 24)
        if len(header) < 8:
            break
        kind, size = struct.unpack_from("<4sI", header)
        if kind == b"ANMF" and len(header) == 24:
            duration = shown_for(int.from_bytes(header[20:23], "little"))
            times.append(clock)
            spent.append(duration)
            clock += duration
        at += 8 + size + (size & 1)
    return from_timestamps(times, spent, Fraction(1, 1000), (), rounds=False)


def pixel_format(opened: Opened) -> str | None:
    """FFmpeg's name of the first frame's pixels: lossy is 4:2:0, lossless is ARGB."""
    data = opened.read_at(12, 1 << 16)
    at = data.find(b"ANMF")
    kind = data[at + 24 : at + 28] if at >= 0 else b""
    return {b"VP8 ": "yuv420p", b"ALPH": "yuva420p", b"VP8L": "argb"}.get(kind)


def canvas(head: bytes) -> tuple[int, int]:
    """Width and height of the canvas in pixels, from the VP8X chunk."""
    return (
        int.from_bytes(head[24:27], "little") + 1,
        int.from_bytes(head[27:30], "little") + 1,
    )
