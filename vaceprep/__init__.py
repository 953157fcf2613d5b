"""vaceprep: the pre-flight for ``wan2.1-vace-plus``.

``check(path, role)`` tells whether a file would be accepted, why not, and what mends it;
``probe(path)`` measures it. Results are immutable and picklable. Nothing prints, exits or keeps
state, and everything may be called from several threads.

Names are imported when they are first used, so that importing the package costs nothing.
"""

from __future__ import annotations

import importlib

# The rooms of these names are loaded before the functions below take the names over.
import vaceprep.plan
import vaceprep.prepare
import vaceprep.probe  # noqa: F401
from vaceprep.version import __version__

# As typing's own, without the cost of importing it.
TYPE_CHECKING = False
if TYPE_CHECKING:
    import os
    from collections.abc import Collection, Iterable
    from typing import Any, Unpack

    from vaceprep.api.aclient import AsyncClient
    from vaceprep.api.client import Client
    from vaceprep.api.model import (
        ApiError,
        FateUnknown,
        NotConnected,
        Rejected,
        StillRunning,
        Task,
    )
    from vaceprep.collect import Given
    from vaceprep.config import BadConfig
    from vaceprep.config.find import find_config, read_config
    from vaceprep.config.model import Config
    from vaceprep.content import Bytes, Readable
    from vaceprep.contract import Role
    from vaceprep.facts import Facts, ImageFacts, VideoFacts
    from vaceprep.flow.library import arun, run
    from vaceprep.flow.model import RunEntry, RunReport
    from vaceprep.flow.start import NotConfigured
    from vaceprep.isolate.start import CannotIsolate
    from vaceprep.job import (
        ImageReference,
        InvalidJob,
        Job,
        NotPublished,
        VideoEdit,
        VideoExtension,
        VideoOutpainting,
        VideoRepainting,
    )
    from vaceprep.jobschema import schema
    from vaceprep.ledger.store import LedgerError
    from vaceprep.limits import Limits
    from vaceprep.plan.model import Edit
    from vaceprep.preflight import ProbeError, check
    from vaceprep.prepare.entry import Prepared, PrepareReport
    from vaceprep.prepare.library import PrepareOptions
    from vaceprep.prepare.refused import Cancelled
    from vaceprep.rules.catalogue import Finding, Rule, Severity, UnknownRule
    from vaceprep.verdict import FileReport, Report, Summary

_HOMES = {
    **dict.fromkeys(("arun", "run"), "vaceprep.flow.library"),
    **dict.fromkeys(("RunEntry", "RunReport"), "vaceprep.flow.model"),
    **dict.fromkeys(("Facts", "ImageFacts", "VideoFacts"), "vaceprep.facts"),
    **dict.fromkeys(("Finding", "Rule", "Severity", "UnknownRule"), "vaceprep.rules.catalogue"),
    **dict.fromkeys(("FileReport", "Report", "Summary"), "vaceprep.verdict"),
    **dict.fromkeys(("Job", "InvalidJob", "NotPublished"), "vaceprep.job"),
    **dict.fromkeys(("ImageReference", "VideoRepainting", "VideoEdit"), "vaceprep.job"),
    **dict.fromkeys(("VideoExtension", "VideoOutpainting"), "vaceprep.job"),
    "schema": "vaceprep.jobschema",
    "BadConfig": "vaceprep.config",
    "Config": "vaceprep.config.model",
    **dict.fromkeys(("find_config", "read_config"), "vaceprep.config.find"),
    "Limits": "vaceprep.limits",
    **dict.fromkeys(("ProbeError", "check"), "vaceprep.preflight"),
    "Edit": "vaceprep.plan.model",
    **dict.fromkeys(("Prepared", "PrepareReport"), "vaceprep.prepare.entry"),
    "NotConfigured": "vaceprep.flow.start",
    "CannotIsolate": "vaceprep.isolate.start",
    "Role": "vaceprep.contract",
    "LedgerError": "vaceprep.ledger.store",
    "Cancelled": "vaceprep.prepare.refused",
    "Client": "vaceprep.api.client",
    "AsyncClient": "vaceprep.api.aclient",
    **dict.fromkeys(("ApiError", "FateUnknown", "NotConnected"), "vaceprep.api.model"),
    **dict.fromkeys(("Rejected", "StillRunning", "Task"), "vaceprep.api.model"),
}

__all__ = [
    "ApiError",
    "AsyncClient",
    "BadConfig",
    "Cancelled",
    "CannotIsolate",
    "Client",
    "Config",
    "Edit",
    "Facts",
    "FateUnknown",
    "FileReport",
    "Finding",
    "ImageFacts",
    "ImageReference",
    "InvalidJob",
    "Job",
    "LedgerError",
    "Limits",
    "NotConfigured",
    "NotConnected",
    "NotPublished",
    "PrepareReport",
    "Prepared",
    "ProbeError",
    "Rejected",
    "Report",
    "Role",
    "Rule",
    "RunEntry",
    "RunReport",
    "Severity",
    "StillRunning",
    "Summary",
    "Task",
    "UnknownRule",
    "VideoEdit",
    "VideoExtension",
    "VideoFacts",
    "VideoOutpainting",
    "VideoRepainting",
    "__version__",
    "arun",
    "check",
    "find_config",
    "plan",
    "prepare",
    "probe",
    "read_config",
    "run",
    "schema",
]


def probe(
    path: str | os.PathLike[str] | Bytes | Readable,
    role: Role | None = None,
    *,
    deep: bool = False,
    allow_hosts: Collection[str] = (),
) -> Facts:
    """Measure one file, URL, bytes or a file object: see vaceprep.preflight.probe."""
    from vaceprep.preflight import probe as measure

    return measure(path, role, deep=deep, allow_hosts=allow_hosts)


def prepare(
    source: Given | Iterable[Given],
    output: str | os.PathLike[str] | None = None,
    role: Role | None = None,
    *,
    dry_run: bool = False,
    **options: Unpack[PrepareOptions],
) -> PrepareReport:
    """Mend files into new files: see vaceprep.prepare.library.prepare for the options."""
    from vaceprep.prepare.library import prepare as mend

    return mend(source, output, role, dry_run=dry_run, **options)


def plan(
    source: Given | Iterable[Given],
    role: Role | None = None,
    **options: Unpack[PrepareOptions],
) -> PrepareReport:
    """What ``prepare`` would do, with the facts that will come out; nothing is written."""
    return prepare(source, None, role, dry_run=True, **options)


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(home), name)
