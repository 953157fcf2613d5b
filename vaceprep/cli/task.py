"""``vaceprep task``: what was sent and what came of it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any, Final

import click

from vaceprep.cli import options, service, signals
from vaceprep.cli.taskhelp import EPILOG, EXAMPLES
from vaceprep.ledger.row import MEANING, WAITED_FOR
from vaceprep.report.escape import printable

if TYPE_CHECKING:
    from vaceprep.api.client import Client
    from vaceprep.api.settings import Settings
    from vaceprep.ledger.row import Row, State
    from vaceprep.ledger.store import Ledger
    from vaceprep.runs.model import RunEntry

sandbox = click.option("--sandbox", is_flag=True, help="The rows of run --sandbox instead.")


@click.group("task", epilog=EPILOG)
def command() -> None:
    """What was sent and what came of it: the ledger of this user."""


@contextmanager
def _ledger(in_sandbox: bool) -> Iterator[Ledger]:
    from vaceprep.ledger.store import PAID, SANDBOX, Ledger, LedgerError

    try:
        with Ledger(SANDBOX if in_sandbox else PAID) as ledger:
            yield ledger
    except LedgerError as error:
        options.say(f"vaceprep: {printable(str(error), limit=4000)}")
        raise click.exceptions.Exit(1) from None


def _find(ledger: Ledger, name: str) -> Row | None:
    """The row of a number, a task's id or its beginning."""
    if name.isascii() and name.isdigit():
        row = ledger.row(int(name)) if len(name) < 18 else None
        if row is not None:
            return row
    return ledger.by_task(name)


def _rows_of(ledger: Ledger, names: Sequence[str]) -> list[Row]:
    """The rows named. Exits with 2 where there is no such row."""
    from vaceprep.runs.hints import Hints

    found = []
    ledger.reap()
    for name in names:
        row = _find(ledger, name)
        if row is None:
            raise click.UsageError(
                f"no row and no task here is called {printable(name)}; to see them: "
                f"{Hints(ledger.rehearsal).list()}"
            )
        found.append(row)
    return found


def _settings(
    in_sandbox: bool, site: str | None, base_url: str | None, api_key_file: str | None
) -> Settings:
    """The settings; a sandbox takes its own key, and the user's is shown to none."""
    if not in_sandbox:
        return service.settings_of(site, base_url, api_key_file)
    if site or base_url or api_key_file:
        raise click.UsageError("--sandbox cannot be combined with --site, --base-url or a key.")
    from vaceprep.api.settings import read_settings
    from vaceprep.sandbox.server import ANY_KEY, LOOPBACK

    # Each row keeps the address of the sandbox that it was sent to.
    return read_settings(api_key=ANY_KEY, base_url=f"http://{LOOPBACK}:9")


def _show_rows(rows: Sequence[Row], output: str, in_sandbox: bool) -> None:
    from vaceprep.checks.report import JSON_VERSION
    from vaceprep.report import run as ran

    if output == "json":
        listed = {"version": JSON_VERSION, "tasks": [row.to_dict() for row in rows]}
        options.write(json.dumps(listed, indent=1) + "\n")
        return
    style = options.style()
    for row in rows:
        for line in ran.row_lines(row, style, sandbox=in_sandbox):
            options.write(line + "\n")
    if not rows:
        options.write("nothing was sent from here yet\n")


@command.command("list", epilog=EXAMPLES["list"])
@sandbox
@options.output_format
def list_(sandbox: bool, output: str) -> int:
    """All submissions, newest first; the service is not asked."""
    with _ledger(sandbox) as ledger:
        _show_rows(ledger.rows(), output, sandbox)
    return 0


