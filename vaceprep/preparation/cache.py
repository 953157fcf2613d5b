"""What was made of what: so that the same work is not done twice.

A record is kept for each output, in the state directory and never beside the output. It is a
memory and no more: where it is missing, damaged or cannot be written, the work is done again.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from collections.abc import Mapping
from fractions import Fraction
from typing import Any, Final, NamedTuple

from vaceprep.files.atomic import part_name
from vaceprep.files.digest import Identity, digest, identity
from vaceprep.files.source import CannotOpen, open_path
from vaceprep.files.state import state_dir
from vaceprep.version import __version__
from vaceprep.wording import read_exact

#: The form of the records. Another number is no record of ours.
_VERSION: Final = 1
#: Bytes of the longest record that is written or read.
MAX_RECORD: Final = 1 << 20


def _plain(value: object) -> str:
    if isinstance(value, Fraction):
        return str(value)
    raise TypeError(f"{value!r} is no part of a fingerprint")


def fingerprint(asked: Mapping[str, Any]) -> str:
    """The sha256 of what was asked for (role, options and the like) and of vaceprep's version.

    ``asked`` holds what JSON can hold, and Fractions. Raises TypeError or ValueError otherwise.
    """
    both = {"vaceprep": __version__, "asked": asked}
    text = json.dumps(both, sort_keys=True, separators=(",", ":"), allow_nan=False, default=_plain)
    return hashlib.sha256(text.encode("ascii")).hexdigest()


def records() -> str | None:
    """The folder of the records; None where there is no state directory."""
    folder = state_dir()
    return None if folder is None else os.path.join(folder, "prepared")


def _record(target: str) -> str | None:
    """The path of the record for an output."""
    folder = records()
    if folder is None:
        return None
    head, name = os.path.split(target)
    real = os.path.join(os.path.realpath(head or os.curdir), name)
    # Odd names, and bytes that are no text, become plain ones.
    key = hashlib.sha256(real.encode("utf-8", "surrogatepass")).hexdigest()[:32]
    return os.path.join(folder, f"{key}.json")


def remember(
    target: str,
    source: Identity | None,
    made_by: str,
    entry: Mapping[str, Any],
    output: Mapping[str, Any] | None = None,
) -> bool:
    """Keep that ``target`` was made of ``source``; whether it could be kept.

    ``source`` is the identity taken before the work: where the file is another by now, nothing is
    kept. ``made_by`` is a fingerprint; ``entry`` is what was reported, of JSON values; ``output``
    is the ``digest`` of the part file, taken before it got its name, so that what another process
    puts there later is never taken for this work. Without it the target is read.

    Disks that refuse are no error. Raises TypeError for an entry that is not JSON.
    """
    if source is None or identity(source.path) != source:
        return False
    if output is None:
        output = digest(target)
    try:
        path = _record(target)
    except (OSError, ValueError):
        return False
    if output is None or path is None:
        return False
    kept = {
        "version": _VERSION,
        "target": os.path.abspath(target),
        "source": source._asdict(),
        "fingerprint": made_by,
        "output": dict(output),
        "entry": dict(entry),
    }
    data = json.dumps(kept).encode("ascii")
    if len(data) > MAX_RECORD:
        return False
    try:
        _write(data, path)
    except (OSError, ValueError):
        return False
    return True


class Origin(NamedTuple):
    """The video that a prepared one was made of, and the window of it that was kept, in seconds."""

    path: str
    start: Fraction
    length: Fraction


def origin(path: str, *, search: bool = False) -> Origin | None:
    """What a prepared video was made of, where that source is unchanged; None where nobody knows.

    ``search``: where nothing is known of this path, look for a record of the same bytes, since a
    prepared file may have been moved. No errors.
    """
    found = digest(path)
    if found is None:
        return None
    try:
        own = _record(path)
    except (OSError, ValueError):
        return None
    if own is None:
        return None
    candidates = [own]
    if search:
        with contextlib.suppress(OSError), os.scandir(os.path.dirname(own)) as entries:
            candidates += sorted(e.path for e in entries if e.name.endswith(".json"))
    for candidate in candidates:
        record = _read(candidate)
        kept = None if record is None or record.get("output") != found else _origin_of(record)
        if kept is not None:
            return kept
    return None


def _origin_of(record: Mapping[str, Any]) -> Origin | None:
    """The origin that a record names, where its source is what it was."""
    source, entry = record.get("source"), record.get("entry")
    if record.get("version") != _VERSION or not isinstance(source, dict):
        return None
    window = entry.get("window") if isinstance(entry, dict) else None
    path = source.get("path")
    try:
        start, length = map(read_exact, window or ())
    except (ValueError, TypeError):
        return None
    if not isinstance(path, str):
        return None
    now = identity(path)
    if now is None or now._asdict() != source:
        return None
    return Origin(path, start, length)


def _write(data: bytes, path: str) -> None:
    folder = os.path.dirname(path)
    for one in (os.path.dirname(folder), folder):
        os.makedirs(one, mode=0o700, exist_ok=True)
    part = os.path.join(folder, part_name())
    try:
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
        with open(os.open(part, flags, 0o600), "wb") as file:
            file.write(data)
        # Whoever reads meanwhile sees the old record or the new one, and of several writers the
        # last one wins.
        os.replace(part, path)
    finally:
        with contextlib.suppress(OSError):
            os.unlink(part)


def recall(target: str, source: Identity | None, made_by: str) -> dict[str, Any] | None:
    """What was reported when ``target`` was made of this very source under this fingerprint.

    None unless all of it agrees and the output still has the bytes that were written. No errors.
    """
    if source is None:
        return None
    try:
        path = _record(target)
    except (OSError, ValueError):
        return None
    record = None if path is None else _read(path)
    if record is None or record.get("version") != _VERSION:
        return None
    if record.get("source") != source._asdict() or record.get("fingerprint") != made_by:
        return None
    entry = record.get("entry")
    kept = record.get("output")
    if not isinstance(entry, dict) or not isinstance(kept, dict):
        return None
    try:
        # The size tells most changes without reading anything.
        same = os.stat(target).st_size == kept.get("bytes") and digest(target) == kept
    except (OSError, ValueError):
        return None
    return entry if same else None


def _read(path: str) -> dict[str, Any] | None:
    try:
        with open_path(path) as opened:
            if opened.size > MAX_RECORD:
                return None
            record = json.loads(opened.read(MAX_RECORD))
    except (CannotOpen, OSError, ValueError, RecursionError):
        return None
    return record if isinstance(record, dict) else None
