"""The trusted certificates, as httpx reads them."""

from __future__ import annotations

import os
import ssl
from functools import cache
from importlib import import_module


@cache
def trusted() -> ssl.SSLContext:
    """Return the context of all TLS connections; reading it takes longer than most requests."""
    file, folder = os.environ.get("SSL_CERT_FILE"), os.environ.get("SSL_CERT_DIR")
    if file:
        context = ssl.create_default_context(cafile=file)
    elif folder:
        context = ssl.create_default_context(capath=folder)
    else:
        # A dependency of httpx.
        context = ssl.create_default_context(cafile=import_module("certifi").where())
    context.set_alpn_protocols(["http/1.1"])
    return context
