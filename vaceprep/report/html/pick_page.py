"""The page of ``vaceprep pick``: a strip of frames for each window."""

from __future__ import annotations

from collections.abc import Sequence

from vaceprep.contract import DEFAULT_VIDEO_ROLE
from vaceprep.facts import VideoFacts
from vaceprep.files.atomic import placing
from vaceprep.plans.pick import FULL, Window
from vaceprep.report.html.build import whole_page
from vaceprep.report.html.entries import printed
from vaceprep.report.html.page import ready, rendered
from vaceprep.report.html.tables import seconds, window_bar
from vaceprep.report.html.thumbnails import SMALL, Thumbnails, bounded, instants
from vaceprep.report.html.view import Entry, Group, Side
from vaceprep.report.text import describe


def write_windows(path: str, source: str, facts: VideoFacts, windows: Sequence[Window]) -> None:
    """Write the page of a video's best windows to ``path`` atomically. Raises Refused."""
    ready(path, [source])
    thumbnails = Thumbnails(len(windows))
    entries = [_entry(source, facts, n, found, thumbnails) for n, found in enumerate(windows, 1)]
    number = len(entries)
    page = whole_page(
        "pick",
        [Group(tuple(entries), source)],
        [(number, "window" if number == 1 else "windows", "plain")],
        [describe(facts)],
    )
    with placing(path, force=True, sources=[source], make_folder=True) as place:
        place.fill("".join(rendered(page)).encode("utf-8", "replace"))
        place.commit()


def _entry(
    source: str, facts: VideoFacts, number: int, window: Window, thumbnails: Thumbnails
) -> Entry:
    part = (window.start, window.duration)
    at = instants(facts, thumbnails.frames, part)
    shots = thumbnails.taken(source, facts, at, bounded((facts.width, facts.height), SMALL))
    start, end = seconds(window.start), seconds(window.start + window.duration)
    return Entry(
        name=f"{number}: {start} to {end} s",
        role="window",
        status=f"{window.score} of {FULL} points",
        grade="fine" if window.score == FULL else "warning",
        about="; ".join(window.reasons),
        sides=(Side("", "", printed(shots.shots, thumbnails, facts), shots.note),),
        bar=window_bar(facts, DEFAULT_VIDEO_ROLE, part),
    )
