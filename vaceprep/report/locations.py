"""Where a finding is: in which file, on which line, as a path or a URI others can follow."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Iterator
from types import ModuleType
from typing import Final, NamedTuple
from urllib.parse import quote, urlsplit

from vaceprep.checks.report import FileReport
from vaceprep.files.source import is_data_uri, is_url
from vaceprep.job.text import MANIFEST_LINE, Finder, finder
from vaceprep.report.escape import printable
from vaceprep.rules.catalogue import Finding, Severity

#: What URIs may hold besides letters and digits, and what is there escaped already.
_KEPT: Final = "/%:;=@&+,$!*'()~?#[]"
STDIN: Final = "-"


class Root(NamedTuple):
    """What paths are relative to: the repository where GitHub names it, else the current folder."""

    folder: str
    here: str


def root() -> Root:
    """The root for this process."""
    here = os.getcwd()
    workspace = os.environ.get("GITHUB_WORKSPACE")
    if workspace and _inside(here, os.path.realpath(workspace), os.path):
        return Root(os.path.realpath(workspace), here)
    return Root(here, here)


def _inside(path: str, folder: str, flavour: ModuleType) -> bool:
    try:
        common = flavour.commonpath([path, folder])
    except ValueError:
        # Another drive.
        return False
    return bool(flavour.normcase(common) == flavour.normcase(folder))


def relative(path: str, root: Root, flavour: ModuleType = os.path) -> str:
    """``path`` with forward slashes: relative to the root where it lies below it, else absolute.

    Pure: ``flavour`` is ``ntpath`` or ``posixpath``, and no file is looked at.
    """
    full = flavour.normpath(flavour.join(root.here, path))
    if _inside(full, root.folder, flavour):
        full = flavour.relpath(full, root.folder)
    return str(full.replace(flavour.sep, "/"))


def _quoted(path: str, safe: str = "/") -> str:
    try:
        return quote(path.encode("utf-8", "surrogateescape"), safe=safe)
    except UnicodeEncodeError:
        return quote(path.encode("utf-8", "surrogatepass"), safe=safe)


def uri_of(source: str, root: Root, flavour: ModuleType = os.path) -> str | None:
    """A URI for a source, relative where it can be; None where it has none (``-``, ``data:``).

    Of a URL neither credentials nor the query are kept: reports are handed on, and a presigned
    query is a secret.
    """
    if source == STDIN or is_data_uri(source):
        return None
    if is_url(source):
        return _bare_url(source)
    path = relative(source, root, flavour)
    drive, rest = flavour.splitdrive(path)
    if drive.startswith("//"):
        return f"file:{_quoted(path)}"
    if drive:
        return f"file:///{_quoted(drive, ':')}{_quoted(rest)}"
    return f"file://{_quoted(path)}" if path.startswith("/") else _quoted(path)


def _bare_url(url: str) -> str:
    try:
        parts = urlsplit(url)
        bare = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"
    except ValueError:
        bare = url.partition("?")[0]
    return _quoted(bare, _KEPT)


class Spot(NamedTuple):
    """Where one finding is."""

    #: The file that a person would open, as it was given: the job where a job names the rest.
    source: str
    #: The line in it, from 1.
    line: int | None
    #: The asset that the job names there; None where the finding is about ``source`` itself.
    asset: str | None


def shown(severity: Severity, *, advice: bool) -> bool:
    """Whether a report for other programs has such a finding."""
    return advice or severity is not Severity.ADVICE


def spots(
    files: Iterable[FileReport], *, advice: bool
) -> Iterator[tuple[FileReport, Finding, Spot]]:
    """Every finding that is shown, and where it is."""
    job, finders = "", dict[str, tuple[str, Finder]]()
    for entry in files:
        if entry.role is None:
            job = entry.source
        for finding in entry.findings:
            if not shown(finding.severity, advice=advice):
                continue
            inside = finding.pointer is not None or entry.role is None
            if not inside:
                yield entry, finding, Spot(entry.source, None, None)
                continue
            if job not in finders:
                # The last alone: a manifest of a million jobs is no reason to keep them all.
                finders = {job: _found(job)}
            file, line_of = finders[job]
            line = line_of(finding.pointer or "")
            asset = entry.source if entry.role is not None else None
            yield entry, finding, Spot(file, line, asset)


def _found(job: str) -> tuple[str, Finder]:
    if job == STDIN or not (MANIFEST_LINE.fullmatch(job) or os.path.isfile(job)):
        return job, lambda _: None
    return finder(job)


def name_of(source: str) -> str:
    """A source as it may stand in a sentence."""
    return "standard input" if source == STDIN else printable(source, limit=200)


def fingerprint(*parts: str | None) -> str:
    """The same for the same finding, from one run to the next."""
    text = "\0".join(part or "" for part in parts)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:32]


def sentence(finding: Finding) -> str:
    """The message and the fix of a finding, in one line."""
    message = printable(finding.message, limit=2000)
    return f"{message}. Fix: {printable(finding.fix, limit=400)}" if finding.fix else message
