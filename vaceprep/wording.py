"""How findings say numbers: short, and never so rounded that they contradict the verdict."""

from __future__ import annotations

import re
from fractions import Fraction
from typing import Final

#: What a rule says of a fact that is None.
NOT_MEASURED = "could not be measured"
#: Digits behind the point that are written where they say a value exactly.
EXACT_DIGITS = 4


def decimal(value: Fraction, limit: Fraction | None = None) -> str:
    """A fraction exactly where four digits can, else to a thousandth and apart from ``limit``.

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
            # 29.970 is 29.97: a trailing zero tells nothing.
            return text.rstrip("0").rstrip(".")
    return str(value)


def size(count: int) -> str:
    """Bytes in decimal units, as people name files' sizes."""
    return (
        f"{count / 1000:.0f} kB"
        if 1000 <= count < 10**6
        else (f"{count} bytes" if count < 1000 else megabytes(count))
    )


def megabytes(count: int) -> str:
    """Bytes as decimal megabytes with two digits."""
    return f"{count / 10**6:.2f} MB"


def listed(names: list[str]) -> str:
    """``a, b and c``."""
    return " and ".join([", ".join(names[:-1]), names[-1]]) if len(names) > 1 else "".join(names)


_EXACT: Final = re.compile(r"-?[0-9]{1,30}(?:/[0-9]{1,30})?")


def read_exact(text: object) -> Fraction:
    """What ``str`` made of a Fraction, read back from a file. Raises ValueError for anything else.

    ``Fraction`` itself would take ``1e999999999``, for which no machine has the memory.
    """
    if not isinstance(text, str) or _EXACT.fullmatch(text) is None:
        raise ValueError("it is no exact number")
    try:
        return Fraction(text)
    except ZeroDivisionError:
        raise ValueError("it is no exact number") from None
