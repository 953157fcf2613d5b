"""The catalogue of rules as text, JSON and Markdown."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from typing import Any, Final

from vaceprep.rules.catalogue import Rule

#: What the source marks mean.
SOURCES: Final = {
    "M": "MuleRouter's page for this endpoint",
    "U": "Alibaba Model Studio's reference for the same model",
    "G": "other public pages of Alibaba and MuleRouter",
    "C": "MuleRouter's own command-line client",
    "R": "reported by people who integrated the model",
    "J": "our judgement",
}
GROUPS: Final = {
    "VP1": "Video files",
    "VP2": "Image files",
    "VP3": "Masks",
    "VP4": "Jobs",
    "VP5": "URLs",
    "VP6": "What the model makes of it",
}


def severities(rule: Rule) -> str:
    """``error / warning``."""
    return " / ".join(s.value for s in rule.severities)


def table(rules: Sequence[Rule], width: int | None) -> Iterator[str]:
    """One line a rule, grouped by the hundred."""
    group = ""
    for rule in rules:
        if rule.code[:3] != group:
            if group:
                yield ""
            group = rule.code[:3]
            yield GROUPS[group]
        line = f"  {rule.code}  {rule.slug:<25} {severities(rule):<16} {rule.fires}"
        if width is None:
            yield line
        else:
            yield from textwrap.wrap(
                line,
                max(width, 40),
                subsequent_indent=" " * 9,
                drop_whitespace=True,
                break_on_hyphens=False,
                break_long_words=False,
            )


def explain(rule: Rule) -> Iterator[str]:
    """Everything about one rule."""
    yield f"{rule.slug} ({rule.code})"
    yield ""
    yield f"  severity    {severities(rule)}"
    marks = "; ".join(f"{m}: {SOURCES[m]}" for m in rule.source.split())
    yield f"  source      {marks}"
    yield f"  fires when  {rule.fires}"
    yield f"  prepare     {rule.fix or 'cannot fix it'}"
    yield ""
    yield f"  {rule.why}"


def to_dict(rule: Rule) -> dict[str, Any]:
    """A rule as JSON values."""
    return {
        "code": rule.code,
        "rule": rule.slug,
        "severities": [s.value for s in rule.severities],
        "source": rule.source,
        "subject": rule.subject,
        "fires": rule.fires,
        "fix": rule.fix,
        "why": rule.why,
    }


def markdown(rules: Sequence[Rule]) -> Iterator[str]:
    """The rules as a table: ``docs/rules.md`` begins with it."""
    yield "| code | rule | severity | source | fires when | `prepare` |"
    yield "|---|---|---|---|---|---|"
    for rule in rules:
        fires, fix = (text.replace("|", "\\|") for text in (rule.fires, rule.fix or "-"))
        yield (
            f"| {rule.code} | `{rule.slug}` | {severities(rule)} | {rule.source} "
            f"| {fires} | {fix} |"
        )


def page(rules: Sequence[Rule]) -> Iterator[str]:
    """``docs/rules.md``: every rule in full."""
    yield "# Rules"
    yield ""
    yield "`vaceprep rules SLUG` prints the same. What the letters of a source mean:"
    yield ""
    yield from (f"- **{mark}**: {meaning}" for mark, meaning in SOURCES.items())
    yield ""
    yield "An error stops a submission. A warning does not, unless `--strict`; advice is shown with"
    yield "`--advice`, and always in JSON. Of two severities, *fires when* says which."
    yield ""
    yield from markdown(rules)
    group = ""
    for rule in rules:
        if rule.code[:3] != group:
            group = rule.code[:3]
            yield from ("", f"## {GROUPS[group]}")
        yield from ("", f"### {rule.code} {rule.slug}", "")
        yield f"- **severity**: {severities(rule)}"
        yield f"- **source**: {rule.source}"
        yield f"- **fires when** {rule.fires}"
        yield f"- **`prepare`**: {rule.fix or 'cannot fix it'}"
        yield from ("", rule.why)
