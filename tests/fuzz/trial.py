"""One input through the product, and what is wrong with how the product took it."""

from __future__ import annotations

import json
import shutil
import time
import traceback
from pathlib import Path
from typing import Any, Final, NamedTuple

import vaceprep
from tests.fuzz.mutate import Case
from tests.fuzz.seeds import FIXTURES, seeds
from vaceprep.checks.report import FileReport
from vaceprep.contract import Role
from vaceprep.facts import Facts, VideoFacts
from vaceprep.report.text import Style, file_lines

#: Seconds of processor time that one input may take, by what is done with it. ``check``: the
#: issue's bound. Deep checks and ``prepare`` decode and encode whole films.
SECONDS: Final = {"check": 10.0, "deep": 20.0, "prepare": 120.0}
#: What is prepared to load all that preparing loads.
PREPARED: Final[tuple[tuple[str, Role], ...]] = (
    ("video/rotated-90.mp4", "video_url"),
    ("video/quicktime.mov", "video_url"),
    ("mask/grey.mp4", "mask_video_url"),
    ("image/adobe-rgb.jpg", "ref_images_url"),
    ("image/palette-transparent.png", "ref_images_url"),
    ("mask/grey.png", "mask_image_url"),
)
#: Fixtures that nobody can tell are cut: a transport stream has neither index nor end. What they
#: are is an error anyway.
UNTOLD: Final = frozenset(["video/mpegts.ts"])
#: The longest sentence that a finding may have.
LONGEST: Final = 600


class Outcome(NamedTuple):
    """What came of one input."""

    #: None, or what is wrong: ``traceback``, ``slow``, ``promise``, ``silent``.
    problem: str | None
    detail: str
    codes: tuple[str, ...]
    #: Processor time.
    seconds: float
    #: A truncation that took away nothing that is shown.
    fine: bool = False


class Broken(Exception):
    """A promise that does not hold; the message says which."""


def write(case: Case, folder: Path) -> Path:
    """The input as a file."""
    path = folder / f"input-{case.number}{case.suffix}"
    path.write_bytes(case.data)
    return path


def attempt(case: Case, folder: Path, *, truncated: bool = False) -> Outcome:
    """Write the input into the folder, do its work, and look at what the product says."""
    path = write(case, folder)
    began = time.process_time()
    codes: tuple[str, ...] = ()
    problem, detail, fine = None, "", False
    try:
        if case.work == "prepare":
            codes = _prepare(case, path, folder)
        else:
            entry = _check(path, case.role, deep=case.work == "deep")
            codes = tuple(f.code for f in entry.findings)
            if truncated:
                fine, silence = _silence(case, entry)
                if silence:
                    problem, detail = "silent", silence
    except Broken as error:
        problem, detail = "promise", str(error)
    except Exception:
        problem, detail = "traceback", traceback.format_exc()
    finally:
        path.unlink(missing_ok=True)
    seconds = time.process_time() - began
    if problem is None and seconds > SECONDS[case.work]:
        problem, detail = "slow", f"{seconds:.1f} s of processor time"
    return Outcome(problem, detail, codes, seconds, fine)


def _check(path: Path, role: Role | None, *, deep: bool = False) -> FileReport:
    report = vaceprep.check(path, role, deep=deep)
    json.dumps(report.to_dict(), allow_nan=False)
    if len(report.files) != 1:
        raise Broken(f"{len(report.files)} entries for one file")
    entry = report.files[0]
    text = "\n".join(file_lines(entry, Style(advice=True)))
    if not text.replace("\n", "").isprintable():
        raise Broken("characters that a terminal would obey are printed")
    for finding in entry.findings:
        if not finding.message or len(finding.message) > LONGEST or "\n" in finding.message:
            raise Broken(f"{finding.code} does not say one sentence: {finding.message!r}")
    if entry.facts is None and entry.ok:
        raise Broken("what cannot be measured passes")
    return entry


def _prepare(case: Case, path: Path, folder: Path) -> tuple[str, ...]:
    out = folder / "prepared"
    try:
        report = vaceprep.prepare(path, out, case.role)
        json.dumps(report.to_dict(), allow_nan=False)
        if path.read_bytes() != case.data:
            raise Broken("the source was changed")
        (entry,) = report.files
        there = sorted(p for p in out.rglob("*") if p.is_file()) if out.exists() else []
        if not entry.ok:
            if there:
                raise Broken(f"it failed and left {[p.name for p in there]}")
            if not entry.remaining and not entry.error:
                raise Broken("it failed without a word")
            return tuple(f.code for f in entry.remaining)
        if [str(p) for p in there] != [entry.output]:
            raise Broken(f"it says {entry.output} and left {[p.name for p in there]}")
        after = _check(there[0], entry.role)
        if not after.ok:
            raise Broken(f"it is {entry.status}, and refused: {[f.code for f in after.findings]}")
        return tuple(f.code for f in after.findings)
    finally:
        shutil.rmtree(out, ignore_errors=True)


#: What the fixtures' own reports are, by name; filled by ``warm_up``.
_WHOLE: dict[str, FileReport] = {}


def _silence(case: Case, entry: FileReport) -> tuple[bool, str | None]:
    """Whether a truncation is fine, and what it took away without a word.

    Fine is what measures as the whole file does: what was cut off showed nothing.
    """
    whole = _WHOLE[case.fixture]
    if {f.code for f in entry.findings} - {f.code for f in whole.findings}:
        return False, None
    if case.fixture in UNTOLD and not entry.ok:
        return False, None
    before, after = _shown(whole.facts), _shown(entry.facts)
    changed = [key for key in after if before.get(key) != after[key]]
    if changed:
        return False, "no finding, but other facts: " + ", ".join(
            f"{key} {before.get(key)} -> {after[key]}" for key in changed
        )
    return True, None


def _shown(facts: Facts | None) -> dict[str, Any]:
    """The facts that tell what is shown."""
    if facts is None:
        return {}
    wanted = ("frames", "duration_exact", "width", "height", "mode", "decoded_frames", "format")
    said = facts.to_dict()
    return {key: said[key] for key in wanted if key in said}


def warm_up(folder: Path) -> None:
    """Load all that the work loads, so that what is opened later is opened by an input."""
    for seed in seeds():
        own = _WHOLE[seed.name] = _check(FIXTURES / seed.name, seed.role)
        if own.facts is not None and not (isinstance(own.facts, VideoFacts) and own.facts.frames):
            _check(FIXTURES / seed.name, "mask_image_url")
    for name in ("video/ok-one-frame.mp4", "video/av1.mp4", "video/mpegts.ts", "mask/ok.mp4"):
        _check(FIXTURES / name, "mask_video_url", deep=True)
    for name, role in PREPARED:
        data = (FIXTURES / name).read_bytes()
        attempt(Case(0, name, "whole", data, role, "prepare", Path(name).suffix), folder)
