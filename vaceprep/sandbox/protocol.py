"""HTTP as uvicorn speaks it, with the connection in reach of the endpoints that break it."""

from __future__ import annotations

import asyncio

from uvicorn.protocols.http.h11_impl import H11Protocol


class Protocol(H11Protocol):
    """Endpoints find their connection as ``scope["state"]["transport"]``."""

    def connection_made(  # type: ignore[override]
        self, transport: asyncio.Transport
    ) -> None:
        """Keep the connection for its requests."""
        super().connection_made(transport)
        # Handed to every request; a copy, since the server's own is shared by all connections.
        self.app_state = {**self.app_state, "transport": transport}
