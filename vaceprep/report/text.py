"""Findings as text: one line for a file without findings, else each finding."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from vaceprep.checks.report import FileReport, Summary
from vaceprep.facts import Facts, VideoFacts
from vaceprep.report.escape import printable
from vaceprep.rules.catalogue import Finding, Severity
from vaceprep.wording import decimal, size

if TYPE_CHECKING:
    from vaceprep.config.model import Config

WEIGHT: Final = {Severity.ERROR: 0, Severity.WARNING: 1, Severity.ADVICE: 2}
COLOURS: Final = {Severity.ERROR: "red", Severity.WARNING: "yellow", Severity.ADVICE: "cyan"}
#: The column at which the text of a finding starts.
INDENT: Final = 11
NARROWEST: Final = 30
#: Groups of rules that only a person can fix: jobs and URLs. No line repeats that for each finding.
BY_HAND: Final = ("VP4", "VP5", "VP6")

#: What is measured of a source that gives no bytes: its message says what is wrong already.
ABSENT: Final = ("missing", "permission", "folder", "unavailable", "special")

Paint = Callable[[str, str], str]


def plain(text: str, _: str) -> str:
    """No colour."""
    return text


class Style(NamedTuple):
    """How to print: columns (None: never wrap), colour, whether advice is shown."""

    width: int | None = None
    paint: Paint = plain
    advice: bool = False


def describe(facts: Facts) -> str:
    """The most important facts, in one line."""
    parts: list[str]
    if isinstance(facts, VideoFacts):
        parts = [facts.container]
        if facts.duration is not None:
            parts.append(f"{decimal(facts.duration)} s")
        if facts.fps is not None:
            parts.append(f"{decimal(facts.fps)} FPS")
        parts += [f"{facts.width}x{facts.height}", facts.codec or "unknown codec"]
    else:
        parts = [facts.format, f"{facts.width}x{facts.height}", facts.mode]
    if facts.bytes is not None:
        parts.append(size(facts.bytes))
    return ", ".join(parts)


def wrapped(head: str, body: str, style: Style, indent: int) -> Iterator[str]:
    """``head`` and ``body`` on a line, the rest of the body under the body."""
    if style.width is None:
        yield f"{head}{body}"
        return
    import textwrap

    room = max(style.width - indent, NARROWEST)
    lines = textwrap.wrap(body, room, break_on_hyphens=False, break_long_words=False) or [""]
    yield f"{head}{lines[0]}"
    for line in lines[1:]:
        yield " " * indent + line


def finding_lines(finding: Finding, style: Style) -> Iterator[str]:
    """The lines of one finding: its message and its fix."""
    label = style.paint(f"{finding.severity.value:<7}", COLOURS[finding.severity])
    where = f" at {printable(finding.pointer)}" if finding.pointer else ""
    message = f"{finding.rule} ({finding.code}){where}: {printable(finding.message)}"
    yield from wrapped(f"  {label}  ", message, style, INDENT)
    fix = finding.fix
    if fix is None and (finding.code[:3] in BY_HAND or finding.measured in ABSENT):
        return
    text = f"fix: {printable(fix)}" if fix else "fix: none; prepare cannot fix this"
    yield from wrapped(" " * INDENT, text, style, INDENT)


def file_lines(entry: FileReport, style: Style) -> Iterator[str]:
    """The lines of one file."""
    shown = [f for f in entry.findings if style.advice or f.severity is not Severity.ADVICE]
    shown.sort(key=lambda f: (WEIGHT[f.severity], f.code))
    name = printable(entry.source)
    about = f"{entry.role}" if entry.role else "job"
    if entry.facts is not None:
        about += f": {printable(describe(entry.facts))}"
    head = "" if shown else style.paint("ok", "green") + "  "
    yield from wrapped(head, f"{name}  {about}", style, 4)
    if entry.cost is not None:
        yield from wrapped("    ", f"cost: {entry.cost.text()}", style, 4)
    for finding in shown:
        yield from finding_lines(finding, style)


def _count(number: int, one: str, many: str) -> str:
    return f"{number} {one if number == 1 else many}"


def summary_line(summary: Summary, style: Style) -> str:
    """The last line: the counts."""
    errors = _count(summary.errors, "error", "errors")
    if summary.errors:
        errors = style.paint(errors, "red")
    line = (
        f"{_count(summary.checked, 'file', 'files')} checked: {errors}, "
        f"{_count(summary.warnings, 'warning', 'warnings')}"
    )
    if summary.advice:
        line += f", {summary.advice} advice"
        line += "" if style.advice else " (show with --advice)"
    if summary.cost is not None:
        line += f"; cost in all: {summary.cost.text()}"
    return line


def config_lines(configs: Iterable[Config], style: Style) -> Iterator[str]:
    """Severities changed by configurations: a line for each configuration that changes any."""
    for config in configs:
        changes = config.told()
        if changes:
            label = style.paint("config", "yellow")
            body = f"{printable(config.path)}: {printable('; '.join(changes), limit=4000)}"
            yield from wrapped(f"{label}  ", body, style, 8)


def facts_lines(source: str, facts: Facts | None, error: str | None, style: Style) -> Iterator[str]:
    """The lines of ``probe`` for one file: one fact each."""
    if facts is None:
        label = style.paint("unreadable", "red")
        yield from wrapped(f"{label}  ", f"{printable(source)}: {printable(error or '')}", style, 4)
        return
    yield printable(source)
    for key, value in facts.to_dict().items():
        if value is None or value == [] or key.endswith("_exact"):
            continue
        yield from wrapped(f"  {key:<20}", printable(value_text(value)), style, 22)


def value_text(value: Any) -> str:
    """A fact's value as text."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, dict):
        return " ".join(str(v) for v in value.values() if v is not None)
    if isinstance(value, list):
        return "; ".join(value_text(item) for item in value)
    return str(value)
