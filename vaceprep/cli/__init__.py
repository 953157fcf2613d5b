"""The commands, thin: parse, call, report."""

from __future__ import annotations

import sys


def main() -> None:
    """The console script. Asking for the version alone imports nothing more."""
    if sys.argv[1:] in (["--version"], ["-V"]):
        from vaceprep.version import __version__

        sys.stdout.write(f"vaceprep {__version__}\n")
        return
    from vaceprep.cli.main import main as run

    run()
