"""Fetched media judged by vaceprep's own rules, each under its role and all together."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from vaceprep.job import FIELDS, put
from vaceprep.jobcheck import check_mapping
from vaceprep.limits import CONTRACT, Limits
from vaceprep.look import Options
from vaceprep.rules.catalogue import Severity
from vaceprep.sandbox.bodies import told
from vaceprep.sandbox.refusal import Breach


def judge_media(
    values: Mapping[str, Any], paths: Mapping[str, str], limits: Limits = CONTRACT
) -> None:
    """Refuse what the service refuses. ``values`` is the body, ``paths`` are its media here.

    Raises Breach with every error, warnings are let through.
    """
    # Fields that the contract does not have were judged with the body.
    local = {name: value for name, value in values.items() if name in FIELDS}
    for at, path in paths.items():
        put(local, at, path)
    entries = check_mapping("body", local, "", Options(limits=limits))
    errors = [f for e in entries for f in e.findings if f.severity is Severity.ERROR]
    if errors:
        raise Breach("; ".join(told(finding) for finding in errors))
