"""The data of the templates: plain values, measured, drawn and worded beforehand.

Text is untrusted and unchanged; the template engine makes it printable and escapes it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from typing import Literal, NewType

from vaceprep.rules.catalogue import Finding, Rule

#: A ``data:`` URI generated here: it contains no untrusted text, so it is written unescaped.
DataUri = NewType("DataUri", str)
#: The severity of an entry, for its colour and for the filter.
Grade = Literal["error", "warning", "advice", "fine"]


@dataclass(frozen=True, slots=True)
class Picture:
    """A small picture; its sides in pixels. ``faint``: outside the used section."""

    uri: DataUri
    width: int
    height: int
    alt: str
    caption: str = ""
    faint: bool = False


@dataclass(frozen=True, slots=True)
class Span:
    """A section of a bar, in thousandths of its width."""

    at: float
    width: float
    kind: str
    label: str = ""


@dataclass(frozen=True, slots=True)
class Bar:
    """Time spans side by side, with marks between them, in thousandths of the width."""

    spans: tuple[Span, ...]
    marks: tuple[Span, ...]
    caption: str


@dataclass(frozen=True, slots=True)
class Row:
    """A fact; ``after`` is its new value, if there are two sides."""

    label: str
    value: str
    after: str | None = None

    @property
    def changed(self) -> bool:
        """Whether both sides differ."""
        return self.after is not None and self.after != self.value


@dataclass(frozen=True, slots=True)
class Side:
    """One side, before or after."""

    title: str
    about: str
    pictures: tuple[Picture, ...] = ()
    #: Why pictures are missing.
    note: str = ""


@dataclass(frozen=True, slots=True)
class Canvas:
    """A picture inside a larger one, to scale. Sizes and positions in pixels."""

    size: tuple[int, int]
    inner: tuple[int, int]
    corner: tuple[int, int]
    caption: str
    picture: Picture | None = None


@dataclass(frozen=True, slots=True)
class Film:
    """A finished video: embedded in the page, or linked."""

    name: str
    about: str
    link: str
    uri: DataUri | None = None
    pictures: tuple[Picture, ...] = ()
    note: str = ""


@dataclass(frozen=True, slots=True)
class Drawn:
    """The drawings of a whole job: pictures, a canvas, rows of a timeline."""

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
    #: The less important facts.
    more: tuple[Row, ...] = ()
    #: The similarity of both sides, in a sentence.
    likeness: str = ""
    output: str = ""
    error: str = ""
    hint: str = ""
    drawn: Drawn | None = None
    #: What the model takes of a job.
    model: Drawn | None = None
    films: tuple[Film, ...] = ()
    #: The timeline of a video that was split, and the seams of the joined result.
    timeline: Drawn | None = None
    seams: Drawn | None = None

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
        """The severities of all findings, for the filter; ``none`` if there are none."""
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
    #: The time of writing, as displayed.
    written: str
    #: Counts, each with its word and colour.
    counts: tuple[tuple[int, str, str], ...]
    groups: tuple[Group, ...]
    #: The rules with findings, by code.
    rules: tuple[Rule, ...]
    statuses: tuple[str, ...] = ()
    notes: tuple[str, ...] = field(default=())

    @property
    def total(self) -> int:
        """The number of entries."""
        return sum(len(group.entries) for group in self.groups)


Window = tuple[Fraction, Fraction]
