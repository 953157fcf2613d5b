"""Check a finished file before its rename to the final name."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable

from vaceprep.contract import Role
from vaceprep.errors import Refused
from vaceprep.facts import Facts, Unreadable
from vaceprep.files.atomic import placing
from vaceprep.files.source import CannotOpen, open_path
from vaceprep.limits import CONTRACT, Limits
from vaceprep.probes.measure import measure
from vaceprep.probes.sniff import sniff
from vaceprep.rules.catalogue import Asset, Finding, Severity
from vaceprep.rules.judge import judge


def verified(
    path: str, role: Role, name: str, limits: Limits = CONTRACT, *, deep: bool = False
) -> tuple[Facts, list[Finding]]:
    """Return the facts of a finished file and the findings of all rules on it as ``name``.

    ``deep`` decodes every frame of a video. Raises Refused where the file cannot be read again.
    """
    try:
        with open_path(path) as opened:
            facts = measure(opened, role, sniff(opened.head), deep=deep, limits=limits)
    except CannotOpen as error:
        raise Refused(f"{name} cannot be read again: {error.fact.message}") from None
    if isinstance(facts, Unreadable):
        raise Refused(f"{name} cannot be read again: {facts.message}")
    return facts, judge(facts, Asset(role, name, limits))


def _passed(path: str, role: Role, name: str, tolerated: Collection[str]) -> list[Finding]:
    _, findings = verified(path, role, name)
    grave = [f for f in findings if f.severity is not Severity.ADVICE and f.code not in tolerated]
    if grave:
        said = "; ".join(f"{f.code} {f.message}" for f in grave)
        raise Refused(f"{name} was not written, because it would not pass as {role}: {said}")
    return [f for f in findings if f.code in tolerated]


def write_verified(
    data: bytes,
    target: str,
    *,
    force: bool,
    role: Role,
    sources: Iterable[str] = (),
    tolerated: Collection[str] = (),
) -> list[Finding]:
    """Write ``data`` to a part file, check it under ``role``, rename it to ``target``.

    Any finding above advice refuses it, except the ``tolerated`` codes, which are returned. A
    failure leaves no file. Raises Refused.
    """
    with placing(target, force=force, sources=sources) as place:
        place.fill(data)
        found = _passed(place.path, role, os.path.basename(target), tolerated)
        place.commit()
    return found
