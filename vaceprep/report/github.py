"""Findings as GitHub workflow commands: each becomes an annotation of its file and line."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Final

from vaceprep.checks.report import FileReport
from vaceprep.files.source import is_url
from vaceprep.report.escape import github_data, github_property, printable
from vaceprep.report.locations import Root, name_of, relative, sentence, spots
from vaceprep.rules.catalogue import Severity

if TYPE_CHECKING:
    from vaceprep.config.model import Config

COMMANDS: Final = {
    Severity.ERROR: "error",
    Severity.WARNING: "warning",
    Severity.ADVICE: "notice",
}


def commands(
    files: Iterable[FileReport], root: Root, *, advice: bool, configs: Iterable[Config] = ()
) -> Iterator[str]:
    """A line for each finding, and one for each configuration that changes severities."""
    for config in configs:
        changes = config.told()
        if changes:
            path = github_property(relative(config.path, root))
            text = github_data(f"{name_of(config.path)}: {'; '.join(changes)}")
            yield f"::notice file={path},title=configuration of vaceprep::{text}"
    for _, finding, spot in spots(files, advice=advice):
        properties = []
        if not is_url(spot.source) and spot.source != "-":
            path = printable(relative(spot.source, root))
            properties.append(f"file={github_property(path)}")
            if spot.line is not None:
                properties.append(f"line={spot.line}")
        title = f"{finding.rule} ({finding.code})"
        properties.append(f"title={github_property(title)}")
        about = [printable(finding.pointer)] if finding.pointer else []
        if not about or spot.asset is not None:
            about.append(name_of(spot.asset or spot.source))
        text = github_data(f"{' '.join(about)}: {sentence(finding)}")
        yield f"::{COMMANDS[finding.severity]} {','.join(properties)}::{text}"
