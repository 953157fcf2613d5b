"""The trusted certificates, as httpx reads them."""

from __future__ import annotations

import os
import ssl
from functools import cache

import certifi


@cache
def trusted() -> ssl.SSLContext:
    """Return the context of all TLS connections; reading it takes longer than most requests."""
    file, folder = os.environ.get("SSL_CERT_FILE"), os.environ.get("SSL_CERT_DIR")
    if file:
        context = ssl.create_default_context(cafile=file)
    elif folder:
        context = ssl.create_default_context(capath=folder)
    else:
        context = ssl.create_default_context(cafile=certifi.where())
    context.set_alpn_protocols(["http/1.1"])
    return context
