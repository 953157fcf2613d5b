"""The finished videos of a run: embedded in the page if small, otherwise linked."""

from __future__ import annotations

import base64
import os
import threading
from typing import Final
from urllib.parse import quote

from vaceprep.errors import Refused
from vaceprep.facts import VideoFacts
from vaceprep.files.source import CannotOpen, open_path
from vaceprep.formats import MOV
from vaceprep.preparation.read import reading
from vaceprep.report.html.tables import seconds
from vaceprep.report.html.thumbnails import SMALL, Thumbnails, bounded, instants
from vaceprep.report.html.view import DataUri, Film, Picture
from vaceprep.report.text import describe

#: The most bytes of one embedded video, and of all of them.
MOST_BYTES: Final = 6 * 2**20
ALL_BYTES: Final = 32 * 2**20


def link_to(path: str, page: str) -> str:
    """The URL of a file relative to the page's own path."""
    here = os.path.dirname(os.path.abspath(page))
    try:
        relative = os.path.relpath(os.path.abspath(path), here)
    except ValueError:
        # On another drive.
        from pathlib import Path

        return Path(os.path.abspath(path)).as_uri()
    # Bytes, since a name need not be text; quoting the colon keeps a name from being a scheme.
    return quote(os.fsencode(relative.replace(os.sep, "/")), safe="/")


class ResultVideos:
    """Embeds or links the finished videos of one report."""

    def __init__(self, page: str, thumbnails: Thumbnails, most: int = ALL_BYTES) -> None:
        self._page = page
        self._album = thumbnails
        self._left = most
        self._lock = threading.Lock()

    def film(self, path: str) -> Film:
        """One finished video; an unreadable one is linked."""
        name = os.path.basename(path)
        link = link_to(path, self._page)
        try:
            with reading(path, "video_url") as read:
                facts, demuxer = read.facts, read.sniffed.demuxer
        except Refused as error:
            return Film(name, "", link, note=str(error))
        if not isinstance(facts, VideoFacts):
            return Film(name, "", link, note="it is no video")
        uri = self._carried(path, facts.bytes) if demuxer == MOV else None
        at = instants(facts, 1 if uri else self._album.frames)
        taken = self._album.strip(path, facts, at, bounded((facts.width, facts.height), SMALL))
        pictures: list[Picture] = []
        for shot in taken.shots:
            caption = "" if shot.at is None else f"{seconds(shot.at)} s"
            picture = self._album.printed(shot.image, f"the result at {caption}", caption)
            if picture is not None:
                pictures.append(picture)
        return Film(name, describe(facts), link, uri, tuple(pictures), taken.note)

    def _carried(self, path: str, size: int | None) -> DataUri | None:
        with self._lock:
            if size is None or size > min(MOST_BYTES, self._left):
                return None
            self._left -= size
        try:
            with open_path(path) as opened:
                data = opened.read(MOST_BYTES + 1)
        except (CannotOpen, OSError):
            return None
        if len(data) != size:
            return None
        return DataUri(f"data:video/mp4;base64,{base64.b64encode(data).decode('ascii')}")
