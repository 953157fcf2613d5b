"""Open and measure sources safely, or refuse them in one sentence; plan an open one."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from typing import Final

from vaceprep.checks.inputs import Item
from vaceprep.contract import MAX_IMAGE_PIXELS, VIDEO_ROLES, Role
from vaceprep.errors import Refused
from vaceprep.facts import Crop, DecodeFacts, Facts, ImageFacts, SampleFacts, Unreadable, VideoFacts
from vaceprep.files.source import CannotOpen, Opened, is_data_uri, is_url, open_path, open_stdin
from vaceprep.plans.model import NOTHING_ASKED, Edit, Options, Plan
from vaceprep.probes.measure import default_role, measure
from vaceprep.probes.sniff import Sniffed, sniff
from vaceprep.records import Record, replace
from vaceprep.rules.catalogue import Asset, Finding
from vaceprep.rules.judge import judge

STDIN: Final = "-"
#: The fields whose videos may have black bars; a mask is black where nothing is edited.
BARRED_ROLES: Final[tuple[Role, ...]] = ("video_url", "first_clip_url", "last_clip_url")


class Read(Record):
    """One open source with the results of sniffing its first bytes and of a probe."""

    source: str
    opened: Opened
    sniffed: Sniffed
    facts: Facts


def unreadable(source: str, clause: str) -> Refused:
    """Return the refusal of a source that cannot be measured."""
    name = "standard input" if source == STDIN else source
    return Refused(f"{name} cannot be read: {clause}")


@contextmanager
def reading(source: str, role: Role | None = None) -> Iterator[Read]:
    """Open and measure one local file, or standard input (``-``).

    ``role`` None chooses the role by content. Raises Refused.
    """
    if is_url(source) or is_data_uri(source):
        raise unreadable(source, "URLs are not read here; give a local file")
    try:
        with open_stdin() if source == STDIN else open_path(source) as opened:
            sniffed = sniff(opened.head)
            facts = measure(opened, role or default_role(sniffed, source), sniffed)
            if isinstance(facts, Unreadable):
                raise unreadable(source, facts.message)
            yield Read(source, opened, sniffed, facts)
    except CannotOpen as error:
        raise unreadable(source, error.fact.message) from None


def video_of(read: Read) -> VideoFacts:
    """Return the facts of a video. Raises Refused for an image."""
    if isinstance(read.facts, ImageFacts):
        raise unreadable(read.source, "it is a still image, not a video")
    return read.facts


def check_pixels(size: tuple[int, int], what: str) -> None:
    """Raise Refused for a picture over the pixel limit of decoding. Sizes in pixels."""
    width, height = size
    if width * height > MAX_IMAGE_PIXELS:
        raise Refused(
            f"{what} of {width}x{height} pixels is too large; {MAX_IMAGE_PIXELS:,} pixels at most"
        )


def displayed_size(source: str) -> tuple[int, int]:
    """Return the displayed width and height of a video or an image in pixels. Raises Refused."""
    with reading(source) as read:
        return read.facts.width, read.facts.height


# --- a source to prepare -------------------------------------------------------------------


class Source(Record):
    """One open source, measured and checked."""

    item: Item
    opened: Opened
    sniffed: Sniffed
    role: Role
    facts: Facts | Unreadable
    findings: tuple[Finding, ...]
    #: How a damaged image, now in ``opened``, was repaired; empty for all other sources.
    rescued: str = ""
    #: The facts before black bars were cropped; None where there are none.
    barred: VideoFacts | None = None

    @property
    def name(self) -> str | None:
        """The file's name without folders; None for standard input."""
        return os.path.basename(self.item.source) if self.item.kind == "path" else None


def measured(
    item: Item, opened: Opened, role: Role | None, options: Options = NOTHING_ASKED
) -> Source:
    """Measure and check a source; with the option ``salvage``, also search it for damage."""
    sniffed = sniff(opened.head)
    name = os.path.basename(item.source) if item.kind == "path" else None
    role = role or default_role(sniffed, name)
    limits = options.limits
    facts = measure(opened, role, sniffed, limits=limits)
    if options.salvage and isinstance(facts, VideoFacts) and role in VIDEO_ROLES:
        facts = _damage(opened, sniffed, facts, role, options)
    barred = None
    if options.crop_bars and isinstance(facts, VideoFacts) and role in BARRED_ROLES:
        found = _without_bars(opened, sniffed, facts, role, options)
        if found is not None:
            barred, facts = facts, found
    findings = tuple(judge(facts, Asset(role, name, limits)))
    source = Source(item, opened, sniffed, role, facts, findings, barred=barred)
    if options.salvage and isinstance(facts, Unreadable) and role not in VIDEO_ROLES:
        return _rescued(source, options) or source
    return source


