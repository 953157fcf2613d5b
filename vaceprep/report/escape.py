"""Making foreign text safe to print: names and metadata come from strangers. Pure.

Every format goes through ``printable``. What a format needs beyond it comes on top:

* text: nothing more, ``printable`` leaves no line break, no escape and no change of direction;
* GitHub's workflow commands: ``github_data`` and ``github_property``; everything else that is
  printed in GitHub Actions goes through ``CommandBreaker``;
* HTML: ``printable`` in the template, whose autoescaping takes care of ``& < > " '``; both are
  needed, since autoescaping leaves controls and bidirectional marks as they are;
* XML (JUnit): the same, since no escape in XML 1.0 can stand for a control character;
* JSON: nothing at all, since JSON's own escapes lose no character and reach no terminal.
"""

from __future__ import annotations

import re
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
    safe = printable(text, limit).replace("%", "%25").replace("##[", MARK_BROKEN)
    return safe.replace("\r", "%0D").replace("\n", "%0A")


#: What stands for the old form of a command and for the two colons of the new one. Both are written
#: so that JSON reads them as the same text.
MARK_BROKEN: Final = r"##\u005b"
COLONS_BROKEN: Final = r":\u003a"
_PIECES: Final = re.compile(r"[\r\n]|[^\r\n]+")


class CommandBreaker:
    """Breaks what GitHub's runner would take for a command in text that is written in pieces.

    It takes ``::`` where a line begins, blanks before it left out, and ``##[`` anywhere in a line;
    names and metadata of strangers may hold both.
    """

    def __init__(self) -> None:
        #: What the line has so far: nothing but blanks, one colon behind them, or more.
        self._begin = ""
        self._tail = ""

    def broken(self, text: str) -> str:
        """The next piece of the text, without commands."""
        return "".join(map(self._piece, _PIECES.findall(text)))

    def _piece(self, piece: str) -> str:
        if piece in "\r\n":
            self._begin = self._tail = ""
            return piece
        made = piece
        if self._begin in ("", ":"):
            made = self._begun(piece)
        # The tail is what was written before: a mark may come in two pieces.
        whole = (self._tail + made).replace("##[", MARK_BROKEN)
        made = whole[len(self._tail) :]
        self._tail = whole[-2:]
        return made

    def _begun(self, piece: str) -> str:
        rest = piece if self._begin else piece.lstrip()
        blanks = piece[: len(piece) - len(rest)]
        seen = self._begin + rest
        if seen.startswith("::"):
            rest = COLONS_BROKEN[len(self._begin) :] + seen[2:]
            self._begin = "more"
        elif seen not in ("", ":"):
            self._begin = "more"
        else:
            self._begin = seen
        return blanks + rest


def github_property(text: str, limit: int = 4000) -> str:
    """``text`` as a property's value there (``file=``, ``title=``), which ``:`` and ``,`` end."""
    return github_data(text, limit).replace(":", "%3A").replace(",", "%2C")
