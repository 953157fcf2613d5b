"""The page of ``vaceprep preview``: the film of what the model takes, drawings, and the check."""

from __future__ import annotations

import base64
import os
import tempfile
from collections.abc import Iterable
from dataclasses import replace
from typing import Final

from vaceprep.checks.report import FileReport
from vaceprep.files.atomic import placing
from vaceprep.model_view import CAVEAT
from vaceprep.preparation.model_input.film import write_film
from vaceprep.preparation.model_input.read import Preview
from vaceprep.report.html.build import whole_of, whole_page
from vaceprep.report.html.entries import checked
from vaceprep.report.html.model_input import drawn_input
from vaceprep.report.html.page import rendered
from vaceprep.report.html.thumbnails import Thumbnails
from vaceprep.report.html.view import DataUri, Entry, Film, Group, Page

#: The most bytes of a film inside the page.
MOST_BYTES: Final = 32 * 2**20


def write_page(
    found: Preview, target: str, *, force: bool, sources: Iterable[str] = ()
) -> list[str]:
    """Write the page of a source to ``target`` atomically. Return what is not shown, in words.

    Raises Refused.
    """
    with placing(target, force=force, sources=sources) as place:
        page, notes = _page(found)
        place.fill("".join(rendered(page)).encode("utf-8", "replace"))
        place.commit()
    return notes


def _page(found: Preview) -> tuple[Page, list[str]]:
    thumbnails = Thumbnails(len(found.reports))
    entries = [checked(report, thumbnails) for report in found.reports]
    film, notes = _film(found)
    drawn = drawn_input(found.model, thumbnails)
    film = replace(film, pictures=drawn.pictures[:1] if drawn else ())
    entries[0] = replace(entries[0], films=(film,), model=drawn)
    if _is_job(found.reports[0]):
        entries[0] = replace(whole_of(entries), role=_role(found))
    return _filled(found, entries, notes), notes


def _is_job(report: FileReport) -> bool:
    return report.role is None


def _role(found: Preview) -> str:
    return f"job, {found.model.function}" if found.model.function else "job"


def _film(found: Preview) -> tuple[Film, list[str]]:
    """The film inside the page, and what it does not show."""
    with tempfile.TemporaryDirectory(prefix="vaceprep-") as folder:
        path = os.path.join(folder, "film.mp4")
        notes = write_film(found.model, path, force=False)
        size = os.path.getsize(path)
        if size > MOST_BYTES:
            return Film("", "", "", note="the film is too large for a page; write it as MP4"), notes
        with open(path, "rb") as file:
            data = base64.b64encode(file.read()).decode("ascii")
    about = f"at the model's rate, skipped frames marked red below; {CAVEAT}"
    return Film("What the model takes", about, "", DataUri(f"data:video/mp4;base64,{data}")), notes


def _filled(found: Preview, entries: list[Entry], notes: list[str]) -> Page:
    """The page of these entries."""
    files = len(found.model.files)
    name = entries[0].name if _is_job(found.reports[0]) else None
    return whole_page(
        "preview",
        [Group(tuple(entries), name)],
        [(files, "file" if files == 1 else "files", "plain")],
        (f"What the model takes, {CAVEAT}.", *found.model.notes, *notes),
    )
