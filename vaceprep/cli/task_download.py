"""Download the videos of tasks: ``vaceprep task wait`` and ``vaceprep task download``."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import replace
from typing import TYPE_CHECKING, Final

import click

from vaceprep.cli import options, service, signals
from vaceprep.cli.option_groups import OptionGroup, group, option
from vaceprep.cli.run_setup import RESTORE_AUDIO, wait_arguments
from vaceprep.cli.task_rows import (
    ASKED,
    IDS,
    SANDBOX,
    Clients,
    open_ledger,
    rows_to_download,
    settings_of,
)
from vaceprep.contract import MAX_WAIT_SECONDS, POLL_SECONDS
from vaceprep.ledger.row import MEANING, Row

if TYPE_CHECKING:
    from vaceprep.api.client import Client
    from vaceprep.ledger.store import Ledger
    from vaceprep.runs.model import Control, RunEntry, RunOptions


#: Hint for a row of a sandbox that has ended.
ENDED: Final = (
    "a sandbox ends with its run, and its tasks with it: run --sandbox rehearses again; to set "
    "the row aside: {}"
)


class DownloadTarget(OptionGroup):
    """Which tasks, and where and how their videos are written."""

    ids: tuple[str, ...] = IDS
    where: str = options.folder("-o", "--output", about=options.VIDEOS, default=".")
    restore_audio: bool = RESTORE_AUDIO
    allow_host: tuple[str, ...] = option(
        "--allow-host",
        multiple=True,
        metavar="HOST",
        help="Let results come from this private host.",
    )


class DownloadSource(OptionGroup):
    """How the result is printed, which ledger is read, and which service is asked."""

    output: str = options.FORMAT
    sandbox: bool = SANDBOX
    account: service.Service = group(service.Service)


class DownloadOptions(OptionGroup):
    """The command line of ``task download``."""

    target: DownloadTarget = group(DownloadTarget)
    source: DownloadSource = group(DownloadSource)


class WaitOptions(OptionGroup):
    """The command line of ``task wait``."""

    target: DownloadTarget = group(DownloadTarget)
    polling: service.Polling = group(service.Polling)
    source: DownloadSource = group(DownloadSource)


def run_options(
    target: DownloadTarget, source: DownloadSource, polling: service.Polling | None
) -> RunOptions:
    """The options for downloading videos; ``polling`` is None if nothing waits."""
    from vaceprep.runs.hints import Hints
    from vaceprep.runs.model import RunOptions

    resumed = wait_arguments(
        where=target.where,
        restore_audio=target.restore_audio,
        allow_host=target.allow_host,
        api_key_file=source.account.api_key_file,
        polling=polling,
    )
    interval = None if polling is None else polling.poll_interval
    max_wait = None if polling is None else polling.max_wait
    return RunOptions(
        output=target.where,
        poll_interval=interval or POLL_SECONDS,
        max_wait=MAX_WAIT_SECONDS if max_wait is None else max_wait,
        restore_audio=target.restore_audio,
        allowed_hosts=target.allow_host,
        hints=Hints(source.sandbox, resumed),
    )


def download(
    target: DownloadTarget, source: DownloadSource, polling: service.Polling | None = None
) -> int:
    """Download the videos of tasks one after the other and print the result of each.

    Returns the exit code. ``polling``: wait for tasks that are not finished.
    """
    from vaceprep.cli.run import show_entries
    from vaceprep.runs.model import Control
    from vaceprep.runs.preconditions import NotConfigured, need_folder

    settings = settings_of(source.account, in_sandbox=source.sandbox)
    run = run_options(target, source, polling)
    click.get_current_context().with_resource(signals.terminable(own_code=True))
    entries: list[RunEntry] = []
    control = Control()
    with open_ledger(source.sandbox) as ledger, ExitStack() as stack:
        rows = rows_to_download(ledger, target.ids, settings)
        with options.usage_errors(NotConfigured, limit=400):
            need_folder(target.where)
        clients = Clients(settings, stack, control.sleep)
        display = service.Display(len(rows))
        stack.callback(display.close)
        stack.enter_context(signals.interruptible(control, sandbox=source.sandbox))
        for row in rows:
            only_once = polling is None and row.state in ASKED
            options_of_row = replace(run, max_wait=0.0) if only_once else run
            entries.append(_download_row(row, clients, ledger, options_of_row, control, display))
            if control.stopped():
                break
    show_entries(entries, source.output)
    if control.stopped():
        return signals.exit_code()
    return int(not all(entry.ok for entry in entries))


def _download_row(
    row: Row,
    clients: Clients,
    ledger: Ledger,
    run: RunOptions,
    control: Control,
    display: service.Display,
) -> RunEntry:
    """Wait for the task of one row and download its video; the resulting entry."""
    from vaceprep.runs.model import RunEntry, Step
    from vaceprep.runs.retrieve import Retriever
    from vaceprep.runs.runner import finish

    entry = RunEntry(
        row.source,
        row.function,
        "failed",
        row=row.id,
        task=row.task_id,
        task_status=row.status,
        rehearsed=ledger.rehearsal,
    )
    if row.state in ("unknown", "sending"):
        reason = row.error or MEANING[row.state]
        hint = run.hints.unknown(row.id)
        return replace(entry, status="unknown", error=reason, hint=hint)
    if row.task_id is None or row.state in ("failed", "cancelled", "refused"):
        return replace(entry, error=row.error or f"the row is {row.state}", hint=row.hint)
    client = clients.of(row.service, row.account)
    if ledger.rehearsal and row.state != "downloaded" and _has_ended(client, row):
        hint = ENDED.format(run.hints.forget(row.id, yes=True))
        return replace(entry, error="the sandbox that it was sent to has ended", hint=hint)
    retriever = Retriever(ledger, client, run, control, display.show)
    entry = finish(retriever, row, entry)
    display.show(Step(row.source, "end", note=entry.status))
    return entry


def _has_ended(client: Client, row: Row) -> bool:
    """Whether the sandbox of a row has ended: it runs as long as the command that started it."""
    from vaceprep.api.model import ApiError, NotConnected

    try:
        client.get(row.task_id or "", tries=1)
    except NotConnected:
        return True
    except (ApiError, ValueError):
        return False
    return False
