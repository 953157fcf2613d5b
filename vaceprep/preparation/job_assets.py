"""A job's media: opened and measured once, then prepared in order of dependency."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from fractions import Fraction
from types import MappingProxyType
from typing import Final

from vaceprep.checks.bytes import Options as Look
from vaceprep.checks.inputs import Item, kind_of
from vaceprep.checks.job import MAX_ASSETS
from vaceprep.checks.source import check_item, opening
from vaceprep.contract import Role
from vaceprep.errors import Refused
from vaceprep.facts import Facts, Unreadable, VideoFacts
from vaceprep.files.digest import Identity, identity
from vaceprep.files.source import CannotOpen
from vaceprep.job.media import media_of, resolve, role_of
from vaceprep.job.model import FIELDS
from vaceprep.plans.job import with_slugs
from vaceprep.plans.model import CopyRecipe, Options, Plan
from vaceprep.plans.video import CannotPlan
from vaceprep.preparation import job_masks
from vaceprep.preparation.file import Work, prepare_opened, unopened
from vaceprep.preparation.outputs import Names
from vaceprep.preparation.read import Source, measured, planned
from vaceprep.preparation.report import Prepared
from vaceprep.rules.catalogue import Finding
from vaceprep.rules.draft import Draft, pointer

#: The edit that only a plan that re-encodes has.
ENCODED: Final = "re-encode"


@dataclass(slots=True)
class Piece:
    """One local file under one role, even if the job names it several times there."""

    role: Role
    item: Item
    #: The JSON pointers at which the job names it.
    pointers: list[str]
    options: Options
    #: The rules that cause the options that the job sets.
    rules: dict[str, str] = field(default_factory=dict)
    source: Source | None = None
    known: Identity | None = None
    #: The result; None until the piece is prepared.
    entry: Prepared | None = None

    @property
    def facts(self) -> Facts | None:
        """The measured facts; None where measuring failed."""
        facts = None if self.source is None else self.source.facts
        return None if isinstance(facts, Unreadable) else facts

    @property
    def video(self) -> VideoFacts | None:
        """The measured facts of a video; None of an image or where measuring failed."""
        facts = self.facts
        return facts if isinstance(facts, VideoFacts) else None

    @property
    def after(self) -> Facts | None:
        """The facts of the output, measured or predicted; None where there is no output."""
        return None if self.entry is None or not self.entry.ok else self.entry.after

    def plan(self, options: Options | None = None) -> Plan | None:
        """Return the plan of this piece alone; None where it has none."""
        if self.source is None:
            return None
        try:
            plan = planned(self.source, options or self.options)
        except CannotPlan:
            return None
        return plan if plan.possible else None

    def done_plan(self) -> Plan | None:
        """Return the executed plan: with an encoding where copied packets did not pass."""
        plan = self.plan()
        encoded = self.entry is not None and any(e.edit == ENCODED for e in self.entry.plan)
        if plan is None or self.source is None or not encoded:
            return plan
        if isinstance(plan.recipe, CopyRecipe):
            return planned(self.source, self.options, instead="what was copied would not pass")
        return plan


@dataclass(slots=True)
class Assets:
    """The media of one job that its function uses."""

    pieces: list[Piece] = field(default_factory=list)
    #: The entries of URLs, which are not changed, by JSON pointer.
    urls: dict[str, Prepared] = field(default_factory=dict)
    #: The JSON pointers of all pieces and URLs, in field order.
    order: list[str] = field(default_factory=list)

    def of(self, role: Role) -> Piece | None:
        """Return the piece of a field that takes a single file."""
        return next((p for p in self.pieces if p.role == role), None)

    def at(self, place: str) -> Piece | None:
        """Return the piece that the job names at a JSON pointer."""
        return next((p for p in self.pieces if place in p.pointers), None)

    def facts(self) -> dict[str, Facts]:
        """Return the measured facts by JSON pointer."""
        known = {at: e.before for at, e in self.urls.items() if e.before is not None}
        for piece in self.pieces:
            if piece.facts is not None:
                known |= dict.fromkeys(piece.pointers, piece.facts)
        return known

    def facts_after(self) -> dict[str, Facts]:
        """Return the facts of the finished media, measured or predicted, by JSON pointer."""
        after = {at: e.after for at, e in self.urls.items() if e.after is not None}
        for piece in self.pieces:
            if piece.after is not None:
                after |= dict.fromkeys(piece.pointers, piece.after)
        return after

    def entries(self) -> Iterator[Prepared]:
        """Yield one entry for each asset in field order."""
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
    """Yield pointer, role and path or URL of each asset that ``check`` would check."""
    wrong = {pointer(*e.path) for e in draft.errors if len(e.path) > 1 or e.kind == "type"}
    for at, value in list(media_of(draft.values).items())[:MAX_ASSETS]:
        role = role_of(at)
        if at in wrong or (draft.function is not None and draft.function not in FIELDS[role]):
            continue
        yield at, role, resolve(value, folder)


def options_for(role: Role, general: Options, fields: Mapping[str, Options]) -> Options:
    """Return the options of one field: bare ``--start`` and ``--duration`` mean ``video_url``."""
    own = fields.get(role)
    if role != "video_url":
        return own or replace(general, start=None, duration=None)
    if own is None:
        return general
    start = general.start if own.start is None else own.start
    return replace(own, start=start, duration=own.duration or general.duration)


def open_assets(
    draft: Draft,
    folder: str,
    work: Work,
    fields: Mapping[str, Options],
    stack: ExitStack,
    part: str = "",
) -> Assets:
    """Open (until the stack is closed) and measure every asset of a job.

    ``part`` ends the names of what is made of them, where the job is of a part of a video.
    """
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
        one = Item(path, "path", part=part)
        piece = Piece(role, one, [at], options_for(role, work.options, fields))
        by_file[key] = piece
        assets.pieces.append(piece)
        _open(piece, stack)
    return assets


def _real(path: str) -> str:
    try:
        return os.path.realpath(path)
    except ValueError:
        # Such a name is invalid on every file system; opening it reports the error.
        return path


def _open(piece: Piece, stack: ExitStack) -> None:
    item = piece.item
    piece.known = identity(item.source)
    try:
        opened = stack.enter_context(opening(item))
    except CannotOpen as error:
        piece.entry = unopened(item, error.fact, piece.role, piece.options.limits)
        return
    piece.source = measured(item, opened, piece.role, piece.options)


@dataclass(slots=True)
class Maker:
    """Prepares the pieces of one job into the folder of its new job file."""

    work: Work
    names: Names
    #: The path of the new job file.
    target: str
    #: The number of pieces, and the number of finished ones.
    count: int
    done: int = 0

    def _work(self, piece: Piece) -> Work:
        before = self.done
        self.done += 1

        def on_progress(share: Fraction) -> None:
            self.work.on_progress((before + share) / self.count)

        return replace(self.work, options=piece.options, role=piece.role, on_progress=on_progress)

    def _target(self, piece: Piece) -> Callable[[str | None], str]:
        return lambda ending: self.names.beside(self.target, piece.item, ending)

    def make(
        self,
        piece: Piece,
        options: Options | None = None,
        rules: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        """Prepare a piece, with its own options or those that the job requires.

        ``rules`` names the rule behind each of these options, as ``with_slugs`` takes it.
        """
        if piece.entry is not None or piece.source is None:
            return
        piece.options = options or piece.options
        entry = prepare_opened(piece.source, self._target(piece), self._work(piece), piece.known)
        piece.entry = replace(entry, plan=with_slugs(entry.plan, {**piece.rules, **rules}))

    def follow(self, piece: Piece, make: Callable[..., Prepared], wish: object) -> None:
        """Prepare a mask to match its video; ``make`` is a function of ``job_masks``."""
        if piece.entry is not None or piece.source is None:
            return
        try:
            piece.entry = make(
                piece.source, wish, self._target(piece), self._work(piece), piece.known
            )
        except (CannotPlan, Refused) as error:
            self.refuse(piece, str(error))

    def refuse(self, piece: Piece, error: str, finding: Finding | None = None) -> None:
        """Record why a piece is not prepared."""
        if piece.entry is not None or piece.source is None:
            return
        self.done += 1
        piece.entry = replace(job_masks.misfit(piece.source, finding), error=error or None)
