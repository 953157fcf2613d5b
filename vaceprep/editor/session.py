"""One editing session: the job in memory, its folder, and the files that it may open.

Only files in the job's folder, files that the job named when it was opened, and files that the
session itself made are opened. Files of the session (masks, uploads) have names like files beside
the job and lie in a folder for temporary files until the job is saved.
"""

from __future__ import annotations

import json
import os
import tempfile
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, Final

from vaceprep.checks.inputs import JOB_ENDINGS, JOB_MARK
from vaceprep.contract import MAX_SECONDS, Role
from vaceprep.editor.errors import BadRequest
from vaceprep.editor.media import Media, described
from vaceprep.editor.window import Window
from vaceprep.errors import Refused
from vaceprep.facts import VideoFacts
from vaceprep.files.names import numbered
from vaceprep.files.source import CannotOpen, is_url, leads_inside, open_path
from vaceprep.formats import IMAGE_ENDINGS, VIDEO_ENDINGS
from vaceprep.job.media import media_of, put, resolve, role_of
from vaceprep.job.part_masks import IMAGE
from vaceprep.job.read import JobUnreadable, parse, text_of
from vaceprep.preparation.read import unreadable
from vaceprep.probes.measure import ending
from vaceprep.rules.draft import PART_MASKS

#: The function of a new job, and the stem of its file where no video gives one.
NEW_FUNCTION: Final = "video_edit"
NEW_STEM: Final = "edit"
NEW_ENDING: Final = f"{JOB_MARK}.yaml"
#: The most files of the folder that the page offers.
MOST_FILES: Final = 500


