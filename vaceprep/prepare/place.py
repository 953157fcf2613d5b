"""How a finished file gets its name: written beside, judged, and only then renamed into place."""

from __future__ import annotations

import contextlib
import os
import secrets
from collections.abc import Collection, Iterable
from typing import Final

from vaceprep.contract import Role
from vaceprep.facts import Unreadable
from vaceprep.prepare.refused import Refused
from vaceprep.probe.route import measure
from vaceprep.probe.sniff import sniff
from vaceprep.rules.catalogue import Asset, Finding, Severity
from vaceprep.rules.judge import judge
from vaceprep.source import CannotOpen, open_path

_BINARY: Final = getattr(os, "O_BINARY", 0)


def _same(one: str, other: str) -> bool:
    try:
        return os.path.samefile(one, other)
    except (OSError, ValueError):
        return False


def check_target(target: str, *, force: bool, sources: Iterable[str] = ()) -> None:
    """Refuse a name that may not be written, before any work is done for it.

    ``sources`` are never written over, not even with ``force``. Raises Refused.
    """
    if os.path.isdir(target):
        raise Refused(f"{target} is a folder")
    for source in sources:
        if _same(source, target):
            raise Refused(f"{target} is the source itself, which is never changed")
    if os.path.lexists(target) and not force:
        raise Refused(f"{target} exists already; --force writes over it")
    folder = os.path.dirname(target) or os.curdir
    if not os.path.isdir(folder):
        raise Refused(f"there is no folder {folder}")


def judged(path: str, role: Role, name: str) -> list[Finding]:
    """What the rules say of a finished file as if it were called ``name``. Raises Refused."""
    try:
        with open_path(path) as opened:
            facts = measure(opened, role, sniff(opened.head))
    except CannotOpen as error:
        raise Refused(f"{name} cannot be read again: {error.fact.message}") from None
    if isinstance(facts, Unreadable):
        raise Refused(f"{name} cannot be read again: {facts.message}")
    return judge(facts, Asset(role, name))


def _verified(path: str, role: Role, name: str, tolerated: Collection[str]) -> list[Finding]:
    findings = judged(path, role, name)
    grave = [f for f in findings if f.severity is not Severity.ADVICE and f.code not in tolerated]
    if grave:
        said = "; ".join(f"{f.code} {f.message}" for f in grave)
        raise Refused(f"{name} was not written, because it would not pass as {role}: {said}")
    return [f for f in findings if f.code in tolerated]


def _name_it(part: str, target: str, *, force: bool) -> None:
    if force:
        os.replace(part, target)
        return
    try:
        # Unlike a rename, a link never writes over a file that came in between.
        os.link(part, target)
    except FileExistsError:
        raise Refused(f"{target} exists already; --force writes over it") from None
    except (OSError, NotImplementedError):
        # File systems without links (FAT, some network shares).
        if os.path.lexists(target):
            raise Refused(f"{target} exists already; --force writes over it") from None
        os.replace(part, target)


def write(
    data: bytes,
    target: str,
    *,
    force: bool,
    role: Role | None = None,
    sources: Iterable[str] = (),
    tolerated: Collection[str] = (),
) -> list[Finding]:
    """Write ``data`` beside ``target``, judge it under ``role``, give it its name.

    Any finding above advice refuses it, save the codes ``tolerated``, which are handed back.
    Nothing is left behind where it fails. Raises Refused.
    """
    check_target(target, force=force, sources=sources)
    folder, name = os.path.split(target)
    part = os.path.join(folder, f".vaceprep-{secrets.token_hex(8)}.part")
    try:
        handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | _BINARY, 0o666)
        with open(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(handle)
        found = [] if role is None else _verified(part, role, name, tolerated)
        _name_it(part, target, force=force)
    except (OSError, ValueError) as error:
        text = getattr(error, "strerror", None) or str(error)
        raise Refused(f"{target} cannot be written: {text}") from None
    finally:
        with contextlib.suppress(OSError, ValueError):
            os.unlink(part)
    return found
