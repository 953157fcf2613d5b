"""Prepare one source: measure, plan, write, verify, rename. Errors are values here."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from vaceprep.checks.inputs import Item
from vaceprep.checks.report import FileReport
from vaceprep.checks.source import opening
from vaceprep.contract import Role
from vaceprep.errors import CannotCopy, Damaged, Refused
from vaceprep.facts import Facts, ImageFacts, Unreadable, VideoFacts
from vaceprep.files.atomic import FULL, Placing, placing
from vaceprep.files.digest import Identity, digest, identity
from vaceprep.files.source import CannotOpen
from vaceprep.formats import ENDINGS, name_disagrees
from vaceprep.limits import CONTRACT, Limits
from vaceprep.plans.model import (
    FIXED_ADVICE,
    NOTHING_ASKED,
    CopyRecipe,
    Edit,
    ImageRecipe,
    Options,
    Plan,
    VideoRecipe,
    errors,
)
from vaceprep.plans.predict import predict
from vaceprep.preparation.cache import (
    fingerprint,
    recall,
    recorded_advice,
    recorded_window,
    remember,
)
from vaceprep.preparation.read import Read, Source, measured, outlined, planned
from vaceprep.preparation.report import Prepared
from vaceprep.preparation.verify import decoded, verified
from vaceprep.probes.measure import default_role
from vaceprep.records import Record, replace
from vaceprep.rules import codes
from vaceprep.rules.advise import advise
from vaceprep.rules.catalogue import Asset, Finding, Severity
from vaceprep.rules.judge import judge

OnProgress = Callable[[Fraction], None]
#: Returns the output's path for a file extension (None: the source's own name).
Target = Callable[[str | None], str]
#: Writes a part file. Returns the executed plan, its facts and the findings on it.
Write = Callable[[Placing], tuple[Plan, Facts, list[Finding]]]


@dataclass(frozen=True, slots=True)
class Work:
    """How to prepare a source: options, whether to overwrite files, whether to write at all."""

    options: Options = NOTHING_ASKED
    role: Role | None = None
    force: bool = False
    dry_run: bool = False
    on_progress: OnProgress = lambda _: None
    #: All sources of the run: none of them is overwritten by any output.
    sources: tuple[str, ...] = ()
    #: Private hosts that the user allows in the URLs of jobs.
    allowed_hosts: tuple[str, ...] = ()
    #: The reports of the jobs' URLs that were fetched; without it only a URL's text is checked.
    known: Mapping[tuple[str, Role], FileReport] | None = None
    #: Decode every frame of copied files as well.
    deep: bool = False
    #: Outputs of an earlier attempt of the same run, which may be overwritten.
    own: frozenset[str] = frozenset()
    #: Outputs are moved elsewhere, so no record is kept of them.
    moved: bool = False


def ending_of(plan: Plan, facts: Facts) -> str | None:
    """Return the extension of the output's name; None keeps the source's name."""
    if plan.empty:
        return None
    if isinstance(facts, VideoFacts):
        return ".mp4"
    made = predict(plan, facts)
    return ENDINGS[made.format][0] if isinstance(made, ImageFacts) else None


def prepare_file(item: Item, target: Target, work: Work) -> Prepared:
    """Prepare one source. The entry that is returned holds every error."""
    if item.kind == "url":
        message = "URLs are not prepared; download the file and name it"
        role = work.role or default_role(None, item.source)
        return Prepared(item.source, None, role, "failed", error=message)
    known = identity(item.source) if item.kind == "path" else None
    try:
        with opening(item) as opened:
            source = measured(item, opened, work.role, work.options)
            return prepare_opened(source, target, work, known)
    except CannotOpen as error:
        return unopened(item, error.fact, work.role, work.options.limits)


def unopened(
    item: Item, fact: Unreadable, role: Role | None, limits: Limits = CONTRACT
) -> Prepared:
    """Return the entry of a source that cannot be opened, or whose worker died."""
    role = role or default_role(None, item.source)
    findings = tuple(judge(fact, Asset(role, None, limits)))
    return Prepared(item.source, None, role, "failed", remaining=findings)


def prepare_opened(
    source: Source, target: Target, work: Work, known: Identity | None = None
) -> Prepared:
    """Prepare a source that is open and measured."""
    from vaceprep.plans.video import CannotPlan

    try:
        if work.options.best_start:
            from vaceprep.preparation.windows import with_best_start

            work = replace(work, options=with_best_start(source, work.options))
        making = Making(source, target, work, known, {})
        making, again = making.unplanned()
        if again is not None:
            return again
        plan = planned(source, work.options)
        return making.carried_out(plan, lambda entry: _made(making, plan, entry))
    except (Refused, CannotPlan) as error:
        finding = _as_finding(error)
        remaining = (finding,) if finding else ()
        return replace(failed(source, remaining), error=None if finding else str(error))


def failed(source: Source, remaining: Iterable[Finding] = ()) -> Prepared:
    """Return the entry of a source that is not prepared."""
    facts = source.barred or source.facts
    before = None if isinstance(facts, Unreadable) else facts
    name = source.item.source
    return Prepared(name, None, source.role, "failed", before=before, remaining=tuple(remaining))


class Making(Record):
    """The preparation of one open source: to which path, how, and from which version of it."""

    source: Source
    target: Target
    work: Work
    known: Identity | None
    #: The parts of the request's fingerprint beside role and options.
    also: Mapping[str, Any]

    def unplanned(self) -> tuple[Making, Prepared | None]:
        """Return the entry of a video whose output exists, from its record; None without one.

        Planning reads packets, for which FFmpeg is imported; the record holds the plan that was
        carried out. The returned preparation keeps the output's path, once it is named: naming it
        again would give another one. Raises CannotPlan or Refused.
        """
        source, work = self.source, self.work
        if self.known is None or work.force or work.dry_run:
            return self, None
        outline = outlined(source, work.options)
        if outline is None or not outline.possible or isinstance(source.facts, Unreadable):
            return self, None
        path = self.target(ending_of(outline, source.facts))
        again = self.recalled(replace(failed(source), output=path))
        found = again if again is not None and again.ok and again.window else None
        return replace(self, target=lambda _: path), found

    def carried_out(self, plan: Plan, make: Callable[[Prepared], Prepared]) -> Prepared:
        """Return the entry of a plan, from ``make`` if it is neither impossible nor done already.

        Raises Refused.
        """
        facts = self.source.facts
        if isinstance(facts, Unreadable) or not plan.possible:
            return failed(self.source, plan.remaining or self.source.findings)
        entry = replace(
            failed(self.source, plan.remaining),
            output=self.target(ending_of(plan, facts)),
            plan=plan.edits,
            lossless=plan.lossless,
            window=window_kept(plan, facts),
        )
        if self.work.dry_run:
            return replace(entry, status="planned", after=predict(plan, facts))
        return self.recalled(entry) or make(entry)

    def recalled(self, entry: Prepared) -> Prepared | None:
        """Return the entry of an existing output from its record; None without one."""
        path, work = entry.output or "", self.work
        record = None if work.force else recall(path, self.known, self._fingerprint())
        if record is None:
            return None
        name, limits = os.path.basename(path), work.options.limits
        after, findings = verified(path, self.source.role, name, limits, deep=work.deep)
        entry = replace(entry, after=after, remaining=tuple(findings))
        if errors(findings):
            return replace(entry, output=None, status="failed")
        advice = advise(after, Asset(self.source.role, name, limits), findings)
        advice += recorded_advice(record, after)
        plan = record.get("plan", ())
        return replace(
            entry,
            status="unchanged" if record.get("status") == "unchanged" else "prepared",
            plan=tuple(Edit(e["edit"], tuple(e["reason"]), e["detail"]) for e in plan),
            lossless=bool(record.get("lossless")),
            remaining=(*findings, *advice),
            window=recorded_window(record) or entry.window,
            reused=True,
        )

    def written(self, entry: Prepared, write: Write, *, with_window: bool = True) -> Prepared:
        """Return the entry of the file that ``write`` writes, checked before its rename.

        ``with_window`` records the window, which a later run needs to find the omitted audio.
        """
        path, source = entry.output or "", self.source
        sources = self.work.sources or (source.item.source,)
        force = self.work.force or path in self.work.own
        with placing(path, force=force, sources=sources, make_folder=True) as place:
            plan, after, findings = write(place)
            grave = errors(findings)
            if grave:
                return replace(entry, output=None, status="failed", remaining=grave)
            kept = None if self.known is None or self.work.moved else digest(place.path)
            place.commit()
        window = window_kept(plan, source.facts)
        asset = Asset(source.role, os.path.basename(path), self.work.options.limits)
        entry = replace(
            entry,
            status="unchanged" if plan.empty else "prepared",
            plan=plan.edits,
            lossless=plan.lossless,
            after=after,
            remaining=(*findings, *advise(after, asset, findings)),
            window=window,
        )
        if self.known is not None and not self.work.moved:
            more = {"window": [*map(str, window)]} if window and with_window else {}
            remember(path, self.known, self._fingerprint(), entry.to_dict() | more, kept)
        return entry

    def _fingerprint(self) -> str:
        role, asked = self.source.role, self.work.options.asked()
        return fingerprint({"role": role, **asked, **self.also})


def window_kept(plan: Plan, facts: Facts | Unreadable) -> tuple[Fraction, Fraction] | None:
    """Return the start and length in seconds that a plan keeps of a video; None of an image."""
    if isinstance(plan.recipe, VideoRecipe):
        return plan.recipe.start, plan.recipe.length
    if isinstance(facts, VideoFacts) and facts.duration is not None:
        return Fraction(0), facts.duration
    return None


def _as_finding(error: Exception) -> Finding | None:
    """Return damage as a finding: nothing decodes (VP105), or not everything does (VP106)."""
    if not isinstance(error, Damaged):
        return None
    from vaceprep.rules.video import video_truncated, video_unreadable

    if error.frames == 0:
        return video_unreadable.found(f"cannot be read: {error}", measured="undecodable")
    return video_truncated.found(
        f"{error}; prepare --salvage encodes what still decodes", measured=error.frames
    )


def _made(making: Making, plan: Plan, entry: Prepared) -> Prepared:
    source, work = making.source, making.work
    data = None
    if isinstance(plan.recipe, ImageRecipe):
        # The format of an image is known only after encoding: the byte limit may change it.
        data, path, plan = _pictured(source, plan, entry.output or "", making.target)
        entry = replace(entry, output=path)
        again = making.recalled(entry)
        if again is not None:
            return again
    return making.written(entry, lambda place: _verified(source, plan, data, place, work))


def _pictured(source: Source, plan: Plan, path: str, target: Target) -> tuple[bytes, str, Plan]:
    """Encode an image. Return its bytes, and path and plan with their format. Raises Refused."""
    from vaceprep.preparation.image.render import as_made, made_format, make_image

    if not isinstance(source.facts, ImageFacts):
        raise Refused("it is no image")
    data = make_image(Read(source.item.source, source.opened, source.sniffed, source.facts), plan)
    plan, fmt = as_made(plan, source.facts, data), made_format(data)
    if not name_disagrees(path, fmt):
        return data, path, plan
    try:
        return data, target(ENDINGS[fmt][0]), plan
    except ValueError:
        raise Refused(
            f"{path} is no name for what fits the limit, which is {fmt.upper()}"
        ) from None


def _verified(
    source: Source, plan: Plan, data: bytes | None, place: Placing, work: Work
) -> tuple[Plan, Facts, list[Finding]]:
    """Execute the plan and check the result.

    Where copied packets do not give the predicted result, encode the frames instead.
    """
    name, limits = os.path.basename(place.target), work.options.limits
    try:
        carry_out(source, plan, place.path, work.on_progress, data)
        after, findings = verified(place.path, source.role, name, limits)
        instead = _unforeseen(plan, findings) and "what was copied would not pass"
    except CannotCopy as error:
        instead = str(error)
    if instead and isinstance(plan.recipe, CopyRecipe):
        plan = planned(source, work.options, instead=instead)
        carry_out(source, plan, place.path, work.on_progress)
        after, findings = verified(place.path, source.role, name, limits)
    if isinstance(after, VideoFacts):
        after, findings = decoded(source, plan, place.path, (after, findings), work)
    return plan, after, findings


def _unforeseen(plan: Plan, findings: Sequence[Finding]) -> list[Finding]:
    foreseen = {f.code for f in plan.remaining}
    return [
        f
        for f in findings
        if f.code not in foreseen
        and (
            f.severity is not Severity.ADVICE
            or f.code in FIXED_ADVICE - {codes.VIDEO_EXTRA_STREAMS}
        )
    ]


def carry_out(
    source: Source, plan: Plan, path: str, on_progress: OnProgress, data: bytes | None = None
) -> None:
    """Write the output of a plan to ``path``, which exists. Raises Refused, or OSError.

    ``data`` is the encoded image.
    """
    if isinstance(plan.recipe, VideoRecipe):
        _video(source, plan.recipe, path, on_progress)
    elif plan.recipe is None:
        import shutil

        source.opened.seek(0)
        with open(path, "wb") as file:
            shutil.copyfileobj(source.opened, file, 1 << 20)
    elif data is not None:
        with open(path, "wb") as file:
            file.write(data)
    on_progress(Fraction(1))


def _video(source: Source, recipe: VideoRecipe, path: str, on_progress: OnProgress) -> None:
    from vaceprep.preparation.video.copy import copy
    from vaceprep.preparation.video.encode import encode
    from vaceprep.probes.container import BROKEN, clause

    facts = source.facts
    if not isinstance(facts, VideoFacts):
        raise Refused("it is no video")
    try:
        if isinstance(recipe, CopyRecipe):
            copy(source.opened, source.sniffed, facts, recipe, path, on_progress)
        else:
            encode(source.opened, source.sniffed, facts, recipe, path, on_progress)
    except BROKEN as error:
        if getattr(error, "errno", None) in FULL:
            # The disk is full; the video is not at fault.
            raise
        raise Refused(f"it cannot be prepared: {clause(error)}") from None
