"""Many files in one process: ``python -m tests.bench.inprocess FOLDER FILE...``.

Prints the wall and the processor seconds of each call as JSON, the first one left out: it imports.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import vaceprep


def main() -> None:
    """Prepare each file into the folder; raise RuntimeError for one that packets do not serve."""
    folder = Path(sys.argv[1])
    took: list[tuple[float, float]] = []
    for name in sys.argv[2:]:
        wall, cpu = time.perf_counter(), time.process_time()
        report = vaceprep.prepare(name, folder, force=True)
        took.append((time.perf_counter() - wall, time.process_time() - cpu))
        entry = report.files[0]
        if entry.status != "prepared" or not entry.lossless:
            raise RuntimeError(f"{name}: {entry.status}, lossless: {entry.lossless}")
    print(json.dumps(took[1:]))


if __name__ == "__main__":
    main()
