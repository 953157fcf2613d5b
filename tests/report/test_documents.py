"""SARIF, JUnit and annotations of any report at all: by their schemas, and safe to hand on."""

from __future__ import annotations

import json
import re
import unicodedata
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import xmlschema
from hypothesis import given, settings

from tests.report.reports import ANY_FILES, finding
from vaceprep.checks.report import FileReport
from vaceprep.report import junit, sarif
from vaceprep.report.escape import UNSAFE
from vaceprep.report.github import commands
from vaceprep.report.locations import Root
from vaceprep.rules.all import BY_CODE
from vaceprep.rules.catalogue import Severity

SCHEMAS = Path(__file__).parent / "schemas"
SARIF = jsonschema.Draft202012Validator(
    json.loads((SCHEMAS / "sarif-schema-2.1.0.json").read_text()),
    format_checker=jsonschema.FormatChecker(),
)
JUNIT = xmlschema.XMLSchema(SCHEMAS / "junit-10.xsd")
ROOT = Root("/repo", "/repo")


def sarif_of(files: list[FileReport], *, advice: bool = True) -> dict[str, Any]:
    """A document that has been written and read again, and that is valid."""
    document: dict[str, Any] = json.loads(json.dumps(sarif.document(files, ROOT, advice=advice)))
    SARIF.validate(document)
    return document


def test_the_schema_refuses_what_is_no_sarif() -> None:
    document = sarif_of([FileReport("a.mov", "video_url", None, (finding(),))])
    document["runs"][0]["results"][0]["level"] = "advice"
    with pytest.raises(jsonschema.ValidationError):
        SARIF.validate(document)


@given(ANY_FILES)
@settings(max_examples=30)
def test_any_report_is_valid_sarif(files: list[FileReport]) -> None:
    run = sarif_of(files)["runs"][0]
    assert len(run["results"]) == sum(len(entry.findings) for entry in files)
    rules = run["tool"]["driver"]["rules"]
    for result in run["results"]:
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
        (location,) = result["locations"]
        assert location


@pytest.mark.parametrize("code", sorted(BY_CODE))
def test_every_rule_brings_its_help(code: str) -> None:
    run = sarif_of([FileReport("a.mov", "video_url", None, (finding(code),))])["runs"][0]
    (rule,) = run["tool"]["driver"]["rules"]
    assert (rule["id"], rule["name"]) == (code, BY_CODE[code].slug)
    assert BY_CODE[code].why in rule["help"]["text"]
    assert "vaceprep prepare" in rule["help"]["markdown"]


def test_levels_fixes_and_places(tmp_path: Path) -> None:
    job = tmp_path / "job.json"
    job.write_text('{\n "function": "video_edit",\n "video_url": "a b.mov"\n}')
    files = [
        FileReport(str(job), None, None, (finding("VP402", pointer="/prompt"),)),
        FileReport(
            "a b.mov",
            "video_url",
            None,
            (
                finding(pointer="/video_url", message="QuickTime", fix="rewrap"),
                finding("VP107", pointer="/video_url", fix=""),
                finding("VP120", pointer="/video_url"),
            ),
        ),
    ]
    absent, container, name, faststart = sarif_of(files)["runs"][0]["results"]
    assert [r["level"] for r in (container, name, faststart)] == ["error", "warning", "note"]
    assert container["message"]["text"] == "a b.mov: QuickTime. Fix: rewrap"
    assert container["properties"]["fix"] == "rewrap"
    assert name["properties"]["fix"] is None
    place = container["locations"][0]
    assert place["physicalLocation"]["region"]["startLine"] == 3
    assert place["logicalLocations"][0]["fullyQualifiedName"] == "/video_url"
    related = container["relatedLocations"][0]["physicalLocation"]["artifactLocation"]
    assert related == {"uri": "a%20b.mov", "uriBaseId": "%SRCROOT%"}
    # Code scanning wants a line of everything, even of what is not there.
    assert absent["locations"][0]["physicalLocation"]["region"]["startLine"] == 1
    prints = [r["partialFingerprints"]["vaceprep/v1"] for r in (absent, container, name)]
    assert len(set(prints)) == 3
    assert len(sarif_of(files, advice=False)["runs"][0]["results"]) == 3


