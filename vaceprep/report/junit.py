"""Findings as JUnit XML: one ``testcase`` a file, its errors as its ``failure``."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Final
from xml.etree import ElementTree as ET

from vaceprep.checks.report import FileReport
from vaceprep.report.escape import printable
from vaceprep.report.locations import name_of, sentence, shown
from vaceprep.rules.catalogue import Finding, Severity

if TYPE_CHECKING:
    from vaceprep.config.model import Config

SUITE: Final = "vaceprep check"


def document(files: Iterable[FileReport], *, advice: bool, configs: Iterable[Config] = ()) -> str:
    """The whole document, with its declaration.

    Severities changed by configurations are properties of the suite.
    """
    entries = list(files)
    failed = str(sum(not entry.ok for entry in entries))
    counted = {"tests": str(len(entries)), "failures": failed, "errors": "0"}
    suites = ET.Element("testsuites", {"name": "vaceprep", **counted})
    suite = ET.SubElement(suites, "testsuite", {"name": SUITE, **counted, "skipped": "0"})
    changed = [(config.path, effects) for config in configs if (effects := config.told())]
    if changed:
        properties = ET.SubElement(suite, "properties")
        for path, effects in changed:
            value = f"{name_of(path)}: {printable('; '.join(effects), limit=4000)}"
            ET.SubElement(properties, "property", {"name": "config", "value": value})
    for entry in entries:
        _testcase(suite, entry, advice=advice)
    ET.indent(suites)
    return f'<?xml version="1.0" encoding="utf-8"?>\n{ET.tostring(suites, encoding="unicode")}\n'


def _testcase(suite: ET.Element, entry: FileReport, *, advice: bool) -> None:
    name = name_of(entry.source)
    case = ET.SubElement(suite, "testcase", {"classname": entry.role or "job", "name": name})
    errors = [f for f in entry.findings if f.severity is Severity.ERROR]
    rest = [
        f
        for f in entry.findings
        if f.severity is not Severity.ERROR and shown(f.severity, advice=advice)
    ]
    if errors:
        more = f" and {len(errors) - 1} more" if len(errors) > 1 else ""
        message = _titled(errors[0], printable(errors[0].message, limit=2000))
        about = {"message": message + more, "type": errors[0].rule}
        ET.SubElement(case, "failure", about).text = _listed(errors)
    if rest:
        ET.SubElement(case, "system-out").text = _listed(rest)


def _titled(finding: Finding, text: str) -> str:
    where = f" at {printable(finding.pointer)}" if finding.pointer else ""
    return f"{finding.rule} ({finding.code}){where}: {text}"


def _listed(findings: Iterable[Finding]) -> str:
    return "\n".join(f"{f.severity.value}: {_titled(f, sentence(f))}" for f in findings)
