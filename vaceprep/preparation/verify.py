"""Check a finished file before its rename to the final name."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable
from fractions import Fraction
from typing import TYPE_CHECKING, Final

from vaceprep.contract import Role
from vaceprep.errors import Damaged, Refused
from vaceprep.facts import Facts, Unreadable, VideoFacts
from vaceprep.files.atomic import placing
from vaceprep.files.source import CannotOpen, open_path
from vaceprep.limits import CONTRACT, Limits
from vaceprep.plans.model import EncodeRecipe, Plan
from vaceprep.probes.measure import measure
from vaceprep.probes.sniff import sniff
from vaceprep.records import replace
from vaceprep.rules import codes
from vaceprep.rules.catalogue import Asset, Finding, Severity
from vaceprep.rules.judge import judge

if TYPE_CHECKING:
    from vaceprep.preparation.file import Work
    from vaceprep.preparation.read import Source

#: The rules whose findings decoding may add.
DAMAGE: Final = (codes.VIDEO_UNREADABLE, codes.VIDEO_TRUNCATED, codes.VIDEO_HEADER_LIES)
#: Packets of a copied file of which at least one must decode to a frame.
LOOK: Final = 64


def verified(
    path: str, role: Role, name: str, limits: Limits = CONTRACT, *, deep: bool = False
) -> tuple[Facts, list[Finding]]:
    """Return the facts of a finished file and the findings of all rules on it as ``name``.

    ``deep`` decodes every frame of a video. Raises Refused where the file cannot be read again.
    """
    try:
        with open_path(path) as opened:
            facts = measure(opened, role, sniff(opened.head), deep=deep, limits=limits)
    except CannotOpen as error:
        raise Refused(f"{name} cannot be read again: {error.fact.message}") from None
    if isinstance(facts, Unreadable):
        raise Refused(f"{name} cannot be read again: {facts.message}")
    return facts, judge(facts, Asset(role, name, limits))


def decoded(
    source: Source, plan: Plan, path: str, known: tuple[Facts, list[Finding]], work: Work
) -> tuple[Facts, list[Finding]]:
    """Decode an output. Compare an encoded one with its source, frame counts included.

    Of a copy, decode one frame, or with ``deep`` all frames, which may add findings to those in
    ``known``. Raises Refused; Damaged where no frame of a copy decodes.
    """
    facts, recipe = source.facts, plan.recipe
    if isinstance(facts, VideoFacts) and isinstance(recipe, EncodeRecipe):
        from vaceprep.preparation.video.verify import verify
        from vaceprep.probes.look import Looking

        measured = known[0]
        if not isinstance(measured, VideoFacts) or source.role == "mask_video_url":
            verify(source.opened, source.sniffed, facts, recipe, path, work.on_progress)
            return known
        looking = Looking(measured)
        verify(source.opened, source.sniffed, facts, recipe, path, work.on_progress, looking)
        return replace(measured, look=looking.facts()), known[1]
    if work.deep:
        work.on_progress(Fraction(1))
        after, found = verified(path, source.role, "", work.options.limits, deep=True)
        # ``known`` already holds the findings about the file name.
        seen = {f.code for f in known[1]}
        return after, [*known[1], *(f for f in found if f.code in DAMAGE and f.code not in seen)]
    if isinstance(known[0], VideoFacts):
        look(path, known[0])
    return known


def look(path: str, facts: VideoFacts) -> None:
    """Decode the first frame of a copied file. Raises Damaged where no frame decodes."""
    from vaceprep.probes.container import BROKEN, clause, open_container
    from vaceprep.probes.streams import video_stream

    with open_path(path) as opened:
        demuxer = sniff(opened.head).demuxer
        if demuxer is None:
            return
        reason = "no frame comes out"
        try:
            with open_container(opened, demuxer, fast=facts.container == "mp4") as container:
                video = video_stream(container)
                if video is None:
                    raise Damaged("it has no video track", 0)
                video.codec_context.skip_frame = "DEFAULT"
                for number, packet in enumerate(container.demux(video)):
                    try:
                        if packet.decode():
                            return
                    except BROKEN as error:
                        reason = clause(error)
                    if number > LOOK:
                        break
        except BROKEN as error:
            reason = clause(error)
    raise Damaged(f"none of its frames decodes ({reason})", 0)


def write_verified(
    data: bytes,
    target: str,
    *,
    force: bool,
    role: Role,
    sources: Iterable[str] = (),
    tolerated: Collection[str] = (),
) -> list[Finding]:
    """Write ``data`` to a part file, check it under ``role``, rename it to ``target``.

    Any finding above advice refuses it, except the ``tolerated`` codes, which are returned. A
    failure leaves no file. Raises Refused.
    """
    with placing(target, force=force, sources=sources) as place:
        place.fill(data)
        name = os.path.basename(target)
        _, findings = verified(place.path, role, name)
        kept = [f for f in findings if f.code in tolerated]
        grave = [f for f in findings if f.severity is not Severity.ADVICE and f not in kept]
        if grave:
            reasons = "; ".join(f"{f.code} {f.message}" for f in grave)
            raise Refused(f"{name} was not written, because it would not pass as {role}: {reasons}")
        place.commit()
    return kept