class _Clients:
    """A client for each service that rows were sent to, with the key that sent them."""

    def __init__(self, settings: Settings, stack: ExitStack, **more: Any) -> None:
        self._settings, self._stack, self._more = settings, stack, more
        self._open: dict[str, Client] = {}

    def of(self, service_url: str, account: str) -> Client:
        """Exits with 2 where the key is missing or another one."""
        from dataclasses import replace

        from vaceprep.api.client import Client
        from vaceprep.runs.preconditions import NotConfigured, account_of

        try:
            own = account_of(self._settings)
        except NotConfigured as error:
            raise click.UsageError(str(error)) from None
        if own.fingerprint != account:
            raise click.UsageError(
                f"it was sent to {printable(service_url)} with another key than that of "
                f"{self._settings.key_origin}; give that key"
            )
        if service_url not in self._open:
            service.confirm_service(service_url, self._settings)
            settings = replace(self._settings, base_url=service_url)
            self._open[service_url] = self._stack.enter_context(Client(settings, **self._more))
        return self._open[service_url]


@command.command("status", epilog=EXAMPLES["status"])
@click.argument("ids", nargs=-1, metavar="[ID]...")
@service.account
@sandbox
@options.output_format
def status(
    ids: tuple[str, ...],
    site: str | None,
    base_url: str | None,
    api_key_file: str | None,
    sandbox: bool,
    output: str,
) -> int:
    """Ask the service how tasks stand; without ID, all that are not done."""
    from vaceprep.api.model import ApiError, Rejected
    from vaceprep.runs.submit import is_gone, note_missing, note_task

    settings = _settings(sandbox, site, base_url, api_key_file)
    failed = False
    shown = []
    with _ledger(sandbox) as ledger, ExitStack() as stack:
        open_states: list[State] = ["accepted", "missing", "unknown", "sending"]
        rows = _rows_of(ledger, ids) if ids else ledger.rows(open_states)
        clients = _Clients(settings, stack)
        for row in rows:
            found = row
            if row.task_id is not None and row.state in ASKED:
                try:
                    task = clients.of(row.service, row.account).get(row.task_id)
                    found = note_task(ledger, row, task)
                except Rejected as error:
                    failed = True
                    if is_gone(error):
                        found = note_missing(ledger, row)
                    options.say(f"row {row.id}: {printable(str(error), limit=4000)}")
                except (ApiError, ValueError) as error:
                    failed = True
                    options.say(f"row {row.id}: {printable(str(error), limit=4000)}")
            failed = failed or found.state in FAILED
            shown.append(found)
        _show_rows(shown, output, sandbox)
    return int(failed)


#: States of rows whose task the service is asked about.
ASKED: Final = ("accepted", "missing", "finished", "expired")
#: States of rows of which something is lost, or not known.
FAILED: Final = ("failed", "cancelled", "unknown", "expired", "missing")


def _bring(
    ids: tuple[str, ...],
    settings: Settings,
    in_sandbox: bool,
    output: str,
    where: str,
    more: dict[str, Any],
    *,
    wait: bool,
) -> int:
    """Download the videos of tasks, one after the other."""
    from vaceprep.cli.run import show_entries
    from vaceprep.runs.model import Control, RunOptions
    from vaceprep.runs.preconditions import NotConfigured, need_folder

    click.get_current_context().with_resource(signals.terminable(own_code=True))
    asked = RunOptions(output=where, **more)
    entries: list[RunEntry] = []
    control = Control()
    with _ledger(in_sandbox) as ledger, ExitStack() as stack:
        rows = _rows_for(ledger, ids, settings)
        try:
            need_folder(where)
        except NotConfigured as error:
            raise click.UsageError(printable(str(error))) from None
        clients = _Clients(settings, stack, sleep=control.sleep)
        display = service.Display(len(rows))
        stack.callback(display.close)
        stack.enter_context(signals.interruptible(control, sandbox=in_sandbox))
        for row in rows:
            entries.append(_one(row, clients, ledger, asked, control, display, wait=wait))
            if control.stopped():
                break
    show_entries(entries, output)
    if control.stopped():
        return signals.exit_code()
    return int(not all(entry.ok for entry in entries))


