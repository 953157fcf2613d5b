"""Sources that are deinterlaced keep their speed: output picture i shows source picture i."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Literal

import pytest

import vaceprep
from tests.preparation import look, numbered
from vaceprep.facts import VideoFacts

X264 = {"preset": "ultrafast", "crf": "12"}
FIELDS = {
    "top field first": ("clip.mp4", "libx264", {**X264, "x264-params": "tff=1"}),
    "bottom field first": ("clip.mp4", "libx264", {**X264, "x264-params": "bff=1"}),
    "unknown, FLV": ("clip.flv", "flv", {"b": "4M"}),
    "unknown, AVI": ("clip.avi", "msmpeg4", {"b": "4M"}),
}


@pytest.mark.parametrize("kind", FIELDS)
def test_each_picture_is_shown_once(kind: str, tmp_path: Path) -> None:
    name, codec, options = FIELDS[kind]
    source = numbered.write(tmp_path / name, frames=9, rate=24, codec=codec, options=options)
    entry = vaceprep.prepare(source, tmp_path / "out").files[0]
    assert "deinterlace" in [edit.edit for edit in entry.plan]
    assert entry.output is not None
    assert look.numbers(entry.output) == list(range(9))
    assert isinstance(entry.after, VideoFacts)
    assert entry.after.fps == 24


@pytest.mark.parametrize("mode", ["repeat", "blend"])
def test_a_slow_one_keeps_its_speed_at_twice_the_rate(
    mode: Literal["repeat", "blend"], tmp_path: Path
) -> None:
    source = numbered.write(
        tmp_path / "slow.flv", frames=6, rate=10, codec="flv", options={"b": "4M"}
    )
    entry = vaceprep.prepare(source, tmp_path / "out", fps_mode=mode).files[0]
    assert entry.output is not None
    frames = look.decoded(entry.output)
    assert [t * 20 for t in look.times(entry.output)] == list(range(12))
    # A picture of the source stands at each of its own times, whatever is made between them.
    shown = [numbered.number_of(look.picture(frame)) for frame in frames[::2]]
    assert shown == list(range(6))


def test_one_picture(tmp_path: Path) -> None:
    source = numbered.write(
        tmp_path / "one.flv", frames=1, rate=25, codec="flv", options={"b": "4M"}
    )
    entry = vaceprep.prepare(source, tmp_path / "out").files[0]
    assert entry.output is not None
    assert look.numbers(entry.output) == [0]
    assert look.times(entry.output) == [Fraction(0)]
