"""The entry point: runs a command, and keeps the exit codes.

0 done; 1 something was refused or failed; 2 wrong usage; 130 after Ctrl-C; for run
and task, 143 after SIGTERM and 129 after SIGHUP.
"""

from __future__ import annotations

import contextlib
import errno
import os
import sys
from typing import TYPE_CHECKING, Final, NoReturn, cast

from vaceprep.cli import streams

if TYPE_CHECKING:
    from types import ModuleType

    from vaceprep.cli.check import CheckOptions

#: Error numbers of a stream that cannot be written.
_WRITING: Final = frozenset(
    getattr(errno, name, errno.ENOSPC)
    for name in ("EPIPE", "ENOSPC", "EIO", "EBADF", "EFBIG", "EDQUOT", "EINVAL")
)


def _fail_writing(error: OSError) -> int:
    # The reader closed the pipe (head, say) or the disk is full: print it once, if possible.
    with contextlib.suppress(OSError):
        sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115
    if not isinstance(error, BrokenPipeError):
        streams.say(f"vaceprep: cannot write the output: {error.strerror or error}")
    return 1


def run(arguments: list[str] | None = None) -> int:
    """Run the command line and return its exit code; never raises."""
    streams.make_usable()
    try:
        code = _dispatch(sys.argv[1:] if arguments is None else arguments)
        sys.stdout.flush()
    except KeyboardInterrupt:
        from vaceprep.cli import signals

        return signals.interrupted()
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


def _dispatch(given: list[str]) -> int:
    plain = None
    try:
        plain = _plain_check(given)
        if plain is not None:
            return _check(plain)
        from vaceprep.cli import app

        return app.call(given)
    except SystemExit as done:
        return done.code if isinstance(done.code, int) else int(done.code is not None)
    except Exception as error:
        if "click" not in sys.modules:
            raise
        from vaceprep.cli import app

        code = app.code_of(error, None if plain is None else "check")
        if code is None:
            raise
        return code


def _check(options: CheckOptions) -> int:
    from vaceprep.cli.check import check

    try:
        return check(options)
    except KeyboardInterrupt:
        # After the ^C of a terminal, as click does.
        streams.draw("\n")
        raise


def _plain_check(given: list[str]) -> CheckOptions | None:
    """The options of a check that needs no click; None for everything else."""
    # Set where a shell completes a command line; click reads it.
    if given[:1] != ["check"] or "_VACEPREP_COMPLETE" in os.environ:
        return None
    from vaceprep.cli.check import CheckOptions
    from vaceprep.cli.plain_arguments import plain

    return plain(CheckOptions, given[1:])


def main() -> NoReturn:
    """The console script. Exits without interpreter shutdown, which takes longer than a check."""
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
