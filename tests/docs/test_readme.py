"""The README says what the program says."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.paths import ROOT
from vaceprep.report import limits
from vaceprep.report.catalogue import markdown, page
from vaceprep.rules.all import RULES

README = (ROOT / "README.md").read_text(encoding="utf-8")
README_BYTES = 9000
COMMANDS = (ROOT / "docs/commands.md").read_text(encoding="utf-8")


def test_the_readme_is_read_in_three_minutes() -> None:
    assert len(README.encode()) < README_BYTES


def test_the_rules_in_full_are_the_catalogue() -> None:
    # To write it again: print each line of vaceprep.report.catalogue.page(RULES).
    written = (ROOT / "docs/rules.md").read_text(encoding="utf-8").splitlines()
    assert written == list(page(RULES))
    # The table at its beginning is that of vaceprep rules --format markdown.
    table = list(markdown(RULES))
    at = written.index(table[0])
    assert written[at : at + len(table)] == table


def test_the_table_of_limits_is_the_contract() -> None:
    table = README.partition("<!-- limits -->\n")[2].partition("<!-- /limits -->")[0]
    # To write it again: print each line of vaceprep.report.limits.markdown().
    assert table.strip().splitlines() == list(limits.markdown())


@pytest.mark.parametrize(
    "page",
    [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))],
    ids=str,
)
def test_links_lead_somewhere(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^)]+)\)", text):
        if target.startswith("https://"):
            continue
        name, _, anchor = target.partition("#")
        there = page if not name else page.parent / name
        assert there.is_file(), target
        if anchor:
            heads = re.findall(r"^#+ (.*)$", there.read_text(encoding="utf-8"), re.MULTILINE)
            known = {re.sub(r"[^\w -]", "", head).lower().replace(" ", "-") for head in heads}
            assert anchor in known, target


def test_the_first_screen_is_what_the_command_prints() -> None:
    shown = re.search(r"```console\n\$ vaceprep (check .*)\n```\n", README)
    assert shown
    printed = subprocess.run(
        [sys.executable, "-m", "vaceprep", *shown.group(1).split()],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert printed.returncode == 1
    screen = re.search(r"<!-- first screen -->\n```text\n(.*?)```", README, re.DOTALL)
    assert screen
    assert printed.stdout == screen.group(1)


def test_the_json_example_has_the_keys_that_are_printed() -> None:
    import json

    import vaceprep

    json_part = COMMANDS.partition("\n## JSON\n")[2]
    block = re.search(r"^```json\n(.*?)^```", json_part, re.DOTALL | re.MULTILINE)
    assert block
    example = json.loads(block.group(1))
    real = vaceprep.check(ROOT / "fixtures" / "video" / "quicktime.mov").to_dict()
    assert example.keys() == real.keys()
    assert example["summary"].keys() == real["summary"].keys()
    assert example["files"][0].keys() == real["files"][0].keys()
    assert example["files"][0]["findings"][0] == next(
        f for f in real["files"][0]["findings"] if f["code"] == "VP101"
    )
