"""All rules for one file, in the order in which they silence each other."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Final, NamedTuple

from vaceprep.contract import VIDEO_ROLES
from vaceprep.facts import Facts, ImageFacts, Unreadable
from vaceprep.rules import codes
from vaceprep.rules.catalogue import Asset, Finding, Severity, run

#: Rules that say that a file could not be judged: nothing selects them away, since a check
#: that cannot measure must not pass. Only naming them in ``ignore`` silences them.
GATES: Final = frozenset(
    [codes.VIDEO_UNREADABLE, codes.IMAGE_UNREADABLE, codes.IMAGE_BOMB, codes.JOB_UNREADABLE]
)


class Selection(NamedTuple):
    """Which rules are reported, by code: ``select`` None means all; strict: warnings weigh.

    ``severity`` is what findings of single rules weigh instead of their own, by code, and
    ``origin`` who says so.
    """

    select: frozenset[str] | None = None
    ignore: frozenset[str] = frozenset()
    strict: bool = False
    severity: tuple[tuple[str, Severity], ...] = ()
    origin: str = ""

    def apply(self, findings: Iterable[Finding]) -> tuple[Finding, ...]:
        """The findings that are reported, with the severity they are reported at."""
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
        said = ""
        if finding.severity is Severity.ERROR:
            # Whoever reads the report must see that the rule itself says something else.
            said = f" (an error, which {self.origin or 'the configuration'} calls {weight.value})"
        return replace(finding, severity=weight, message=f"{finding.message}{said}")

    def _keeps(self, code: str) -> bool:
        if code in self.ignore:
            return False
        return self.select is None or code in self.select or code in GATES


def judge(facts: Facts | Unreadable, asset: Asset) -> list[Finding]:
    """Every finding on one file under one role."""
    if asset.role in VIDEO_ROLES:
        return judge_video(facts, asset)
    from vaceprep.rules.image import judge_image

    findings = judge_image(facts, asset)
    return findings + _judge_mask(facts, asset, findings)


def judge_video(facts: Facts | Unreadable, asset: Asset) -> list[Finding]:
    """The video rules; while VP105 fires without a fix, no other does."""
    from vaceprep.rules import video, video_packaging, video_picture

    if isinstance(facts, ImageFacts):
        message = f"it is a still image ({facts.format.upper()}), not a video"
        facts = Unreadable("still-image", message, facts.bytes)
    first = video.video_unreadable
    findings = run([first], facts, asset)
    if findings and findings[0].fix is None:
        return findings
    rules = (*video.RULES, *video_picture.RULES, *video_packaging.RULES)
    findings += run([rule for rule in rules if rule is not first], facts, asset)
    return findings + _judge_mask(facts, asset, findings)


def _judge_mask(facts: Facts | Unreadable, asset: Asset, findings: list[Finding]) -> list[Finding]:
    if asset.role not in ("mask_image_url", "mask_video_url") or isinstance(facts, Unreadable):
        return []
    if any(f.code in GATES or f.code == codes.IMAGE_FORMAT for f in findings):
        return []
    from vaceprep.rules.mask import judge_mask

    return judge_mask(facts, asset)
