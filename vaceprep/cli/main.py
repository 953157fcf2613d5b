"""The entry point: finds the command, imports only what it needs, keeps the exit codes.

0 done; 1 something was refused or failed; 2 wrong usage; 130 after Ctrl-C; for run
and task, 143 after SIGTERM and 129 after SIGHUP.
"""

from __future__ import annotations

import contextlib
import errno
import gc
import importlib
import os
import sys
from typing import TYPE_CHECKING, Any, Final, NoReturn, cast

import click

from vaceprep.cli import streams
from vaceprep.version import __version__

if TYPE_CHECKING:
    from types import ModuleType

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
    "sandbox": "vaceprep.cli.sandbox",
    "rules": "vaceprep.cli.rules",
    "config": "vaceprep.cli.config",
    "doctor": "vaceprep.cli.doctor",
    "completion": "vaceprep.cli.completion",
}
#: Error numbers of a stream that cannot be written.
_WRITING: Final = frozenset(
    getattr(errno, name, errno.ENOSPC)
    for name in ("EPIPE", "ENOSPC", "EIO", "EBADF", "EFBIG", "EDQUOT", "EINVAL")
)


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
        command: click.Command = importlib.import_module(module).command
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


def _fail_writing(error: OSError) -> int:
    # The reader closed the pipe (head, say) or the disk is full: print it once, if possible.
    with contextlib.suppress(OSError):
        sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115
    if not isinstance(error, BrokenPipeError):
        streams.say(f"vaceprep: cannot write the output: {error.strerror or error}")
    return 1


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


def run(arguments: list[str] | None = None) -> int:
    """Run the command line and return its exit code; never raises."""
    streams.make_usable()
    try:
        code = _dispatch(arguments)
        sys.stdout.flush()
    except KeyboardInterrupt:
        return _interrupted()
    except Exception as error:
        if isinstance(error, OSError) and _of_output(error):
            return _fail_writing(error)
        from vaceprep.cli import last_resort

        return last_resort.report(error)
    return code


def _of_output(error: OSError) -> bool:
    """Whether the error concerns a standard stream: those have no file name."""
    broken = isinstance(error, (BrokenPipeError, BlockingIOError))
    return broken or (error.filename is None and error.errno in _WRITING)


def _interrupted() -> int:
    from vaceprep.cli import signals

    streams.say("vaceprep: interrupted")
    return signals.exit_code()


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


def _dispatch(arguments: list[str] | None) -> int:
    try:
        code = app.main(arguments, prog_name="vaceprep", standalone_mode=False, **_narrow())
    except click.exceptions.Exit as done:
        return done.exit_code
    except (click.Abort, KeyboardInterrupt):
        return _interrupted()
    except click.ClickException as error:
        return _refuse(error)
    except SystemExit as done:
        return done.code if isinstance(done.code, int) else int(done.code is not None)
    return code if isinstance(code, int) else 0


def main() -> NoReturn:
    """The console script. Exits without interpreter shutdown, which takes longer than a check."""
    gc.disable()
    # httpx's own command; its output library takes as long to import as everything else.
    sys.modules.setdefault("httpx._main", cast("ModuleType", None))
    streams.take_places()
    code = run()
    try:
        sys.stdout.flush()
    except OSError as error:
        code = _fail_writing(error)
    with contextlib.suppress(OSError):
        sys.stderr.flush()
    workers = sys.modules.get("vaceprep.workers.process")
    if workers is not None:
        workers.clear()
    os._exit(code)