@given(ANY_FILES)
@settings(max_examples=30)
def test_any_report_is_valid_junit(files: list[FileReport]) -> None:
    text = junit.document(files, advice=True)
    JUNIT.validate(xmlschema.XMLResource(text.encode()))
    assert text.count("<testcase ") == len(files)
    assert text.count("<failure ") == sum(not entry.ok for entry in files)


def test_a_file_is_a_testcase_and_its_errors_one_failure() -> None:
    from xml.etree import ElementTree as ET

    files = [
        FileReport("good.mp4", "video_url", None, ()),
        FileReport("bad.mov", "video_url", None, (finding("VP104"), finding(), finding("VP111"))),
        FileReport("soft.mp4", "video_url", None, (finding("VP111"), finding("VP120"))),
        FileReport("edit.yaml", None, None, (finding("VP402", pointer="/prompt"),)),
    ]
    suites = ET.fromstring(junit.document(files, advice=False))
    (suite,) = suites
    assert (suites.get("tests"), suite.get("failures"), suite.get("errors")) == ("4", "2", "0")
    good, bad, soft, job = suite
    assert (good.get("name"), good.get("classname"), len(good)) == ("good.mp4", "video_url", 0)
    failure, out = bad
    assert (failure.tag, failure.get("type")) == ("failure", "video-duration")
    assert failure.get("message") == "video-duration (VP104): it is wrong and 1 more"
    assert "video-container (VP101)" in (failure.text or "")
    assert out.tag == "system-out" and "video-codec" in (out.text or "")
    (said,) = soft
    assert said.tag == "system-out" and "VP120" not in (said.text or "")
    assert job.get("classname") == "job"
    assert "at /prompt" in (job[0].get("message") or "")


def test_what_xml_cannot_hold_is_written_out() -> None:
    one = finding(message="\ufffe\x00\ud800", fix="\uffff")
    text = junit.document([FileReport("a\ufffe.mov", "video_url", None, (one,))], advice=True)
    JUNIT.validate(xmlschema.XMLResource(text.encode()))
    assert "a\\ufffe.mov" in text


def test_the_junit_schema_refuses_what_is_none() -> None:
    text = junit.document([FileReport("a", "video_url", None, (finding(),))], advice=True)
    wrong = text.replace("<failure", "<fault").replace("</failure", "</fault")
    assert not JUNIT.is_valid(xmlschema.XMLResource(wrong.encode()))


# What GitHub's runner reads of a line: the command, its properties, its message.
COMMAND = re.compile(r"::(error|warning|notice) ([^\r\n]*?)::([^\r\n]*)")


def unescaped(text: str) -> str:
    for code, character in (("%3A", ":"), ("%2C", ","), ("%0D", "\r"), ("%0A", "\n")):
        text = text.replace(code, character)
    return text.replace("%25", "%")


@given(ANY_FILES)
def test_any_finding_is_one_command(files: list[FileReport]) -> None:
    lines = list(commands(files, ROOT, advice=True))
    assert len(lines) == sum(len(entry.findings) for entry in files)
    for line in lines:
        read = COMMAND.fullmatch(line)
        assert read, line
        names = [pair.split("=", 1)[0] for pair in read.group(2).split(",")]
        assert names in (["title"], ["file", "title"], ["file", "line", "title"])
        # No cursor is moved and no second command begun in the log.
        assert not any(unicodedata.category(c) in UNSAFE for c in unescaped(line))


def test_an_annotation_to_the_letter() -> None:
    one = finding(message="5,1: 20 %\n::error::x", fix="cut", severity=Severity.WARNING)
    files = [FileReport("a:b,c%.mov", "video_url", None, (one,))]
    assert list(commands(files, ROOT, advice=False)) == [
        "::warning file=a%3Ab%2Cc%25.mov,title=video-container (VP101)::"
        "a:b,c%25.mov: 5,1: 20 %25\\x0a::error::x. Fix: cut"
    ]
