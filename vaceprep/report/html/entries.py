"""Turn the results of a command into the entries of the page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from typing import Final

from vaceprep.checks.inputs import STDIN
from vaceprep.checks.report import FileReport
from vaceprep.contract import VIDEO_ROLES, Role
from vaceprep.facts import Facts, VideoFacts
from vaceprep.files.source import is_data_uri, is_url
from vaceprep.plans.model import NOTHING_ASKED
from vaceprep.plans.video import CannotPlan, window_of
from vaceprep.preparation.report import Prepared
from vaceprep.report.html import ssim
from vaceprep.report.html.tables import more, rows, seconds, window_bar
from vaceprep.report.html.thumbnails import LARGE, SMALL, Shot, Shots, Thumbnails, bounded, instants
from vaceprep.report.html.view import Entry, Grade, Picture, Side, Window
from vaceprep.report.text import WEIGHT, describe
from vaceprep.rules.catalogue import Finding
from vaceprep.wording import size as file_size

#: Characters of a ``data:`` URI that are shown.
URI_SHOWN: Final = 40


def name_of(source: str) -> str:
    """The title of an entry: the source as given, but shortened for a ``data:`` URI."""
    if source == STDIN:
        return "standard input"
    if is_data_uri(source):
        return f"{source[:URI_SHOWN]}... ({len(source):,} characters)"
    return source


def grade_of(findings: Sequence[Finding]) -> Grade:
    """The worst severity of the findings."""
    if not findings:
        return "fine"
    gravest: Grade = min(findings, key=lambda f: WEIGHT[f.severity]).severity.value
    return gravest


def ordered(findings: Sequence[Finding]) -> tuple[Finding, ...]:
    """The findings, most severe first."""
    return tuple(sorted(findings, key=lambda f: (WEIGHT[f.severity], f.code)))


def default_window(facts: VideoFacts, role: Role | None) -> Window | None:
    """The section of a video that ``prepare`` uses by default."""
    if role not in VIDEO_ROLES or facts.duration is None:
        return None
    try:
        start, room = window_of(facts, role, NOTHING_ASKED)
    except CannotPlan:
        return None
    return start, min(room, facts.duration - start)


def is_local(source: str) -> bool:
    """Whether its bytes can be read again: no URL, and not standard input, which is consumed."""
    return source != STDIN and (is_data_uri(source) or not is_url(source))


# --- check ---------------------------------------------------------------------------------


def checked(report: FileReport, thumbnails: Thumbnails) -> Entry:
    """The entry of one checked file."""
    facts = report.facts
    grade = grade_of(report.findings)
    entry = Entry(
        name=name_of(report.source),
        role=report.role or "job",
        status={"error": "errors", "warning": "warnings"}.get(grade, "ok"),
        grade=grade,
        about="" if facts is None else describe(facts),
        findings=ordered(report.findings),
        rows=rows(facts),
        more=more(facts),
    )
    if facts is None:
        return entry
    window = default_window(facts, report.role) if isinstance(facts, VideoFacts) else None
    if isinstance(facts, VideoFacts):
        entry = replace(entry, bar=window_bar(facts, report.role, window))
    if not is_local(report.source):
        return entry
    return replace(entry, sides=(_one_side(report.source, facts, window, thumbnails),))


def _one_side(path: str, facts: Facts, window: Window | None, thumbnails: Thumbnails) -> Side:
    """The only side: frames spread over the whole video, or the image."""
    at = instants(facts, thumbnails.frames) if isinstance(facts, VideoFacts) else ()
    shots = thumbnails.taken(path, facts, at, bounded((facts.width, facts.height), SMALL))
    return Side("", "", printed(shots.shots, thumbnails, facts, window), shots.note)


def printed(
    shots: Sequence[Shot], thumbnails: Thumbnails, facts: Facts, window: Window | None = None
) -> tuple[Picture, ...]:
    """Pictures for the page; faint if they are outside of the window."""
    found = []
    for shot in shots:
        size = bounded((facts.width, facts.height), SMALL)
        image = shot.image if shot.image.size == size else shot.image.resize(size)
        at = "" if shot.at is None or not isinstance(facts, VideoFacts) else seconds(shot.at)
        outside = (
            shot.at is not None
            and window is not None
            and not window[0] <= shot.at <= window[0] + window[1]
        )
        alt = f"the frame at {at} seconds" if at else "the picture"
        if outside:
            alt += ", outside of what is used"
        picture = thumbnails.printed(image, alt, f"{at} s" if at else "", faint=outside)
        if picture is not None:
            found.append(picture)
    return tuple(found)


# --- prepare -------------------------------------------------------------------------------


def prepared(made: Prepared, thumbnails: Thumbnails, *, kept: bool = True) -> Entry:
    """The entry of one prepared source; ``kept``: its output still exists."""
    before, after = made.before, made.after
    findings = ordered(made.remaining)
    grade: Grade = "error" if not made.ok else grade_of(findings)
    entry = Entry(
        name=name_of(made.source),
        role=made.role or "job",
        status=made.status,
        grade=grade,
        about="" if before is None else describe(before),
        findings=findings,
        edits=tuple((e.edit, e.detail, ", ".join(e.reason)) for e in made.plan),
        rows=rows(before, after),
        more=more(before),
        output=(made.output or "") if made.ok and kept else "",
        error=made.error or "",
    )
    if before is None:
        return entry
    if isinstance(before, VideoFacts):
        window = made.window or default_window(before, made.role)
        entry = replace(entry, bar=window_bar(before, made.role, window))
    if not is_local(made.source):
        return entry
    there = kept and made.output is not None and made.status in ("prepared", "unchanged")
    if after is None or not there or made.output is None:
        side = _one_side(made.source, before, made.window, thumbnails)
        return replace(entry, sides=(side,))
    return _side_by_side(entry, made, made.output, before, after, thumbnails)


def _side_by_side(
    entry: Entry, made: Prepared, output: str, before: Facts, after: Facts, thumbnails: Thumbnails
) -> Entry:
    """Before and after at the same instants, with their similarity."""
    start = made.window[0] if made.window else Fraction(0)
    at = instants(after, thumbnails.frames) if isinstance(after, VideoFacts) else ()
    early = [start + time for time in at]
    different = ssim.incomparable(before, after)
    # Both in one size, for comparison.
    size = bounded((after.width, after.height), LARGE)
    other = bounded((before.width, before.height), LARGE) if different else size
    one = thumbnails.taken(made.source, before, early, other)
    two = thumbnails.taken(output, after, at, size)
    sides = (
        Side("before", _bytes(before), printed(one.shots, thumbnails, before), one.note),
        Side("after", _bytes(after), printed(two.shots, thumbnails, after), two.note),
    )
    return replace(entry, sides=sides, likeness=_alike(made, one, two, different))


def _bytes(facts: Facts) -> str:
    return "" if facts.bytes is None else file_size(facts.bytes)


def _alike(made: Prepared, one: Shots, two: Shots, different: str | None) -> str:
    if made.status == "unchanged":
        return "the same file, byte for byte"
    if different is not None:
        return f"SSIM {different}"
    pairs = [
        (a.image.convert("RGB"), b.image.convert("RGB"))
        for a, b in zip(one.shots, two.shots, strict=False)
        if a.image.size == b.image.size
    ]
    if not pairs:
        return "SSIM not measured, since there is no picture of both"
    try:
        value = ssim.ssim(pairs)
    except Exception as error:  # FFmpeg's filters raise errors of many kinds
        return f"SSIM not measured ({type(error).__name__})"
    still = not isinstance(made.after, VideoFacts)
    text = ssim.worded(value, len(pairs), pairs[0][0].size, still=still)
    return (
        f"{text}; packets copied, no picture encoded anew" if made.lossless and not still else text
    )
