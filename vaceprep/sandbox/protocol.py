"""uvicorn's HTTP protocol, with the transport available to endpoints that break the connection."""

from __future__ import annotations

import asyncio

from uvicorn.protocols.http.h11_impl import H11Protocol


class Protocol(H11Protocol):
    """Endpoints get their connection as ``scope["state"]["transport"]``."""

    def connection_made(  # type: ignore[override]
        self, transport: asyncio.Transport
    ) -> None:
        """Store the transport for the connection's requests."""
        super().connection_made(transport)
        # Make a copy, because all connections share the server's own state.
        self.app_state = {**self.app_state, "transport": transport}
