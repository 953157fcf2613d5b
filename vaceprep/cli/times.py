"""Instants of a video as users write them: seconds, clock time, or a fraction. Pure."""

from __future__ import annotations

import re
from fractions import Fraction
from typing import Final, Literal

Instant = Fraction | Literal["first", "last"]

_SECONDS: Final = r"[0-9]{1,9}(?:\.[0-9]{0,12})?|\.[0-9]{1,12}"
_PLAIN: Final = re.compile(rf"(-?)({_SECONDS})")
_CLOCK: Final = re.compile(r"(-?)(?:([0-9]{1,5}):)?([0-9]{1,5}):([0-9]{1,2}(?:\.[0-9]{0,12})?)")
_FRACTION: Final = re.compile(r"(-?)([0-9]{1,18})/([0-9]{1,18})")
FORMS: Final = "1.5, 1:02.5, 0:01:02.5, 3003/1000, first or last"


def parse_instant(text: str) -> Instant:
    """Exact seconds from the first frame presented, or ``first`` or ``last``.

    Accepts a negative time; the caller, which knows the video, refuses it. Raises ValueError.
    """
    text = text.strip()
    if text in ("first", "last"):
        return "first" if text == "first" else "last"
    plain = _PLAIN.fullmatch(text)
    if plain:
        return _signed(plain[1], Fraction(plain[2].rstrip(".")))
    fraction = _FRACTION.fullmatch(text)
    if fraction and int(fraction[3]):
        return _signed(fraction[1], Fraction(int(fraction[2]), int(fraction[3])))
    clock = _CLOCK.fullmatch(text)
    if clock:
        hours, minutes = int(clock[2] or 0), int(clock[3])
        seconds = Fraction(clock[4].rstrip("."))
        # A number after a colon is below 60; the first number has no limit.
        if seconds < 60 and (clock[2] is None or minutes < 60):
            return _signed(clock[1], 3600 * hours + 60 * minutes + seconds)
    raise ValueError(f"{text!r} is not a time; write it as {FORMS}")


def _signed(sign: str, value: Fraction) -> Fraction:
    return -value if sign else value
