"""The mask rules on each side of their limits."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.plans.anyimage import GOOD
from tests.rules.test_image import VIDEO
from vaceprep.contract import MASK_ROLES, ROLES, Role
from vaceprep.facts import ImageFacts, MaskFacts, Unreadable, VideoFacts
from vaceprep.rules.catalogue import Asset
from vaceprep.rules.mask import judge_mask


def subject(role: Role, mask: MaskFacts | None) -> ImageFacts | VideoFacts:
    return replace(GOOD, mask=mask) if role == "mask_image_url" else replace(VIDEO, mask=mask)


def counted(white: int, black: int, other: int, frames: int = 1) -> MaskFacts:
    return MaskFacts(white + black + other, white, black, other, frames, 1 if other else None)


def codes(role: Role, mask: MaskFacts | None) -> list[str]:
    return [f.code for f in judge_mask(subject(role, mask), Asset(role))]


@pytest.mark.parametrize("role", MASK_ROLES)
@pytest.mark.parametrize(
    ("mask", "expected"),
    [
        (counted(1, 1, 0), []),
        (counted(50, 49, 1), ["VP302"]),
        (counted(0, 100, 0), ["VP303"]),
        (counted(100, 0, 0), ["VP304"]),
        (counted(0, 99, 1), ["VP302", "VP303"]),
        (counted(0, 0, 100), ["VP302"]),
        (None, ["VP302"]),
    ],
)
def test_each_side(role: Role, mask: MaskFacts | None, expected: list[str]) -> None:
    assert codes(role, mask) == expected


def test_severities_sources_and_words() -> None:
    grey = replace(counted(0, 1, 921_599, frames=81), first_other=3)
    found = judge_mask(subject("mask_video_url", grey), Asset("mask_video_url"))
    assert [f.severity.value for f in found] == ["error", "error"]
    assert [f.source for f in found] == ["U", "J"]
    assert [bool(f.fix) for f in found] == [True, False]
    assert "921,599 pixels (100.0 %)" in found[0].message
    assert "first in 3" in found[0].message
    light = replace(counted(1, 0, 921_599, frames=81), first_other=3)
    found = judge_mask(subject("mask_video_url", light), Asset("mask_video_url"))
    assert [f.severity.value for f in found] == ["error", "warning"]
    assert [f.source for f in found] == ["U", "J"]


def test_unmeasured_says_so() -> None:
    (finding,) = judge_mask(subject("mask_image_url", None), Asset("mask_image_url"))
    assert "could not be measured" in finding.message


@pytest.mark.parametrize("role", [r for r in ROLES if r not in MASK_ROLES])
def test_other_roles_are_no_masks(role: Role) -> None:
    grey = counted(0, 0, 100)
    assert judge_mask(replace(GOOD, mask=grey), Asset(role)) == []
    assert judge_mask(replace(VIDEO, mask=grey), Asset(role)) == []


def test_the_wrong_kind_and_the_unreadable_have_their_own_findings() -> None:
    assert judge_mask(VIDEO, Asset("mask_image_url")) == []
    assert judge_mask(GOOD, Asset("mask_video_url")) == []
    for role in MASK_ROLES:
        assert judge_mask(Unreadable("empty", "the file is empty", 0), Asset(role)) == []


@given(st.integers(0, 10**7), st.integers(0, 10**7), st.integers(0, 10**7))
def test_any_counts(white: int, black: int, other: int) -> None:
    found = codes("mask_image_url", counted(white, black, other))
    assert ("VP302" in found) is (other > 0)
    # Neither colour at all is one cause, and VP302 speaks of it.
    assert ("VP303" in found) is (white == 0 and black > 0)
    assert ("VP304" in found) is (black == 0 and white > 0)
