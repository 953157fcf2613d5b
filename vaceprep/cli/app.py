"""The group of all commands, with click: finds a command and imports only what it needs."""

from __future__ import annotations

import contextlib
import importlib
import os
import sys
from collections.abc import Sequence
from typing import Any, Final

import click

from vaceprep.cli import streams
from vaceprep.version import __version__

COMMANDS: Final = {
    "check": "vaceprep.cli.check",
    "prepare": "vaceprep.cli.prepare",
    "run": "vaceprep.cli.run",
    "task": "vaceprep.cli.task",
    "batch": "vaceprep.cli.batch",
    "demo": "vaceprep.cli.demo",
    "probe": "vaceprep.cli.probe",
    "request": "vaceprep.cli.request",
    "init": "vaceprep.cli.init",
    "mask": "vaceprep.cli.mask",
    "frame": "vaceprep.cli.frame",
    "preview": "vaceprep.cli.preview",
    "pick": "vaceprep.cli.pick",
    "join": "vaceprep.cli.join",
    "edit": "vaceprep.cli.edit",
    "sandbox": "vaceprep.cli.sandbox",
    "rules": "vaceprep.cli.rules",
    "config": "vaceprep.cli.config",
    "doctor": "vaceprep.cli.doctor",
    "completion": "vaceprep.cli.completion",
}


class LazyGroup(click.Group):
    """Imports a command's module only when the command is used."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names in the order of use: inspect, check, explain."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command with that name; None if there is none."""
        module = COMMANDS.get(cmd_name)
        if module is None:
            return None
        found = importlib.import_module(module)
        command: click.Command = (
            found.command if hasattr(found, "command") else found.make_command()
        )
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """As in click, with a hint if the command does not exist."""
        name = args[0]
        if name not in COMMANDS and not name.startswith("-"):
            from difflib import get_close_matches

            near = get_close_matches(name, COMMANDS, 1)
            hint = f" Did you mean {near[0]!r}?" if near else ""
            if os.path.exists(name):
                hint = f" To check a file: vaceprep check {name}"
            ctx.fail(f"There is no command {name!r}.{hint}")
        return super().resolve_command(ctx, args)


@click.command(
    cls=LazyGroup,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(__version__, "--version", "-V", message="vaceprep %(version)s")
def app() -> None:
    """The pre-flight for wan2.1-vace-plus: know before you upload.

    \b
    vaceprep check clip.mp4                 would it be accepted?
    vaceprep check --role mask_image_url mask.png
    vaceprep check shoot/                   every video and image of a folder
    vaceprep prepare clip.mov               fixes it, into prepared/
    vaceprep run edit.vace.yaml --sandbox   all the way, rehearsed offline
    vaceprep demo                           one job of each function, offline
    vaceprep rules video-fps                what a rule asks and why
    vaceprep doctor                         does all that is needed work here?
    """


def call(arguments: Sequence[str]) -> int:
    """Parse the arguments and run the command; its exit code. Raises as click does."""
    code = app.main([*arguments], prog_name="vaceprep", standalone_mode=False, **_narrow())
    return code if isinstance(code, int) else 0


def code_of(error: Exception, command: str | None = None) -> int | None:
    """The exit code for an error of click, after its message; None for any other error.

    ``command``: it was called without ``call``, so the message names its usage first.
    """
    if isinstance(error, click.exceptions.Exit):
        return error.exit_code
    if isinstance(error, click.Abort):
        from vaceprep.cli import signals

        return signals.interrupted()
    if command is not None and isinstance(error, click.UsageError) and error.ctx is None:
        above = app.make_context("vaceprep", [command], **_narrow())
        found = app.get_command(above, command)
        error.ctx = None if found is None else click.Context(found, above, info_name=command)
    return _refuse(error) if isinstance(error, click.ClickException) else None


def _refuse(error: click.ClickException) -> int:
    """Print a usage error; the command line's text may be untrusted."""
    if isinstance(error, click.exceptions.NoArgsIsHelpError):
        # A group without a command: the message is its help, without any user input.
        with contextlib.suppress(OSError):
            error.show()
        return 2
    from vaceprep.report.escape import printable

    text = error.format_message()
    if not isinstance(error, click.MissingParameter):
        # Only this error has line breaks of its own, and no user input.
        text = printable(text, limit=streams.REMARK)
    shown = click.UsageError(text, ctx=getattr(error, "ctx", None))
    with contextlib.suppress(OSError):
        shown.show()
    return 2


def _narrow() -> dict[str, Any]:
    """Help width for terminals narrower than click's minimum (50 columns)."""
    columns = _columns()
    return {"terminal_width": max(columns - 2, 20)} if columns < 52 else {}


def _columns() -> int:
    """Columns of the terminal, as in shutil, whose import would slow down the start."""
    with contextlib.suppress(KeyError, ValueError):
        columns = int(os.environ["COLUMNS"])
        if columns > 0:
            return columns
    try:
        return os.get_terminal_size(sys.__stdout__.fileno()).columns if sys.__stdout__ else 80
    except (AttributeError, ValueError, OSError):
        return 80
