"""Fixtures that attacks share with the tests of the client."""

from tests.api.conftest import _bare_environment, ask, serve

__all__ = ["_bare_environment", "ask", "serve"]
