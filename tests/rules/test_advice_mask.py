"""VP610 and VP611 on each side of their limits."""

from __future__ import annotations

from typing import Any

import pytest

from tests.media import video_facts
from tests.rules.test_job_media import image
from vaceprep.contract import Role
from vaceprep.facts import Facts, MaskFacts, MaskShape
from vaceprep.records import replace
from vaceprep.rules.advise import advise
from vaceprep.rules.catalogue import Asset

CLEAN = MaskShape(0, 0, None)
#: Taken whole by the model.
WHOLE: dict[str, Any] = {"frames": 81, "width": 1280, "height": 720}


def said(facts: Facts, role: Role) -> list[tuple[str, str | int | float | None, str | None]]:
    found = advise(facts, Asset(role), [])
    assert {finding.severity.value for finding in found} <= {"advice"}
    return [(finding.code, finding.measured, finding.fix) for finding in found]


def mask(shape: MaskShape | None = CLEAN, white: int = 50) -> MaskFacts:
    return MaskFacts(1000, white, 1000 - white, 0, 1, None, shape)


@pytest.mark.parametrize(
    ("shape", "white", "expected"),
    [
        (CLEAN, 50, []),
        (MaskShape(20, 0, None), 50, []),
        (MaskShape(21, 0, None), 50, ["VP611"]),
        (MaskShape(0, 21, None), 50, ["VP611"]),
        (CLEAN, 10, []),
        (CLEAN, 9, ["VP611"]),
        # VP303 says that it is empty.
        (CLEAN, 0, []),
        (None, 9, ["VP611"]),
    ],
)
def test_speckle(shape: MaskShape | None, white: int, expected: list[str]) -> None:
    picture = replace(image(), mask=mask(shape, white))
    assert [code for code, _, _ in said(picture, "mask_image_url")] == expected
    clip = video_facts(**WHOLE, mask=mask(shape, white))
    assert [code for code, _, _ in said(clip, "mask_video_url")] == expected
    assert said(replace(picture, mask=None), "mask_image_url") == []


def test_a_small_area_is_not_cleaned() -> None:
    picture = replace(image(), mask=mask(white=9))
    assert said(picture, "mask_image_url") == [("VP611", 0.009, None)]
    speckled = replace(image(), mask=mask(MaskShape(30, 0, None)))
    ((_, _, fix),) = said(speckled, "mask_image_url")
    assert "mask fix --clean" in (fix or "")


def test_flicker() -> None:
    clip = video_facts(**WHOLE, mask=mask(MaskShape(0, 0, 12)))
    assert said(clip, "mask_video_url") == [("VP610", 12, None)]
    assert "VP610" not in [code for code, _, _ in said(clip, "video_url")]
