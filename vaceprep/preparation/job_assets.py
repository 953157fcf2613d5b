"""A job's media: opened and measured once, then prepared in the order in which they follow."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from fractions import Fraction
from types import MappingProxyType
from typing import Final

from vaceprep.checks.inputs import Item, kind_of
from vaceprep.checks.job import MAX_ASSETS
from vaceprep.checks.source import Options as Look
from vaceprep.checks.source import check_item, opening
from vaceprep.contract import Role
from vaceprep.errors import Refused
from vaceprep.facts import Facts, Unreadable, VideoFacts
from vaceprep.files.digest import Identity, identity
from vaceprep.files.source import CannotOpen
from vaceprep.job.media import media_of, resolve, role_of
from vaceprep.job.model import FIELDS
from vaceprep.plans.job import told_for
from vaceprep.plans.model import CopyRecipe, Options, Plan
from vaceprep.plans.video import CannotPlan
from vaceprep.preparation import job_masks
from vaceprep.preparation.file import Work, prepare_opened
from vaceprep.preparation.outputs import Names
from vaceprep.preparation.report import Prepared
from vaceprep.preparation.source import Source, measured, planned
from vaceprep.rules.catalogue import Asset, Finding, Severity
from vaceprep.rules.draft import Draft, pointer
from vaceprep.rules.judge import judge

#: Edits of which only a re-encoding plan speaks.
ENCODED: Final = "re-encode"


@dataclass(slots=True)
class Piece:
    """One local file under one role, however often the job names it there."""

    role: Role
    item: Item
    #: Where the job names it.
    pointers: list[str]
    options: Options
    #: The rules behind options that the job asks for.
    rules: dict[str, str] = field(default_factory=dict)
    source: Source | None = None
    known: Identity | None = None
    #: What became of it; None until it was its turn.
    entry: Prepared | None = None

    @property
    def facts(self) -> Facts | None:
        """What was measured; None where it could not be."""
        facts = None if self.source is None else self.source.facts
        return None if isinstance(facts, Unreadable) else facts

    @property
    def video(self) -> VideoFacts | None:
        """The same where it is a video."""
        facts = self.facts
        return facts if isinstance(facts, VideoFacts) else None

    @property
    def after(self) -> Facts | None:
        """What came out of it, or will; None where nothing does."""
        return None if self.entry is None or not self.entry.ok else self.entry.after

    def plan(self, options: Options | None = None) -> Plan | None:
        """Its plan by itself; None where there is none."""
        if self.source is None:
            return None
        try:
            plan = planned(self.source, options or self.options)
        except CannotPlan:
            return None
        return plan if plan.possible else None

    def done_plan(self) -> Plan | None:
        """The plan that was carried out: copied packets that did not pass were encoded."""
        plan = self.plan()
        encoded = self.entry is not None and any(e.edit == ENCODED for e in self.entry.plan)
        if plan is None or self.source is None or not encoded:
            return plan
        if isinstance(plan.recipe, CopyRecipe):
            return planned(self.source, self.options, instead="what was copied would not pass")
        return plan


@dataclass(slots=True)
class Assets:
    """The media of one job that belong to its function."""

    pieces: list[Piece] = field(default_factory=list)
    #: The entries of URLs, which stay as they are, by pointer.
    urls: dict[str, Prepared] = field(default_factory=dict)
    #: The same in the order of the fields: a piece or a URL for each pointer.
    order: list[str] = field(default_factory=list)

    def of(self, role: Role) -> Piece | None:
        """The one piece of a field that takes one file."""
        return next((p for p in self.pieces if p.role == role), None)

    def at(self, place: str) -> Piece | None:
        """The piece that the job names at a pointer."""
        return next((p for p in self.pieces if place in p.pointers), None)

    def facts(self) -> dict[str, Facts]:
        """What was measured, by pointer."""
        known = {at: e.before for at, e in self.urls.items() if e.before is not None}
        for piece in self.pieces:
            if piece.facts is not None:
                known |= dict.fromkeys(piece.pointers, piece.facts)
        return known

    def entries(self) -> Iterator[Prepared]:
        """One entry for each asset in the order of the fields."""
        for at in self.order:
            if at in self.urls:
                yield _pointed(self.urls[at], at)
                continue
            piece = self.at(at)
            if piece is not None and piece.entry is not None:
                yield _pointed(piece.entry, at)


def _pointed(entry: Prepared, at: str) -> Prepared:
    return replace(entry, remaining=tuple(replace(f, pointer=at) for f in entry.remaining))


def named_assets(draft: Draft, folder: str) -> Iterator[tuple[str, Role, str]]:
    """Pointer, role and path or URL of each asset that ``check`` would look at."""
    wrong = {pointer(*e.path) for e in draft.errors if len(e.path) > 1 or e.kind == "type"}
    for at, value in list(media_of(draft.values).items())[:MAX_ASSETS]:
        role = role_of(at)
        if at in wrong or (draft.function is not None and draft.function not in FIELDS[role]):
            continue
        yield at, role, resolve(value, folder)


def options_for(role: Role, asked: Options, fields: Mapping[str, Options]) -> Options:
    """The options of one field: ``--start`` and ``--duration`` alone mean ``video_url``."""
    own = fields.get(role)
    if role != "video_url":
        return own or replace(asked, start=None, duration=None)
    if own is None:
        return asked
    start = asked.start if own.start is None else own.start
    return replace(own, start=start, duration=own.duration or asked.duration)


def open_assets(
    draft: Draft, folder: str, work: Work, fields: Mapping[str, Options], stack: ExitStack
) -> Assets:
    """Every asset of a job, opened (until the stack is closed) and measured."""
    assets = Assets()
    by_file: dict[tuple[str, Role], Piece] = {}
    for at, role, path in named_assets(draft, folder):
        assets.order.append(at)
        kind = kind_of(path)
        if kind in ("url", "data"):
            look = Look(
                role=role,
                allowed_hosts=work.allowed_hosts,
                known=work.known,
                limits=work.options.limits,
            )
            report = check_item(Item(path, kind), look)
            assets.urls[at] = Prepared(
                path,
                None,
                role,
                "unchanged",
                before=report.facts,
                after=report.facts,
                remaining=report.findings,
            )
            continue
        key = _real(path), role
        if key in by_file:
            by_file[key].pointers.append(at)
            continue
        piece = Piece(role, Item(path, "path"), [at], options_for(role, work.options, fields))
        by_file[key] = piece
        assets.pieces.append(piece)
        _open(piece, stack)
    return assets


def _real(path: str) -> str:
    try:
        return os.path.realpath(path)
    except ValueError:
        # No disk holds such a name; opening it says so.
        return path


def _open(piece: Piece, stack: ExitStack) -> None:
    item = piece.item
    piece.known = identity(item.source)
    try:
        opened = stack.enter_context(opening(item))
    except CannotOpen as error:
        findings = judge(error.fact, Asset(piece.role, None, piece.options.limits))
        piece.entry = Prepared(item.source, None, piece.role, "failed", remaining=tuple(findings))
        return
    piece.source = measured(item, opened, piece.role, piece.options)


@dataclass(slots=True)
class Maker:
    """Makes the pieces of one job, beside its file."""

    work: Work
    names: Names
    #: The path of the new job file.
    target: str
    #: How many pieces there are, and how many are done.
    count: int
    done: int = 0

    def _work(self, piece: Piece) -> Work:
        before = self.done
        self.done += 1

        def tell(share: Fraction) -> None:
            self.work.tell((before + share) / self.count)

        return replace(self.work, options=piece.options, role=piece.role, tell=tell)

    def _target(self, piece: Piece) -> Callable[[str | None], str]:
        return lambda ending: self.names.beside(self.target, piece.item, ending)

    def make(
        self,
        piece: Piece,
        options: Options | None = None,
        rules: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        """Prepare a piece, with its own options or with what the job asks for.

        ``rules`` names the rule behind each of these options, as ``told_for`` takes it.
        """
        if piece.entry is not None or piece.source is None:
            return
        piece.options = options or piece.options
        entry = prepare_opened(piece.source, self._target(piece), self._work(piece), piece.known)
        piece.entry = replace(entry, plan=told_for(entry.plan, {**piece.rules, **rules}))

    def follow(self, piece: Piece, make: Callable[..., Prepared], wish: object) -> None:
        """Prepare a mask by what its video asks for: ``make`` is one of ``conform``."""
        if piece.entry is not None or piece.source is None:
            return
        try:
            piece.entry = make(
                piece.source, wish, self._target(piece), self._work(piece), piece.known
            )
        except (CannotPlan, Refused) as error:
            self.refuse(piece, str(error))

    def refuse(self, piece: Piece, error: str, finding: Finding | None = None) -> None:
        """Say why a piece is not prepared."""
        if piece.entry is not None or piece.source is None:
            return
        self.done += 1
        piece.entry = replace(job_masks.misfit(piece.source, finding), error=error or None)


def errors(findings: tuple[Finding, ...] | list[Finding]) -> tuple[Finding, ...]:
    """Those that stop a submission."""
    return tuple(f for f in findings if f.severity is Severity.ERROR)
