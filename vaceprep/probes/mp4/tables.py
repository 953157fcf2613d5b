"""The tables of an MP4 index: each count is checked before it is expanded.

Specification: ISO/IEC 14496-12, 8.6 and 8.7.
"""

from __future__ import annotations

import struct
import sys
from array import array
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from itertools import accumulate, chain, repeat
from operator import mul, sub
from typing import Final, TypeAlias, overload

from vaceprep.contract import MAX_SAMPLES
from vaceprep.probes.mp4.box_types import Box


class BoxError(ValueError):
    """The boxes are contradictory or claim the impossible; the message is a clause."""


#: The size and the type of a box.
HEADER: Final = struct.Struct(">I4s")
#: Boxes in order: type, body, and the boxes inside it if it is one that holds boxes.
Boxes: TypeAlias = "Sequence[tuple[str, memoryview, Boxes]]"


def children(view: memoryview) -> Iterator[tuple[str, memoryview]]:
    """Yield the boxes inside one box; stop at an impossible size."""
    at, end = 0, len(view)
    while at + 8 <= end:
        size, kind = HEADER.unpack_from(view, at)
        start = at + 8
        if size == 1 and at + 16 <= end:
            size = struct.unpack_from(">Q", view, at + 8)[0]
            start = at + 16
        elif size == 0:
            size = end - at
        if size < start - at or at + size > end:
            return
        yield kind.decode("latin-1"), view[start : at + size]
        at += size


def numbers(view: memoryview, at: int, count: int, code: str, what: str) -> array[int]:
    """Read ``count`` big-endian numbers from ``at``. Raises BoxError if the box is shorter."""
    found: array[int] = array(code)
    if count * found.itemsize > len(view) - at:
        raise BoxError(f"its index claims {count:,} {what} and has room for fewer")
    found.frombytes(view[at : at + count * found.itemsize])
    if sys.byteorder == "little":
        found.byteswap()
    return found


def counted(view: memoryview, at: int, what: str) -> int:
    """Read a table's number of entries. Raises BoxError if it is more than any clip needs."""
    count: int = struct.unpack_from(">I", view, at)[0]
    if count > MAX_SAMPLES:
        raise BoxError(f"its index claims {count:,} {what}; {MAX_SAMPLES:,} at most are read")
    return count


class Runs(Sequence[tuple[int, int]]):
    """``(count, value)`` pairs in eight bytes each, as ``stts`` and ``ctts`` hold them."""

    __slots__ = ("counts", "values")

    def __init__(self, view: memoryview, code: str) -> None:
        flat = numbers(view, 8, 2 * counted(view, 4, "runs of frames"), code, "runs of frames")
        counts = flat[::2]
        # A run's count is unsigned even if its value is signed.
        self.counts = array("I", counts.tobytes())
        self.values = flat[1::2]

    def __len__(self) -> int:
        return len(self.values)

    def __iter__(self) -> Iterator[tuple[int, int]]:
        return zip(self.counts, self.values, strict=True)

    @overload
    def __getitem__(self, index: int) -> tuple[int, int]: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[tuple[int, int]]: ...
    def __getitem__(self, index: int | slice) -> tuple[int, int] | Sequence[tuple[int, int]]:
        if isinstance(index, slice):
            return list(zip(self.counts[index], self.values[index], strict=True))
        return self.counts[index], self.values[index]


def values_of(runs: Sequence[tuple[int, int]]) -> Sequence[int]:
    """Return the value of each run."""
    return runs.values if isinstance(runs, Runs) else [value for _, value in runs]


def expand(runs: Sequence[tuple[int, int]]) -> Iterator[int]:
    """Yield each run's value as often as its count."""
    if isinstance(runs, Runs):
        # Two hours have 180,000 runs, most often of one sample: avoid a Python step for each.
        if runs.counts.count(1) == len(runs.counts):
            return iter(runs.values)
        return chain.from_iterable(map(repeat, runs.values, runs.counts))
    return chain.from_iterable(repeat(value, count) for count, value in runs)