def _one(
    row: Row,
    clients: _Clients,
    ledger: Ledger,
    asked: Any,
    control: Any,
    display: service.Display,
    *,
    wait: bool,
) -> RunEntry:
    from dataclasses import replace

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
        said = row.error or MEANING[row.state]
        hint = asked.hints.unknown(row.id)
        return replace(entry, status="unknown", error=said, hint=hint)
    if row.task_id is None or row.state in ("failed", "cancelled", "refused"):
        return replace(entry, error=row.error or f"the row is {row.state}", hint=row.hint)
    client = clients.of(row.service, row.account)
    if ledger.rehearsal and row.state != "downloaded" and _has_ended(client, row):
        hint = ENDED.format(asked.hints.forget(row.id, yes=True))
        return replace(entry, error="the sandbox that it was sent to has ended", hint=hint)
    retriever = Retriever(ledger, client, asked, control, display.tell)
    if not wait and row.state in ASKED:
        # Asked once: download does not wait.
        retriever = replace(retriever, options=replace(asked, max_wait=0.0))
    entry = finish(retriever, row, entry)
    display.tell(Step(row.source, "end", note=entry.status))
    return entry


def _has_ended(client: Client, row: Row) -> bool:
    """Whether the sandbox of a row is gone: it lives as long as the run that started it."""
    from vaceprep.api.model import ApiError, NotConnected

    try:
        client.get(row.task_id or "", tries=1)
    except NotConnected:
        return True
    except (ApiError, ValueError):
        return False
    return False


#: Said of a rehearsal's row whose service is gone.
ENDED: Final = (
    "a sandbox ends with its run, and its tasks with it: run --sandbox rehearses again; to set "
    "the row aside: {}"
)


def _rows_for(ledger: Ledger, ids: tuple[str, ...], settings: Settings) -> list[Row]:
    """The rows named, or all whose videos are not here; a foreign task's id gets a row.

    Rows of unknown fate are among them: something remains to be decided about each.
    """
    if not ids:
        return ledger.rows([*WAITED_FOR, "unknown"])
    from vaceprep.api.responses import usable_id
    from vaceprep.runs.preconditions import NotConfigured, account_of

    ledger.reap()
    found = []
    for name in ids:
        row = _find(ledger, name)
        if row is None and len(name) >= FULL_ID and usable_id(name) is not None:
            try:
                account = account_of(settings)
            except NotConfigured as error:
                raise click.UsageError(str(error)) from None
            row = ledger.foreign(name, service=account.service, account=account.fingerprint)
        found += [row] if row is not None else _rows_of(ledger, [name])
    return found


#: Characters from which a name that no row has may be a whole task's id.
FULL_ID: Final = 20


def _bringing(name: str, help_text: str, *, wait: bool) -> Callable[..., Any]:
    def run(
        ids: tuple[str, ...],
        where: str,
        restore_audio: bool,
        allow_host: tuple[str, ...],
        site: str | None,
        base_url: str | None,
        api_key_file: str | None,
        sandbox: bool,
        output: str,
        poll_interval: float | None = None,
        max_wait: float | None = None,
    ) -> int:
        from vaceprep import contract
        from vaceprep.cli.run_setup import going_on_with
        from vaceprep.runs.hints import Hints

        settings = _settings(sandbox, site, base_url, api_key_file)
        going_on = going_on_with(
            where=where,
            restore_audio=restore_audio,
            allow_host=allow_host,
            api_key_file=api_key_file,
            poll_interval=poll_interval,
            max_wait=max_wait,
        )
        more = {
            "hints": Hints(sandbox, going_on),
            "poll_interval": poll_interval or contract.POLL_SECONDS,
            "max_wait": contract.MAX_WAIT_SECONDS if max_wait is None else max_wait,
            "restore_audio": restore_audio,
            "allowed_hosts": allow_host,
        }
        return _bring(ids, settings, sandbox, output, where, more, wait=wait)

    run.__doc__ = help_text
    decorated = options.output_format(sandbox(service.account(run)))
    if wait:
        decorated = service.waiting(decorated)
    decorated = click.option(
        "--allow-host",
        multiple=True,
        metavar="HOST",
        help="Let results come from this private host.",
    )(decorated)
    decorated = click.option(
        "--restore-audio", is_flag=True, help="Put the source's sound under the result."
    )(decorated)
    decorated = click.option(
        "-o",
        "--output",
        "where",
        metavar="DIR",
        default=".",
        shell_complete=options.complete_folders,
        help="Folder for the videos (default: the current folder).",
    )(decorated)
    return command.command(name, epilog=EXAMPLES[name])(
        click.argument("ids", nargs=-1, metavar="[ID]...")(decorated)
    )