@dataclass
class Session:
    """The state of one session; ``lock`` is for all that changes."""

    #: Where the job is saved.
    path: str
    values: dict[str, Any]
    window: Window = field(default_factory=Window)
    options: dict[str, Any] = field(default_factory=dict)
    #: The folder of the finished videos; None: the job's folder.
    output: str | None = None
    media: Media = field(default_factory=Media)
    #: Real paths outside the folder that the job named when it was opened.
    known: frozenset[str] = frozenset()
    #: Files of the session by their names beside the job.
    drafts: dict[str, str] = field(default_factory=dict)
    #: The names of drafts by what they are for, and those that were saved beside the job.
    draft_names: dict[str, str] = field(default_factory=dict)
    saved: set[str] = field(default_factory=set)
    #: The job file's content as it was read or written last; None before it exists.
    text: str | None = None
    lock: threading.RLock = field(default_factory=threading.RLock)
    temporary: tempfile.TemporaryDirectory[str] = field(
        default_factory=lambda: tempfile.TemporaryDirectory(
            prefix="vaceprep-edit-", ignore_cleanup_errors=True
        )
    )

    @property
    def folder(self) -> str:
        """The job's folder."""
        return os.path.dirname(self.path)

    @property
    def stem(self) -> str:
        """The job's name without its endings."""
        return os.path.splitext(os.path.basename(self.path))[0].removesuffix(JOB_MARK)

    def close(self) -> None:
        """Close all files and delete those that were not saved."""
        self.media.close()
        self.temporary.cleanup()

    def keep(self, values: dict[str, Any], window: Window, options: dict[str, Any]) -> None:
        """Take over a state of the job. Raises BadRequest for a file that may not be opened."""
        try:
            json.dumps(values, allow_nan=False)
        except ValueError:
            raise BadRequest("the job has a number that is too large") from None
        for value in named_files(values).values():
            self.path_of(value)
        with self.lock:
            self.values, self.window, self.options = values, window, options

    # --- files ---------------------------------------------------------------------------

    def path_of(self, value: str) -> str | None:
        """The file of a media field's value; None for a URL. Raises BadRequest."""
        if is_url(value):
            return None
        draft = self.drafts.get(value)
        if draft is not None:
            return draft
        try:
            path = resolve(value, self.folder)
            allowed = "\0" not in value and self._may_open(path)
        except UnicodeEncodeError:
            raise BadRequest("a path has a lone surrogate, so no file can have it") from None
        if not allowed:
            raise BadRequest(f"{value} lies outside the job's folder", 403)
        return path

    def _may_open(self, path: str) -> bool:
        return leads_inside(path, self.folder or os.curdir) or os.path.realpath(path) in self.known

    def field_path(self, at: str) -> tuple[str, Role]:
        """The file of a field (``video_url`` or ``/ref_images_url/1``). Raises BadRequest."""
        with self.lock:
            pointer = at if at.startswith("/") else f"/{at}"
            value = media_of(self.values).get(pointer)
            if value is None:
                raise BadRequest(f"the job has no file in {at}", 404)
            path = self.path_of(value)
        if path is None:
            raise BadRequest(f"{at} is a URL, which is not read here", 404)
        return path, role_of(pointer)

    def opened_values(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """The values with the paths of drafts in place of their names. Raises BadRequest."""
        found = dict(values)
        for at, value in media_of(values).items():
            path = self.path_of(value)
            if path is not None and value in self.drafts:
                put(found, at, path)
        masks = values.get(PART_MASKS)
        if isinstance(masks, list):
            found[PART_MASKS] = [self._opened_mask(mask) for mask in masks]
        return found

    def _opened_mask(self, mask: Any) -> Any:
        image = mask.get(IMAGE) if isinstance(mask, dict) else None
        path = self.path_of(image) if isinstance(image, str) else None
        return mask if path is None or image not in self.drafts else {**mask, IMAGE: path}

    def new_name(self, stem: str, last: str) -> str:
        """A name beside the job that neither a file nor a draft has."""
        number = 1
        while True:
            name = numbered(stem, last, number)
            if name not in self.drafts and not os.path.lexists(os.path.join(self.folder, name)):
                return name
            number += 1

    def files(self) -> list[dict[str, str]]:
        """The media of the job's folder, by name, for the page to offer."""
        found = []
        try:
            with os.scandir(self.folder or os.curdir) as entries:
                names = sorted(e.name for e in entries if e.is_file() and e.name[:1] != ".")
        except OSError:
            return []
        for name in names:
            if ending(name) in VIDEO_ENDINGS:
                found.append({"name": name, "kind": "video"})
            elif ending(name) in IMAGE_ENDINGS:
                found.append({"name": name, "kind": "image"})
            if len(found) == MOST_FILES:
                break
        return found

    def described_media(self) -> dict[str, Any]:
        """The key ``media`` of the state: each file of the job; an unreadable one has ``error``."""
        found: dict[str, Any] = {}
        with self.lock:
            media = media_of(self.values)
        for at, value in media.items():
            name = at[1:] if at.count("/") == 1 else at
            try:
                path = self.path_of(value)
                if path is None:
                    found[name] = {"source": value, "error": "URLs are not read here"}
                else:
                    found[name] = described(value, self.media.facts(path, role_of(at)))
            except (BadRequest, Refused) as error:
                found[name] = {"source": value, "error": str(error)}
        return found


def named_files(values: Mapping[str, Any]) -> dict[str, str]:
    """Every path and URL of a job by JSON pointer, those of ``masks`` too."""
    found = media_of(values)
    masks = values.get(PART_MASKS)
    for number, mask in enumerate(masks if isinstance(masks, list) else ()):
        image = mask.get(IMAGE) if isinstance(mask, dict) else None
        if isinstance(image, str):
            found[f"/{PART_MASKS}/{number}/{IMAGE}"] = image
    return found


def read_text(path: str) -> tuple[str, dict[str, Any]]:
    """A job file's text and its values. Raises JobUnreadable."""
    try:
        with open_path(path) as opened:
            text = text_of(opened, ending(path))
    except CannotOpen as error:
        raise JobUnreadable(error.fact.message) from None
    return text, parse(text, ending(path))


def open_session(source: str | None, output: str | None) -> Session:
    """The session of a job file, of a video, or of nothing yet. Raises Refused."""
    if source is None:
        folder = output or ""
        return Session(_new_path(folder, NEW_STEM), _new_values(), output=output)
    if ending(source) in JOB_ENDINGS:
        return _of_job(source, output)
    folder = os.path.dirname(source) if output is None else output
    values = {**_new_values(), "video_url": _beside(source, folder)}
    known = frozenset([os.path.realpath(source)])
    path = _new_path(folder, os.path.splitext(os.path.basename(source))[0])
    session = Session(path, values, output=output, known=known)
    try:
        facts = session.media.facts(source, "video_url")
        if not isinstance(facts, VideoFacts):
            raise unreadable(source, "it is a still image, not a video")
    except Refused:
        session.close()
        raise
    session.window = _first_window(facts)
    return session


def _of_job(source: str, output: str | None) -> Session:
    try:
        text, values = read_text(source)
        # The page gets them as JSON.
        json.dumps(values, allow_nan=False)
    except JobUnreadable as error:
        raise Refused(f"{source} cannot be read: {error}") from None
    except (ValueError, TypeError) as error:
        raise Refused(f"{source} cannot be edited on a page: {error}") from None
    folder = os.path.dirname(source)
    paths = [resolve(v, folder) for v in named_files(values).values() if not is_url(v)]
    known = frozenset(os.path.realpath(path) for path in paths)
    session = Session(source, values, output=output, known=known, text=text)
    try:
        facts = session.media.facts(*session.field_path("video_url"))
    except (BadRequest, Refused):
        return session
    if isinstance(facts, VideoFacts):
        session.window = _first_window(facts)
    return session


def _new_values() -> dict[str, Any]:
    return {"function": NEW_FUNCTION, "prompt": "", "prompt_extend": False}


def _new_path(folder: str, stem: str) -> str:
    """A path for a new job file that no file has."""
    number = 1
    while os.path.lexists(path := os.path.join(folder, numbered(stem, NEW_ENDING, number))):
        number += 1
    return path


def _beside(source: str, folder: str) -> str:
    """The path of a file as a job in ``folder`` names it."""
    if folder and not os.path.isdir(folder):
        # Nothing is found through ``..`` of a folder that saving makes.
        return os.path.abspath(source)
    try:
        path = os.path.relpath(source, folder or os.curdir)
    except ValueError:
        # Another drive.
        path = os.path.abspath(source)
    # A bare "-" would mean standard input.
    return f"./{path}" if path == "-" else path


def _first_window(facts: VideoFacts) -> Window:
    """The first seconds, as many as the service uses."""
    if facts.duration is None:
        return Window()
    return Window(Fraction(0), min(facts.duration, MAX_SECONDS))
