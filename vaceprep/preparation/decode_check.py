"""The decoding check of an output before its rename to the final name."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Final

from vaceprep.errors import Damaged
from vaceprep.facts import Facts, VideoFacts
from vaceprep.files.source import open_path
from vaceprep.plans.model import EncodeRecipe
from vaceprep.preparation.verify import verified
from vaceprep.probes.sniff import sniff
from vaceprep.rules import codes
from vaceprep.rules.catalogue import Finding

if TYPE_CHECKING:
    from vaceprep.plans.model import Plan
    from vaceprep.preparation.file import Work
    from vaceprep.preparation.source import Source

#: The rules whose findings decoding may add.
DAMAGE: Final = (codes.VIDEO_UNREADABLE, codes.VIDEO_TRUNCATED, codes.VIDEO_HEADER_LIES)
#: Packets of a copied file of which at least one must decode to a frame.
LOOK: Final = 64


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

        verify(source.opened, source.sniffed, facts, recipe, path, work.tell)
    elif work.deep:
        work.tell(Fraction(1))
        after, found = verified(path, source.role, "", work.options.limits, deep=True)
        # ``known`` already holds the findings about the file name.
        seen = {f.code for f in known[1]}
        return after, [*known[1], *(f for f in found if f.code in DAMAGE and f.code not in seen)]
    elif isinstance(known[0], VideoFacts):
        _look(path, known[0])
    return known


def _look(path: str, facts: VideoFacts) -> None:
    """Decode the first frame of a copied file. Raises Damaged where no frame decodes."""
    from vaceprep.probes.codec import video_stream
    from vaceprep.probes.container import BROKEN, clause, open_container

    with open_path(path) as opened:
        demuxer = sniff(opened.head).demuxer
        if demuxer is None:
            return
        said = "no frame comes out"
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
                        said = clause(error)
                    if number > LOOK:
                        break
        except BROKEN as error:
            said = clause(error)
    raise Damaged(f"none of its frames decodes ({said})", 0)
