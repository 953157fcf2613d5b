"""Records of finished outputs, so that the same work is not done twice.

Each output has one record, in the state directory and never beside the output. A record only saves
work: where it is missing, damaged or cannot be written, the output is made again.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from collections.abc import Mapping
from fractions import Fraction
from typing import Any, Final, NamedTuple

from vaceprep.facts import Facts, VideoFacts
from vaceprep.files.atomic import part_name
from vaceprep.files.digest import Identity, digest, identity
from vaceprep.files.source import CannotOpen, open_path
from vaceprep.files.state import state_dir
from vaceprep.rules.advise import LOOKED
from vaceprep.rules.catalogue import Finding, Severity
from vaceprep.version import __version__
from vaceprep.wording import read_exact

#: The format version of the records. Records of another version are ignored.
_VERSION: Final = 1
#: The size limit of a record in bytes, for writing and reading.
MAX_RECORD: Final = 1 << 20


def _plain(value: object) -> str:
    if isinstance(value, Fraction):
        return str(value)
    raise TypeError(f"{value!r} is no part of a fingerprint")


def fingerprint(request: Mapping[str, Any]) -> str:
    """Return the sha256 of vaceprep's version and the request (role, options and the like).

    ``request`` holds JSON values and Fractions. Raises TypeError or ValueError for other values.
    """
    both = {"vaceprep": __version__, "asked": request}
    text = json.dumps(both, sort_keys=True, separators=(",", ":"), allow_nan=False, default=_plain)
    return hashlib.sha256(text.encode("ascii")).hexdigest()


def records() -> str | None:
    """Return the folder of the records; None where there is no state directory."""
    folder = state_dir()
    return None if folder is None else os.path.join(folder, "prepared")


def _record(target: str) -> str | None:
    """Return the path of the record of an output; None where there can be none."""
    folder = records()
    if folder is None:
        return None
    head, name = os.path.split(target)
    try:
        real = os.path.join(os.path.realpath(head or os.curdir), name)
    except (OSError, ValueError):
        return None
    # The hash makes a plain file name of any path, even of bytes that are not text.
    key = hashlib.sha256(real.encode("utf-8", "surrogatepass")).hexdigest()[:32]
    return os.path.join(folder, f"{key}.json")


def remember(
    target: str,
    source: Identity | None,
    made_by: str,
    entry: Mapping[str, Any],
    output: Mapping[str, Any] | None = None,
) -> bool:
    """Record that ``target`` was made from ``source``. Return whether the record was written.

    ``source`` is the identity taken before the work; if the file has changed since, nothing is
    recorded. ``made_by`` is a fingerprint; ``entry`` is the report of the output as JSON values;
    ``output`` is the ``digest`` of the part file before its rename, so that a file that another
    process puts there later does not match. Without ``output`` the target is read.

    A failed write is not an error. Raises TypeError for an entry that is not JSON.
    """
    if source is None or identity(source.path) != source:
        return False
    if output is None:
        output = digest(target)
    path = _record(target)
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
    """The source of a prepared video, and the start and length of its kept window in seconds."""

    path: str
    start: Fraction
    length: Fraction


def origin(path: str, *, search: bool = False) -> Origin | None:
    """Return the origin of a prepared video; None where it is unknown or its source has changed.

    ``search``: without a record of this path, search all records for one of the same bytes, since a
    prepared file may have been moved. Raises nothing.
    """
    found, own = digest(path), _record(path)
    if found is None or own is None:
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
    """Return the origin that a record names, if the source is unchanged."""
    source, entry = record.get("source"), record.get("entry")
    if record.get("version") != _VERSION or not isinstance(source, dict):
        return None
    window = recorded_window(entry) if isinstance(entry, dict) else None
    path = source.get("path")
    if window is None or not isinstance(path, str):
        return None
    now = identity(path)
    if now is None or now._asdict() != source:
        return None
    return Origin(path, *window)


def recorded_window(entry: Mapping[str, Any]) -> tuple[Fraction, Fraction] | None:
    """Return the start and length in seconds that a recorded entry keeps of its source."""
    try:
        start, length = map(read_exact, entry.get("window") or ())
    except (ValueError, TypeError):
        return None
    return start, length


def _write(data: bytes, path: str) -> None:
    folder = os.path.dirname(path)
    for one in (os.path.dirname(folder), folder):
        os.makedirs(one, mode=0o700, exist_ok=True)
    part = os.path.join(folder, part_name())
    try:
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
        with open(os.open(part, flags, 0o600), "wb") as file:
            file.write(data)
        # The rename is atomic: readers get the old record or the new one; the last writer wins.
        os.replace(part, path)
    finally:
        with contextlib.suppress(OSError):
            os.unlink(part)


def recall(target: str, source: Identity | None, made_by: str) -> dict[str, Any] | None:
    """Return the recorded entry of ``target`` for this source and fingerprint.

    None unless source, fingerprint and the bytes of the output all match. Raises nothing.
    """
    if source is None:
        return None
    path = _record(target)
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
        # Comparing sizes first detects most changes without reading the file.
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


def recorded_advice(record: Mapping[str, Any], after: Facts) -> list[Finding]:
    """Return the advice on an existing output that takes decoding, as its record has it."""
    if not isinstance(after, VideoFacts) or after.look is not None:
        return []
    try:
        found = [f for f in record.get("remaining", ()) if f["code"] in LOOKED]
        return [Finding(**{**f, "severity": Severity(f["severity"])}) for f in found]
    except (KeyError, TypeError, ValueError):
        return []
