"""``vaceprep task``: the submissions of this user, from the ledger."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING, Final

import click

from vaceprep.cli import options, service
from vaceprep.cli.option_groups import OptionGroup, argument, group, option, takes
from vaceprep.cli.task_download import DownloadOptions, WaitOptions, download
from vaceprep.cli.task_rows import (
    ASKED,
    IDS,
    SANDBOX,
    Clients,
    open_ledger,
    rows_of,
    settings_of,
    show_rows,
)
from vaceprep.ledger.row import WAITED_FOR, Row, State
from vaceprep.report.escape import printable

if TYPE_CHECKING:
    from vaceprep.ledger.store import Ledger

EPILOG: Final = """\b
Examples:
  vaceprep task list
  vaceprep task status                 asks the service about open tasks
  vaceprep task wait 3c90c3cc -o out/  waits and downloads the video
  vaceprep task adopt 7 3c90c3cc-...   row 7 is that task of your account
  vaceprep task forget 7               row 7 was never accepted; run sends it

ID is a row's number, a task's id, or the first characters of one."""
#: Examples by command name.
EXAMPLES: Final = {
    "list": """\b
Examples:
  vaceprep task list
  vaceprep task list --format json |
      jq '.tasks[] | select(.state == "unknown")'""",
    "status": """\b
Examples:
  vaceprep task status
  vaceprep task status 7
  vaceprep task status 3c90c3cc --format json""",
    "wait": """\b
Examples:
  vaceprep task wait
  vaceprep task wait 3c90c3cc -o out/ --max-wait 1800""",
    "download": """\b
Examples:
  vaceprep task download
  vaceprep task download 7 -o out/ --restore-audio""",
    "forget": """\b
Example:
  vaceprep task forget 7""",
    "adopt": """\b
Example:
  vaceprep task adopt 7 3c90c3cc-0d44-4b50-8888-8dd25736052a""",
}
#: States of rows whose task failed, is missing or is not known.
FAILED: Final = ("failed", "cancelled", "unknown", "expired", "missing")
#: States of rows for which the user may record the task.
ADOPTING: Final = ("unknown", "forgotten", "missing", "expired")


@click.group("task", epilog=EPILOG)
def command() -> None:
    """What was sent and what came of it: the ledger of this user."""


class ListOptions(OptionGroup):
    """The command line of ``task list``."""

    sandbox: bool = SANDBOX
    output: str = options.FORMAT


@command.command("list", epilog=EXAMPLES["list"])
@takes(ListOptions)
def list_(given: ListOptions) -> int:
    """All submissions, newest first, and what was spent by day; the service is not asked."""
    with open_ledger(given.sandbox) as ledger:
        show_rows(ledger.rows(), given.output, given.sandbox, sums=True)
    return 0


class StatusOptions(OptionGroup):
    """The command line of ``task status``."""

    ids: tuple[str, ...] = IDS
    account: service.Service = group(service.Service)
    sandbox: bool = SANDBOX
    output: str = options.FORMAT


@command.command("status", epilog=EXAMPLES["status"])
@takes(StatusOptions)
def status(given: StatusOptions) -> int:
    """Ask the service how tasks stand; without ID, all that are not done."""
    settings = settings_of(given.account, in_sandbox=given.sandbox)
    failed = False
    shown = []
    with open_ledger(given.sandbox) as ledger, ExitStack() as stack:
        open_states: list[State] = ["accepted", "missing", "unknown", "sending"]
        rows = rows_of(ledger, given.ids) if given.ids else ledger.rows(open_states)
        clients = Clients(settings, stack)
        for row in rows:
            current, answered = _update(ledger, row, clients)
            failed = failed or not answered or current.state in FAILED
            shown.append(current)
        show_rows(shown, given.output, given.sandbox)
    return int(failed)


def _update(ledger: Ledger, row: Row, clients: Clients) -> tuple[Row, bool]:
    """The row with its task's current state; False, after a message, if the request fails."""
    from vaceprep.api.model import ApiError, Rejected
    from vaceprep.runs.submit import is_gone, note_missing, note_task

    if row.task_id is None or row.state not in ASKED:
        return row, True
    try:
        task = clients.of(row.service, row.account).get(row.task_id)
        return note_task(ledger, row, task), True
    except (ApiError, ValueError) as error:
        if isinstance(error, Rejected) and is_gone(error):
            row = note_missing(ledger, row)
        options.say(f"row {row.id}: {printable(str(error), limit=4000)}")
        return row, False


