"""Measure a video of the MP4 family by its boxes and parameter sets alone, without FFmpeg."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fractions import Fraction
from operator import ge
from typing import Final

from vaceprep.facts import StreamFacts, VideoFacts
from vaceprep.files.source import Opened
from vaceprep.probes.headers import track_ends
from vaceprep.probes.mp4.allowed_boxes import NeedsFFmpeg, check_index
from vaceprep.probes.mp4.box_types import Box
from vaceprep.probes.mp4.boxes import Movie, Track
from vaceprep.probes.mp4.codec import read_codec
from vaceprep.probes.mp4.first_frame import check_first_frame
from vaceprep.probes.mp4.indexed import Coded, indexed_facts
from vaceprep.probes.mp4.metadata import read_names
from vaceprep.probes.mp4.structure import SIGNED, contradiction
from vaceprep.probes.mp4.tables import values_of
from vaceprep.probes.video_facts import personal_data

#: Top-level boxes that FFmpeg reads as this project does.
TOP: Final = frozenset([Box.FTYP, Box.MOOV, Box.MDAT, Box.FREE, Box.SKIP, Box.WIDE])
#: Of these, the boxes of which a file has one.
ONCE: Final = (Box.FTYP, Box.MOOV)
#: Sample entries of the other kinds of tracks that are read here, by the kind. FFmpeg knows no
#: codec for them.
DATA: Final[Mapping[str, tuple[str, ...]]] = {
    "tmcd": ("tmcd",),
    "meta": ("mebx", "mett", "gpmd", "rtmd", "camm"),
    "camm": ("camm",),
    "fdsc": ("fdsc",),
}
#: Kinds of tracks that are read here.
KINDS: Final = ("vide", "soun", *DATA)
#: FFmpeg takes larger offsets of presentation times for an error.
MAX_OFFSET: Final = 1 << 28


def measure(opened: Opened, name: str, movie: Movie) -> VideoFacts | None:
    """Return the facts of a file in the container ``name``; None where only FFmpeg knows them.

    The caller has refused a video track that contradicts itself. Raises OSError if reading fails.
    """
    try:
        return _measure(opened, name, movie)
    except NeedsFFmpeg:
        return None


def _measure(opened: Opened, name: str, movie: Movie) -> VideoFacts:
    """As ``measure``. Raises NeedsFFmpeg with the reason."""
    _check_movie(movie)
    check_index(movie.index, movie.boxes)
    names = read_names(movie.index)
    for track in movie.tracks:
        _check_track(track, movie.timescale)
    video = next(track for track in movie.tracks if track.handler == "vide")
    codec, extradata = read_codec(video)
    check_first_frame(opened, video, codec, extradata)
    others = [track for track in movie.tracks if track is not video]
    found = indexed_facts(
        opened,
        name,
        movie,
        video,
        Coded(codec, extradata, None),
        tuple(_streams(others, track_ends(movie))) if others else (),
        personal_data(names, movie),
        "mp4",
    )
    if not isinstance(found, VideoFacts) or found.fps is None:
        raise NeedsFFmpeg("no frame, or no duration")
    return found


def _streams(tracks: list[Track], ends: Mapping[int, Fraction]) -> Iterator[StreamFacts]:
    """Yield the facts of other tracks; ``ends`` in seconds by track id. Raises NeedsFFmpeg."""
    from vaceprep.probes.mp4.sound import sound_codec

    for track in tracks:
        end = ends[track.id] or None
        if track.handler == "soun":
            codec = sound_codec(track.formats[0], track.description)
            yield StreamFacts("audio", codec, end)
        elif track.formats[0] in DATA[track.handler]:
            yield StreamFacts("data", None, end)
        else:
            raise NeedsFFmpeg(f"a track of {track.formats[0]!r}")


def _check_movie(movie: Movie) -> None:
    """Raise NeedsFFmpeg unless the file is whole and has one video track."""
    if movie.fragmented or movie.compressed_index or movie.truncation or movie.overrun:
        raise NeedsFFmpeg("an index in parts, or a file that is cut off")
    if not TOP.issuperset(movie.top) or any(movie.top.count(kind) != 1 for kind in ONCE):
        raise NeedsFFmpeg("the boxes of the file")
    if not 0 < movie.timescale < SIGNED:
        raise NeedsFFmpeg("the clock of the movie")
    handlers = [track.handler for track in movie.tracks]
    if handlers.count("vide") != 1 or not set(handlers) <= set(KINDS):
        raise NeedsFFmpeg("the kinds of its tracks")
    numbers = {track.id for track in movie.tracks}
    if len(numbers) != len(handlers) or not all(0 < number < SIGNED for number in numbers):
        raise NeedsFFmpeg("the numbers of its tracks")


def _check_track(track: Track, movie_timescale: int) -> None:
    """Raise NeedsFFmpeg unless the tables mean the same to every reader."""
    if not track.timescale > 0 or not track.samples or track.external:
        raise NeedsFFmpeg("a track without samples of its own")
    if len(track.formats) != 1 or track.entries != 1:
        raise NeedsFFmpeg("several sample entries")
    if track.handler != "vide" and contradiction(track, movie_timescale):
        raise NeedsFFmpeg("tables that contradict each other")
    stored, chunks = track.stored, track.per_chunk
    if stored is None or track.durations is not stored or max(stored.values) >= SIGNED:
        raise NeedsFFmpeg("durations that are not read as they are stored")
    offsets = values_of(track.offsets)
    if offsets and not -MAX_OFFSET < min(offsets) <= max(offsets) < MAX_OFFSET:
        raise NeedsFFmpeg("a large offset of a presentation time")
    if chunks is None or chunks[0] != 1 or any(map(ge, chunks[::3], chunks[3::3])):
        raise NeedsFFmpeg("the order of its runs of chunks")
    if chunks[-3] > len(track.chunks or ()):
        raise NeedsFFmpeg("a run of chunks after the last one")
