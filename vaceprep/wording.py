"""Numbers in findings: short, and never rounded so that they contradict the result."""

from __future__ import annotations

import re
from fractions import Fraction
from typing import Final

#: The text of a rule for a fact that is None.
NOT_MEASURED = "could not be measured"
#: Decimals that are written if they give the exact value.
EXACT_DIGITS = 4


def decimal(value: Fraction, limit: Fraction | None = None) -> str:
    """A fraction exactly if four decimals suffice, else to a thousandth, distinct from ``limit``.

    >>> decimal(Fraction(81, 16)), decimal(Fraction(16000, 1001), Fraction(16))
    ('5.0625', '15.984')
    """
    for digits in range(EXACT_DIGITS + 1):
        text = f"{float(value):.{digits}f}"
        if Fraction(text) == value:
            return text
    for digits in range(3, 10):
        text = f"{float(value):.{digits}f}"
        shown = Fraction(text)
        if shown and (limit is None or shown != limit):
            # 29.970 becomes 29.97: a trailing zero adds nothing.
            return text.rstrip("0").rstrip(".")
    return str(value)


def size(count: int) -> str:
    """Bytes in decimal units, as file sizes are usually given."""
    return (
        f"{count / 1000:.0f} kB"
        if 1000 <= count < 10**6
        else (f"{count} bytes" if count < 1000 else megabytes(count))
    )


def megabytes(count: int) -> str:
    """Bytes as decimal megabytes with two decimals."""
    return f"{count / 10**6:.2f} MB"


def listed(names: list[str]) -> str:
    """``a, b and c``."""
    return " and ".join([", ".join(names[:-1]), names[-1]]) if len(names) > 1 else "".join(names)


_EXACT: Final = re.compile(r"-?[0-9]{1,30}(?:/[0-9]{1,30})?")


def read_exact(text: object) -> Fraction:
    """Parse the ``str`` of a Fraction. Raises ValueError for anything else.

    ``Fraction`` itself would accept ``1e999999999``, which exhausts the memory.
    """
    if not isinstance(text, str) or _EXACT.fullmatch(text) is None:
        raise ValueError("it is no exact number")
    try:
        return Fraction(text)
    except ZeroDivisionError:
        raise ValueError("it is no exact number") from None
