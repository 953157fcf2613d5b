"""Making foreign text safe to print: names and metadata come from strangers. Pure."""

from __future__ import annotations

from typing import Final

#: Unicode categories that can move the cursor, change direction or hide: controls, formats
#: (bidirectional marks among them), lone surrogates, private use, line and paragraph breaks.
UNSAFE: Final = frozenset(["Cc", "Cf", "Cs", "Co", "Zl", "Zp"])


def _escaped(character: str) -> str:
    code = ord(character)
    if 0xDC80 <= code <= 0xDCFF:
        # A byte of a name that is not UTF-8, as Python carries it.
        return f"\\x{code - 0xDC00:02x}"
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"


def printable(text: str, limit: int = 400) -> str:
    """``text`` with every unsafe character written out, and its middle left out if very long."""
    if text.isascii() and text.isprintable() and len(text) <= limit:
        return text
    import unicodedata

    safe = "".join(_escaped(c) if unicodedata.category(c) in UNSAFE else c for c in text)
    if len(safe) > limit:
        keep = (limit - 3) // 2
        safe = f"{safe[:keep]}...{safe[-keep:]}"
    return safe
