"""``run`` and ``arun`` as a library: nothing prints, asks or exits."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Callable, Collection, Iterable
from dataclasses import replace
from fractions import Fraction
from functools import partial
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
from vaceprep.plans.model import NOTHING_ASKED, Options
from vaceprep.publish.target import Target, parse_target
from vaceprep.runs.model import Control, RunOptions, RunReport, Step
from vaceprep.runs.preconditions import (
    account_of,
    check_key,
    items_of,
    look_at,
    need_target,
    walking,
)

if TYPE_CHECKING:
    from vaceprep.config.model import Config

Pathish = str | os.PathLike[str]
#: Called with the job's source, the step it is at, how much of that is done (None where nobody
#: knows) and what else there is to say.
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
    allow_hosts: Collection[str] = (),
    remote: bool = True,
    progress: Progress | None = None,
    cancelled: Callable[[], bool] | None = None,
    config: Pathish | Config | None = None,
) -> RunReport:
    """Take jobs all the way to videos in the folder ``output`` (here); each new task costs money.

    ``job`` is a Job, a mapping, a job file, a manifest, or several; ``publish`` is a target as
    ``--publish`` takes it, or an object of your own with the methods of
    ``vaceprep.publish.target.Target``.
    The same job within 24 hours is picked up instead of sent again, unless ``again``. URLs in a job
    are read before it is sent, unless ``remote`` is False. ``progress``
    is told how far each job is; ``cancelled`` is asked all along, and where it says yes, each job
    ends with the step it is at. What is wrong with a job is in its entry, never an exception.

    ``config`` is a configuration or its file, for the limits, the hosts, the place to publish and
    the output folder that it names; without it none is read.

    Times in seconds. Raises ValueError for settings that cannot be meant (no key, no place to
    publish), ApiError where the service cannot be asked whether it takes the key, LedgerError.
    """
    held = configured(config)
    control = Control(cancelled)
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
        prepare=Options(limits=held.limits) if held else NOTHING_ASKED,
    )
    if held is not None:
        publish, public_base = held.place(publish, public_base)
    target = parse_target(publish, public_base) if isinstance(publish, str) else publish

    def tell(step: Step) -> None:
        if progress is not None:
            share = step.share
            done = float(share) if isinstance(share, Fraction) else None
            progress(step.source, step.name, done, step.note)

    report = _run(_items(job), settings, target, options, control, tell)
    return report if held is None else replace(report, configs=(held.judging_nothing(),))


def _items(job: Given | Iterable[Given]) -> list[Item]:
    items: list[Item] = []
    for one in without_content(given(job, "job.json"), "run"):
        items.extend([one] if isinstance(one, Item) else items_of([one]))
    return items


def _run(
    items: list[Item],
    settings: Settings,
    target: Target | None,
    options: RunOptions,
    control: Control,
    tell: Callable[[Step], None],
) -> RunReport:
    account = account_of(settings)
    with Ledger(PAID) as ledger:
        outset = look_at(items, options, account, ledger)
        need_target(outset, target, options)
        if not outset.ready:
            return RunReport(outset.merged([]))
        with walking(settings, account, ledger, target, options, control, tell) as walk:
            check_key(walk.client, settings)
            return RunReport(outset.merged(walk.all(outset.ready)))


class RunSettings(TypedDict, total=False):
    """The options of ``run``, for those who hand them on; what each means is said there."""

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
    allow_hosts: Collection[str]
    remote: bool
    progress: Progress | None
    cancelled: Callable[[], bool] | None
    config: Pathish | Config | None


async def arun(
    job: Given | Iterable[Given], output: Pathish | None = None, **options: Unpack[RunSettings]
) -> RunReport:
    """The same as ``run``, awaited; it works in a thread of its own.

    Where the awaiting task is cancelled, each job ends with the step it is at, and what was paid
    for stays in the ledger: the same call goes on. Takes and raises what ``run`` does.
    """
    stopped = threading.Event()
    asked = options.pop("cancelled", None)

    def called_off() -> bool:
        return stopped.is_set() or (asked is not None and asked())

    options["cancelled"] = called_off
    work = asyncio.get_running_loop().run_in_executor(None, partial(run, job, output, **options))
    try:
        return await asyncio.shield(work)
    except asyncio.CancelledError:
        stopped.set()
        # The step is finished first: nothing is cut off in the middle of being sent.
        await asyncio.wait([work])
        raise