@command.command("wait", epilog=EXAMPLES["wait"])
@takes(WaitOptions)
def wait(given: WaitOptions) -> int:
    """Wait for tasks and download their videos; without ID, all."""
    return download(given.target, given.source, given.polling)


@command.command("download", epilog=EXAMPLES["download"])
@takes(DownloadOptions)
def download_(given: DownloadOptions) -> int:
    """Download the videos of finished tasks; without ID, of all."""
    return download(given.target, given.source)


class ForgetOptions(OptionGroup):
    """The command line of ``task forget``."""

    ids: tuple[str, ...] = argument(nargs=-1, required=True, metavar="ID...")
    yes: bool = option(
        "--yes",
        is_flag=True,
        help="Also forget accepted tasks (you pay again if you send the job again).",
    )
    sandbox: bool = SANDBOX


@command.command("forget", epilog=EXAMPLES["forget"])
@takes(ForgetOptions)
def forget(given: ForgetOptions) -> int:
    """Mark submissions as never accepted; running their job again will send (and pay for) it."""
    from vaceprep.runs.hints import Hints

    hints = Hints(given.sandbox)
    with open_ledger(given.sandbox) as ledger:
        code = 0
        for row in rows_of(ledger, given.ids):
            if row.state in ("queued", "sending"):
                options.say(f"row {row.id} is being sent right now; wait for it")
                code = 1
            elif row.state in WAITED_FOR and not given.yes:
                options.say(
                    f"row {row.id} was accepted and its video is not here; to download it: "
                    f"{hints.wait(row.id)}; to forget it all the same: "
                    f"{hints.forget(row.id, yes=True)}"
                )
                code = 1
            else:
                ledger.settle(row.id, "forgotten")
                options.write(f"row {row.id} is forgotten; its job may be sent again\n")
    return code


class AdoptOptions(OptionGroup):
    """The command line of ``task adopt``."""

    row: str = argument(metavar="ROW")
    task_id: str = argument(metavar="TASK_ID")
    account: service.Service = group(service.Service)
    sandbox: bool = SANDBOX


@command.command("adopt", epilog=EXAMPLES["adopt"])
@takes(AdoptOptions)
def adopt(given: AdoptOptions) -> int:
    """Record which task of your account belongs to a submission whose answer was lost."""
    from vaceprep.api.model import ApiError
    from vaceprep.api.responses import usable_id
    from vaceprep.runs.hints import Hints
    from vaceprep.runs.submit import note_task

    task_id = given.task_id
    settings = settings_of(given.account, in_sandbox=given.sandbox)
    if usable_id(task_id) is None:
        raise click.UsageError(
            f"{printable(task_id)} is not a task's id: letters, digits, dots, underscores and "
            "hyphens"
        )
    with open_ledger(given.sandbox) as ledger, ExitStack() as stack:
        (row,) = rows_of(ledger, [given.row])
        if row.state not in ADOPTING:
            raise click.UsageError(
                f"row {row.id} is {row.state}; a task is recorded only for a row that is "
                f"{', '.join(ADOPTING[:-1])} or {ADOPTING[-1]}"
            )
        holder = ledger.by_task(task_id)
        if holder is not None and holder.task_id == task_id and holder.id != row.id:
            raise click.UsageError(f"row {holder.id} has that task already")
        try:
            task = Clients(settings, stack).of(row.service, row.account).get(task_id)
        except (ApiError, ValueError) as error:
            options.say(f"vaceprep: {printable(str(error), limit=4000)}; the row stays as it was")
            return 1
        accepted = ledger.settle(row.id, "accepted", task_id=task.id, error=None)
        shown = note_task(ledger, accepted, task)
        options.write(f"row {row.id} has task {printable(task.id)} ({printable(task.status)})\n")
        if shown.state in ("accepted", "finished"):
            options.say(f"to download its video: {Hints(given.sandbox).wait(row.id)}")
    return 0
