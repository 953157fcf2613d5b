"""The sandbox bills a completed task by the contract, whichever function it is of."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest

from tests.paths import ROOT
from vaceprep.sandbox.tasks import Task, check_media

VIDEO = str(ROOT / "fixtures" / "video" / "ok-last-clip-3s.mp4")
SHORT = {"/video_url": VIDEO}
IMAGE = str(ROOT / "fixtures" / "image" / "ok-360x360.png")
U = "https://example.com/"
CASES: dict[str, tuple[dict[str, Any], dict[str, str], int]] = {
    "image_reference": ({"ref_images_url": [f"{U}a"]}, {"/ref_images_url/0": IMAGE}, 5),
    "video_repainting": ({"video_url": f"{U}v", "control_condition": "depth"}, SHORT, 3),
    "video_outpainting": ({"video_url": f"{U}v", "left_scale": 1.5}, SHORT, 3),
    "video_extension": ({"last_clip_url": f"{U}c"}, {"/last_clip_url": VIDEO}, 5),
}


@pytest.mark.parametrize("function", CASES)
def test_each_function_is_billed_by_the_contract(function: str) -> None:
    fields, paths, seconds = CASES[function]
    body = {"model": "wan2.1-vace-plus", "function": function, "prompt": "More", **fields}
    cost = check_media(body, paths, price=Fraction(1, 5))
    assert cost is not None
    assert (cost.seconds, cost.usd) == (Fraction(seconds), Fraction(seconds, 5))
    assert cost.exact
    task = Task(body, "0" * 64)
    task.cost = cost
    assert task.billed is None
    task.move("completed")
    assert task.summary()["billed"] == cost.to_dict()
    task.fail(400, "Bad Request", "no")
    assert task.billed is None
    assert task.summary()["billed"] is None
