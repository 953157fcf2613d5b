"""The same tests for both clients."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any, Literal

import pytest

from tests.api.service import TOKEN, Service, Step, unconnectable
from vaceprep.api.async_client import AsyncClient
from vaceprep.api.client import Client

Kind = Literal["sync", "async"]
#: Of many cases, every so many is tried with the second client in the ordinary part; both share
#: what decides, and the long part tries the others.
STRIDE = 3


class Both:
    """Calls one method of a client of one kind; what would be slept is only written down."""

    def __init__(self, kind: Kind) -> None:
        self.kind: Kind = kind
        self.slept: list[float] = []
        self.client: Client | AsyncClient | None = None

    def __call__(self, base_url: str, method: str, *arguments: Any, **named: Any) -> Any:
        options = {"api_key": TOKEN, "base_url": base_url, "timeout": named.pop("timeout", 10)}
        if self.kind == "sync":
            with Client(sleep=self.slept.append, **options) as client:
                self.client = client
                return getattr(client, method)(*arguments, **named)
        return asyncio.run(self._await(options, method, arguments, named))

    async def _await(
        self, options: dict[str, Any], method: str, arguments: tuple[Any, ...], named: Any
    ) -> Any:
        async def sleep(seconds: float) -> None:
            self.slept.append(seconds)

        async with AsyncClient(sleep=sleep, **options) as client:
            self.client = client
            return await getattr(client, method)(*arguments, **named)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Move twins of the second client to the long part."""
    numbers: Counter[str] = Counter()
    for item in items:
        of = item.callspec.params if isinstance(item, pytest.Function) and _many(item) else {}
        if of.get("ask") == "async":
            name = item.nodeid.partition("[")[0]
            if numbers[name] % STRIDE:
                item.add_marker(pytest.mark.long)
            numbers[name] += 1


def _many(item: pytest.Function) -> bool:
    """Whether a test of a client has more cases than the two clients."""
    return hasattr(item, "callspec") and len(item.callspec.params) > 1


@pytest.fixture(params=["sync", "async"])
def ask(request: pytest.FixtureRequest) -> Both:
    return Both(request.param)


@pytest.fixture
def serve() -> Iterator[Callable[..., Service]]:
    """Services that are stopped at the end."""
    with ExitStack() as stack:

        def start(*steps: Step) -> Service:
            return stack.enter_context(Service(*steps))

        yield start


@pytest.fixture
def nobody() -> Iterator[str]:
    """A base URL where nobody listens."""
    held, url = unconnectable()
    with held:
        yield url


@pytest.fixture(autouse=True)
def _bare_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("API_KEY", "SITE", "BASE_URL"):
        monkeypatch.delenv(f"MULEROUTER_{name}", raising=False)
