"""Find a source's configuration: in its folder, or in the nearest folder above it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from vaceprep.config import BadConfig
from vaceprep.contract import MAX_CONFIG_BYTES
from vaceprep.files.source import CannotOpen, open_path

if TYPE_CHECKING:
    from vaceprep.config.model import Config

#: The file that is entirely a configuration; it takes precedence if a folder has both.
OWN: Final = "vaceprep.toml"
#: The file with a configuration in its table ``[tool.vaceprep]``.
SHARED: Final = "pyproject.toml"


def shown(path: str) -> str:
    """The file's path in messages: relative if it lies in or below the current folder."""
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
    """Read the configuration of a file named by the user. Raises BadConfig.

    In a file called ``pyproject.toml`` it is the table ``[tool.vaceprep]``; else the whole file.
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
        # Most of these files belong to other tools, and parsing TOML takes longer than a check.
        if b"vaceprep" in data:
            return _parse(shared, data, table=True)
    return None


def _parse(path: str, data: bytes, *, table: bool) -> Config | None:
    from vaceprep.config.read import parse

    config = parse(data, shown(path), table=table)
    return config if config is None or is_chosen(path) else config.unchosen()


def is_chosen(path: str) -> bool:
    """Whether the user chose a file that was found: see ``GUARDED``.

    It lies in the current folder or above it, and the user owns it. A file that merely lies above
    a source may be untrusted, like the source.
    """
    here = os.path.realpath(os.path.dirname(os.path.abspath(path)))
    try:
        if here not in _chain(os.path.realpath(os.curdir)):
            return False
        if not hasattr(os, "geteuid"):
            return True
        return {os.lstat(path).st_uid, os.stat(path).st_uid} == {os.geteuid()}
    except OSError:
        return False


class Finder:
    """The configuration of each source; searches each folder only once."""

    def __init__(self, fixed: str | None = None, *, search: bool = True) -> None:
        """``fixed`` is the one file that applies to all; without ``search`` there is none.

        Raises BadConfig.
        """
        self._fixed = None if fixed is None else read_config(fixed)
        self._search = search and fixed is None
        #: Files whose ignored keys were already reported.
        self.reported: set[str] = set()
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
        """The configuration of a file; ``path`` is None if no folder contains it (standard input).

        Raises BadConfig.
        """
        return self.in_folder("" if path is None else os.path.dirname(path))


def find_config(path: str | os.PathLike[str] = ".") -> Config | None:
    """The configuration that applies to a file or a folder; None if there is none.

    It is the nearest ``vaceprep.toml``, or ``pyproject.toml`` with a table ``[tool.vaceprep]``,
    upwards from there. In a file that lies neither in the current folder nor above it, or that
    another user owns, ``allow_hosts``, ``publish``, ``public_base`` and ``output`` are ignored
    (``left_out`` names them); ``read_config`` uses every key of a file. Raises BadConfig.
    """
    name = os.fsdecode(path)
    return Finder().in_folder(name if os.path.isdir(name) else os.path.dirname(name))
