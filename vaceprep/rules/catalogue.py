"""A rule is data plus one small function; the catalogue is the list of them.

Everything that shows rules (``vaceprep rules``, the README's table, ``--select``, reports) reads
this one place.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final, Literal, NamedTuple, TypeVar

from vaceprep.contract import Role, SourceMark
from vaceprep.limits import CONTRACT, Limits


class Severity(StrEnum):
    """How much a finding weighs: an error stops a submission and makes ``check`` exit 1."""

    ERROR = "error"
    WARNING = "warning"
    ADVICE = "advice"


Subject = Literal["video", "image", "mask", "job", "url"]
Measure = str | int | float | None


@dataclass(frozen=True, slots=True)
class Finding:
    """What one rule reports on one file: what was measured, what is allowed, how to fix it."""

    code: str
    rule: str
    severity: Severity
    source: str
    message: str
    measured: Measure
    allowed: Measure
    unit: str | None
    fix: str | None
    #: JSON pointer into the job, e.g. ``/ref_images_url/1``; None outside a job.
    pointer: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """The finding as JSON values; the keys are promises."""
        return {
            "code": self.code,
            "rule": self.rule,
            "severity": self.severity.value,
            "source": self.source,
            "message": self.message,
            "measured": self.measured,
            "allowed": self.allowed,
            "unit": self.unit,
            "fix": self.fix,
            "pointer": self.pointer,
        }


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule of the catalogue: code and slug are stable once released."""

    code: str
    slug: str
    #: The severities it can have, the gravest first.
    severities: tuple[Severity, ...]
    source: SourceMark
    subject: Subject
    #: Completes "fires when ...".
    fires: str
    #: What ``prepare`` does about it; None where it cannot fix it.
    fix: str | None
    #: Why it matters, in a sentence or two.
    why: str

    def found(
        self,
        message: str,
        *,
        measured: Measure = None,
        allowed: Measure = None,
        unit: str | None = None,
        severity: Severity | None = None,
        fix: str | None = None,
        pointer: str | None = None,
    ) -> Finding:
        """A finding of this rule; ``severity`` and ``fix`` default to the rule's own.

        An empty ``fix`` means that this one cannot be fixed.
        """
        return Finding(
            code=self.code,
            rule=self.slug,
            severity=severity or self.severities[0],
            source=self.source,
            message=message,
            measured=measured,
            allowed=allowed,
            unit=unit,
            fix=self.fix if fix is None else fix or None,
            pointer=pointer,
        )


class Asset(NamedTuple):
    """What a rule may know of a file beside its facts."""

    role: Role
    #: The file's name without folders; None where it has none (standard input, ``data:``).
    name: str | None = None
    #: What it is held to.
    limits: Limits = CONTRACT


#: ``check(rule, facts, asset)`` gives a finding or None; a job's rules take ``(rule, draft)`` and
#: give any number. The rule's own data is handed in, so that a finding is of the rule that speaks.
RuleFunction = Callable[..., Any]

RULES: Final[dict[str, Rule]] = {}
CHECKS: Final[dict[str, RuleFunction]] = {}


def add(rule: Rule) -> Rule:
    """Add a rule to the catalogue. Raises ValueError where its code or slug is taken."""
    if rule.code in RULES or any(r.slug == rule.slug for r in RULES.values()):
        raise ValueError(f"{rule.code} {rule.slug} is already in the catalogue")
    RULES[rule.code] = rule
    return rule


_F = TypeVar("_F", bound=Callable[..., Any])


def rule(
    code: str,
    slug: str,
    severity: Severity | tuple[Severity, ...],
    source: SourceMark,
    subject: Subject,
    *,
    fires: str,
    fix: str | None,
    why: str,
) -> Callable[[_F], _F]:
    """Register the decorated function ``(rule, facts, asset) -> Finding | None`` as a rule."""
    severities = severity if isinstance(severity, tuple) else (severity,)
    added = add(Rule(code, slug, severities, source, subject, fires, fix, why))

    def register(function: _F) -> _F:
        CHECKS[added.code] = function
        return function

    return register


def run(code: str, facts: object, asset: Asset) -> Finding | None:
    """What one rule says of these facts."""
    finding: Finding | None = CHECKS[code](RULES[code], facts, asset)
    return finding


def run_all(codes: Iterable[str], subject: object) -> list[Finding]:
    """What rules that give any number of findings say of one subject."""
    return [finding for code in codes for finding in CHECKS[code](RULES[code], subject)]


def in_order() -> list[Rule]:
    """All rules by code."""
    return [RULES[code] for code in sorted(RULES)]


class UnknownRule(ValueError):
    """A name that is no rule's slug, code or code prefix; the message names the nearest."""


def weights_of(pairs: Iterable[tuple[str, Severity]], spared: Iterable[str]) -> dict[str, Severity]:
    """What findings weigh, by code, for names as ``resolve`` takes them.

    The more exactly a name says a rule, the more it counts, in whatever order they come; of
    ``spared`` codes only the slug or the whole code speaks. Raises UnknownRule.
    """
    found: dict[str, tuple[int, Severity]] = {}
    kept = frozenset(spared)
    for name, weight in pairs:
        codes = resolve([name])
        for code in codes if len(codes) == 1 else codes - kept:
            if code not in found or len(codes) <= found[code][0]:
                found[code] = len(codes), weight
    return {code: weight for code, (_, weight) in found.items()}


def containing(name: str) -> list[str]:
    """Slugs that have all words of a name, in the order of their codes."""
    words = _words(name)
    slugs = [rule.slug for _, rule in sorted(RULES.items())]
    return [slug for slug in slugs if words and all(word in slug for word in words)]


def _words(name: str) -> list[str]:
    return [word for word in re.split(r"[^a-z0-9]+", name.lower()) if word]


def nearest(name: str) -> list[str]:
    """Slugs that a name may mean, at most six: those that have all of its words, or the closest."""
    from difflib import get_close_matches

    words = _words(name)
    slugs = [rule.slug for _, rule in sorted(RULES.items())]
    found = containing(name)
    if not found:
        parts = {part for slug in slugs for part in slug.split("-")}
        close = {near for word in words for near in get_close_matches(word, parts, 1, 0.75)}
        found = get_close_matches(name.lower(), slugs, 1) or [
            slug for slug in slugs if close and close <= set(slug.split("-"))
        ]
    return (found or get_close_matches(name.upper(), RULES, 1))[:6]


def resolve(names: Iterable[str]) -> frozenset[str]:
    """Rule codes for slugs (``video-fps``), codes (``VP103``) and prefixes (``VP1``, ``VP10``).

    Names may be joined by commas; case does not matter. Raises UnknownRule.
    """
    slugs = {rule.slug: code for code, rule in RULES.items()}
    codes: set[str] = set()
    for name in (part.strip() for joined in names for part in joined.split(",")):
        if not name:
            continue
        if name.lower() in slugs:
            codes.add(slugs[name.lower()])
            continue
        upper = name.upper()
        matching = {c for c in RULES if upper.startswith("VP") and c.startswith(upper)}
        if not matching:
            near = nearest(name)
            hint = f"; did you mean {' or '.join(near)}?" if near else ""
            raise UnknownRule(f"no rule is called {name!r}{hint} (see: vaceprep rules)")
        codes |= matching
    return frozenset(codes)
