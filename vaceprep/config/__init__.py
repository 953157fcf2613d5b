"""The settings of a project: ``[tool.vaceprep]`` in pyproject.toml, or vaceprep.toml.

Most runs find none, so modules needed only to read one are imported after one is found.
"""

from __future__ import annotations

from typing import Final

#: Keys that allow private hosts, decide where files are written and published, or cost money. They
#: apply only in a file that the user named or chose: see ``config.find.is_chosen``.
GUARDED: Final = ("allow-hosts", "publish", "public-base", "output", "price", "budget")


class BadConfig(ValueError):
    """An invalid configuration; the message is one sentence that names the file."""

    def __init__(self, path: str, message: str) -> None:
        super().__init__(f"{path}: {message}")
        self.path, self.message = path, message

    def __reduce__(self) -> tuple[type[BadConfig], tuple[str, str]]:
        return type(self), (self.path, self.message)
