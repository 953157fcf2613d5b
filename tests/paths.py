"""Where the project lies."""

from __future__ import annotations

from pathlib import Path
from typing import Final

#: The root of the repository.
ROOT: Final = Path(__file__).resolve().parent.parent
