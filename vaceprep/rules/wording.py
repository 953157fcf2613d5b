"""How findings say numbers: short, and never so rounded that they contradict the verdict."""

from __future__ import annotations

from fractions import Fraction


def decimal(value: Fraction, limit: Fraction | None = None) -> str:
    """A fraction with as few digits as tell it, and tell it apart from ``limit``.

    >>> decimal(Fraction(16000, 1001), Fraction(16))
    '15.98'
    """
    for digits in range(10):
        text = f"{float(value):.{digits}f}"
        shown = Fraction(text)
        if abs(shown - value) * 1000 <= abs(value) and (limit is None or shown != limit):
            return text
        if limit is not None and value == limit:
            return f"{float(value):g}"
    return str(value)


def megabytes(count: int) -> str:
    """Bytes as decimal megabytes with two digits."""
    return f"{count / 10**6:.2f} MB"


def listed(names: list[str]) -> str:
    """``a, b and c``."""
    return " and ".join([", ".join(names[:-1]), names[-1]]) if len(names) > 1 else "".join(names)
