"""What findings weigh where a configuration says so: the most exact name counts."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.media import video_facts
from vaceprep.checks.library import make_selection
from vaceprep.facts import Unreadable
from vaceprep.rules.catalogue import Asset, Finding, Severity
from vaceprep.rules.judge import GATES, judge
from vaceprep.rules.names import weights_of

ERROR, WARNING, ADVICE = Severity.ERROR, Severity.WARNING, Severity.ADVICE
FINDINGS = judge(
    video_facts(codec="hevc", index_first=False, bytes=10**9, truncation="it ends too early"),
    Asset("video_url"),
)


def test_its_own_weights() -> None:
    assert {f.code: f.severity for f in FINDINGS} == {
        **{"VP102": ERROR, "VP106": ERROR, "VP111": WARNING, "VP120": ADVICE},
    }


@pytest.mark.parametrize(
    "pairs",
    [
        (("VP1", WARNING), ("VP10", ADVICE), ("video-size", ERROR)),
        (("video-size", ERROR), ("VP10", ADVICE), ("VP1", WARNING)),
        (("VP102", ERROR), ("VP1", WARNING), ("VP10", ADVICE)),
    ],
)
def test_the_most_exact_name_counts_in_any_order(pairs: tuple[tuple[str, Severity], ...]) -> None:
    weights = weights_of(pairs, GATES)
    assert (weights["VP102"], weights["VP106"], weights["VP111"]) == (ERROR, ADVICE, WARNING)
    assert "VP105" not in weights
    assert "VP201" not in weights


def test_only_its_own_name_speaks_of_a_file_that_cannot_be_judged() -> None:
    broken = judge(Unreadable("empty", "the file is empty", 0), Asset("video_url"))
    for names, severity in (("VP1", ERROR), ("VP105", WARNING), ("video-unreadable", WARNING)):
        selection = make_selection(None, (), severity=[(names, "warning")], origin="v.toml")
        assert [f.severity for f in selection.apply(broken)] == [severity]


def weighed(strict: bool = False, **severity: str) -> dict[str, Finding]:
    pairs = [(name.replace("_", "-"), weight) for name, weight in severity.items()]
    selection = make_selection(None, (), strict, pairs, "vaceprep.toml")
    return {f.code: f for f in selection.apply(FINDINGS)}


def test_an_error_that_is_lowered_says_so() -> None:
    found = weighed(video_size="warning", video_codec="error", video_not_faststart="warning")
    own = {f.code: f.message for f in FINDINGS}
    assert found["VP102"].severity is WARNING
    assert found["VP102"].message == (
        f"{own['VP102']} (an error, which vaceprep.toml calls warning)"
    )
    assert (found["VP111"].severity, found["VP111"].message) == (ERROR, own["VP111"])
    assert (found["VP120"].severity, found["VP120"].message) == (WARNING, own["VP120"])
    assert found["VP106"] == next(f for f in FINDINGS if f.code == "VP106")


def test_strict_is_applied_last() -> None:
    found = weighed(strict=True, video_size="warning", video_codec="advice")
    assert {code: f.severity for code, f in found.items()} == {
        **{"VP102": ERROR, "VP106": ERROR, "VP111": ADVICE, "VP120": ADVICE},
    }
    same = weighed(video_size="error")
    assert same["VP102"] == replace(next(f for f in FINDINGS if f.code == "VP102"))
