"""The commands, thin: parse, call, report."""

from __future__ import annotations

import gc
import os
import sys


def main() -> None:
    """The console script. ``--version`` alone imports nothing more."""
    if sys.argv[1:] in (["--version"], ["-V"]):
        from vaceprep.version import __version__

        try:
            sys.stdout.write(f"vaceprep {__version__}\n")
            sys.stdout.flush()
        except (OSError, AttributeError) as error:
            # The reader closed the pipe or the disk is full; a closed stream is None.
            if getattr(error, "strerror", None) and sys.stderr is not None:
                sys.stderr.write(f"vaceprep: cannot write the output: {error}\n")
                sys.stderr.flush()
            os._exit(1)
        return
    # Imports make many objects that stay: looking through them for garbage finds none.
    gc.disable()
    try:
        from vaceprep.cli.main import main as run
    except BaseException as error:
        if isinstance(error, KeyboardInterrupt):
            os._exit(130)
        from vaceprep.cli.last_resort import report

        os._exit(report(error))
    run()
