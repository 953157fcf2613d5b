"""Work for the workers of a pool, the bad kinds above all: these functions run over there."""

from __future__ import annotations

import ctypes
import os
import signal
import sys
import time


def work(task: str) -> str:
    """Do what a task says; most answer with it."""
    kind, _, rest = task.partition(" ")
    if kind == "segfault":
        ctypes.string_at(0)
    elif kind == "abort":
        os.abort()
    elif kind == "leave":
        os._exit(int(rest))
    elif kind == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    elif kind == "sleep":
        time.sleep(float(rest))
    elif kind == "hang":
        # C code that lets nobody in: no handler of Python's ever runs.
        ctypes.PyDLL(None).sleep(int(rest))
    elif kind == "take":
        return str(len(bytearray(int(rest))))
    elif kind == "write":
        path, size = rest.rsplit(" ", 1)
        with open(path, "wb") as file:
            file.write(bytes(int(size)))
    elif kind == "talk":
        os.write(1, b"out of C")
        os.write(2, b"out of C")
        print("out of Python")
        sys.stderr.write("out of Python")
    elif kind == "raise":
        raise ZeroDivisionError(rest)
    elif kind == "pid":
        return str(os.getpid())
    return task
