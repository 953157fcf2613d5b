"""Shared by the commands of ``vaceprep task``: the ledger, its rows, and service clients."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Final

import click

from vaceprep.checks.report import JSON_VERSION
from vaceprep.cli import options, service
from vaceprep.cli.option_groups import argument, option
from vaceprep.cli.streams import REMARK
from vaceprep.ledger.row import WAITED_FOR, Row
from vaceprep.report.escape import printable

if TYPE_CHECKING:
    from vaceprep.api.client import Client
    from vaceprep.api.settings import Settings
    from vaceprep.ledger.store import Ledger

IDS: Final = argument(nargs=-1, metavar="[ID]...")
SANDBOX: Final = option("--sandbox", is_flag=True, help="The rows of run --sandbox instead.")
#: States of rows whose task is polled at the service.
ASKED: Final = ("accepted", "missing", "finished", "expired")
#: Minimum length of a name without a row that may be a whole task id.
FULL_ID: Final = 20


@contextmanager
def open_ledger(in_sandbox: bool) -> Iterator[Ledger]:
    """The ledger of paid submissions, or of the sandbox's. Exits with 1 if it fails."""
    from vaceprep.ledger.store import PAID, SANDBOX, Ledger, LedgerError

    try:
        with Ledger(SANDBOX if in_sandbox else PAID) as ledger:
            yield ledger
    except LedgerError as error:
        raise options.failure(error) from None


def find_row(ledger: Ledger, name: str) -> Row | None:
    """The row with this number, task id or beginning of a task id."""
    if name.isascii() and name.isdigit():
        row = ledger.row(int(name)) if len(name) < 18 else None
        if row is not None:
            return row
    return ledger.by_task(name)


def rows_of(ledger: Ledger, names: Sequence[str]) -> list[Row]:
    """The rows named. Exits with 2 if there is no such row."""
    from vaceprep.runs.hints import Hints

    found = []
    ledger.reap()
    for name in names:
        row = find_row(ledger, name)
        if row is None:
            raise click.UsageError(
                f"no row and no task here is called {printable(name)}; to see them: "
                f"{Hints(ledger.rehearsal).list()}"
            )
        found.append(row)
    return found


def settings_of(given: service.Service, *, in_sandbox: bool) -> Settings:
    """Base URL and key; the sandbox takes any key and never gets the user's."""
    if not in_sandbox:
        return service.settings_of(given)
    if given.site or given.base_url or given.api_key_file:
        raise click.UsageError("--sandbox cannot be combined with --site, --base-url or a key.")
    from vaceprep.api.settings import read_settings
    from vaceprep.net.loopback import LOOPBACK
    from vaceprep.sandbox.server import ANY_KEY

    # Each row has the address of the sandbox that it was sent to.
    return read_settings(api_key=ANY_KEY, base_url=f"http://{LOOPBACK}:9")


def show_rows(rows: Sequence[Row], output: str, in_sandbox: bool, *, sums: bool = False) -> None:
    """Print rows of the ledger as text or JSON; ``sums``: also what was spent by day."""
    from vaceprep.ledger.spent import by_day
    from vaceprep.parts.pieces import PART
    from vaceprep.report import run as ran
    from vaceprep.report.task_groups import task_lines
    from vaceprep.runs.part_note import place_of

    # Each sandbox is a service of its own, and they are one account.
    spent = by_day(rows, together=in_sandbox) if sums else []
    if output == "json":
        listed: dict[str, object] = {"version": JSON_VERSION}
        listed["tasks"] = [{**row.to_dict(), PART: place_of(row)} for row in rows]
        if sums:
            listed["spent"] = [one.to_dict() for one in spent]
        options.write(json.dumps(listed, indent=1) + "\n")
        return
    style = options.style()
    options.write_lines(task_lines(rows, style, sandbox=in_sandbox))
    options.write_lines(ran.spent_lines(spent, sandbox=in_sandbox))
    if not rows:
        options.write("nothing was sent from here yet\n")


class Clients:
    """One client per service that rows were sent to; uses only the key that sent a row."""

    def __init__(
        self,
        settings: Settings,
        stack: ExitStack,
        sleep: Callable[[float], object] = time.sleep,
    ) -> None:
        """``stack`` closes the clients; ``sleep`` waits between two requests, in seconds."""
        self._settings, self._stack, self._sleep = settings, stack, sleep
        self._open: dict[str, Client] = {}

    def of(self, service_url: str, account: str) -> Client:
        """The client of a service. Exits with 2 if the key is missing or a different one."""

        from vaceprep.api.client import Client
        from vaceprep.runs.preconditions import NotConfigured, account_of

        with options.usage_errors(NotConfigured, limit=REMARK):
            own = account_of(self._settings)
        if own.fingerprint != account:
            raise click.UsageError(
                f"it was sent to {printable(service_url)} with another key than that of "
                f"{self._settings.key_origin}; give that key"
            )
        if service_url not in self._open:
            service.confirm_service(service_url, self._settings)
            settings = replace(self._settings, base_url=service_url)
            self._open[service_url] = self._stack.enter_context(Client(settings, sleep=self._sleep))
        return self._open[service_url]


def rows_to_download(ledger: Ledger, ids: Sequence[str], settings: Settings) -> list[Row]:
    """The rows named, or all without a downloaded video; the id of an unlisted task gets a row.

    Includes submissions in state unknown: the user must decide about each.
    """
    if not ids:
        return ledger.rows([*WAITED_FOR, "unknown"])
    from vaceprep.api.responses import usable_id
    from vaceprep.runs.preconditions import NotConfigured, account_of

    ledger.reap()
    found = []
    for name in ids:
        row = find_row(ledger, name)
        if row is None and len(name) >= FULL_ID and usable_id(name) is not None:
            with options.usage_errors(NotConfigured, limit=REMARK):
                account = account_of(settings)
            row = ledger.foreign(name, service=account.service, account=account.fingerprint)
        found += [row] if row is not None else rows_of(ledger, [name])
    return found
