"""The definition of a rule: data plus one small function. ``rules.all`` lists all rules."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from enum import StrEnum
from typing import Any, Final, Literal, NamedTuple

from vaceprep.contract import Role, SourceMark
from vaceprep.limits import CONTRACT, Limits
from vaceprep.records import Record


class Severity(StrEnum):
    """The severity of a finding: an error blocks a submission and makes ``check`` exit 1."""

    ERROR = "error"
    WARNING = "warning"
    ADVICE = "advice"


Subject = Literal["video", "image", "mask", "job", "url"]
Measure = str | int | float | None


class Finding(Record):
    """A violation of a rule by one file: the measured and the allowed value, and the fix."""

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
        """Return the finding as JSON values; the keys are part of the public interface."""
        return {**self.to_values(), "severity": self.severity.value}


#: ``check(rule, facts, asset)`` returns a finding or None; the rules of jobs take ``(rule, draft)``
#: and yield any number. The rule is passed so that its own data is in the finding.
RuleFunction = Callable[..., Any]


class Rule(Record, uncompared=("check",)):
    """A rule of the catalogue; code and slug do not change after a release."""

    code: str
    slug: str
    #: The possible severities, the highest first.
    severities: tuple[Severity, ...]
    source: SourceMark
    subject: Subject
    #: Completes "fires when ...".
    fires: str
    #: What ``prepare`` does about it; None if it cannot fix it.
    fix: str | None
    #: The reason for the rule, in a sentence or two.
    why: str
    #: The function that checks it.
    check: RuleFunction

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
        """Return a finding of this rule; ``severity`` and ``fix`` default to the rule's own.

        An empty ``fix`` means that ``prepare`` cannot fix this finding.
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
    """What a rule receives about a file in addition to its facts."""

    role: Role
    #: The file's name without folders; None without a name (standard input, ``data:``).
    name: str | None = None
    #: The limits that apply to it.
    limits: Limits = CONTRACT
    #: The characters of the ``data:`` URI that carries it; None if it is a file or behind a URL.
    inline: int | None = None


#: What the rules of a hundred apply to, by the first digit of their codes. Those of VP6xx say it
#: themselves.
_SUBJECTS: Final[dict[str, Subject]] = {
    "1": "video", "2": "image", "3": "mask", "4": "job", "5": "url",
}  # fmt: skip


def rule(
    code: str,
    severity: Severity | tuple[Severity, ...],
    source: SourceMark,
    *,
    fires: str,
    why: str,
    fix: str | None = None,
    subject: Subject | None = None,
) -> Callable[[RuleFunction], Rule]:
    """Turn the decorated function, which ``RuleFunction`` describes, into a rule.

    The name of the function is the slug; the code says what the rule applies to, unless
    ``subject`` does.
    """
    severities = severity if isinstance(severity, tuple) else (severity,)

    def made(function: RuleFunction) -> Rule:
        slug = function.__name__.replace("_", "-")
        about = subject or _SUBJECTS[code[2]]
        return Rule(code, slug, severities, source, about, fires, fix, why, function)

    return made


def rules_of(names: Mapping[str, object]) -> tuple[Rule, ...]:
    """The rules of a module in their order: ``rules_of(globals())`` after the last of them."""
    return tuple(value for value in names.values() if isinstance(value, Rule))


def run(rules: Iterable[Rule], facts: object, asset: Asset) -> list[Finding]:
    """Return the findings, in order, of rules that return at most one each."""
    found = (rule.check(rule, facts, asset) for rule in rules)
    return [finding for finding in found if finding is not None]


def run_all(rules: Iterable[Rule], subject: object) -> list[Finding]:
    """Return the findings, in order, of rules that yield any number each."""
    return [finding for rule in rules for finding in rule.check(rule, subject)]


class UnknownRule(ValueError):
    """No slug, code or code prefix matches the name; the message suggests the nearest ones."""
