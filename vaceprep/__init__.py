"""vaceprep: the pre-flight for ``wan2.1-vace-plus``.

``check(path, role)`` returns whether a file would be accepted, why not, and how to fix it;
``probe(path)`` measures it. Results are immutable and picklable. Nothing prints, exits or keeps
state, and everything may be called from several threads.

Names are imported when they are first used, so that importing the package costs nothing.
"""

from __future__ import annotations

import importlib

from vaceprep.version import __version__

# As in typing, without the time of importing it.
TYPE_CHECKING = False
if TYPE_CHECKING:
    import os
    from collections.abc import Collection, Iterable
    from typing import Any, Unpack

    from vaceprep.api.async_client import AsyncClient
    from vaceprep.api.client import Client
    from vaceprep.api.model import (
        ApiError,
        FateUnknown,
        NotConnected,
        ReadFailed,
        Rejected,
        StillRunning,
        Task,
    )
    from vaceprep.api.settings import ConfigError
    from vaceprep.checks.inputs import Given
    from vaceprep.checks.library import ProbeError, check
    from vaceprep.checks.report import FileReport, Report, Summary
    from vaceprep.config import BadConfig
    from vaceprep.config.find import find_config, read_config
    from vaceprep.config.model import Config
    from vaceprep.contract import Role
    from vaceprep.cost import Cost
    from vaceprep.errors import Cancelled
    from vaceprep.facts import Facts, ImageFacts, VideoFacts
    from vaceprep.files.content import Bytes, Readable
    from vaceprep.job.model import (
        ImageReference,
        InvalidJob,
        Job,
        NotPublished,
        VideoEdit,
        VideoExtension,
        VideoOutpainting,
        VideoRepainting,
    )
    from vaceprep.job.schema import schema
    from vaceprep.ledger.store import LedgerError
    from vaceprep.limits import Limits
    from vaceprep.parts.library import SplitPrepareOptions
    from vaceprep.plans.model import Edit
    from vaceprep.preparation.report import Prepared, PrepareReport
    from vaceprep.rules.catalogue import Finding, Rule, Severity, UnknownRule
    from vaceprep.runs.library import arun, run
    from vaceprep.runs.model import RunEntry, RunReport
    from vaceprep.runs.preconditions import NotConfigured
    from vaceprep.workers.process import CannotIsolate

_HOMES = {
    **dict.fromkeys(("arun", "run"), "vaceprep.runs.library"),
    **dict.fromkeys(("RunEntry", "RunReport"), "vaceprep.runs.model"),
    **dict.fromkeys(("Facts", "ImageFacts", "VideoFacts"), "vaceprep.facts"),
    **dict.fromkeys(("Finding", "Rule", "Severity", "UnknownRule"), "vaceprep.rules.catalogue"),
    **dict.fromkeys(("FileReport", "Report", "Summary"), "vaceprep.checks.report"),
    **dict.fromkeys(("Job", "InvalidJob", "NotPublished"), "vaceprep.job.model"),
    **dict.fromkeys(("ImageReference", "VideoRepainting", "VideoEdit"), "vaceprep.job.model"),
    **dict.fromkeys(("VideoExtension", "VideoOutpainting"), "vaceprep.job.model"),
    "schema": "vaceprep.job.schema",
    "BadConfig": "vaceprep.config",
    "Config": "vaceprep.config.model",
    **dict.fromkeys(("find_config", "read_config"), "vaceprep.config.find"),
    "Limits": "vaceprep.limits",
    **dict.fromkeys(("ProbeError", "check"), "vaceprep.checks.library"),
    "Edit": "vaceprep.plans.model",
    **dict.fromkeys(("Prepared", "PrepareReport"), "vaceprep.preparation.report"),
    "NotConfigured": "vaceprep.runs.preconditions",
    "CannotIsolate": "vaceprep.workers.process",
    "Role": "vaceprep.contract",
    "Cost": "vaceprep.cost",
    "LedgerError": "vaceprep.ledger.store",
    "Cancelled": "vaceprep.errors",
    "Client": "vaceprep.api.client",
    "ConfigError": "vaceprep.api.settings",
    "AsyncClient": "vaceprep.api.async_client",
    **dict.fromkeys(("ApiError", "FateUnknown", "NotConnected"), "vaceprep.api.model"),
    **dict.fromkeys(("ReadFailed", "Rejected", "StillRunning", "Task"), "vaceprep.api.model"),
}

__all__ = [
    "ApiError",
    "AsyncClient",
    "BadConfig",
    "Cancelled",
    "CannotIsolate",
    "Client",
    "Config",
    "ConfigError",
    "Cost",
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
    "ReadFailed",
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
    """Measure one file, URL, bytes or a file object: see vaceprep.checks.library.probe."""
    from vaceprep.checks.library import probe as measure

    return measure(path, role, deep=deep, allow_hosts=allow_hosts)


def prepare(
    source: Given | Iterable[Given],
    output: str | os.PathLike[str] | None = None,
    role: Role | None = None,
    *,
    dry_run: bool = False,
    **options: Unpack[SplitPrepareOptions],
) -> PrepareReport:
    """Fix files into new files: see prepare of vaceprep.parts.library for the options."""
    from vaceprep.parts.library import prepare as prepare_now

    return prepare_now(source, output, role, dry_run=dry_run, **options)


def plan(
    source: Given | Iterable[Given],
    role: Role | None = None,
    **options: Unpack[SplitPrepareOptions],
) -> PrepareReport:
    """The plan of ``prepare``, with the expected facts of the outputs; writes nothing."""
    return prepare(source, None, role, dry_run=True, **options)


def __dir__() -> list[str]:
    return sorted(__all__)


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(home), name)
