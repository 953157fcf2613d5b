"""The part of the video that is used: start and length in exact seconds, as text and back."""

from __future__ import annotations

import re
from fractions import Fraction
from typing import Any, Final, NamedTuple

from vaceprep.editor.errors import BadRequest

#: A time: a decimal number or a fraction, without a sign or an exponent.
_TIME: Final = re.compile(r"[0-9]{1,9}(?:\.[0-9]{1,12})?|[0-9]{1,18}/[1-9][0-9]{0,17}")


def time_of(value: Any, name: str) -> Fraction:
    """A time in seconds. Raises BadRequest."""
    if not isinstance(value, str) or _TIME.fullmatch(value) is None:
        raise BadRequest(f"{name} is no time; write seconds as text, such as 1.5 or 3003/1000")
    return Fraction(value)


def whole_of(value: Any, name: str, least: int, most: int) -> int:
    """A whole number of a query. Raises BadRequest."""
    text = str(value)
    if not (text.isascii() and text.isdigit() and len(text) <= 12 and least <= int(text) <= most):
        raise BadRequest(f"{name} must be a whole number from {least:,} to {most:,}")
    return int(text)


def time_text(value: Fraction) -> str:
    """The shortest exact text of a time: ``2.5``, or ``1001/30000`` where no decimal is exact.

    >>> time_text(Fraction(5, 2)), time_text(Fraction(3)), time_text(Fraction(1, 3))
    ('2.5', '3', '1/3')
    """
    rest = value.denominator
    for prime in (2, 5):
        while rest % prime == 0:
            rest //= prime
    if rest != 1 or (value * 10**12).denominator != 1:
        return f"{value.numerator}/{value.denominator}"
    whole, part = divmod(value.numerator * 10**12 // value.denominator, 10**12)
    return f"{whole}.{part:012d}".rstrip("0").rstrip(".")


class Window(NamedTuple):
    """The used part of ``video_url``, in seconds of its presented time."""

    start: Fraction = Fraction(0)
    #: None: as long as the limit allows.
    duration: Fraction | None = None

    def to_dict(self) -> dict[str, str | None]:
        """The key ``window`` of the state."""
        length = None if self.duration is None else time_text(self.duration)
        return {"start": time_text(self.start), "duration": length}


def window_of(value: Any) -> Window:
    """The window of a request. Raises BadRequest."""
    if value is None:
        return Window()
    if not isinstance(value, dict) or not set(value) <= {"start", "duration"}:
        raise BadRequest("window must be a mapping with start and duration")
    start, length = value.get("start"), value.get("duration")
    duration = None if length is None else time_of(length, "duration")
    if duration is not None and not duration:
        raise BadRequest("duration must be above 0")
    return Window(Fraction(0) if start is None else time_of(start, "start"), duration)
