"""``vaceprep rules``: the catalogue prints itself."""

from __future__ import annotations

import json

import pytest

from tests.conftest import Run
from vaceprep.rules.all import BY_CODE, RULES


def test_all_rules(vaceprep_cli: Run) -> None:
    done = vaceprep_cli("rules")
    assert (done.returncode, done.stderr) == (0, "")
    for rule in RULES:
        assert f"{rule.code}  {rule.slug}" in done.stdout


@pytest.mark.parametrize("name", ["video-fps", "VP103", "vp103"])
def test_one_rule(name: str, vaceprep_cli: Run) -> None:
    done = vaceprep_cli("rules", name)
    assert done.returncode == 0
    assert done.stdout.startswith("video-fps (VP103)\n")
    for words in ("error", "MuleRouter's page", "16 frames a second", "repeat frames"):
        assert words in done.stdout


def test_a_group_of_rules(vaceprep_cli: Run) -> None:
    done = vaceprep_cli("rules", "VP2")
    assert "image-format" in done.stdout
    assert "video-fps" not in done.stdout


def test_json(vaceprep_cli: Run) -> None:
    listed = json.loads(vaceprep_cli("rules", "--format", "json").stdout)
    assert [rule["code"] for rule in listed] == sorted(BY_CODE)
    first = listed[0]
    assert set(first) == {
        *("code", "rule", "severities", "source", "subject", "fires", "fix", "why"),
    }


@pytest.mark.parametrize(("name", "hint"), [("video-fsp", "video-fps"), ("VP9", "VP")])
def test_an_unknown_rule(name: str, hint: str, vaceprep_cli: Run) -> None:
    done = vaceprep_cli("rules", name)
    assert (done.returncode, done.stdout) == (2, "")
    assert hint in done.stderr
    assert "Traceback" not in done.stderr
