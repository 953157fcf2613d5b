"""The scans of a JPEG: where their coded data end, and whether they cover the whole picture.

This module checks the headers of the scans; decoding finds whether the coded data reach the last
block (``completeness``).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final, NamedTuple

from vaceprep.probes.images.jpeg_markers import FILL, PROVEN, RESTARTS, Marker
from vaceprep.probes.images.layout import Source

#: A marker within coded data: not 0xFF 0 (a value of 255), and not more fill bytes.
_MARKER: Final = re.compile(rb"\xff[^\x00\xff]")
_BLOCK: Final = 1 << 20
_COEFFICIENTS: Final = 64
#: Most scans, and most restart intervals of all scans, that are read. J
_MAX_SCANS: Final = 1000
_MAX_ENDS: Final = 1_000_000
_MISSING_SCANS: Final = "scans of the JPEG are missing"
_FEW_SCANS: Final = "the JPEG's last scans are missing"


class Frame(NamedTuple):
    """The frame header: its marker, size in pixels, and components.

    Each component is its number and its horizontal and vertical sampling factors.
    """

    marker: int
    width: int
    height: int
    components: tuple[tuple[int, int, int], ...]

    @property
    def progressive(self) -> bool:
        """Whether it is Huffman-coded and refined scan by scan."""
        return self.marker == Marker.SOF2

    @property
    def proven(self) -> bool:
        """Whether its scans can be checked: Huffman-coded, baseline, extended or progressive."""
        return self.marker in PROVEN


def frame_of(marker: int, body: bytes) -> Frame | None:
    """Parse the content of a frame header (after its length); None if it is damaged."""
    if len(body) < 6 or len(body) < 6 + 3 * body[5] or not body[5]:
        return None
    parts = [body[at : at + 3] for at in range(6, 6 + 3 * body[5], 3)]
    components = tuple((p[0], p[1] >> 4, p[1] & 15) for p in parts)
    if any(not 1 <= h <= 4 or not 1 <= v <= 4 for _, h, v in components):
        return None
    height, width = int.from_bytes(body[1:3], "big"), int.from_bytes(body[3:5], "big")
    return Frame(marker, width, height, components)


class Scans:
    """The positions of coded data. Offsets in bytes."""

    __slots__ = ("count", "ends", "fault", "frame", "restarts")

    def __init__(self, frame: Frame) -> None:
        self.frame = frame
        #: End of each run of coded data: a restart marker, or the marker after the scan.
        self.ends: list[int] = []
        self.count = 0
        self.restarts = 0
        #: What is missing; None if the headers cover the whole picture.
        self.fault: str | None = None

    @property
    def simple(self) -> bool:
        """Whether there is one scan without restart markers."""
        return self.count == 1 and not self.restarts


def read_scans(source: Source, at: int, frame: Frame, interval: int) -> Scans:
    """Read all scans from the first SOS marker at ``at``; ``interval`` is DRI's. Never raises."""
    found = Scans(frame)
    #: By component: the lowest bit received of each coefficient; None if none was.
    seen: dict[int, list[int | None]] = {c[0]: [None] * _COEFFICIENTS for c in frame.components}
    while found.count < _MAX_SCANS:
        head = source.read_at(at, 4)
        if len(head) < 4 or head[0] != FILL:
            break
        marker, length = head[1], int.from_bytes(head[2:4], "big")
        if marker == FILL:
            at += 1
            continue
        if marker == Marker.EOI:
            break
        if marker in RESTARTS or marker == Marker.TEM:
            at += 2
            at = _next(source, at)
            continue
        body = source.read_at(at + 4, min(length, 64))
        if marker == Marker.DRI:
            interval = int.from_bytes(body[:2], "big")
        at += 2 + length
        if marker != Marker.SOS:
            at = _next(source, at)
            continue
        found.count += 1
        if not _follows(frame, seen, body):
            found.fault = _MISSING_SCANS
            break
        due = _scan(frame, seen, body)
        at = _coded(source, at, found, -(-due // interval) - 1 if interval and due else 0)
        if found.fault or at >= source.size:
            break
    found.fault = found.fault or _uncovered(frame, seen)
    return found


def _next(source: Source, at: int) -> int:
    """Return the offset of the next marker from ``at`` on: decoders skip stray bytes."""
    return next((place for place, _ in _markers(source, at)), source.size)


def _markers(source: Source, at: int) -> Iterator[tuple[int, int]]:
    """Yield the offsets and codes of the markers from ``at`` on."""
    while at < source.size:
        block = source.read_at(at, _BLOCK)
        if len(block) < 2:
            return
        for match in _MARKER.finditer(block):
            yield at + match.start(), block[match.start() + 1]
        # A marker may span two blocks.
        at += len(block) - 1


def _follows(frame: Frame, seen: dict[int, list[int | None]], body: bytes) -> bool:
    """Return whether a progressive scan continues at the bit where the scans before it ended."""
    count = body[0] if body else 0
    if not frame.progressive or len(body) < 4 + 2 * count:
        return True
    first, last, high = body[1 + 2 * count], body[2 + 2 * count], body[3 + 2 * count] >> 4
    numbers = {body[1 + 2 * i] for i in range(count)} & seen.keys()
    places = range(first, min(last, _COEFFICIENTS - 1) + 1)
    return all((seen[number][place] or 0) == high for number in numbers for place in places)


def _scan(frame: Frame, seen: dict[int, list[int | None]], body: bytes) -> int:
    """Record a scan; return the number of its minimum coded units, 0 if it is damaged."""
    count = body[0] if body else 0
    if not count or len(body) < 4 + 2 * count:
        return 0
    numbers = [body[1 + 2 * i] for i in range(count)]
    first, last, low = body[1 + 2 * count], body[2 + 2 * count], body[3 + 2 * count] & 15
    if not frame.progressive:
        first, last, low = 0, _COEFFICIENTS - 1, 0
    for number in numbers:
        if number in seen:
            for place in range(first, min(last, _COEFFICIENTS - 1) + 1):
                seen[number][place] = low
    wide = max(h for _, h, _ in frame.components)
    high = max(v for _, _, v in frame.components)
    if count > 1:
        return -(-frame.width // (8 * wide)) * -(-frame.height // (8 * high))
    own = next(((h, v) for n, h, v in frame.components if n == numbers[0]), (wide, high))
    across, down = -(-frame.width * own[0] // wide), -(-frame.height * own[1] // high)
    return -(-across // 8) * -(-down // 8)


def _coded(source: Source, at: int, found: Scans, restarts: int) -> int:
    """Skip a scan's coded data; return the offset of the marker after it."""
    for passed, (place, code) in enumerate(_markers(source, at)):
        if code not in RESTARTS or not restarts:
            found.ends.append(place)
            if passed < restarts:
                found.fault = "restart intervals of the JPEG are missing"
            return place
        if passed < restarts and code != RESTARTS[passed % 8]:
            found.fault = "restart intervals of the JPEG are missing"
        found.restarts += 1
        if len(found.ends) < _MAX_ENDS:
            found.ends.append(place)
    return source.size


def _uncovered(frame: Frame, seen: dict[int, list[int | None]]) -> str | None:
    lowest = [low for one in seen.values() for low in one]
    if frame.progressive:
        return _FEW_SCANS if any(low != 0 for low in lowest) else None
    return _FEW_SCANS if any(low is None for low in lowest) else None
