"""What a rule is: data plus one small function. ``rules.all`` lists all of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Literal, NamedTuple

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


#: ``check(rule, facts, asset)`` gives a finding or None; a job's rules take ``(rule, draft)`` and
#: give any number. The rule's own data is passed, so that the finding is of that rule.
RuleFunction = Callable[..., Any]


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
    #: The function that finds it.
    check: RuleFunction = field(compare=False, repr=False)

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
) -> Callable[[RuleFunction], Rule]:
    """Make the decorated function ``(rule, facts, asset) -> Finding | None`` a rule."""
    severities = severity if isinstance(severity, tuple) else (severity,)

    def made(function: RuleFunction) -> Rule:
        return Rule(code, slug, severities, source, subject, fires, fix, why, function)

    return made


def run(rules: Iterable[Rule], facts: object, asset: Asset) -> list[Finding]:
    """The findings of rules that give at most one each, in their order."""
    found = (rule.check(rule, facts, asset) for rule in rules)
    return [finding for finding in found if finding is not None]


def run_all(rules: Iterable[Rule], subject: object) -> list[Finding]:
    """The findings of rules that give any number each, in their order."""
    return [finding for rule in rules for finding in rule.check(rule, subject)]


class UnknownRule(ValueError):
    """A name that is no rule's slug, code or code prefix; the message names the nearest."""
