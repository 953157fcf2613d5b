"""vaceprep's own readers as functions of bytes: what each may raise, and what it must not."""

from __future__ import annotations

import json
from array import array
from collections.abc import Callable
from typing import Final

from vaceprep.contract import ROLES, Role
from vaceprep.facts import Unreadable
from vaceprep.files.source import HEAD_BYTES, Opened, open_bytes
from vaceprep.probes import h264, mpeg4, truncation
from vaceprep.probes import h264 as nal
from vaceprep.probes.display import turn
from vaceprep.probes.image import READERS
from vaceprep.probes.images import exif, icc, webp
from vaceprep.probes.images.layout import Layout, Source
from vaceprep.probes.mp4.boxes import BoxError, read_boxes
from vaceprep.probes.mp4.tables import end_of_data, sizes_of
from vaceprep.probes.sniff import FIRST_BOXES, sniff, sniff_image
from vaceprep.probes.timing import present


class Wrong(AssertionError):
    """A reader says what cannot be."""


class _Counting:
    """Bytes as a source that counts what is read of it."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self.size = len(data)
        self.reads = self.read = 0

    def read_at(self, offset: int, size: int) -> bytes:
        if offset < 0 or size < 0:
            raise Wrong(f"it reads {size} bytes at {offset}")
        found = self._data[offset : offset + size]
        self.reads += 1
        self.read += len(found)
        return found


def _opened(data: bytes, read: Callable[[Opened], object]) -> None:
    if data:
        with open_bytes(data) as opened:
            read(opened)


def boxes(data: bytes) -> None:
    """The index, and the timing of each track. BoxError is what it may raise."""

    def read(opened: Opened) -> None:
        try:
            movie = read_boxes(opened)
        except BoxError as error:
            if not str(error) or len(str(error)) > 300:
                raise Wrong(f"no clause: {error!r}") from None
            return
        for track in movie.tracks:
            timing = present(track, movie.timescale)
            for value in (timing.duration, timing.fps, timing.max_interval):
                if value is not None and value < 0:
                    raise Wrong(f"it lasts {timing}")
            turn(track.matrix, movie.matrix)

    _opened(data, read)


def tables(data: bytes) -> None:
    """The tables of one track, each from any bytes."""
    view = memoryview(data.ljust(16, b"\0"))
    for kind in ("stsz", "stz2"):
        try:
            count, fixed, sizes = sizes_of(view, kind)
        except BoxError:
            continue
        if sizes is not None and len(sizes) != count:
            raise Wrong(f"{count} sizes are {len(sizes)}")
        numbers = array("I", data[: len(data) // 4 * 4])
        try:
            end_of_data(numbers[::2], numbers[: len(numbers) // 3 * 3], sizes, fixed)
        except BoxError:
            continue


def still(name: str) -> Callable[[bytes], None]:
    """One image format's reader: it raises nothing, and reads a bounded number of times."""
    reader: Callable[[Source], Layout] = READERS[name]

    def run(data: bytes) -> None:
        source = _Counting(data)
        layout = reader(source)
        if layout.width < 0 or layout.height < 0 or layout.frames < 1:
            raise Wrong(f"{layout.width}x{layout.height}, {layout.frames} frames")
        if source.reads > 100 + 40 * len(data):
            raise Wrong(f"{source.reads} reads of {len(data)} bytes")
        kept = sum(map(len, layout.exif)) + sum(map(len, layout.xmp)) + len(layout.icc or b"")
        if kept > max(64 << 10, 1100 * len(data)):
            raise Wrong(f"{kept} bytes of metadata from {len(data)}")
        if layout.damage is not None and not layout.damage.message:
            raise Wrong("damage without a word")
        exif.orientation(layout.exif)
        exif.location(layout.exif, layout.xmp)

    return run


def metadata(data: bytes) -> None:
    """EXIF, XMP and ICC."""
    if not 1 <= exif.orientation([data]) <= 8:
        raise Wrong("an orientation that is none")
    exif.location([data], [data])
    name, _ = icc.read_icc(data)
    if not name or len(name) > 200 or not name.isprintable():
        raise Wrong(f"a profile's name is {name!r}")


def codecs(data: bytes) -> None:
    """Parameter sets and the units of packets."""
    unit = h264.first_sps(data)
    for candidate in (unit, data):
        found = None if candidate is None else h264.parse_sps(candidate)
        if found is not None and (found.width <= 0 or found.height <= 0):
            raise Wrong(f"a picture of {found.width}x{found.height}")
    mpeg4.interlaced(data)
    for codec in ("h264", "hevc", "av1"):
        nal.begins_clean(data, codec, data[:64])
        nal.leans_back(data, codec, data[:64])


def kinds(data: bytes) -> None:
    """What the first bytes are."""
    head = data[:HEAD_BYTES]
    found = sniff(head)
    # What begins with a box is a container, whatever shorter mark or text of an image it has.
    boxed = head[4:8] in FIRST_BOXES and head[:4] != b"RIFF"
    if sniff_image(head) is not None and found.kind not in ("image", "playlist") and not boxed:
        raise Wrong(f"an image that is {found}")
    _opened(data, lambda o: [truncation.missing_end(o, n) for n in ("matroska", "avi", "webp")])
    if head[:4] == b"RIFF" and len(head) >= 30:
        _opened(
            data,
            lambda o: (webp.animation(o), webp.pixel_format(o), webp.canvas(o.head)),
        )


#: What is fuzzed: a name, and a function that raises where something is wrong.
READ: Final[dict[str, Callable[[bytes], None]]] = {
    "boxes": boxes,
    "tables": tables,
    **{name: still(name) for name in READERS},
    "metadata": metadata,
    "codecs": codecs,
    "kinds": kinds,
}


def whole(data: bytes, role: Role | None = None) -> None:
    """Any bytes through the whole measurement, without a file."""
    from vaceprep.checks.bytes import Options, probe_opened, report_on

    def read(opened: Opened) -> None:
        known, facts = probe_opened(opened, None, Options(role=role))
        report = report_on("bytes", known, facts, None, Options(role=role))
        json.dumps(report.to_dict(), allow_nan=False)
        if isinstance(facts, Unreadable) and report.ok:
            raise Wrong("what cannot be measured passes")
        if known not in ROLES:
            raise Wrong(f"a role {known}")

    _opened(data, read)
