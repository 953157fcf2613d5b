"""The directory in which vaceprep keeps state between runs."""

from __future__ import annotations

import os
from typing import Final

#: The environment variable that names the state directory.
VARIABLE: Final = "VACEPREP_STATE_DIR"


def state_dir() -> str | None:
    """The state directory: ``VACEPREP_STATE_DIR``, else the platform's.

    None if there is neither. Creates nothing.
    """
    named = os.environ.get(VARIABLE)
    if named:
        return named
    if os.environ.get("HOME") == "" and os.name == "posix":
        # platformdirs would use the root folder as the home folder.
        return None
    import platformdirs

    try:
        folder = platformdirs.user_state_dir("vaceprep", appauthor=False)
    except RuntimeError:
        # Newer versions of platformdirs raise if there is no home folder.
        return None
    # Older ones return a path that begins with "~".
    return folder if os.path.isabs(folder) else None
