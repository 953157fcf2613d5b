"""The README says what the program says."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from vaceprep.report.catalogue import markdown
from vaceprep.rules import every  # noqa: F401
from vaceprep.rules.catalogue import in_order

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_table_of_rules_is_the_catalogue() -> None:
    table = README.partition("<!-- rules -->\n")[2].partition("<!-- /rules -->")[0]
    # To write it again: vaceprep rules --format markdown
    assert table.strip().splitlines() == list(markdown(in_order()))


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

    block = re.search(r"^```json\n(.*?)^```", README, re.DOTALL | re.MULTILINE)
    assert block
    example = json.loads(block.group(1))
    real = vaceprep.check(ROOT / "fixtures" / "video" / "quicktime.mov").to_dict()
    assert example.keys() == real.keys()
    assert example["summary"].keys() == real["summary"].keys()
    assert example["files"][0].keys() == real["files"][0].keys()
    assert example["files"][0]["findings"][0] == next(
        f for f in real["files"][0]["findings"] if f["code"] == "VP101"
    )
