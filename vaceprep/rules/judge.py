"""Apply all rules to one file, in the order in which they suppress each other."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from typing import Final, NamedTuple

from vaceprep.contract import VIDEO_ROLES
from vaceprep.facts import Facts, ImageFacts, Unreadable
from vaceprep.records import replace
from vaceprep.rules import codes
from vaceprep.rules.catalogue import Asset, Finding, Rule, Severity, run

#: Rules that report that a file could not be measured: ``select`` keeps them, since a check without
#: measurements must not pass. Only naming them in ``ignore`` suppresses them.
GATES: Final = frozenset(
    [codes.VIDEO_UNREADABLE, codes.IMAGE_UNREADABLE, codes.IMAGE_BOMB, codes.JOB_UNREADABLE]
)


class Selection(NamedTuple):
    """The rules to report, by code. ``select`` None means all; ``strict`` makes warnings errors.

    ``severity`` overrides severities, by code; ``origin`` names the source of the overrides.
    """

    select: frozenset[str] | None = None
    ignore: frozenset[str] = frozenset()
    strict: bool = False
    severity: tuple[tuple[str, Severity], ...] = ()
    origin: str = ""

    def apply(self, findings: Iterable[Finding]) -> tuple[Finding, ...]:
        """Return the findings to report, with their effective severity."""
        kept = [f for f in findings if self._keeps(f.code)]
        if self.severity:
            weights = dict(self.severity)
            kept = [self._weighed(f, weights.get(f.code, f.severity)) for f in kept]
        if self.strict:
            kept = [
                replace(f, severity=Severity.ERROR) if f.severity is Severity.WARNING else f
                for f in kept
            ]
        return tuple(kept)

    def _weighed(self, finding: Finding, weight: Severity) -> Finding:
        if weight is finding.severity:
            return finding
        note = ""
        if finding.severity is Severity.ERROR:
            # The report must show that the rule itself has another severity.
            note = f" (an error, which {self.origin or 'the configuration'} calls {weight.value})"
        return replace(finding, severity=weight, message=f"{finding.message}{note}")

    def _keeps(self, code: str) -> bool:
        if code in self.ignore:
            return False
        return self.select is None or code in self.select or code in GATES


def judge(facts: Facts | Unreadable, asset: Asset) -> list[Finding]:
    """Return all findings on one file under one role."""
    if asset.role in VIDEO_ROLES:
        return judge_video(facts, asset)
    from vaceprep.rules.image import judge_image

    findings = judge_image(facts, asset)
    return findings + _judge_mask(facts, asset, findings)


def judge_video(facts: Facts | Unreadable, asset: Asset) -> list[Finding]:
    """Apply the video rules; a VP105 without a fix suppresses the others."""
    if isinstance(facts, ImageFacts):
        message = f"it is a still image ({facts.format.upper()}), not a video"
        facts = Unreadable("still-image", message, facts.bytes)
    first, rest = _video_rules()
    findings = run([first], facts, asset)
    if findings and findings[0].fix is None:
        return findings
    findings += run(rest, facts, asset)
    return findings + _judge_mask(facts, asset, findings)


@cache
def _video_rules() -> tuple[Rule, list[Rule]]:
    """The rule about unreadable videos, and the others."""
    from vaceprep.rules import video, video_packaging, video_picture

    first = video.video_unreadable
    rules = (*video.RULES, *video_picture.RULES, *video_packaging.RULES)
    return first, [rule for rule in rules if rule is not first]


def _judge_mask(facts: Facts | Unreadable, asset: Asset, findings: list[Finding]) -> list[Finding]:
    if asset.role not in ("mask_image_url", "mask_video_url") or isinstance(facts, Unreadable):
        return []
    if any(f.code in GATES or f.code == codes.IMAGE_FORMAT for f in findings):
        return []
    from vaceprep.rules.mask import judge_mask

    return judge_mask(facts, asset)
