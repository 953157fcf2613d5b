"""Where a configuration lies: in the folder of what it is for, or the nearest one above it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from vaceprep.config import BadConfig
from vaceprep.contract import MAX_CONFIG_BYTES
from vaceprep.files.source import CannotOpen, open_path

if TYPE_CHECKING:
    from vaceprep.config.model import Config

#: The file that is a configuration as a whole; where both lie in a folder, it counts.
OWN: Final = "vaceprep.toml"
#: The file that has one in its table ``[tool.vaceprep]``.
SHARED: Final = "pyproject.toml"


def shown(path: str) -> str:
    """How messages call a file: from the current folder where it lies in or below it."""
    try:
        relative = os.path.relpath(path)
    except (ValueError, OSError):
        return path
    outside = relative == os.pardir or relative.startswith(os.pardir + os.sep)
    return path if outside else relative


def _read(path: str) -> bytes:
    try:
        with open_path(path) as opened:
            if opened.size > MAX_CONFIG_BYTES:
                raise BadConfig(path, f"it is larger than {MAX_CONFIG_BYTES:,} bytes")
            return opened.read(MAX_CONFIG_BYTES)
    except CannotOpen as error:
        if error.fact.reason == "empty":
            return b""
        raise BadConfig(path, f"it cannot be read: {error.fact.message}") from None
    except OSError as error:
        raise BadConfig(path, f"it cannot be read: {error.strerror or error}") from None


def read_config(path: str) -> Config:
    """The configuration of a file that is named. Raises BadConfig.

    A file called ``pyproject.toml`` has it in its table ``[tool.vaceprep]``; any other is one.
    """
    from vaceprep.config.read import parse

    table = os.path.basename(path) == SHARED
    config = parse(_read(path), path, table=table)
    if config is None:
        raise BadConfig(path, "it has no table [tool.vaceprep]")
    return config


def _chain(folder: str) -> Iterator[str]:
    while True:
        yield folder
        above = os.path.dirname(folder)
        if above == folder:
            return
        folder = above


def _here(folder: str) -> Config | None:
    own = os.path.join(folder, OWN)
    if os.path.isfile(own):
        return _parse(own, _read(own), table=False)
    shared = os.path.join(folder, SHARED)
    if os.path.isfile(shared):
        data = _read(shared)
        # Most of these files are other tools', and reading TOML takes longer than a check.
        if b"vaceprep" in data:
            return _parse(shared, data, table=True)
    return None


def _parse(path: str, data: bytes, *, table: bool) -> Config | None:
    from vaceprep.config.read import parse

    config = parse(data, shown(path), table=table)
    return config if config is None or is_chosen(path) else config.unchosen()


def is_chosen(path: str) -> bool:
    """Whether a file that was found is one that the user chose: see ``GUARDED``.

    It lies in the current folder or above it, and the user owns it. A file that merely lies above
    a source may be a stranger's, as the source is.
    """
    here = os.path.realpath(os.path.dirname(os.path.abspath(path)))
    try:
        if here not in _chain(os.path.realpath(os.curdir)):
            return False
        if not hasattr(os, "geteuid"):
            return True
        # The link, and what it leads to.
        return {os.lstat(path).st_uid, os.stat(path).st_uid} == {os.geteuid()}
    except OSError:
        return False


class Finder:
    """The configuration of each source, each folder looked into once."""

    def __init__(self, fixed: str | None = None, *, search: bool = True) -> None:
        """``fixed`` is the one file that counts for all; without ``search`` there is none.

        Raises BadConfig.
        """
        self._fixed = None if fixed is None else read_config(fixed)
        self._search = search and fixed is None
        #: Files of which it was said that some of their keys do not count.
        self.said: set[str] = set()
        self._known: dict[str, Config | None] = {}
        self._folders: dict[str, Config | None] = {}

    def in_folder(self, folder: str) -> Config | None:
        """The configuration of a folder: its own, or the nearest above. Raises BadConfig."""
        if not self._search:
            return self._fixed
        if folder in self._folders:
            return self._folders[folder]
        passed: list[str] = []
        found: Config | None = None
        for here in _chain(os.path.abspath(folder or os.curdir)):
            if here in self._known:
                found = self._known[here]
                break
            passed.append(here)
            found = _here(here)
            if found is not None:
                break
        self._known |= dict.fromkeys(passed, found)
        self._folders[folder] = found
        return found

    def of(self, path: str | None) -> Config | None:
        """The configuration of a file; None is what lies in no folder, such as standard input.

        Raises BadConfig.
        """
        return self.in_folder("" if path is None else os.path.dirname(path))


def find_config(path: str | os.PathLike[str] = ".") -> Config | None:
    """The configuration that is in force for a file or a folder; None where there is none.

    It is the nearest ``vaceprep.toml``, or ``pyproject.toml`` with a table ``[tool.vaceprep]``,
    upwards from there. Of a file that lies neither in the current folder nor above it, or that is
    another user's, ``allow_hosts``, ``publish``, ``public_base`` and ``output`` do not count
    (``left_out`` names them); ``read_config`` takes all of a file. Raises BadConfig.
    """
    name = os.fsdecode(path)
    return Finder().in_folder(name if os.path.isdir(name) else os.path.dirname(name))
