"""The page written: rendered from templates, into a file that is ours to write over."""

from __future__ import annotations

import base64
import hashlib
import os
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Final

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from vaceprep.errors import Refused, Taken
from vaceprep.files.atomic import check_target, placing
from vaceprep.files.source import CannotOpen, open_path
from vaceprep.report.catalogue import SOURCES
from vaceprep.report.escape import printable
from vaceprep.report.html.build import Found, page_of
from vaceprep.report.html.view import DataUri, Page

#: What tells a report of ours, so that the next one may take its place.
OURS: Final = re.compile(
    rb'<!doctype html>\s*<html[^>]*>\s*<meta name="generator" content="vaceprep'
)
#: Characters of a name or a message that are shown.
LONGEST: Final = 1200
#: Pieces of the page that are written at once.
PIECES: Final = 64


def ready(path: str, sources: Iterable[str] = (), *, force: bool = False) -> None:
    """Whether a report may be written there, before any work is done for it.

    An earlier report of ours is written over; any other file only with ``force``, and a source
    never. Raises Refused.
    """
    if path in ("", "-"):
        raise Refused("a report is a file: name one, like --report report.html")
    try:
        check_target(path, force=force or _is_ours(path), sources=sources, make_folder=True)
    except Taken:
        raise Refused(
            f"{path} exists already and is no report of vaceprep; name another file"
        ) from None


def _is_ours(path: str) -> bool:
    try:
        with open_path(path) as opened:
            return OURS.match(opened.head) is not None
    except (CannotOpen, OSError):
        return False


def write_report(
    path: str,
    command: str,
    found: Sequence[Found],
    *,
    sources: Iterable[str] = (),
    force: bool = False,
    notes: Sequence[str] = (),
    jobs: int | None = None,
    step: Callable[[], None] = lambda: None,
) -> None:
    """Write the report of a command to ``path``, whole or not at all. Raises Refused.

    ``found`` are the answers, source by source; ``notes`` are sentences about the whole, such as
    limits that are not the service's own.
    """
    sources = tuple(sources)
    ready(path, sources, force=force)
    page = page_of(command, found, path, notes=notes, jobs=jobs, step=step)
    # Pictures take their time, in which another file may have come.
    ready(path, sources, force=force)
    with placing(path, force=True, sources=sources, make_folder=True) as place:
        try:
            with open(place.path, "w", encoding="utf-8", newline="\n") as file:
                for piece in rendered(page):
                    file.write(piece)
        except OSError as error:
            raise Refused(f"{path} cannot be written: {error.strerror or error}") from None
        place.commit()


def rendered(page: Page) -> Iterator[str]:
    """The pieces of the page."""
    environment = _environment()
    style = _source(environment, "report.css")
    script = _source(environment, "report.js")
    template = environment.get_template("report.html.j2")
    stream = template.stream(
        page=page,
        style=Markup(style),  # noqa: S704 (a file of this package)
        script=Markup(script),  # noqa: S704
        style_hash=_hash(style),
        script_hash=_hash(script),
        sources=SOURCES,
    )
    stream.enable_buffering(PIECES)
    yield from stream


def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("vaceprep.report.html"),
        autoescape=True,
        finalize=_shown,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["own"] = _own
    environment.filters["number"] = _number
    environment.filters["base"] = lambda path: os.path.basename(path.rstrip("/\\")) or path
    return environment


def _shown(value: Any) -> Any:
    """Every text that a template puts out: printable, whoever wrote it."""
    if isinstance(value, str) and not isinstance(value, Markup):
        return printable(value, limit=LONGEST)
    return value


def _own(uri: DataUri) -> Markup:
    """A ``data:`` URI that was made here: base64, which needs no escaping."""
    return Markup(uri)  # noqa: S704


def _number(value: Any) -> Any:
    """A measured value as a person reads it."""
    return (
        f"{value:,.6g}"
        if isinstance(value, float)
        else f"{value:,}"
        if isinstance(value, int) and not isinstance(value, bool)
        else value
    )


def _source(environment: Environment, name: str) -> str:
    assert environment.loader is not None  # noqa: S101
    return environment.loader.get_source(environment, name)[0]


def _hash(text: str) -> Markup:
    """What the page's policy calls its own style or script."""
    digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode("ascii")
    return Markup(f"'sha256-{digest}'")  # noqa: S704
