"""``run`` and ``arun`` as a library: no output, no questions, no exit."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import replace
from fractions import Fraction
from functools import partial
from math import isfinite
from typing import TYPE_CHECKING, TypedDict, Unpack

from vaceprep.api.settings import Secret, Settings, read_settings
from vaceprep.checks.inputs import Given, Item, given, without_content
from vaceprep.checks.library import configured
from vaceprep.contract import (
    MAX_WAIT_SECONDS,
    POLL_SECONDS,
    SUBMISSIONS_PER_SECOND,
    TASKS_AT_ONCE,
)
from vaceprep.ledger.store import PAID, Ledger
from vaceprep.limits import CONTRACT
from vaceprep.plans.model import Options
from vaceprep.publish.target import Target, parse_target
from vaceprep.runs.model import Control, RunEntry, RunOptions, RunReport, Step
from vaceprep.runs.preconditions import (
    account_of,
    assess,
    check_key,
    items_of,
    need_target,
    refused_by_cap,
    runner_of,
)
from vaceprep.runs.spending import cap_of, capped
from vaceprep.runs.split_model import ExtendRun, SplitRun
from vaceprep.runs.split_run import run_all

if TYPE_CHECKING:
    from vaceprep.config.model import Config

Pathish = str | os.PathLike[str]
#: Called with the job's source, its step, the share of the step that is done (None if unknown)
#: and a note.
Progress = Callable[[str, str, float | None, str], None]


def run(
    job: Given | Iterable[Given],
    output: Pathish | None = None,
    *,
    publish: Target | str | None = None,
    public_base: str | None = None,
    inline_images: bool = False,
    api_key: str | Secret | None = None,
    site: str | None = None,
    base_url: str | None = None,
    again: bool = False,
    wait: bool = True,
    poll_interval: float = POLL_SECONDS,
    max_wait: float = MAX_WAIT_SECONDS,
    tasks_at_once: int = TASKS_AT_ONCE,
    submissions_per_second: float = SUBMISSIONS_PER_SECOND,
    restore_audio: bool = False,
    fit_model: bool = False,
    allow_hosts: Collection[str] = (),
    remote: bool = True,
    max_cost: Fraction | float | str | None = None,
    split: bool | SplitRun = False,
    extend_to: Fraction | float | None = None,
    progress: Progress | None = None,
    cancelled: Callable[[], bool] | None = None,
    config: Pathish | Config | None = None,
) -> RunReport:
    """Turn jobs into videos in the folder ``output`` (default: the current one); tasks cost money.

    ``job`` is a Job, a mapping, a job file, a manifest, or several; ``publish`` is a target as for
    ``--publish``, or an object with the methods of ``vaceprep.publish.target.Target``.
    A job that was sent within the last 24 hours is resumed instead of sent again, unless ``again``.
    URLs in a job are read before it is sent, unless ``remote`` is False. ``progress`` reports each
    job's steps; ``cancelled`` is called often, and if it returns True, each job ends after its
    current step. ``fit_model`` is that of ``prepare``; ``split`` (True or a ``SplitRun``) and
    ``extend_to`` (seconds) are those of the command. Errors of a job are in its entry.
    If the jobs together can cost more than ``max_cost`` US dollars, none is prepared or sent. A job
    that the budget of the day (``VACEPREP_BUDGET``, else the configuration's) does not cover is
    refused. ``config`` is a configuration or its file; by default none is read. Times in seconds.
    Raises ValueError for invalid settings, ApiError if the key cannot be checked, LedgerError.
    """
    held = configured(config)
    settings = read_settings(api_key=api_key, site=site, base_url=base_url)
    options = RunOptions(
        output=os.fsdecode(output) if output is not None else (held and held.output) or ".",
        inline_images=inline_images,
        again=again,
        wait=wait,
        poll_interval=poll_interval,
        max_wait=max_wait,
        at_once=tasks_at_once,
        per_second=submissions_per_second,
        restore_audio=restore_audio,
        allowed_hosts=tuple(allow_hosts) or (held.allow_hosts if held else ()),
        remote=remote,
        prepare=Options(fit_model=fit_model, limits=held.limits if held else CONTRACT),
    )
    options = _in_parts(capped(options, held, cap_of(max_cost)), split, extend_to)
    to, steps = _target(held, publish, public_base), (Control(cancelled), _on_step(progress))
    return _report(held, run_items(PAID, _items(job), settings, to, options, *steps))


def _in_parts(
    options: RunOptions, split: bool | SplitRun, extend_to: Fraction | float | None
) -> RunOptions:
    """The options with those of a split or of a chain. Raises ValueError."""
    if extend_to is None:
        return replace(options, split=SplitRun() if split is True else split or None)
    if split:
        raise ValueError("extend_to is for video_extension, split is not: give one")
    if not options.wait:
        raise ValueError("extend_to sends a task when the result before is there: let it wait")
    if not isfinite(extend_to) or extend_to <= 0:
        raise ValueError(f"extend_to is {extend_to}; it must be above zero")
    length = extend_to if isinstance(extend_to, Fraction) else Fraction(str(extend_to))
    return replace(options, extend=ExtendRun(length))


def _target(
    held: Config | None, publish: Target | str | None, public_base: str | None
) -> Target | None:
    if held is not None:
        publish, public_base = held.place(publish, public_base)
    return parse_target(publish, public_base) if isinstance(publish, str) else publish


def _on_step(progress: Progress | None) -> Callable[[Step], None]:
    """What is called at each step of a job."""

    def on_step(step: Step) -> None:
        if progress is not None:
            share = step.share
            done = float(share) if isinstance(share, Fraction) else None
            progress(step.source, step.name, done, step.note)

    return on_step


def _items(job: Given | Iterable[Given]) -> list[Item]:
    items: list[Item] = []
    for one in without_content(given(job, "job.json"), "run"):
        items.extend([one] if isinstance(one, Item) else items_of([one]))
    return items


def _report(held: Config | None, entries: tuple[RunEntry, ...]) -> RunReport:
    return RunReport(entries, () if held is None else (held.judging_nothing(),))


def run_items(
    file_name: str,
    items: Sequence[Item],
    settings: Settings,
    target: Target | None,
    options: RunOptions,
    control: Control,
    on_step: Callable[[Step], None],
) -> tuple[RunEntry, ...]:
    """The results of the jobs, with the ledger of that name, without a question.

    Raises NotConfigured, ApiError, LedgerError; ValueError if a split does not fit its job.
    """
    account = account_of(settings)
    with Ledger(file_name) as ledger:
        jobs_before = assess(items, options, account, ledger)
        need_target(jobs_before, target, options)
        if not jobs_before.ready:
            return jobs_before.merged([])
        refusal = refused_by_cap(jobs_before, options)
        if refusal is not None:
            return jobs_before.refused(refusal)
        with runner_of(settings, account, ledger, target, options, control, on_step) as runner:
            check_key(runner.client, settings)
            return jobs_before.merged(run_all(runner, jobs_before.ready))


class RunSettings(TypedDict, total=False):
    """The options of ``run``, to pass on; see ``run`` for their meaning."""

    publish: Target | str | None
    public_base: str | None
    inline_images: bool
    api_key: str | Secret | None
    site: str | None
    base_url: str | None
    again: bool
    wait: bool
    poll_interval: float
    max_wait: float
    tasks_at_once: int
    submissions_per_second: float
    restore_audio: bool
    fit_model: bool
    allow_hosts: Collection[str]
    remote: bool
    max_cost: Fraction | float | str | None
    split: bool | SplitRun
    extend_to: Fraction | float | None
    progress: Progress | None
    cancelled: Callable[[], bool] | None
    config: Pathish | Config | None


async def arun(
    job: Given | Iterable[Given], output: Pathish | None = None, **options: Unpack[RunSettings]
) -> RunReport:
    """Like ``run``, awaited; it works in its own thread.

    If the awaiting task is cancelled, each job ends after its current step, and what was paid for
    stays in the ledger: the same call resumes it. Takes and raises what ``run`` does.
    """
    stopped = threading.Event()
    cancelled = options.pop("cancelled", None)

    def is_cancelled() -> bool:
        return stopped.is_set() or (cancelled is not None and cancelled())

    options["cancelled"] = is_cancelled
    work = asyncio.get_running_loop().run_in_executor(None, partial(run, job, output, **options))
    try:
        return await asyncio.shield(work)
    except asyncio.CancelledError:
        stopped.set()
        # Finish the step first: a request must not be cut off.
        await asyncio.wait([work])
        raise
