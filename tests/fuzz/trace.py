"""What a traced process opened and connected to: read from strace's log.

A Python audit hook sees nothing that FFmpeg or libtiff opens; the system's own calls do.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path
from typing import Final, NamedTuple

from tests.fuzz.worker import READY

CALLS: Final = "openat,openat2,open,creat,connect,socket,bind,sendto,execve"
_OPEN: Final = re.compile(r"\b(?:openat2?|open|creat)\((?:[A-Z_0-9]+, )?\"((?:[^\"\\]|\\.)*)\"(.*)")
_OTHER: Final = re.compile(r"\b(connect|socket|bind|sendto|execve)\(")
_INPUT: Final = re.compile(r"/input-(\d+)\.")
#: What the C library, FFmpeg and Python look up for themselves, whatever the input.
_MACHINE: Final = re.compile(
    r"/(?:proc/(?:self|\d+)/|sys/(?:devices/system/|fs/cgroup/)|dev/null$|etc/ld\.so\.cache$)"
)
_CODE: Final = re.compile(r"\.(?:py|pyc|so)(?:\.[0-9.]+)?$")


class Reach(NamedTuple):
    """One call that reaches outside the input."""

    #: The input that was at work.
    number: int | None
    connects: bool
    line: str


@cache
def tracer() -> tuple[str, ...]:
    """The command that traces, without its log; empty where there is none or it may not."""
    strace = shutil.which("strace")
    if strace is None:
        return ()
    for more in (("--seccomp-bpf",), ()):
        command = (strace, "-f", *more, "-qq", "-s", "4096", "-e", f"trace={CALLS}")
        with tempfile.NamedTemporaryFile() as log:
            done = subprocess.run(
                [*command, "-o", log.name, sys.executable, "-c", "open('/')"],
                capture_output=True,
                check=False,
            )
            if b"openat" in Path(log.name).read_bytes() and done.returncode == 1:
                return command
    return ()


def _is_code(path: str, rest: str, homes: tuple[str, ...]) -> bool:
    """Whether a module is loaded, or looked for in the folders where modules are."""
    if not path.startswith(homes):
        return False
    return bool(_CODE.search(path)) or "O_DIRECTORY" in rest


def outside(log: Path, folder: Path) -> list[Reach]:
    """The calls after the mark that open anything but files of the folder, or connect."""
    homes = tuple(
        {os.path.realpath(p or ".") for p in sys.path} | {p for p in sys.path if p}
        | {sys.prefix, sys.base_prefix, "/lib/", "/usr/lib/", "/lib64/"}
    )  # fmt: skip
    found: list[Reach] = []
    ready, number = False, None
    with log.open(encoding="utf-8", errors="replace") as lines:
        for line in lines:
            if not ready:
                ready = READY in line
                continue
            if match := _OPEN.search(line):
                path, rest = match[1], match[2]
                if path.startswith(f"{folder}/"):
                    at = _INPUT.search(path)
                    number = int(at[1]) if at else number
                elif not _MACHINE.match(path) and not _is_code(path, rest, homes):
                    found.append(Reach(number, False, line.strip()))
            elif match := _OTHER.search(line):
                found.append(Reach(number, True, line.strip()))
    return found
