"""The figures of docs/performance.md are those of one run, which lie beside."""

from __future__ import annotations

import json
from pathlib import Path

from tests.bench import table
from tests.bench.measure import Spread
from tests.bench.rows import Row
from tests.paths import ROOT

PAGE = ROOT / "docs/performance.md"
FIGURES = json.loads((Path(__file__).parent / "figures.json").read_text())


def test_the_page_has_the_figures_of_the_last_run() -> None:
    # To write both again: python -m tests.bench --json tests/bench/figures.json --markdown
    shown = PAGE.read_text().partition("<!-- figures -->\n")[2].partition("<!-- /figures -->")[0]
    assert shown.strip().splitlines() == table.readme(FIGURES)


def test_every_target_of_the_last_run_is_met() -> None:
    assert not FIGURES["quick"]
    missed = [row["name"] for row in FIGURES["rows"] if row["passed"] is False]
    assert missed == []


def test_a_row_says_whether_its_target_is_met() -> None:
    spread = Spread(2.0, 1.0, 3.0)
    assert Row("a", spread, "x", at_most=2).passed
    assert Row("a", spread, "x", at_most=1.9).passed is False
    assert Row("a", spread, "x", at_least=2.1).passed is False
    assert Row("a", spread, "x").passed is None
    assert Row("a", None, "x", at_least=1).passed is None
    missed = Row("a", spread, "x", at_most=1.9)
    assert table.markdown([missed], "")[2] == "| a | 2.00 (1.00 to 3.00) (missed) | at most 1.9 |"
    written = table.to_json([missed], {"cpu": "x"}, {"one": 2.5}, quick=True)["rows"][0]
    assert (written["median"], written["passed"]) == (2.0, False)


def test_the_run_says_what_each_part_took() -> None:
    told = table.costs({"many": 59.6, "single": 30.4})
    assert told == "Parts: many 60 s, single 30 s; all: 1.5 min."
    assert table.to_json([], {}, {"many": 59.6}, quick=True)["seconds"] == {"many": 59.6}
