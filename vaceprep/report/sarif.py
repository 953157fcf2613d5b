"""Findings as SARIF 2.1.0, which code scanning services read."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Final

from vaceprep.checks.report import FileReport
from vaceprep.files.source import is_url
from vaceprep.report.catalogue import SOURCES, severities
from vaceprep.report.escape import printable
from vaceprep.report.locations import Root, Spot, fingerprint, name_of, sentence, spots, uri_of
from vaceprep.rules.all import BY_CODE
from vaceprep.rules.catalogue import Finding, Rule, Severity
from vaceprep.version import __version__

if TYPE_CHECKING:
    from vaceprep.config.model import Config

SCHEMA: Final = (
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
)
LEVELS: Final = {
    Severity.ERROR: "error",
    Severity.WARNING: "warning",
    Severity.ADVICE: "note",
}
#: Relative URIs are relative to the root of the sources; readers know it by this name.
BASE: Final = "%SRCROOT%"


def document(
    files: Iterable[FileReport], root: Root, *, advice: bool, configs: Iterable[Config] = ()
) -> dict[str, Any]:
    """One run, as JSON values: the rules that fired, every source, every finding.

    Severities changed by configurations are notifications of the invocation.
    """
    entries = list(files)
    found = list(spots(entries, advice=advice))
    order = {code: n for n, code in enumerate(sorted({f.code for _, f, _ in found}))}
    return {
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {
                    "driver": {
                        "name": "vaceprep",
                        "version": __version__,
                        "semanticVersion": __version__,
                        "rules": [_rule(BY_CODE[code]) for code in order],
                    }
                },
                "invocations": [_invocation(configs, root)],
                "originalUriBaseIds": {
                    BASE: {"description": {"text": "The root of the repository."}}
                },
                "columnKind": "unicodeCodePoints",
                "artifacts": _artifacts(entries, root),
                "results": [
                    _result(entry, finding, spot, order[finding.code], root)
                    for entry, finding, spot in found
                ],
            }
        ],
    }


def _invocation(configs: Iterable[Config], root: Root) -> dict[str, Any]:
    notes = [
        {
            "level": "note",
            "message": {
                "text": f"{name_of(config.path)}: {printable('; '.join(changes), limit=4000)}"
            },
            "locations": [_physical(config.path, None, root)],
        }
        for config in configs
        if (changes := config.told())
    ]
    more = {"toolConfigurationNotifications": notes} if notes else {}
    return {"executionSuccessful": True, **more}


def _rule(rule: Rule) -> dict[str, Any]:
    fix = rule.fix or "cannot fix it"
    marks = "; ".join(f"{mark}: {SOURCES[mark]}" for mark in rule.source.split())
    return {
        "id": rule.code,
        "name": rule.slug,
        "shortDescription": {"text": f"It fires when {rule.fires}."},
        "fullDescription": {"text": rule.why},
        "help": {
            "text": f"{rule.why}\nprepare: {fix}\nSource: {marks}",
            "markdown": f"{rule.why}\n\n`vaceprep prepare`: {fix}\n\nSource: {marks}",
        },
        "defaultConfiguration": {"level": LEVELS[rule.severities[0]]},
        "properties": {
            "tags": [rule.subject],
            "severities": severities(rule),
            "source": rule.source,
        },
    }


def _artifact_location(source: str, root: Root) -> dict[str, Any] | None:
    uri = uri_of(source, root)
    if uri is None:
        return None
    below = not is_url(source) and not uri.startswith("file:")
    return {"uri": uri, "uriBaseId": BASE} if below else {"uri": uri}


def _artifacts(entries: Iterable[FileReport], root: Root) -> list[dict[str, Any]]:
    seen: dict[str, dict[str, Any]] = {}
    for entry in entries:
        location = _artifact_location(entry.source, root)
        if location is not None and location["uri"] not in seen:
            seen[location["uri"]] = {"location": location, "roles": ["analysisTarget"]}
    return list(seen.values())


def _physical(source: str, line: int | None, root: Root) -> dict[str, Any]:
    location = _artifact_location(source, root)
    if location is None:
        return {}
    # Code scanning shows only results with a line, even for media.
    region = {"startLine": line or 1}
    return {"physicalLocation": {"artifactLocation": location, "region": region}}


def _result(
    entry: FileReport, finding: Finding, spot: Spot, index: int, root: Root
) -> dict[str, Any]:
    location = _physical(spot.source, spot.line, root)
    logical = finding.pointer or (None if location else name_of(spot.source))
    if logical:
        location["logicalLocations"] = [{"fullyQualifiedName": logical}]
    text = sentence(finding)
    where = f"{name_of(spot.asset)}: " if spot.asset is not None else ""
    result: dict[str, Any] = {
        "ruleId": finding.code,
        "ruleIndex": index,
        "level": LEVELS[finding.severity],
        "message": {"text": where + text},
        "locations": [location],
        "partialFingerprints": {
            "vaceprep/v1": fingerprint(
                finding.code, uri_of(spot.source, root) or spot.source, finding.pointer
            )
        },
        "properties": {
            "rule": finding.rule,
            "role": entry.role,
            "source": finding.source,
            "measured": finding.measured,
            "allowed": finding.allowed,
            "unit": finding.unit,
            "fix": finding.fix,
        },
    }
    if spot.asset is not None:
        related = _physical(spot.asset, None, root)
        if related:
            result["relatedLocations"] = [
                {"id": 1, "message": {"text": "the file that the job names"}, **related}
            ]
    return result
