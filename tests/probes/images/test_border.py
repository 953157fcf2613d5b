"""Which borders of reference images are plain."""

from __future__ import annotations

from pathlib import Path
from random import Random
from typing import Any

import pytest
from PIL import Image, ImageDraw

import vaceprep
from tests import footage
from vaceprep.contract_advice import BUSY_SHARE
from vaceprep.probes.images.border import busy_part


def on(ground: Image.Image) -> Image.Image:
    """A subject in the middle."""
    picture = ground.copy()
    ImageDraw.Draw(picture).ellipse((150, 100, 450, 500), fill=(160, 60, 40))
    return picture


PLAIN = Image.new("RGB", (600, 600), (240, 240, 236))
CROWD = footage.scene(Random(105)).resize((600, 600)).convert("RGB")


def test_a_plain_ground_is_plain() -> None:
    assert busy_part(on(PLAIN)) == 0
    # A person is cut off at the lower border.
    person = on(PLAIN)
    ImageDraw.Draw(person).rectangle((100, 400, 500, 600), fill=(30, 40, 90))
    found = busy_part(person)
    assert found is not None
    assert 0.1 < found < BUSY_SHARE


def test_a_street_or_a_crowd_is_not() -> None:
    leaves = Image.effect_noise((100, 100), 120).resize((600, 600)).convert("RGB")
    for picture in (CROWD, leaves):
        found = busy_part(on(picture))
        assert found is not None
        assert found > BUSY_SHARE


def test_transparent_pixels_are_white() -> None:
    cut_out = on(CROWD).convert("RGBA")
    cut_out.putalpha(0)
    assert busy_part(cut_out) == 0
    assert busy_part(Image.new("F", (9, 9))) is None


@pytest.mark.parametrize("ending", ["jpg", "png", "webp"])
def test_a_deep_check_of_a_job_finds_it(ending: str, tmp_path: Path) -> None:
    job: dict[str, Any] = {"function": "image_reference", "prompt": "a cat", "obj_or_bg": ["obj"]}
    for name, picture, expected in (("plain", PLAIN, False), ("busy", CROWD, True)):
        path = tmp_path / f"{name}.{ending}"
        on(picture).save(path)
        for deep in (False, True):
            job["ref_images_url"] = [str(path)]
            report = vaceprep.check(job, deep=deep)
            codes = [f.code for file in report.files for f in file.findings]
            assert ("VP607" in codes) == (expected and deep)
