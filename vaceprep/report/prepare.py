"""The report of ``prepare`` as text: the output first, then each edit and its reason."""

from __future__ import annotations

from collections.abc import Iterator

from vaceprep.preparation.report import Prepared, Summary
from vaceprep.records import replace
from vaceprep.report.escape import printable
from vaceprep.report.text import Style, describe, finding_lines, wrapped
from vaceprep.rules.catalogue import Severity
from vaceprep.wording import size

#: The column at which the text of an edit starts.
INDENT = 17
COLOURS = {"prepared": "green", "unchanged": "green", "planned": "cyan", "failed": "red"}


def entry_lines(entry: Prepared, style: Style) -> Iterator[str]:
    """The lines of one source."""
    label = style.paint(entry.status, COLOURS[entry.status])
    about = str(entry.role or "job")
    name = printable(entry.source)
    if entry.before is not None:
        about += f": {printable(describe(entry.before))}"
    yield from wrapped(f"{label}  ", f"{name}  {about}", style, 4)
    for edit in entry.plan:
        why = f" ({', '.join(edit.reason)})" if edit.reason else ""
        yield from wrapped(f"  {edit.edit:<13}  ", f"{printable(edit.detail)}{why}", style, INDENT)
    if entry.error:
        yield from wrapped(" " * 4, printable(entry.error, limit=4000), style, 4)
    for finding in entry.remaining:
        if finding.severity is not Severity.ADVICE or style.advice:
            yield from finding_lines(finding, style)
    if entry.output is not None and entry.ok:
        arrow = "would be" if entry.status == "planned" else "is"
        after = "" if entry.after is None else f": {_foreseen(entry) or describe(entry.after)}"
        again = ", made before" if entry.reused else ""
        text = f"{printable(entry.output)}{printable(after)}{again}"
        yield from wrapped(f"  {arrow + ' ':<9}", text, style, 11)


def _foreseen(entry: Prepared) -> str | None:
    """The planned facts; the size is an upper bound."""
    facts = entry.after
    if entry.status != "planned" or not entry.plan or facts is None or facts.bytes is None:
        return None
    if entry.before is not None and facts.bytes == entry.before.bytes:
        return None
    text = describe(replace(facts, bytes=None))
    if not {"video-size", "image-size"} & {reason for edit in entry.plan for reason in edit.reason}:
        # Only known to be far below the limit.
        return text
    return f"{text}, at most {size(facts.bytes)}"


def summary_line(summary: Summary, style: Style) -> str:
    """The last line: the counts."""
    if summary.planned:
        failed = f", {summary.failed} cannot be fixed" if summary.failed else ""
        return f"{summary.planned} planned{failed}; nothing was written"
    failed = f"{summary.failed} failed"
    if summary.failed:
        failed = style.paint(failed, "red")
    return f"{summary.prepared} prepared, {summary.unchanged} unchanged, {failed}"
