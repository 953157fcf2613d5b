"""Where media are kept between runs."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path
from typing import Final

from tests.bench.measure import ENVIRONMENT

#: Go up whenever media.py, prepare_media.py or edit_media.py makes something else.
MEDIA_VERSION: Final = 2
CLIPS_VERSION: Final = 1
EDIT_VERSION: Final = 1


@cache
def made(kind: str, version: int) -> Path:
    """The folder that the program ``kind`` fills, made where it is not there yet."""
    # One folder a user: in a shared temporary directory nobody measures another's files.
    name = f"vaceprep-bench-{os.getuid()}"
    folder = Path(tempfile.gettempdir(), name, f"{kind.replace('_', '-')}-{version}")
    if not folder.is_dir():
        print(f"making media in {folder} (a minute or two, once)", file=sys.stderr, flush=True)
        # In a process of its own: this one must stay small, see media.py.
        command = [sys.executable, "-m", f"tests.bench.{kind}", str(folder)]
        subprocess.run(command, env=ENVIRONMENT, check=True)
    return folder
