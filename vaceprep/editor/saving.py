"""Save the job, with its comments, and its masks and pictures beside it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from vaceprep.checks.bytes import Options as Look
from vaceprep.checks.job import check_mapping
from vaceprep.checks.report import Report
from vaceprep.editor.context import Editor
from vaceprep.editor.errors import BadRequest
from vaceprep.editor.review import Draft, Review
from vaceprep.editor.session import Session, named_files, read_text
from vaceprep.files.atomic import placing
from vaceprep.job.media import resolve
from vaceprep.job.read import JobUnreadable, parse
from vaceprep.job.text import Value, rewrite
from vaceprep.probes.measure import ending


def save(editor: Editor, draft: Draft, *, force: bool = False) -> dict[str, Any]:
    """Write the job and its drafts. Raises BadRequest if the file was changed meanwhile, Refused.

    ``force`` writes over the changes of others.
    """
    session = editor.session
    # Refuses paths outside the folder before anything is written.
    command = Review(editor, draft).command()
    with session.lock:
        old = session.text
        _check_unchanged(session, force=force)
        text, note = _text(session.path, draft.values, old)
        for name in named_files(draft.values).values():
            if name in session.drafts:
                _write_draft(session, name)
        _write(session.path, text.encode(), force=force or old is not None)
        session.text = text
    look = Look(limits=editor.limits, price=editor.run.price)
    reports = check_mapping(session.path, parse(text, ending(session.path)), session.folder, look)
    return {
        "path": session.path,
        "command": command,
        "report": Report(reports).to_dict(),
        "notes": [] if note is None else [note],
    }


def _check_unchanged(session: Session, *, force: bool) -> None:
    """Raise BadRequest if another program wrote the job file since it was read."""
    if force or (session.text is None and not os.path.lexists(session.path)):
        return
    try:
        now = read_text(session.path)[0]
    except JobUnreadable:
        now = None
    if now != session.text:
        raise BadRequest(
            f"{session.path} was changed by another program; save again to write over it", 409
        )


def _text(path: str, values: Mapping[str, Any], old: str | None) -> tuple[str, str | None]:
    """The new text of the job file, and why comments are lost. Raises Refused."""
    before: dict[str, Any] = {} if old is None else parse(old, ending(path))
    # Numbers of the page have no type: 1 is the same as the 1.0 of the file.
    values = {k: before[k] if _same(before.get(k), v) else v for k, v in values.items()}
    return rewrite(values, ending(path), old, changes_of(before, values))


def _same(old: Any, new: Any) -> bool:
    return old == new and isinstance(old, bool) == isinstance(new, bool)


def changes_of(old: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, Value]:
    """The values that differ, by JSON pointer; None for a field that is gone."""
    changes: dict[str, Value] = {f"/{name}": None for name in old if name not in new}
    for name, value in new.items():
        before = old.get(name)
        if name in old and _same(before, value):
            continue
        if isinstance(before, list) and isinstance(value, list) and len(before) == len(value):
            pairs = enumerate(zip(before, value, strict=True))
            changes |= {f"/{name}/{n}": now for n, (was, now) in pairs if not _same(was, now)}
        else:
            changes[f"/{name}"] = value
    return changes


def _write_draft(session: Session, name: str) -> None:
    with open(session.drafts[name], "rb") as file:
        data = file.read()
    _write(resolve(name, session.folder), data, force=name in session.saved)
    session.saved.add(name)


def _write(path: str, data: bytes, *, force: bool) -> None:
    """Write a file whole or not at all. Raises Refused."""
    with placing(path, force=force, make_folder=True) as place:
        place.fill(data)
        place.commit()
