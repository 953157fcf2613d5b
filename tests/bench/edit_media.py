"""A 4K source of two hours and one of five seconds, for the benchmark of ``edit``.

``python -m tests.bench.edit_media FOLDER``: see ``media``.
"""

from __future__ import annotations

import sys
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Final

from tests.bench.media import LONG_SECONDS, SEED, encode, repeat

UHD: Final = replace(SEED, width=3840, height=2160)


def make(folder: Path) -> None:
    """Both files, into a folder that appears only when it is whole."""
    folder.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=folder.name) as name:
        made, seed = Path(name, "media"), Path(name, "seed.mp4")
        made.mkdir()
        encode(seed, UHD)
        repeat(seed, made / "short.mp4", 1, sound=True)
        repeat(seed, made / "long.mp4", LONG_SECONDS // UHD.seconds, sound=True)
        made.rename(folder)


if __name__ == "__main__":
    make(Path(sys.argv[1]))
