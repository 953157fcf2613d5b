"""The pieces that given results are: as their sidecars record it, or one after another."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

from vaceprep.errors import Refused
from vaceprep.parts.pieces import PartRecord, Piece, part_record
from vaceprep.preparation.read import reading, video_of


@dataclass(frozen=True, slots=True)
class Given:
    """What is joined, and with which sound. Times in seconds."""

    pieces: tuple[Piece, ...]
    length: Fraction
    #: The video whose sound is used from ``sound_start`` on; None for no sound.
    sound: str | None
    sound_start: Fraction
    #: Sentences for a person.
    notes: tuple[str, ...]


def given(paths: Sequence[str], sidecars: Sequence[Mapping[str, Any] | None]) -> Given:
    """Return the pieces of results, by the sidecar of each. Raises Refused."""
    records = [part_record(sidecar or {}) for sidecar in sidecars]
    known = _chain([record for record in records if record is not None])
    if len(known) == len(paths) and len({(r.source, r.window, r.count) for r in known}) == 1:
        return _recorded(paths, known)
    return _in_turn(paths, records)


def _chain(records: list[PartRecord]) -> list[PartRecord]:
    """The records; of steps that extend a clip, as parts of the video that they make together."""
    if not records or not all(record.extended for record in records):
        return records
    count = max(record.index for record in records)
    window = (Fraction(0), max(record.end for record in records))
    return [replace(record, count=count, window=window) for record in records]


def _recorded(paths: Sequence[str], records: Sequence[PartRecord]) -> Given:
    first = records[0]
    missing = sorted(set(range(1, first.count + 1)) - {record.index for record in records})
    if missing:
        numbers = ", ".join(map(str, missing))
        raise Refused(
            f"of {first.count} parts of {os.path.basename(first.source)}, results are missing: "
            f"{numbers}; give the result of each part"
        )
    sound: str | None = first.source
    notes: tuple[str, ...] = ()
    if first.extended:
        sound = None
        notes = ("the video is silent; run --restore-audio puts the sound of the given clip back",)
    elif not os.path.isfile(first.source):
        sound = None
        notes = (f"{first.source} is not there, so its sound is left out; the video is silent",)
    begin, end = first.window
    pieces = tuple(record.piece(path) for record, path in zip(records, paths, strict=True))
    return Given(pieces, end - begin, sound, begin, notes)


def _in_turn(paths: Sequence[str], records: Sequence[PartRecord | None]) -> Given:
    without = [path for path, record in zip(paths, records, strict=True) if record is None]
    reason = "they are parts of different videos"
    if without:
        reason = f"{os.path.basename(without[0])} has no sidecar that records its part"
    pieces: list[Piece] = []
    at = Fraction(0)
    for path in paths:
        with reading(path, "video_url") as read:
            length = video_of(read).duration
        if not length:
            raise Refused(f"{path} cannot be joined: its length is not known")
        pieces.append(Piece(path, at, at + length, after_cut=bool(pieces)))
        at += length
    note = (
        f"{reason}: the results are joined one after another at their own lengths, silent, "
        "and their colours are not matched"
    )
    return Given(tuple(pieces), at, None, Fraction(0), (note,))
