"""What several tests of this folder share."""

from __future__ import annotations

from tests.preparation.conftest import own_state, tiny_disk

__all__ = ["own_state", "tiny_disk"]
