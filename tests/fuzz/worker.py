"""The process that inputs are tried in: numbers come in, outcomes go out, one a line.

``python -m tests.fuzz.worker SEED KIND FOLDER``; KIND is ``mutants`` or ``truncations``. It may
die of what it is given: the parent (``crew``) knows which input that was.
"""

from __future__ import annotations

import json
import os
import resource
import sys
import warnings
from pathlib import Path
from typing import Final

from tests.fuzz.mutate import mutant, truncation
from tests.fuzz.trial import attempt, warm_up

#: What is opened, in vain, once everything is loaded: the line in the trace to begin at.
READY: Final = "/vaceprep-fuzz-is-ready"
#: Address space: a decoder that asks for all there is must not take the machine with it.
ADDRESSES: Final = 6 * 2**30

#: What Python itself prints where something goes wrong in passing.
PYTHONS: Final = ("Traceback", "Exception ignored", "Warning:")


class _Memory:
    """The highest resident size since it was last asked for, in MiB; by Linux's own count."""

    def __init__(self) -> None:
        try:
            self._status: int | None = os.open("/proc/self/status", os.O_RDONLY)
            self._reset = os.open("/proc/self/clear_refs", os.O_WRONLY)
        except OSError:
            self._status = None

    def begin(self) -> None:
        if self._status is not None:
            os.pwrite(self._reset, b"5", 0)

    def peak(self) -> float:
        if self._status is None:
            # Elsewhere: the highest of the process so far, in KiB but on macOS.
            unit = 2**20 if sys.platform == "darwin" else 2**10
            return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit
        text = os.pread(self._status, 4096, 0)
        return int(text.partition(b"VmHWM:")[2].split()[0]) / 1024


def main() -> int:
    """Try what the parent names until it names no more."""
    seed, kind, folder = int(sys.argv[1]), sys.argv[2], Path(sys.argv[3])
    os.environ["VACEPREP_STATE_DIR"] = str(folder / "state")
    answers = os.fdopen(os.dup(1), "w", buffering=1, encoding="utf-8")
    # What a library prints is caught as noise, not taken for an answer.
    os.dup2(2, 1)
    warm_up(folder)
    warnings.simplefilter("error")
    resource.setrlimit(resource.RLIMIT_AS, (ADDRESSES, ADDRESSES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    make = mutant if kind == "mutants" else truncation
    memory = _Memory()
    said = os.fstat(2).st_size
    try:
        os.open(READY, os.O_RDONLY)
    except OSError:
        print(json.dumps({"ready": True}), file=answers)
    for line in sys.stdin:
        memory.begin()
        case = make(seed, int(line))
        outcome = attempt(case, folder, truncated=kind == "truncations")
        answer = {**outcome._asdict(), "number": case.number, "megabytes": memory.peak()}
        if os.fstat(2).st_size > said:
            words = os.pread(2, 2000, said).decode("utf-8", "replace")
            said = os.fstat(2).st_size
            if answer["problem"] is None:
                pythons = any(word in words for word in PYTHONS)
                answer |= {"problem": "traceback" if pythons else "noise", "detail": words}
        print(json.dumps(answer), file=answers)
    return 0


if __name__ == "__main__":
    sys.exit(main())