def with_crop(source: Source, bars: Crop, options: Options) -> Source:
    """Return the source of a video of which the container hides these bars as well."""
    from vaceprep.plans.bars import cropped

    facts = source.facts
    if not isinstance(facts, VideoFacts) or not any(bars):
        return source
    whole, facts = facts, cropped(facts, bars)
    findings = tuple(judge(facts, Asset(source.role, source.name, options.limits)))
    return replace(source, facts=facts, findings=findings, barred=whole)


def _without_bars(
    opened: Opened, sniffed: Sniffed, facts: VideoFacts, role: Role, options: Options
) -> VideoFacts | None:
    """Return the facts without black bars; None where there are none."""
    from vaceprep.plans.video import CannotPlan, window_of
    from vaceprep.preparation.video.bars import without_bars

    try:
        window = window_of(facts, role, options)
    except CannotPlan:
        return None
    return without_bars(opened, sniffed, facts, window, salvage=options.salvage)


def _rescued(source: Source, options: Options) -> Source | None:
    """Return the source with the decodable part of its damaged image; None if nothing decodes."""
    from vaceprep.preparation.image.salvage import DAMAGED, EDIT, rescued

    facts = source.facts
    if not isinstance(facts, Unreadable) or facts.reason not in DAMAGED:
        return None
    data = rescued(source.opened, source.sniffed.format)
    if data is None:
        return None
    opened = Opened(BytesIO(data), len(data))
    sniffed = sniff(opened.head)
    found = measure(opened, source.role, sniffed, limits=options.limits)
    if isinstance(found, Unreadable):
        return None
    findings = tuple(judge(found, Asset(source.role, None, options.limits)))
    return Source(source.item, opened, sniffed, source.role, found, findings, EDIT)


def _damage(
    opened: Opened, sniffed: Sniffed, facts: VideoFacts, role: Role, options: Options
) -> VideoFacts:
    """Return the facts with the first undecodable frame before the end of the kept window."""
    from vaceprep.plans.video import CannotPlan, window_of
    from vaceprep.probes.decode import decode_all

    if sniffed.demuxer is None:
        return facts
    try:
        start, room = window_of(facts, role, options)
    except CannotPlan:
        return facts
    found, _ = decode_all(opened, sniffed.demuxer, as_mask=False, until=start + room)
    failure = found.late if facts.unshown is not None else found.failure
    if failure is None:
        return facts
    return replace(facts, decoded=DecodeFacts(found.frames, *failure, 0, 0))


def outlined(source: Source, options: Options) -> Plan | None:
    """Return the plan of a video as if no packet could be copied, without reading its packets.

    Whether there is an output, and its extension, do not depend on that; None where they may.
    Raises CannotPlan where the options do not fit the source.
    """
    facts = source.facts
    if source.role not in VIDEO_ROLES or not isinstance(facts, VideoFacts):
        return None
    if facts.dolby_vision is not None:
        # Some of these videos can be copied but not decoded.
        return None
    from vaceprep.plans.video import plan_video

    options = replace(options, bars=source.barred is not None)
    return plan_video(facts, source.findings, source.role, options)


def planned(source: Source, options: Options, *, instead: str = "") -> Plan:
    """Return the plan of an open source. ``instead`` says why packets must not be copied.

    Raises CannotPlan where the options do not fit the source.
    """
    facts = source.facts
    if source.role not in VIDEO_ROLES:
        from vaceprep.plans.image import plan_image

        plan = plan_image(facts, source.findings, source.role, options)
        if not source.rescued or not plan.possible:
            return plan
        salvaged = Edit("salvage", ("image-unreadable",), source.rescued)
        return replace(plan, edits=(salvaged, *plan.edits), lossless=False)
    from vaceprep.plans.video import needs_survey, plan_video, window_of

    options = replace(options, bars=source.barred is not None)
    samples: SampleFacts | None = None
    if isinstance(facts, VideoFacts) and needs_survey(facts, source.findings, options):
        from vaceprep.probes import samples as survey

        window = window_of(facts, source.role, options)
        samples = survey.survey(source.opened, source.sniffed, facts, *window)
        if instead:
            samples = replace(samples, obstacle=instead)
    return plan_video(facts, source.findings, source.role, options, samples)
