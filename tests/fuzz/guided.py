"""``python -m tests.fuzz.guided``: coverage-guided fuzzing of vaceprep's own readers, by atheris.

Needs the extra ``[fuzz]``, whose wheel is not everywhere; exit code 3 where it is missing, 1 and
an input beside where a reader raises what it may not. libFuzzer's own words go to stderr.
"""

from __future__ import annotations

import argparse
import importlib
import importlib.util
import sys
import tempfile
from pathlib import Path
from typing import Any, Final

from tests.fuzz.seeds import seeds

#: The longest input, in bytes: every fixture's structure lies within.
LONGEST: Final = 65536
MISSING: Final = 3


def _reader_of(name: str, data: bytes) -> str:
    """The reader that a fixture is an input for."""
    marks = {
        "jpeg": b"\xff\xd8", "png": b"\x89PNG", "bmp": b"BM", "gif": b"GIF8", "webp": b"RIFF"
    }  # fmt: skip
    if data[:4] in (b"II*\0", b"MM\0*", b"II+\0"):
        return "tiff"
    found = [reader for reader, mark in marks.items() if data.startswith(mark)]
    if found and not name.endswith(".avi"):
        return found[0]
    return "boxes" if data[4:8] == b"ftyp" else "kinds"


def main() -> int:
    """Fuzz for a fixed time."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz.guided", description=__doc__)
    parser.add_argument("--seconds", type=int, default=120, help="how long (120)")
    parser.add_argument("--seed", type=int, default=1, help="libFuzzer's seed (1)")
    parser.add_argument("--corpus", type=Path, help="folder that keeps what it learns")
    parser.add_argument("--keep", type=Path, default=Path(tempfile.gettempdir()), metavar="DIR")
    asked = parser.parse_args()
    if importlib.util.find_spec("atheris") is None:
        print("atheris is not installed: pip install -e '.[fuzz]'", file=sys.stderr)
        return MISSING
    atheris: Any = importlib.import_module("atheris")
    with atheris.instrument_imports(include=["vaceprep.probes"]):
        readers = importlib.import_module("tests.fuzz.readers")
    names = sorted(readers.READ)

    def one(data: bytes) -> None:
        if data:
            readers.READ[names[data[0] % len(names)]](data[1:])

    with tempfile.TemporaryDirectory(prefix="vaceprep-guided-") as scratch:
        corpus = asked.corpus or Path(scratch)
        corpus.mkdir(parents=True, exist_ok=True)
        for number, seed in enumerate(seeds()):
            if len(seed.data) < LONGEST:
                first = names.index(_reader_of(seed.name, seed.data))
                (corpus / f"seed-{number}").write_bytes(bytes([first]) + seed.data)
        asked.keep.mkdir(parents=True, exist_ok=True)
        options = [
            f"-max_total_time={asked.seconds}",
            f"-seed={asked.seed}",
            f"-max_len={LONGEST}",
            "-timeout=10",
            "-rss_limit_mb=1024",
            f"-artifact_prefix={asked.keep}/guided-",
        ]
        atheris.Setup([sys.argv[0], *options, str(corpus)], one)
        # Ends the process: with 0 when the time is over, with 77 after an exception.
        atheris.Fuzz()
    return 0


if __name__ == "__main__":
    sys.exit(main())
