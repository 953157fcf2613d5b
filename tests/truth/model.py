"""What a source shows, as its generator knows it, and a row of the table."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Literal

from tests.truth import mosaic
from tests.truth.mosaic import RGB


@dataclass(frozen=True)
class Shown:
    """A picture and when it is shown, in seconds after the first picture of the source."""

    number: int
    begin: Fraction
    end: Fraction


@dataclass(frozen=True)
class Truth:
    """What a player that makes no mistake shows of a source."""

    shown: tuple[Shown, ...]
    #: As displayed: cropped, turned, with square pixels.
    size: tuple[int, int]
    #: The four patches; None where the colours are a matter of tone mapping.
    patches: tuple[RGB, ...] | None = mosaic.PATCHES
    #: Whether it is a mask: white and black alone.
    mask: bool = False
    #: Frames a second of the source; None where they are not evenly spaced.
    rate: Fraction | None = None
    #: When beeps begin, in seconds after the first picture.
    beeps: tuple[Fraction, ...] = ()

    @property
    def end(self) -> Fraction:
        """When the last picture ends."""
        return self.shown[-1].end


@dataclass(frozen=True)
class Made:
    """A generated source."""

    path: Path
    truth: Truth


#: Makes a source in an empty folder.
Source = Callable[[Path], Made]


@dataclass(frozen=True)
class Row:
    """A source, what ``prepare`` is asked to make of it, and what has to come out."""

    name: str
    source: Source
    #: Options of ``vaceprep prepare``, or of ``vaceprep frame`` (``--at``).
    options: tuple[str, ...] = ()
    command: Literal["prepare", "frame"] = "prepare"
    #: Which file of a job is looked at; None is the only one.
    role: str | None = None
    #: Where the output's pictures begin, in seconds of the source.
    start: Fraction = Fraction(0)
    #: The output's size where it is not the source's.
    size: tuple[int, int] | None = None
    #: How long the output has to be; None is to the source's end.
    duration: Fraction | None = None
    #: Frames a second of the output; None is the source's own.
    rate: Fraction | None = None
    #: Frames by which a cut without re-encoding may be shorter.
    shorter: int = 0
    #: Whether packets have to be copied (True), pictures encoded (False), or either (None).
    copied: bool | None = None
    #: Another row whose output has to have the same colours within the tolerance.
    like: str | None = None
    #: Levels by which a patch may be off.
    levels: int = 6
    #: Runs in the ordinary suite; the others are marked ``long``.
    ordinary: bool = False


def even(numbers: range | tuple[int, ...], rate: Fraction | int) -> tuple[Shown, ...]:
    """Pictures one after the other at a constant rate, the first at 0."""
    step = 1 / Fraction(rate)
    return tuple(Shown(number, at * step, (at + 1) * step) for at, number in enumerate(numbers))


def at_times(times: tuple[Fraction, ...], end: Fraction) -> tuple[Shown, ...]:
    """Pictures 0, 1, 2 ... that begin at those times, counted from the first."""
    ends = (*times[1:], end)
    first = times[0]
    return tuple(
        Shown(number, begin - first, until - first)
        for number, (begin, until) in enumerate(zip(times, ends, strict=True))
    )
