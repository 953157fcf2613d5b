"""Timing from a demuxer's timestamps, for containers without a sample table. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from fractions import Fraction
from math import gcd
from operator import sub
from typing import Final

from vaceprep.probes.timing import Timing, evenness

#: Seconds: delays of animated pictures that browsers replace, and the delay shown instead.
SHORT: Final = Fraction(1, 100)
INSTEAD: Final = Fraction(1, 10)
#: Rates that cameras and encoders use, tried if no rate of the header fits.
COMMON_RATES: Final = tuple(
    Fraction(r) for r in (24, 25, 30, 60, 50, 48, 16, 15, 12, 10, 20, 8, 120, 100, 90, 72)
) + tuple(Fraction(r * 1000, 1001) for r in (24, 30, 60, 48, 120, 16))


def from_timestamps(
    times: Sequence[int],
    durations: Sequence[int],
    time_base: Fraction,
    rates: Iterable[Fraction | None],
    *,
    rounds: bool,
) -> Timing:
    """Return timing from timestamps in ticks of ``time_base``.

    ``times`` in presentation order; ``durations`` beside them (0 where unknown). With ``rounds``
    (Matroska, FLV), timestamps are rounded and the last duration is cut off: if every timestamp
    lies within one tick of ``i / r`` for one of ``rates``, the rate is ``r`` and the length ``n /
    r``, exactly.
    """
    count = len(times)
    if count == 0:
        return Timing(None, 0, None, None, None, None, None)
    gaps = list(map(sub, times[1:], times))
    if rounds:
        for rate in _candidates(rates):
            if _fits(times, time_base, rate):
                step = 1 / rate
                length = count * step
                return Timing(length, count, rate, None, True if gaps else None, step, step)
    last = durations[-1]
    # Without a duration, give the last frame the average duration of the others.
    guess = last <= 0 and gaps
    last_length = Fraction(sum(gaps), len(gaps)) if guess else Fraction(last)
    ticks = times[-1] - times[0] + last_length
    if ticks <= 0 and count == 1:
        known = next((r for r in rates if r), None)
        return Timing(1 / known if known else None, 1, known, None, None, None, None)
    length = ticks * time_base
    even: bool | None = None
    tick = None
    if gaps:
        unit = gcd(*set(gaps))
        rarer = min(gaps.count(min(gaps)), gaps.count(max(gaps)))
        even, rounded = evenness(min(gaps), max(gaps), unit, rarer)
        tick = unit * time_base if even and rounded else None
    return Timing(
        duration=length if length > 0 else None,
        frames=count,
        fps=count / length if length > 0 else None,
        rounding_tick=tick,
        constant_rate=even,
        min_interval=min(gaps) * time_base if gaps else None,
        max_interval=max(gaps) * time_base if gaps else None,
    )


def _candidates(rates: Iterable[Fraction | None]) -> Iterator[Fraction]:
    """Yield the header's rates, each rounded to the nearest usual rate, then all usual rates."""
    for rate in rates:
        if rate:
            usual = min(COMMON_RATES, key=lambda r: abs(r - rate))
            yield usual if abs(usual - rate) * 100_000 <= rate else rate
    yield from COMMON_RATES


def _fits(times: Sequence[int], time_base: Fraction, rate: Fraction) -> bool:
    """Return whether every timestamp lies within one tick of ``i / rate``."""
    step = 1 / (rate * time_base)
    if step.denominator == 1 and step < 2:
        return False
    top, bottom, first = step.numerator, step.denominator, times[0]
    return all(abs((t - first) * bottom - i * top) <= bottom for i, t in enumerate(times)) and (
        len(times) == 1 or times[-1] > first
    )
