"""Measure, check and report on open bytes. Errors are returned as values."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING, NamedTuple

from vaceprep.checks.report import FileReport
from vaceprep.contract import CHECK_PIXEL_MEMORY, MAX_IMAGE_PIXELS, PRICE_PER_SECOND, Role
from vaceprep.facts import Facts, Unreadable
from vaceprep.files.source import Opened, is_data_uri
from vaceprep.limits import CONTRACT, Limits
from vaceprep.probes.measure import default_role, measure
from vaceprep.probes.sniff import sniff
from vaceprep.rules.advise import advise
from vaceprep.rules.catalogue import Asset
from vaceprep.rules.judge import Selection, judge

if TYPE_CHECKING:
    from collections.abc import Mapping
    from fractions import Fraction

    from vaceprep.net.session import Web


class Options(NamedTuple):
    """How to check files."""

    role: Role | None = None
    deep: bool = False
    selection: Selection = Selection()
    allowed_hosts: Collection[str] = ()
    max_pixels: int = MAX_IMAGE_PIXELS
    #: Bytes that an image's pixels may take; None: no limit.
    memory: int | None = CHECK_PIXEL_MEMORY
    limits: Limits = CONTRACT
    #: The network session for URLs; None: URLs are checked by their text alone.
    web: Web | None = None
    #: Earlier reports by URL and role, so that no URL is fetched twice.
    known: Mapping[tuple[str, Role], FileReport] | None = None
    #: US dollars for a second of output.
    price: Fraction = PRICE_PER_SECOND


def probe_opened(
    opened: Opened, name: str | None, options: Options
) -> tuple[Role, Facts | Unreadable]:
    """The role and facts of open bytes."""
    sniffed = sniff(opened.head)
    role = options.role or default_role(sniffed, name)
    facts = measure(
        opened,
        role,
        sniffed,
        deep=options.deep,
        max_pixels=options.max_pixels,
        memory=options.memory,
        limits=options.limits,
    )
    return role, facts


def report_on(
    source: str, role: Role, facts: Facts | Unreadable, name: str | None, options: Options
) -> FileReport:
    """The report on measured facts."""
    inline = len(source) if is_data_uri(source) else None
    asset = Asset(role, name, options.limits, inline)
    findings = judge(facts, asset)
    findings += advise(facts, asset, findings)
    known = None if isinstance(facts, Unreadable) else facts
    return FileReport(source, role, known, options.selection.apply(findings))
