"""Join the results of the parts of one job to one video, once."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from itertools import count
from typing import Any, Final

from vaceprep.errors import Cancelled, Refused, Taken
from vaceprep.files.digest import digest
from vaceprep.files.names import NAME_BYTES, cut, fit, in_bytes
from vaceprep.parts.pieces import Joined, Piece
from vaceprep.plans.chain import RESULT
from vaceprep.plans.parts import Part
from vaceprep.runs.admit import stem_of
from vaceprep.runs.local_results import REHEARSAL, SIDECAR_VERSION
from vaceprep.runs.model import Interrupted, RunEntry, Step
from vaceprep.runs.runner import GO_ON, Runner
from vaceprep.runs.sidecar import JOINED, read_sidecar, write_sidecar
from vaceprep.runs.split_group import Group
from vaceprep.runs.split_model import SeamEntry
from vaceprep.wording import read_exact

#: Raised when the same pieces are joined in another way.
JOIN_VERSION: Final = 1
#: Hexadecimal digits of the key in the name of a joined video.
KEY_SHOWN: Final = 8
#: Bytes reserved in a name for numbers and endings.
_TAIL_BYTES: Final = len("-10000-1000.json")


def join_parts(runner: Runner, group: Group, entry: RunEntry) -> RunEntry:
    """The entry with the joined video; the results of the parts stay where they are.

    The same results are joined once: a video that is on disk as it was written is taken.
    """
    own = entry.split
    if own is None:
        return entry
    paths = [part.output or "" for part in own.parts]
    try:
        key = _key(runner, group, paths)
        path, made = _there(runner, group, key) or _joined_or_found(runner, group, paths, key)
        if not isinstance(made, Joined):
            return replace(entry, videos=(path,), split=replace(own, seams=made))
    except (Cancelled, Interrupted):
        return replace(entry, status="interrupted", hint=GO_ON)
    except (Refused, OSError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        return replace(
            entry,
            status="failed",
            error=f"the parts cannot be joined: {reason}; their {len(paths)} results are kept",
            hint="the same command joins them: nothing is sent again",
        )
    return replace(
        entry,
        videos=(path,),
        notes=(*entry.notes, *made.notes),
        split=replace(own, seams=_seams(made)),
    )


def _joined_or_found(
    runner: Runner, group: Group, paths: Sequence[str], key: str
) -> tuple[str, Joined | tuple[SeamEntry, ...]]:
    """Join, or take the video that another process made of the same results meanwhile."""
    runner.control.step()
    try:
        return _joined(runner, group, paths, key)
    except Taken:
        # Where the other process has not completed its sidecar yet, join over its video.
        return _there(runner, group, key) or _joined(runner, group, paths, key)


def _seams(made: Joined) -> tuple[SeamEntry, ...]:
    return tuple(
        SeamEntry(seam.at, seam.matched, seam.difference, seam.last, seam.first)
        for seam in made.seams
    )


def _key(runner: Runner, group: Group, paths: Sequence[str]) -> str:
    """64 hex digits that are the same for the same results, joined in the same way."""
    about = [digest(path) for path in paths]
    record = {
        "version": JOIN_VERSION,
        "match": group.choice.match,
        "results": [one and one["sha256"] for one in about],
        "windows": [
            [str(one.start), str(one.end), str(one.overlap), one.after_cut]
            for one in pieces(group, paths)
        ],
        "length": str(group.length),
        "sound": _sound(group).get("sha256"),
        "rehearsed": runner.ledger.rehearsal,
    }
    return hashlib.sha256(json.dumps(record).encode()).hexdigest()


def pieces(group: Group, paths: Sequence[str]) -> tuple[Piece, ...]:
    """The results with their windows, which begin with the part of the video that is split."""
    begin = group.split.window[0]
    return tuple(
        Piece(path, part.start - begin, _end(group, part) - begin, part.overlap, part.after_cut)
        for path, part in zip(paths, (one.part for one in group.split.parts), strict=True)
    )


def _end(group: Group, part: Part) -> Fraction:
    """Where a result ends: the last one of a chain goes on after the joined video."""
    return part.start + RESULT if group.extended else part.end


def _sound(group: Group) -> Mapping[str, Any]:
    """The source of the sound, as the ledger knows it of the first part; empty if there is none."""
    about = group.parts[0].notes.get("sound")
    return about if isinstance(about, Mapping) else {}


def _joined(runner: Runner, group: Group, paths: Sequence[str], key: str) -> tuple[str, Joined]:
    """Join, and write the sidecar. Raises Refused, Cancelled, OSError."""

    from vaceprep.parts.join import join

    def report_progress(share: Fraction) -> None:
        if runner.control.halted():
            raise Cancelled
        runner.on_step(Step(group.source, "join", share))

    sound = _sound(group)
    path, ours = _free(runner, group, key)
    data = _sidecar(group, paths, key)
    # First, so that a kill after the join leaves a file that the next run knows.
    write_sidecar(path, data)
    made = join(
        pieces(group, paths),
        path,
        sound=sound.get("path"),
        sound_start=read_exact(sound["start"]) if sound else Fraction(0),
        sound_length=read_exact(sound["duration"]) if sound and group.extended else None,
        length=group.length,
        match=group.choice.match,
        force=ours,
        sources=(*paths, group.split.video),
        on_progress=report_progress,
    )
    seams = [seam.to_dict() for seam in _seams(made)]
    write_sidecar(path, {**data, JOINED: {**data[JOINED], "seams": seams}, "video": digest(path)})
    return path, made


def _sidecar(group: Group, paths: Sequence[str], key: str) -> dict[str, Any]:
    return {
        "version": SIDECAR_VERSION,
        "source": group.source,
        JOINED: {
            "key": key,
            "function": group.function,
            "parts": [os.path.basename(path) for path in paths],
            "window": [str(time) for time in group.split.window],
            "match": group.choice.match,
            "seams": [],
        },
        "video": None,
    }


def _names(runner: Runner, group: Group, key: str) -> Iterator[str]:
    """The paths of a joined video in the order in which they are tried."""
    stem, _ = fit(stem_of(group.item), ".mp4")
    own = f"-{group.function}-{key[:KEY_SHOWN]}"
    own = f"-{REHEARSAL}{own}" if runner.ledger.rehearsal else own
    base = cut(stem, NAME_BYTES - _TAIL_BYTES - in_bytes(own)) + own
    for number in count(1):
        name = f"{base}.mp4" if number == 1 else f"{base}-{number}.mp4"
        yield os.path.join(runner.options.output, name)


def _there(runner: Runner, group: Group, key: str) -> tuple[str, tuple[SeamEntry, ...]] | None:
    """The joined video that is on disk as it was written, and its seams."""
    for path in _names(runner, group, key):
        if not os.path.lexists(path):
            return None
        about = read_sidecar(path) or {}
        joined, video = about.get(JOINED), about.get("video")
        if not isinstance(joined, dict) or joined.get("key") != key or not isinstance(video, dict):
            continue
        found = digest(path)
        if found is not None and found["sha256"] == video.get("sha256"):
            return path, _read_seams(joined.get("seams"))
    return None


def _read_seams(seams: object) -> tuple[SeamEntry, ...]:
    found = []
    for seam in seams if isinstance(seams, list) else []:
        try:
            difference = seam["difference"]
            at = read_exact(seam["at_exact"])
            found.append(SeamEntry(at, seam["matched"] is True, float(difference)))
        except (KeyError, TypeError, ValueError):
            return ()
    return tuple(found)


def _free(runner: Runner, group: Group, key: str) -> tuple[str, bool]:
    """A path for the joined video, and whether a killed run left a file of its own there."""
    for path in _names(runner, group, key):
        about = read_sidecar(path) or {}
        joined = about.get(JOINED)
        ours = isinstance(joined, dict) and joined.get("key") == key
        if not os.path.lexists(path):
            return path, False
        if ours and about.get("video") is None:
            return path, True
    raise Refused(f"{runner.options.output} has no free name")
