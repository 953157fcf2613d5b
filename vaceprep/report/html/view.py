"""What the templates show: plain values, already measured, drawn and worded.

Text is foreign and as it came; the template engine makes it printable and escapes it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from typing import Literal, NewType

from vaceprep.rules.catalogue import Finding, Rule

#: A ``data:`` URI made here: nothing in it is foreign, so it is written as it is.
DataUri = NewType("DataUri", str)
#: How grave an entry is, for its colour and for the filter.
Grade = Literal["error", "warning", "advice", "fine"]


@dataclass(frozen=True, slots=True)
class Picture:
    """A small picture; its sides in pixels. ``faint`` lies outside of the used window."""

    uri: DataUri
    width: int
    height: int
    alt: str
    caption: str = ""
    faint: bool = False


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of a bar, in thousandths of its width."""

    at: float
    width: float
    kind: str
    label: str = ""


@dataclass(frozen=True, slots=True)
class Bar:
    """Stretches of time side by side, and marks among them, in thousandths of the width."""

    spans: tuple[Span, ...]
    marks: tuple[Span, ...]
    caption: str


@dataclass(frozen=True, slots=True)
class Row:
    """A fact; ``after`` is what it became, where there are two sides to it."""

    label: str
    value: str
    after: str | None = None

    @property
    def changed(self) -> bool:
        """Whether both sides differ."""
        return self.after is not None and self.after != self.value


@dataclass(frozen=True, slots=True)
class Side:
    """One side of before and after."""

    title: str
    about: str
    pictures: tuple[Picture, ...] = ()
    #: Why there is no picture, or not every one.
    note: str = ""


@dataclass(frozen=True, slots=True)
class Canvas:
    """A picture inside of a larger one, to scale. Sizes and places in pixels."""

    size: tuple[int, int]
    inner: tuple[int, int]
    corner: tuple[int, int]
    caption: str
    picture: Picture | None = None


@dataclass(frozen=True, slots=True)
class Film:
    """A finished video: carried in the page, or linked."""

    name: str
    about: str
    link: str
    uri: DataUri | None = None
    pictures: tuple[Picture, ...] = ()
    note: str = ""


@dataclass(frozen=True, slots=True)
class Drawn:
    """What is drawn of a job as a whole: pictures, a canvas, rows of a timeline."""

    title: str
    pictures: tuple[Picture, ...] = ()
    canvas: Canvas | None = None
    bars: tuple[Bar, ...] = ()
    note: str = ""


@dataclass(frozen=True, slots=True)
class Entry:
    """One file, or one job, with all its findings and facts."""

    name: str
    role: str
    status: str
    grade: Grade
    about: str = ""
    sides: tuple[Side, ...] = ()
    bar: Bar | None = None
    findings: tuple[Finding, ...] = ()
    #: The edits of a plan: name, sentence, and the rules behind it.
    edits: tuple[tuple[str, str, str], ...] = ()
    rows: tuple[Row, ...] = ()
    #: The rest of the facts, which few look for.
    more: tuple[Row, ...] = ()
    #: The similarity of both sides, in a sentence.
    likeness: str = ""
    output: str = ""
    error: str = ""
    hint: str = ""
    drawn: Drawn | None = None
    films: tuple[Film, ...] = ()

    @property
    def two_sided(self) -> bool:
        """Whether there is a before and an after."""
        return any(row.after is not None for row in self.rows)

    @property
    def rules(self) -> str:
        """The slugs of all findings, for the filter."""
        return " ".join(dict.fromkeys(f.rule for f in self.findings))

    @property
    def severities(self) -> str:
        """The severities of all findings, for the filter; ``none`` where there is none."""
        return " ".join(sorted({f.severity.value for f in self.findings})) or "none"

    @property
    def pairs(self) -> str:
        """Rule and severity of each finding together, for the filter of both at once."""
        return " ".join(dict.fromkeys(f"{f.rule}:{f.severity.value}" for f in self.findings))


@dataclass(frozen=True, slots=True)
class Group:
    """The entries of one job, or a single file."""

    entries: tuple[Entry, ...]
    #: The job's name; None for a single file.
    job: str | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """The whole report."""

    command: str
    version: str
    #: When it was written, for a person.
    written: str
    #: Counts, each with its word and colour.
    counts: tuple[tuple[int, str, str], ...]
    groups: tuple[Group, ...]
    #: The rules that spoke, by code.
    rules: tuple[Rule, ...]
    statuses: tuple[str, ...] = ()
    notes: tuple[str, ...] = field(default=())

    @property
    def total(self) -> int:
        """How many entries there are."""
        return sum(len(group.entries) for group in self.groups)


Window = tuple[Fraction, Fraction]
