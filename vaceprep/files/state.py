"""Where vaceprep keeps what it must remember between two runs."""

from __future__ import annotations

import os
from typing import Final

#: Where the state directory is named.
VARIABLE: Final = "VACEPREP_STATE_DIR"


def state_dir() -> str | None:
    """The folder for what is remembered: ``VACEPREP_STATE_DIR``, else the platform's.

    None where there is neither. Nothing is made.
    """
    named = os.environ.get(VARIABLE)
    if named:
        return named
    if os.environ.get("HOME") == "" and os.name == "posix":
        # It would be taken for the root of all folders.
        return None
    import platformdirs

    try:
        folder = platformdirs.user_state_dir("vaceprep", appauthor=False)
    except RuntimeError:
        # Newer versions say so where there is no home folder.
        return None
    # With older ones the answer begins with a bare "~".
    return folder if os.path.isabs(folder) else None
