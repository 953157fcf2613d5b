"""The table: one row is a source, what is asked of the product, and what has to come out.

A new quirk is one row in ``rows_quirks.py`` (``rows_containers.py`` for a container or a codec,
``rows_asked.py`` for what is asked of the product).
"""

from __future__ import annotations

from typing import Final

from tests.truth.rows_asked import ASKED
from tests.truth.rows_containers import CONTAINERS
from tests.truth.rows_quirks import CLOCKS, COLOURS, FIELDS, GEOMETRY, GROUPS

#: Rows that are wrong today, and why: the test of such a row fails where it passes.
NOT_YET: Final[dict[str, str]] = {}

ROWS: Final = (*CONTAINERS, *FIELDS, *CLOCKS, *GROUPS, *GEOMETRY, *COLOURS, *ASKED)
