"""One browser for all tests of the page; skipped, with the reason, where there is none."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    pytest.importorskip("playwright.sync_api", reason="needs playwright (the extra [test])")
    from tests.editor.browser import CHROMIUM, chromium

    if CHROMIUM is None:
        pytest.skip("needs the program chromium")
    with chromium() as running:
        yield running
