"""Check the index's structure and its tables against the standard before FFmpeg reads the file.

FFmpeg reads a table anywhere, even inside a comment or another track, at any cost. Vaceprep's
reader looks only in the right place, so a box elsewhere is refused.
"""

from __future__ import annotations

from bisect import bisect_left
from itertools import accumulate
from operator import mul, sub
from typing import Final

from vaceprep.probes.mp4.box_types import Box
from vaceprep.probes.mp4.tables import BoxError, Boxes, Runs, children
from vaceprep.probes.mp4.track import Track

#: The parent of each box of the structure; the empty name is the file itself.
HOMES: Final[dict[str, str]] = {
    **{Box.MOOV: "", Box.MOOF: ""},
    **{Box.MVHD: Box.MOOV, Box.TRAK: Box.MOOV, Box.MVEX: Box.MOOV},
    **{Box.TKHD: Box.TRAK, Box.EDTS: Box.TRAK, Box.MDIA: Box.TRAK, Box.ELST: Box.EDTS},
    **{Box.MDHD: Box.MDIA, Box.MINF: Box.MDIA, Box.STBL: Box.MINF},
    **dict.fromkeys(
        (Box.STTS, Box.CTTS, Box.STSZ, Box.STZ2, Box.STSC, Box.STCO, Box.CO64, Box.STSS), Box.STBL
    ),
    **{Box.TRAF: Box.MOOF, Box.TFHD: Box.TRAF, Box.TRUN: Box.TRAF},
}
#: Boxes that may occur more than once in their parent.
MANY: Final[frozenset[str]] = frozenset([Box.TRAK, Box.TRAF, Box.TRUN, Box.MOOF])
#: Boxes that hold boxes and that FFmpeg parses.
HOLDERS: Final = frozenset(
    "moov trak mdia minf stbl edts dinf mvex moof traf udta meta wave sinf schi tref gmhd".split()
)
MAX_DEPTH: Final = 16
#: Most boxes read of one index; a file with a hundred tracks has some 3,000.
MAX_BOXES: Final = 100_000
#: FFmpeg and others read counts and clocks from this value on as negative.
SIGNED: Final = 1 << 31
#: The most bytes of a sample that FFmpeg reads.
MAX_SAMPLE: Final = 0x3FFFFFFF
#: Tolerated samples without a duration: some writers leave out the last one's.
UNTIMED: Final = 1
#: A media time of -1 is an empty edit.
EMPTY: Final = -1


def misplaced(kind: str) -> bool:
    """Return whether a top-level box belongs elsewhere."""
    return bool(HOMES.get(kind))


def check_structure(kind: str, view: memoryview) -> Boxes:
    """Return the boxes inside one box.

    Raises BoxError if a box is in the wrong place, repeated, or too deep.
    """
    top: list[tuple[str, memoryview, Boxes]] = []
    waiting = [(kind, view, 1, top)]
    seen = 0
    while waiting:
        parent, body, depth, found = waiting.pop()
        if depth > MAX_DEPTH:
            raise BoxError("its boxes are nested too deeply")
        names = set()
        for name, inner in children(body):
            seen += 1
            if seen > MAX_BOXES:
                raise BoxError(f"its index has more than {MAX_BOXES:,} boxes")
            home = HOMES.get(name)
            if home is not None and home != parent:
                raise BoxError(
                    f"its box {name!r} stands inside {parent!r}, where it does not belong"
                )
            if home is not None and name not in MANY:
                if name in names:
                    raise BoxError(f"its box {parent!r} holds two {name!r}")
                names.add(name)
            if name in HOLDERS:
                inside: list[tuple[str, memoryview, Boxes]] = []
                found.append((name, inner, inside))
                waiting.append((name, inner, depth + 1, inside))
            else:
                found.append((name, inner, ()))
    return top


def contradiction(track: Track, movie_timescale: int) -> str | None:
    """Return the contradiction in this track's index, as a clause; None if there is none.

    FFmpeg and other readers interpret contradictory tables differently: as nothing, a tenth of the
    frames, or hours. Unambiguous errors are not refused: durations and offsets for more samples
    than there are, as some writers leave them.
    """
    found = _edits(track, movie_timescale)
    if found is None and track.samples:
        found = _entries(track) or _chunks(track) or _sizes(track) or _clock(track)
    return None if found is None else f"its index contradicts itself: {found}"


def _edits(track: Track, movie_timescale: int) -> str | None:
    if track.timescale >= SIGNED:
        return f"it counts {track.timescale:,} ticks a second"
    if not track.edits:
        return None
    if not 0 < movie_timescale < SIGNED:
        return f"its edit list is on a clock of {movie_timescale:,} ticks a second"
    for edit in track.edits:
        if edit.media_time < EMPTY:
            return f"an edit begins at {edit.media_time:,} ticks, before the track"
        if edit.length * track.timescale >= movie_timescale << 62:
            return f"an edit lasts {edit.length:,} ticks"
        if edit.length == 0 and track.samples and edit.media_time != EMPTY:
            return "an edit has no length"
    if len(track.edits) > 1 and track.edits[-1].media_time == EMPTY and track.edits[-1].length:
        return "an empty edit follows the last frame"
    return None


def _entries(track: Track) -> str | None:
    if not 0 < track.entries <= len(track.formats):
        return "a sample entry is missing"
    for entry in set((track.per_chunk or [])[2::3]):
        if not 0 < entry <= track.entries:
            return f"its chunks use sample entry {entry}, which is missing"
    return None


def _chunks(track: Track) -> str | None:
    chunks, per_chunk = track.chunks, track.per_chunk
    if not chunks or not per_chunk:
        return "it does not say where its frames are"
    firsts, counts = per_chunk[::3], per_chunk[1::3]
    if not 0 < min(counts) <= max(counts) < SIGNED:
        return "a chunk has no frames"
    after = len(chunks) + 1
    # The runs rise: those after the last chunk place nothing.
    firsts = firsts[: bisect_left(firsts, after)]
    placed = sum(map(mul, map(sub, [*firsts[1:], after], firsts), counts))
    if placed < track.samples:
        return f"it says where {placed:,} of {track.samples:,} frames are"
    return None


def _sizes(track: Track) -> str | None:
    sizes = track.sizes
    if sizes is None:
        return None if track.fixed_size <= MAX_SAMPLE else "its frames are too large"
    largest = max(sizes, default=0)
    if largest == 0:
        return "all of its frames have 0 bytes"
    return "a frame is too large" if largest > MAX_SAMPLE else None


def _clock(track: Track) -> str | None:
    stored = track.stored
    if stored is None or not len(stored):
        return "it gives its frames no durations"
    counts = stored.counts
    # No reader needs an empty run after the last sample.
    for before, count in zip(accumulate(counts, initial=0), counts):  # noqa: B905
        if count == 0 and before < track.samples:
            return "a run of its durations covers no frame"
    if track.timed_samples + UNTIMED < track.samples:
        return f"it gives {track.timed_samples:,} of {track.samples:,} frames a duration"
    return _offsets(track)


def _offsets(track: Track) -> str | None:
    offsets = track.offsets
    if not isinstance(offsets, Runs) or not len(offsets):
        return None
    if max(offsets.counts) >= SIGNED:
        return f"a run of its offsets covers {max(offsets.counts):,} frames"
    covered = sum(offsets.counts)
    if covered < track.samples:
        return f"it gives {covered:,} of {track.samples:,} frames an offset"
    return None
