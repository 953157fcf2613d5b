"""Fetch as much of one URL as needed, measure it and check it."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import replace
from importlib import import_module
from threading import Thread
from typing import Final, NamedTuple
from urllib.parse import unquote

from vaceprep.checks.bytes import Options, probe_opened, report_on
from vaceprep.checks.report import FileReport
from vaceprep.contract import REMOTE_BYTES, VIDEO_ROLES, Role
from vaceprep.facts import Facts, Unreached, Unreadable
from vaceprep.formats import IMAGE_ENDINGS, MOV, VIDEO_ENDINGS
from vaceprep.net.blocks import Hole, Part, open_part
from vaceprep.net.prefetch import fetch_all, fetch_index
from vaceprep.net.problems import RemoteError
from vaceprep.net.remote_file import Remote
from vaceprep.net.session import Web
from vaceprep.probes.measure import default_role, ending
from vaceprep.probes.sniff import sniff
from vaceprep.rules.catalogue import Finding

#: Modules that a check by the boxes of an MP4 uses, or one of an image.
_FOR_VIDEO: Final = (
    "vaceprep.probes.video",
    "vaceprep.probes.mp4.video",
    "vaceprep.rules.video",
    "vaceprep.rules.video_packaging",
    "vaceprep.rules.video_picture",
)
_FOR_IMAGE: Final = ("vaceprep.probes.image", "vaceprep.rules.image")
#: The first bytes of web pages.
_PAGES: Final = (b"<!doctype html", b"<html", b"<?xml", b"<!--", b"<head")


class Far(NamedTuple):
    """The result of reading a URL."""

    role: Role
    facts: Facts | Unreadable | Unreached
    content_type: str | None = None


def name_of(url: str) -> str | None:
    """The name in a URL's path if its ending is a known file type; else None."""
    path = url.partition("?")[0].partition("#")[0].partition("://")[2]
    name = unquote(path.rpartition("/")[2]) if "/" in path else ""
    return name if ending(name) in IMAGE_ENDINGS or ending(name) in VIDEO_ENDINGS else None


def fetch(remote: Remote, head: bytes, options: Options) -> None:
    """Fetch the bytes that will be read, in as few requests as possible. Raises RemoteError.

    Of a file too large to decode whole, fetch only what is measured without decoding it.
    """
    sniffed = sniff(head)
    if sniffed.kind not in ("video", "image"):
        # The first bytes suffice for the report.
        return
    role = options.role or default_role(sniffed, None)
    decoded = sniffed.kind == "image" or options.deep or role == "mask_video_url"
    indexed = sniffed.demuxer == MOV
    if not indexed or (decoded and remote.size <= REMOTE_BYTES):
        fetch_all(remote)
    else:
        fetch_index(remote)


def options_for(remote: Remote, options: Options) -> Options:
    """The options without the checks that a file of this length does not get."""
    return options._replace(deep=options.deep and remote.size <= REMOTE_BYTES, web=None, known=None)


def probe_url(url: str, options: Options, web: Web) -> Far:
    """The role and facts of a URL's content."""
    imports = _Imports(options.role or default_role(None, name_of(url)))
    try:
        far, remote = fetched(url, options, web, sent=imports.start)
    finally:
        imports.join()
    return far if remote is None else _probed(url, far, remote, options)


class _Imports:
    """Imports the modules of a role in a thread, while a request is answered."""

    def __init__(self, role: Role) -> None:
        self._names = _FOR_VIDEO if role in VIDEO_ROLES else _FOR_IMAGE
        self._thread: Thread | None = None

    def start(self) -> None:
        """Start the thread, unless everything is imported."""
        if self._thread is None and self._names[0] not in sys.modules:
            self._thread = Thread(target=self._load, name="vaceprep-imports")
            self._thread.start()

    def _load(self) -> None:
        for name in self._names:
            import_module(name)

    def join(self) -> None:
        """Wait for the thread's end."""
        if self._thread is not None:
            self._thread.join()


def _probed(url: str, far: Far, remote: Remote, options: Options) -> Far:
    """Measure a fetched URL, and close it."""
    try:
        opened = remote.opened()
        role, facts = probe_opened(opened, name_of(url), options_for(remote, options))
    except RemoteError as error:
        return far._replace(facts=error.fact)
    finally:
        remote.close()
    if remote.problem is not None:
        # A decoder may have continued without the missing bytes.
        return far._replace(role=role, facts=remote.problem.fact)
    return far._replace(role=role, facts=_about(facts, opened.head))


def _about(facts: Facts | Unreadable, head: bytes) -> Facts | Unreadable:
    """The facts, or an explanation if the URL returned a web page instead of a file."""
    page = head.lstrip(b"\xef\xbb\xbf \t\r\n")[:16].lower().startswith(_PAGES)
    if isinstance(facts, Unreadable) and facts.reason == "not-media" and page:
        message = "the URL leads to a web page, not to a file; give the file's own URL"
        return replace(facts, message=message)
    return facts


def fetched(
    url: str,
    options: Options,
    web: Web,
    path: str | None = None,
    sent: Callable[[], None] | None = None,
) -> tuple[Far, Remote | None]:
    """Fetch a URL, into a file at ``path`` if given, neither measured nor decoded.

    Calls ``sent`` when the first request is sent, for work to do while it is answered.
    Without a Remote nothing is left to do: the facts say why. Else the caller must close the
    Remote, and ``look_at_part`` measures the file.
    """
    role = options.role or default_role(None, name_of(url))
    try:
        remote = web.open(url, path, sent)
    except RemoteError as error:
        return Far(role, error.fact), None
    nothing = Unreadable("unavailable", "it was not measured", remote.size)
    try:
        head = remote.opened().head
        role = options.role or default_role(sniff(head), name_of(url))
        fetch(remote, head, options)
    except BaseException as error:
        remote.close()
        if not isinstance(error, RemoteError):
            raise
        return Far(role, error.fact, remote.content_type), None
    return Far(role, nothing, remote.content_type), remote


def look_at_part(url: str, part: Part, options: Options) -> FileReport | Hole:
    """The report on the fetched part of a URL, or the bytes that must be fetched first."""
    name = name_of(url)
    with open_part(part) as (opened, file):
        role, facts = probe_opened(opened, name, options)
        if file.hole is not None:
            return file.hole
        return report_on(url, role, _about(facts, opened.head), name, options)


def report_far(url: str, far: Far, options: Options) -> FileReport:
    """The report on a URL that was fetched."""
    if isinstance(far.facts, Unreached):
        found = _findings(url, far.facts, far)
        return FileReport(url, far.role, None, options.selection.apply(found))
    report = report_on(url, far.role, far.facts, name_of(url), options)
    return with_url(report, far, options)


def with_url(report: FileReport, far: Far, options: Options) -> FileReport:
    """A report on a URL's bytes with the findings on the URL itself added."""
    found = _findings(report.source, report.facts, far)
    return replace(report, findings=options.selection.apply(found) + report.findings)


def _findings(url: str, facts: Facts | Unreached | None, far: Far) -> list[Finding]:
    from vaceprep.rules.url import judge_fetched

    return judge_fetched(url, facts, far.content_type, far.role)
