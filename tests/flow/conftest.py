"""What several tests of this room share."""

from __future__ import annotations

from tests.prepare.conftest import tiny_disk

__all__ = ["tiny_disk"]
