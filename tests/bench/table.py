"""The rows as text, as Markdown for docs/performance.md, and as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tests.bench.machine import sentence
from tests.bench.measure import Spread
from tests.bench.rows import Row


def _number(value: float, row: Row) -> str:
    if row.unit == "bool":
        return "yes" if value else "no"
    if row.unit == "MB":
        return f"{value:.0f} MB"
    if row.unit == "ssim":
        return f"{value:+.5f}"
    return f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def _value(row: Row) -> str:
    if row.value is None:
        return "-"
    median = _number(row.value.median, row)
    if row.unit == "bool" or row.value.least == row.value.greatest:
        # One measurement, or what comes out the same each time.
        return median
    least, greatest = (
        _number(v, row).removesuffix(" MB") for v in (row.value.least, row.value.greatest)
    )
    return f"{median} ({least} to {greatest})"


def _target(row: Row) -> str:
    if row.unit == "bool":
        return "yes"
    unit = " MB" if row.unit == "MB" else ""
    if row.at_least is not None:
        return f"at least {row.at_least:g}{unit}"
    return "" if row.at_most is None else f"at most {row.at_most:g}{unit}"


def _verdict(row: Row) -> str:
    if row.value is None:
        return "skipped"
    return {True: "ok", False: "MISSED", None: ""}[row.passed]


def text(rows: Sequence[Row], machine: str) -> list[str]:
    """The table for a terminal."""
    cells = [("measured", "median (min to max)", "target", "", "")]
    cells += [(row.name, _value(row), _target(row), _verdict(row), row.note) for row in rows]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    lines = ["  ".join(map(str.ljust, line, widths)).rstrip() for line in cells]
    return [*lines, "", machine]


def markdown(rows: Sequence[Row], machine: str) -> list[str]:
    """The rows as a Markdown table."""
    lines = ["| measured | median (min to max) | target |", "|---|---|---|"]
    for row in rows:
        missed = {True: "", False: " (missed)", None: ""}[row.passed]
        value = _value(row) if row.value is not None else row.note
        lines.append(f"| {row.name} | {value}{missed} | {_target(row)} |")
    return [*lines, "", f"Machine: {machine}."]


def readme(figures: dict[str, Any]) -> list[str]:
    """The table of docs/performance.md from what ``--json`` wrote."""
    lines = ["| measured | median (min to max) | target |", "|---|---|---|"]
    for entry in figures["rows"]:
        spread = None
        if entry["median"] is not None:
            spread = Spread(entry["median"], entry["min"], entry["max"])
        row = Row(
            entry["name"],
            spread,
            entry["unit"],
            at_most=entry["at_most"],
            at_least=entry["at_least"],
            note=entry["note"],
        )
        lines += markdown([row], "")[2:3]
    return [*lines, "", f"Measured on: {sentence(figures['machine'])}."]


def costs(took: dict[str, float]) -> str:
    """What each part of the run took, and all of it."""
    parts = ", ".join(f"{name} {seconds:.0f} s" for name, seconds in took.items())
    return f"Parts: {parts}; all: {sum(took.values()) / 60:.1f} min."


def to_json(
    rows: Sequence[Row], machine: dict[str, str], took: dict[str, float], *, quick: bool
) -> dict[str, Any]:
    """Everything, for scripts."""
    return {
        "version": 1,
        "quick": quick,
        "machine": machine,
        "seconds": {name: round(seconds, 1) for name, seconds in took.items()},
        "rows": [_entry(r) for r in rows],
    }


def _entry(row: Row) -> dict[str, Any]:
    return {
        "name": row.name,
        "unit": row.unit,
        **_spread(row.value),
        "at_most": row.at_most,
        "at_least": row.at_least,
        "passed": row.passed,
        "note": row.note,
    }


def _spread(value: Spread | None) -> dict[str, float | None]:
    if value is None:
        return {"median": None, "min": None, "max": None}
    return {"median": value.median, "min": value.least, "max": value.greatest}
