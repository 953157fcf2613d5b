"""``vaceprep`` that says at its end on standard error whether it started worker processes."""

from __future__ import annotations

import multiprocessing.forkserver
import sys
from typing import Any

from vaceprep.cli.main import run

if __name__ == "__main__":
    run(sys.argv[1:])
    server: Any = multiprocessing.forkserver._forkserver
    print(server._forkserver_pid is not None, file=sys.stderr)