#: Larger durations are small negative numbers, which old phones write: FFmpeg's own bound.
NEGATIVE_FROM: Final = 0xFFFFFFFF - 480_000
#: Chunks whose offsets are compared at once.
SLICE: Final = 1024


def signed_durations(runs: Runs) -> Sequence[tuple[int, int]]:
    """Return the runs of ``stts``, with negative durations corrected as in FFmpeg.

    A negative duration moves the clock back. Decoding times must rise, so every sample takes one
    tick until the clock has moved back far enough.
    """
    if max(runs.values, default=0) <= NEGATIVE_FROM:
        return runs
    found: list[tuple[int, int]] = []
    ahead = 0
    for count, stored in runs:
        left, value = count, stored
        if value > NEGATIVE_FROM:
            # FFmpeg corrects once per run: the other samples of the run take one tick.
            ahead, value = ahead + (1 << 32) - stored + 1, 1
        if ahead and value <= 1:
            found.append((left, 1))
            ahead += left * (1 - value)
            continue
        if ahead:
            short = min(left, ahead // (value - 1))
            found.append((short, 1))
            ahead, left = ahead - short * (value - 1), left - short
            if ahead and left:
                found.append((1, value - ahead))
                ahead, left = 0, left - 1
        found.append((left, value))
    return [(count, value) for count, value in found if count]


def sizes_of(view: memoryview, kind: str) -> tuple[int, int, array[int] | None]:
    """Return ``(samples, fixed size, sizes)`` of ``stsz`` or ``stz2``."""
    if kind == Box.STSZ:
        fixed, count = struct.unpack_from(">II", view, 4)
        if fixed:
            return count, fixed, None
        count = counted(view, 8, "frames")
        return count, 0, numbers(view, 12, count, "I", "frames")
    width, count = view[7], counted(view, 8, "frames")
    if width == 16:
        return count, 0, numbers(view, 12, count, "H", "frames")
    if width == 8:
        return count, 0, numbers(view, 12, count, "B", "frames")
    packed = numbers(view, 12, (count + 1) // 2, "B", "frames")
    halves = array("B", (half for byte in packed for half in (byte >> 4, byte & 15)))
    return count, 0, halves[:count]


def end_of_data(
    chunks: array[int], per_chunk: array[int], sizes: array[int] | None, fixed: int
) -> int:
    """Return the offset after the last byte of any chunk's samples."""
    if not chunks or not per_chunk:
        return 0
    firsts, counts = per_chunk[::3], per_chunk[1::3]
    lengths = list(map(sub, firsts[1:], firsts))
    if firsts[0] != 1 or min(lengths, default=1) < 1:
        raise BoxError("its table of chunks runs back and forth")
    largest = fixed if sizes is None else max(sizes, default=0)
    # A slice has its largest offset found at once; only few have chunks near the end.
    slices = [(at, chunks[at : at + SLICE]) for at in range(0, len(chunks), SLICE)]
    highest = [max(part) for _, part in slices]
    last_start = max(highest)
    # Skip chunks that could not end last even if all their samples were the largest.
    near = last_start - max(counts) * largest
    late = (
        number
        for (at, part), high in zip(slices, highest, strict=True)
        if high > near
        for number, start in enumerate(part, at + 1)
        if start > near
    )
    # Samples before each run of chunks, without a Python step for each chunk.
    before: list[int] = []
    if sizes is not None:
        before = list(accumulate(map(mul, lengths, counts), initial=0))
    end = 0
    for number in late:
        run = bisect_right(firsts, number) - 1
        start, count = chunks[number - 1], counts[run]
        if start + count * largest <= last_start:
            continue
        if sizes is None:
            end = max(end, start + count * fixed)
        else:
            sample = before[run] + (number - firsts[run]) * count
            end = max(end, start + sum(sizes[sample : sample + count]))
    return end
