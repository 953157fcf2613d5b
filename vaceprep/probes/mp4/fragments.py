"""The headers of movie fragments: the number of frames, and where their data end. Pure.

Specification: ISO/IEC 14496-12, 8.8.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from typing import Final, NamedTuple

from vaceprep.probes.mp4.box_types import Box
from vaceprep.probes.mp4.tables import children, numbers


class TrackFlag:
    """Flags of ``tfhd`` (8.8.7): the fields present, and the base of offsets."""

    BASE_DATA_OFFSET = 0x1
    SAMPLE_ENTRY = 0x2
    DEFAULT_DURATION = 0x8
    DEFAULT_SIZE = 0x10
    BASE_IS_MOOF = 0x20000


class RunFlag:
    """Flags of ``trun`` (8.8.8): the fields that it and each of its samples have."""

    DATA_OFFSET = 0x1
    FIRST_SAMPLE_FLAGS = 0x4
    SAMPLE_DURATION = 0x100
    SAMPLE_SIZE = 0x200
    SAMPLE_FLAGS = 0x400
    SAMPLE_TIME_OFFSET = 0x800


#: The fields of each sample of a run, in order.
RUN_FIELDS: Final = (
    RunFlag.SAMPLE_DURATION,
    RunFlag.SAMPLE_SIZE,
    RunFlag.SAMPLE_FLAGS,
    RunFlag.SAMPLE_TIME_OFFSET,
)
#: The flags of a full box, without its version.
FLAGS: Final = 0xFFFFFF


class Claim(NamedTuple):
    """The number of frames of a fragment, and the offset after the last byte they claim."""

    frames: int
    end: int


def default_sizes(extends: memoryview) -> dict[int, int]:
    """Return the default sample size by track id, from the ``trex`` boxes of ``mvex``."""
    found = {}
    for name, body in children(extends):
        if name == Box.TREX and len(body) >= 20:
            track, size = struct.unpack_from(">I8xI", body, 4)
            found[track] = size
    return found


def claim(view: memoryview, start: int, sizes: Mapping[int, int]) -> Claim:
    """Return the claim of the body of a ``moof`` that begins at byte ``start`` of the file.

    Raises BoxError, struct.error or IndexError if it is broken.
    """
    frames, last = 0, 0
    base = start
    for name, fragment in children(view):
        if name != Box.TRAF:
            continue
        size = 0
        at = base
        for kind, body in children(fragment):
            if kind == Box.TFHD:
                at, size = _header(body, start, base, sizes)
                base = at
            elif kind == Box.TRUN:
                count, at = _run(body, base, at, size)
                frames += count
                last = max(last, at)
        # Without its own base, the next track begins where this one ends.
        base = at
    return Claim(frames, last)


def _header(
    body: memoryview, start: int, previous: int, sizes: Mapping[int, int]
) -> tuple[int, int]:
    """Return the base of a track fragment's offsets, and the default sample size in bytes."""
    flags, track = struct.unpack_from(">II", body)
    flags &= FLAGS
    at = 8
    base = start if flags & TrackFlag.BASE_IS_MOOF else previous
    if flags & TrackFlag.BASE_DATA_OFFSET:
        base = struct.unpack_from(">Q", body, at)[0]
        at += 8
    at += 4 * bool(flags & TrackFlag.SAMPLE_ENTRY) + 4 * bool(flags & TrackFlag.DEFAULT_DURATION)
    size = (
        struct.unpack_from(">I", body, at)[0]
        if flags & TrackFlag.DEFAULT_SIZE
        else sizes.get(track, 0)
    )
    return base, size


def _run(body: memoryview, base: int, at: int, size: int) -> tuple[int, int]:
    """Return the number of frames of a run, and the offset after its last byte."""
    flags, count = struct.unpack_from(">II", body)
    flags &= FLAGS
    where = 8
    if flags & RunFlag.DATA_OFFSET:
        at = base + struct.unpack_from(">i", body, where)[0]
        where += 4
    where += 4 * bool(flags & RunFlag.FIRST_SAMPLE_FLAGS)
    fields = [bit for bit in RUN_FIELDS if flags & bit]
    if RunFlag.SAMPLE_SIZE not in fields:
        return count, at + count * size
    table = numbers(body, where, count * len(fields), "I", "frames")
    return count, at + sum(table[fields.index(RunFlag.SAMPLE_SIZE) :: len(fields)])
