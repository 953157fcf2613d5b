"""Options of the commands that talk to the service, and how a run is told and called off."""

from __future__ import annotations

import os
import shutil
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, Final, TypeVar

import click

from vaceprep.cli import options
from vaceprep.cli.streams import draw
from vaceprep.contract import BASE_URLS
from vaceprep.report.escape import printable

if TYPE_CHECKING:
    from vaceprep.api.config import Settings
    from vaceprep.flow.model import Control, Step

F = TypeVar("F", bound=Callable[..., Any])

#: What is said of a step while it goes on.
DOING: Final = {
    "prepare": "preparing",
    "upload": "uploading",
    "queue": "waiting",
    "send": "sending",
    "wait": "at the service",
    "download": "downloading",
}


def account(command: F) -> F:
    """``--site``, ``--base-url`` and ``--api-key-file``."""
    for option in (
        click.option("--site", metavar="NAME", help="mulerouter or mulerun."),
        click.option("--base-url", metavar="URL", help="The service's base URL, before any site."),
        click.option(
            "--api-key-file",
            metavar="FILE",
            shell_complete=options.complete_files,
            help="A file with the key; else MULEROUTER_API_KEY, from the environment or .env.",
        ),
    ):
        command = option(command)
    return command


def waiting(command: F) -> F:
    """``--poll-interval`` and ``--max-wait``."""
    from vaceprep.contract import MAX_WAIT_SECONDS, POLL_SECONDS

    command = click.option(
        "--poll-interval",
        type=click.FloatRange(min=0.05, max=3600),
        metavar="S",
        help=f"Seconds between two looks at a task ({POLL_SECONDS:g}).",
    )(command)
    return click.option(
        "--max-wait",
        type=click.FloatRange(min=0),
        metavar="S",
        help=f"Seconds that a task is waited for ({MAX_WAIT_SECONDS:g}).",
    )(command)


def settings_of(site: str | None, base_url: str | None, api_key_file: str | None) -> Settings:
    """The settings; wrong ones are wrong usage."""
    from vaceprep.api.config import ConfigError, read_settings

    try:
        settings = read_settings(api_key_file=api_key_file, site=site, base_url=base_url)
    except ConfigError as error:
        raise click.UsageError(printable(str(error), limit=4000)) from None
    if settings.base_origin.endswith(".env") and settings.base_url not in BASE_URLS.values():
        options.say(f"the service is {settings.base_url}, as {settings.base_origin} says")
    return settings


def confirm_service(base_url: str, settings: Settings) -> None:
    """Name a service that a row was sent to and that nobody names now, and ask before it is asked.

    Nothing is said of the built-in sites and of the one in ``settings``, and nothing is asked for
    a service on this machine. Exits with 2 where nobody can answer, with 1 after a no.
    """
    from vaceprep.api.config import is_loopback

    if base_url == settings.base_url or base_url in BASE_URLS.values():
        return
    named = printable(base_url)
    if is_loopback(base_url):
        options.say(f"asking {named}, where it was sent")
        return
    if not options.is_terminal(sys.stdin):
        raise click.UsageError(
            f"it was sent to {named}, which is no built-in site; to ask there with the key from "
            f"{settings.key_origin}, give --base-url {named}"
        )
    question = f"It was sent to {named}. Ask there with the key from {settings.key_origin}?"
    if not click.confirm(question, err=True):
        raise click.exceptions.Exit(1)


@contextmanager
def interruptible(control: Control) -> Iterator[None]:
    """Ctrl-C once: the step is finished. Twice: it is given up. Three times: at once."""
    counted = {"n": 0}

    def handle(*_: object) -> None:
        counted["n"] += 1
        if counted["n"] == 1:
            control.stop.set()
            _tell_apart("finishing this step; Ctrl-C again gives it up")
        elif counted["n"] == 2:
            control.halt.set()
        else:
            os._exit(130)

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, handle)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _tell_apart(text: str) -> None:
    # Written at once: a signal may come in the middle of any print.
    begin = "\r\x1b[2Kvaceprep: " if options.moves(sys.stderr) else ""
    with suppress(OSError):
        os.write(2, f"{begin}{text}\n".encode())


class Display:
    """Where each job is: one line on a terminal, a line for each new step elsewhere."""

    def __init__(self, count: int) -> None:
        self._lock = threading.Lock()
        self._terminal = options.moves(sys.stderr)
        self._count, self._ended = count, 0
        self._now: dict[str, str] = {}
        self._said: dict[str, str] = {}
        self._shown = False

    def tell(self, step: Step) -> None:
        """Take note of a step; called from any thread."""
        with self._lock:
            if step.name == "note":
                self._line(f"{printable(step.source)}: {printable(step.note, limit=4000)}")
                return
            if step.name == "end":
                self._ended += 1
                self._now.pop(step.source, None)
            else:
                share = "" if step.share is None else f" {int(step.share * 100)} %"
                note = f" ({printable(step.note)})" if step.note else ""
                self._now[step.source] = f"{DOING[step.name]}{share}{note}"
                if not self._terminal:
                    self._plain(step)
            self._draw()

    def _plain(self, step: Step) -> None:
        # Of a step that goes on and on, its beginning alone, or a new word of the service's.
        word = step.note.partition(",")[0]
        said = f"{DOING[step.name]}" + (f" ({printable(word)})" if word else "")
        if self._said.get(step.source) != said:
            self._said[step.source] = said
            options.say(f"{printable(step.source)}: {said}")

    def _line(self, text: str) -> None:
        self.close()
        options.say(text)

    def _draw(self) -> None:
        if not self._terminal:
            return
        width = max(20, shutil.get_terminal_size().columns - 1)
        parts = [
            f"{printable(os.path.basename(source), limit=24)} {said}"
            for source, said in self._now.items()
        ]
        counted = f"[{self._ended}/{self._count}] " if self._count > 1 else ""
        text = (counted + " · ".join(parts))[:width]
        draw(f"\r\x1b[2K{text}")
        self._shown = True

    def close(self) -> None:
        """Wipe the line away."""
        if self._shown:
            draw("\r\x1b[2K")
            self._shown = False
