"""Making foreign text safe to print: names and metadata come from strangers. Pure.

Every format goes through ``printable``. What a format needs beyond it comes on top:

* text: nothing more, ``printable`` leaves no line break, no escape and no change of direction;
* GitHub's workflow commands: ``github_data`` and ``github_property``;
* HTML: ``printable`` in the template, whose autoescaping takes care of ``& < > " '``; both are
  needed, since autoescaping leaves controls and bidirectional marks as they are;
* XML (JUnit): the same, since no escape in XML 1.0 can stand for a control character;
* JSON: nothing at all, since JSON's own escapes lose no character and reach no terminal.
"""

from __future__ import annotations

from typing import Final

#: Unicode categories that can move the cursor, change direction or hide: controls, formats
#: (bidirectional marks among them), lone surrogates, private use, what Unicode does not know
#: (noncharacters, which XML forbids, among them), line and paragraph breaks.
UNSAFE: Final = frozenset(["Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"])


def _escaped(character: str) -> str:
    code = ord(character)
    if 0xDC80 <= code <= 0xDCFF:
        # A byte of a name that is not UTF-8, as Python carries it.
        return f"\\x{code - 0xDC00:02x}"
    if code > 0xFFFF:
        return f"\\U{code:08x}"
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"


def printable(text: str, limit: int = 400) -> str:
    """``text`` with every unsafe character written out, and its middle left out if very long.

    At most ``limit`` characters come out, however many go in. Doing it twice changes nothing.
    """
    if text.isascii() and text.isprintable() and len(text) <= limit:
        return text
    import unicodedata

    if len(text) > 2 * limit:
        # The middle would be left out anyway; megabytes of it are not worth a look.
        text = text[:limit] + text[-limit:]
    safe = "".join(_escaped(c) if unicodedata.category(c) in UNSAFE else c for c in text)
    if len(safe) > limit:
        keep = (limit - 3) // 2
        safe = f"{safe[:keep]}...{safe[-keep:]}"
    return safe


def github_data(text: str, limit: int = 4000) -> str:
    """``text`` as the message of a GitHub workflow command (``::error ...::MESSAGE``).

    A line that a stranger's text begins would be taken for a command of its own.
    """
    safe = printable(text, limit).replace("%", "%25")
    return safe.replace("\r", "%0D").replace("\n", "%0A")


def github_property(text: str, limit: int = 4000) -> str:
    """``text`` as a property's value there (``file=``, ``title=``), which ``:`` and ``,`` end."""
    return github_data(text, limit).replace(":", "%3A").replace(",", "%2C")
