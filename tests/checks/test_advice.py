"""Advice in the answer of a check: with --deep, of a job, and never as an error."""

from __future__ import annotations

from pathlib import Path
from random import Random
from typing import Any

import pytest
from PIL import Image

import vaceprep
from tests import footage
from vaceprep.rules.catalogue import Severity

SIZE = (480, 368)


def letterbox(picture: Image.Image) -> Image.Image:
    whole = Image.new("L", SIZE)
    whole.paste(picture.resize((480, 272)), (0, 48))
    return whole


@pytest.fixture(scope="module")
def cut(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, footage.Clip]:
    """Shots with black bars above and below."""
    path = tmp_path_factory.mktemp("advice") / "cut.mp4"
    clip = footage.cut(7)
    footage.write(path, clip.rate, map(letterbox, clip.frames), SIZE)
    return path, clip


def advice(source: Any, **how: Any) -> dict[str, str]:
    found = [f for file in vaceprep.check(source, **how).files for f in file.findings]
    assert all(f.severity is Severity.ADVICE for f in found if f.code.startswith("VP6"))
    return {f.code: f.message for f in found if f.code.startswith("VP6")}


def test_a_deep_check_finds_cuts_and_bars(cut: tuple[Path, footage.Clip]) -> None:
    path, clip = cut
    assert set(advice(path)) == {"VP604"}
    found = advice(path, deep=True)
    assert set(found) == {"VP601", "VP603", "VP604"}
    for number in clip.cuts:
        assert f"{number / clip.rate:.2f} s" in found["VP601"]
    assert "13 % at the top and 13 % at the bottom" in found["VP603"]


def test_the_facts_say_nothing_of_it(cut: tuple[Path, footage.Clip]) -> None:
    plain = vaceprep.check(cut[0]).to_dict()["files"][0]["facts"]
    deep = vaceprep.check(cut[0], deep=True).to_dict()["files"][0]["facts"]
    assert deep.pop("decoded_frames") == len(cut[1].frames)
    assert plain | deep == plain


def test_a_still_clip_is_found(tmp_path: Path) -> None:
    scene = footage.scene(Random(2)).resize((368, 368))
    footage.write(tmp_path / "still.mp4", 16, [scene] * 17, (368, 368))
    assert set(advice(tmp_path / "still.mp4", deep=True)) == {"VP602"}


def test_a_job_gets_advice(cut: tuple[Path, footage.Clip], tmp_path: Path) -> None:
    Image.new("RGB", (400, 1600), "white").save(tmp_path / "tall.png")
    job = {
        "function": "image_reference",
        "prompt": "Make it rain",
        "ref_images_url": [str(tmp_path / "tall.png")],
        "obj_or_bg": ["obj"],
    }
    assert set(advice(job)) == {"VP608", "VP609"}
