"""The memory that a command takes at most."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

#: A new program takes over the high-water mark of the process that starts it, so that a command
#: started by pytest shows the memory of pytest. This small process starts it instead.
_LAUNCHER = """
import resource, subprocess, sys
code = subprocess.call(sys.argv[1:], stdout=subprocess.DEVNULL)
print(code, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
"""


def peak(command: list[str], folder: Path | None = None) -> int:
    """Kilobytes that a command takes at most, its children not counted one with another."""
    launcher = [sys.executable, "-S", "-E", "-c", _LAUNCHER, *command]
    done = subprocess.run(launcher, cwd=folder, stdout=subprocess.PIPE, text=True, check=True)
    code, kilobytes = map(int, done.stdout.split())
    assert code == 0
    return kilobytes
