"""The jobs and media of ``vaceprep demo``: one job for each function, with media that need fixes.

``fixtures/make_demo.py`` made the media.
"""

from __future__ import annotations

import os
from contextlib import suppress
from importlib.resources import files

from vaceprep.contract import FUNCTIONS
from vaceprep.errors import Refused
from vaceprep.files.atomic import write
from vaceprep.files.source import CannotOpen, open_path


def write_demo(folder: str | os.PathLike[str]) -> list[str]:
    """Copy the jobs and their media into a folder, and return the paths of the jobs.

    Creates the folder if necessary, and leaves files that are already the same. Raises Refused
    where a file of the same name differs, or where a file or the folder cannot be written.
    """
    where = os.fspath(folder)
    try:
        os.makedirs(where, exist_ok=True)
    except OSError as error:
        raise Refused(f"{where} cannot be made: {error.strerror or error}") from None
    for resource in files(__name__).iterdir():
        if resource.is_file() and not resource.name.endswith((".py", ".pyc")):
            _write_once(resource.read_bytes(), os.path.join(where, resource.name))
    return [os.path.join(where, f"{function}.vace.yaml") for function in FUNCTIONS]


def _write_once(data: bytes, path: str) -> None:
    with suppress(CannotOpen, OSError), open_path(path) as opened:
        if opened.read() == data:
            return
    write(data, path, force=False)