wait = _bringing("wait", "Wait for tasks and download their videos; without ID, all.", wait=True)
download = _bringing(
    "download", "Download the videos of finished tasks; without ID, of all.", wait=False
)


@command.command("forget", epilog=EXAMPLES["forget"])
@click.argument("ids", nargs=-1, required=True, metavar="ID...")
@click.option(
    "--yes",
    is_flag=True,
    help="Also forget accepted tasks (you pay again if you send the job again).",
)
@sandbox
def forget(ids: tuple[str, ...], yes: bool, sandbox: bool) -> int:
    """Mark submissions as never accepted; running their job again will send (and pay for) it."""
    from vaceprep.runs.hints import Hints

    with _ledger(sandbox) as ledger:
        code = 0
        for row in _rows_of(ledger, ids):
            if row.state in ("queued", "sending"):
                options.say(f"row {row.id} is being sent right now; wait for it")
                code = 1
            elif row.state in WAITED_FOR and not yes:
                hints = Hints(sandbox)
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


@command.command("adopt", epilog=EXAMPLES["adopt"])
@click.argument("row", metavar="ROW")
@click.argument("task_id", metavar="TASK_ID")
@service.account
@sandbox
def adopt(
    row: str,
    task_id: str,
    site: str | None,
    base_url: str | None,
    api_key_file: str | None,
    sandbox: bool,
) -> int:
    """Record which task of your account belongs to a submission whose answer was lost."""
    from vaceprep.api.model import ApiError
    from vaceprep.api.responses import usable_id
    from vaceprep.runs.hints import Hints
    from vaceprep.runs.submit import note_task

    settings = _settings(sandbox, site, base_url, api_key_file)
    if usable_id(task_id) is None:
        raise click.UsageError(
            f"{printable(task_id)} is not a task's id: letters, digits, dots, underscores and "
            "hyphens"
        )
    with _ledger(sandbox) as ledger, ExitStack() as stack:
        (found,) = _rows_of(ledger, [row])
        if found.state not in ADOPTING:
            raise click.UsageError(
                f"row {found.id} is {found.state}; a task is recorded only for a row that is "
                f"{', '.join(ADOPTING[:-1])} or {ADOPTING[-1]}"
            )
        holder = ledger.by_task(task_id)
        if holder is not None and holder.task_id == task_id and holder.id != found.id:
            raise click.UsageError(f"row {holder.id} has that task already")
        try:
            task = _Clients(settings, stack).of(found.service, found.account).get(task_id)
        except (ApiError, ValueError) as error:
            options.say(f"vaceprep: {printable(str(error), limit=4000)}; the row stays as it was")
            return 1
        taken = ledger.settle(found.id, "accepted", task_id=task.id, error=None)
        shown = note_task(ledger, taken, task)
        options.write(f"row {found.id} has task {printable(task.id)} ({printable(task.status)})\n")
        if shown.state in ("accepted", "finished"):
            options.say(f"to download its video: {Hints(sandbox).wait(found.id)}")
    return 0


#: States of rows for which a person may say which task they are.
ADOPTING: Final = ("unknown", "forgotten", "missing", "expired")
