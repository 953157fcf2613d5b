"""Options of the commands that call the service, and the progress of a run."""

from __future__ import annotations

import os
import sys
import time
from typing import TYPE_CHECKING, Final

import click

from vaceprep.cli import options
from vaceprep.cli.option_groups import OptionGroup, option
from vaceprep.cli.progress import Line, Row
from vaceprep.contract import BASE_URLS, MAX_WAIT_SECONDS, POLL_SECONDS
from vaceprep.report.escape import printable

if TYPE_CHECKING:
    from vaceprep.api.settings import Settings
    from vaceprep.runs.model import Step

#: Seconds between two updates of the line while tasks run.
TICK: Final = 1.0
#: The text for each step in progress.
DOING: Final = {
    "prepare": "preparing",
    "upload": "uploading",
    "queue": "waiting",
    "send": "sending",
    "wait": "at the service",
    "download": "downloading",
    "join": "joining",
}


class Service(OptionGroup):
    """Which service is asked, and where its key is."""

    api_key_file: str | None = option(
        "--api-key-file",
        metavar="FILE",
        shell_complete=options.complete_files,
        help="A file with the key; else MULEROUTER_API_KEY, from the environment or .env.",
    )
    base_url: str | None = option(
        "--base-url", metavar="URL", help="Base URL of the service; overrides --site."
    )
    site: str | None = option("--site", metavar="NAME", help="mulerouter or mulerun.")


class Polling(OptionGroup):
    """How often a task is asked for, and how long at most, in seconds."""

    max_wait: float | None = option(
        "--max-wait",
        type=click.FloatRange(min=0),
        metavar="S",
        help=f"Seconds that a task is waited for ({MAX_WAIT_SECONDS:g}).",
    )
    poll_interval: float | None = option(
        "--poll-interval",
        type=click.FloatRange(min=0.05, max=3600),
        metavar="S",
        help=f"Seconds between two looks at a task ({POLL_SECONDS:g}).",
    )


def settings_of(given: Service) -> Settings:
    """Base URL and key of the service. Exits with 2 if they are invalid."""
    from vaceprep.api.settings import ConfigError, read_settings

    with options.usage_errors(ConfigError):
        settings = read_settings(
            api_key_file=given.api_key_file, site=given.site, base_url=given.base_url
        )
    if settings.base_origin.endswith(".env") and settings.base_url not in BASE_URLS.values():
        options.say(f"the service is {settings.base_url}, as {settings.base_origin} says")
    return settings


def confirm_service(base_url: str, settings: Settings) -> None:
    """Name a service that a row was sent to but no option names, and confirm before using it.

    The built-in sites and the one in ``settings`` need no confirmation, nor does a service on this
    machine. Exits with 2 if there is no terminal to ask on, with 1 after a no.
    """
    from vaceprep.api.settings import is_loopback

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


class Display:
    """The step of each job: one line on a terminal, else one line per new step."""

    def __init__(self, count: int) -> None:
        self._terminal = options.moves(sys.stderr)
        self._count, self._ended = count, 0
        self._now: dict[str, str] = {}
        #: When each job waiting at the service began to wait, by the monotonic clock.
        self._since: dict[str, float] = {}
        self._printed: dict[str, str] = {}
        self._display = Line(self._content)
        self._lock = self._display.lock
        if self._terminal:
            # The elapsed time advances between two polls of the service.
            self._display.tick(TICK, TICK)

    def show(self, step: Step) -> None:
        """Show a step; may be called from any thread."""
        with self._lock:
            if step.name == "note":
                self._line(f"{printable(step.source)}: {printable(step.note, limit=4000)}")
                return
            if step.name == "end":
                self._ended += 1
                self._now.pop(step.source, None)
                self._since.pop(step.source, None)
            else:
                share = "" if step.share is None else f" {int(step.share * 100)} %"
                waits = step.name == "wait"
                word = step.note.partition(",")[0] if waits else step.note
                note = f" ({printable(word)})" if word else ""
                self._now[step.source] = f"{DOING[step.name]}{share}{note}"
                if waits:
                    self._since.setdefault(step.source, time.monotonic())
                else:
                    self._since.pop(step.source, None)
                if not self._terminal:
                    self._plain(step)
        if self._terminal:
            self._display.draw()

    def _plain(self, step: Step) -> None:
        # For a long step, print only its start and each new status of the service.
        word = step.note.partition(",")[0]
        text = f"{DOING[step.name]}" + (f" ({printable(word)})" if word else "")
        if self._printed.get(step.source) != text:
            self._printed[step.source] = text
            options.say(f"{printable(step.source)}: {text}")

    def _waited(self, source: str) -> str:
        """How long a job has been at the service: ``, 1:05``."""
        since = self._since.get(source)
        if since is None:
            return ""
        spent = int(time.monotonic() - since)
        return f", {spent // 60}:{spent % 60:02d}"

    def _line(self, text: str) -> None:
        self._display.wipe()
        options.say(text)

    def _content(self) -> Row:
        parts = [
            f"{printable(os.path.basename(source), limit=24)} {text}{self._waited(source)}"
            for source, text in self._now.items()
        ]
        counted = f"[{self._ended}/{self._count}] " if self._count > 1 else ""
        return Row(counted + " · ".join(parts))

    def close(self) -> None:
        """Remove the line for good."""
        self._display.close()
