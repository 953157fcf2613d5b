"""Results that are kept as long as there is room: the ones used last."""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import Any, Final

#: Bytes of all pictures that are kept.
ROOM: Final = 128 * 2**20


class Kept:
    """Bytes by key; safe for threads."""

    def __init__(self, room: int = ROOM) -> None:
        self._room, self._used = room, 0
        self._found: OrderedDict[Any, bytes] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: Any) -> bytes | None:
        """The bytes of a key; None if they are not kept."""
        with self._lock:
            data = self._found.get(key)
            if data is not None:
                self._found.move_to_end(key)
            return data

    def keep(self, key: Any, data: bytes) -> None:
        """Keep bytes, and forget the oldest where there is no more room."""
        with self._lock:
            self._used += len(data) - len(self._found.pop(key, b""))
            self._found[key] = data
            while self._used > self._room and self._found:
                self._used -= len(self._found.popitem(last=False)[1])
