"""Which part of each medium a job uses, and the source of its sound: known before payment."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any, Final, NamedTuple

from vaceprep.contract import VIDEO_ROLES
from vaceprep.facts import VideoFacts
from vaceprep.files.source import CannotOpen, open_path
from vaceprep.job.model import Job
from vaceprep.preparation.cache import origin
from vaceprep.preparation.report import Prepared

#: Fields whose sound belongs under the result, in the order in which they are searched.
SOUNDING: Final = ("video_url", "first_clip_url", "last_clip_url")
#: The beginning of a sentence, before payment, about a result without sound.
SILENT: Final = "the result will have no sound"
#: What a sentence on an unused part ends with, before the option of the command.
ANOTHER_PART: Final = "; for another part: --start "
#: A mask follows its video, so its unused parts are not reported.
_MASK: Final = "mask_video_url"
#: The longest chain of prepared videos that is followed to the one with sound.
_DEPTH: Final = 5


def seconds(value: Fraction) -> str:
    """Seconds with at most three decimals."""
    return f"{float(value):.3f}".rstrip("0").rstrip(".")


def used_parts(entries: Sequence[Prepared]) -> tuple[str, ...]:
    """A sentence for each video of which a part is left out."""
    return tuple(reason for entry in entries if (reason := _used(entry)) is not None)


def _used(entry: Prepared) -> str | None:
    before = entry.before
    if entry.role not in VIDEO_ROLES or entry.role == _MASK or not isinstance(before, VideoFacts):
        return None
    whole = before.duration
    if whole is None or entry.window is None or not any(e.edit == "cut" for e in entry.plan):
        return None
    start, length = entry.window
    end = min(start + length, whole)
    field = "" if entry.role == "video_url" else f"{entry.role}="
    return (
        f"{entry.role} is cut: of the {seconds(whole)} s of {os.path.basename(entry.source)} "
        f"seconds {seconds(start)} to {seconds(end)} are used and the other "
        f"{seconds(whole - (end - start))} s are not{ANOTHER_PART}{field}S"
    )


class _Sounding(NamedTuple):
    """A video with sound, and the window of it, in seconds."""

    path: str
    start: Fraction
    length: Fraction


def sound_source(
    job: Job, planned: Sequence[Prepared], hashes: Mapping[str, str], *, search: bool
) -> tuple[dict[str, Any] | None, str | None]:
    """The source of the sound for a job's result, as the ledger stores it; or why there is none.

    For a video that ``prepare`` made without sound, that is its original source.
    ``search``: look for that source even if the prepared video was moved.
    """
    local = job.local_paths()
    why = None
    for field in SOUNDING:
        path = local.get(f"/{field}")
        if path is None:
            continue
        entry = next((e for e in planned if (e.role, e.source) == (field, path)), None)
        found, reason = _sound_of(path, entry, search)
        if found is not None:
            kept = {
                "path": os.path.abspath(found.path),
                "role": field,
                "start": str(found.start),
                "duration": str(found.length),
            }
            own = hashes.get(path) if found.path == path else None
            return kept | ({"sha256": own} if own else {}), None
        why = why or reason
    reason = why or (
        "the job has no local video whose sound could be put back: name the video as a local file"
    )
    return None, f"{SILENT}: {reason}"


def _sound_of(
    path: str, entry: Prepared | None, search: bool
) -> tuple[_Sounding | None, str | None]:
    """The sound of one video in the window that is used, or why there is none."""
    facts = None if entry is None else entry.before
    if entry is None or entry.window is None or not isinstance(facts, VideoFacts):
        return None, f"which part of {path} is used is not known"
    start, length = entry.window
    if facts.has_audio:
        return _Sounding(path, start, length), None
    at = path
    for _ in range(_DEPTH):
        made = origin(at, search=search)
        if made is None:
            break
        start, at = start + made.start, made.path
        length = min(length, max(made.length - (start - made.start), Fraction(0)))
        if _has_sound(at):
            return _Sounding(at, start, length), None
    return None, (
        f"{os.path.basename(path)} has none, and no unchanged source with sound is known that it "
        "was prepared from; name the original video in the job and give run --start and "
        "--duration, or prepare it with --keep-audio"
    )


def _has_sound(path: str) -> bool:
    from vaceprep.checks.inputs import Item
    from vaceprep.preparation.read import measured

    try:
        with open_path(path) as opened:
            facts = measured(Item(path, "path"), opened, "video_url").facts
    except (CannotOpen, OSError):
        return False
    return isinstance(facts, VideoFacts) and facts.has_audio
