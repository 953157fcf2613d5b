"""Timing by reading packets, where no table of samples is."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import pytest

import vaceprep
from tests.media import encode
from vaceprep.facts import VideoFacts


def probe(path: Path) -> VideoFacts:
    facts = vaceprep.probe(path)
    assert isinstance(facts, VideoFacts)
    return facts


FRAGMENTS = {"movflags": "frag_keyframe+empty_moov"}


@pytest.mark.parametrize("rate", [15, 16, Fraction(16000, 1001), 25, Fraction(30000, 1001)])
@pytest.mark.parametrize(
    ("name", "options"),
    [("a.mkv", None), ("a.mp4", FRAGMENTS), ("a.nut", None), ("a.mov", FRAGMENTS)],
)
def test_rate_and_length_are_exact(
    name: str, options: dict[str, str] | None, rate: Fraction | int, tmp_path: Path
) -> None:
    path = tmp_path / name
    encode(path, rate=rate, frames=30, options={"g": "10"}, container_options=options)
    facts = probe(path)
    assert (facts.frames, facts.fps, facts.duration) == (30, rate, 30 / Fraction(rate))
    assert facts.constant_rate is True
    assert facts.truncation is None


@pytest.mark.parametrize(("frames", "fires"), [(80, False), (81, True)])
@pytest.mark.parametrize("name", ["a.mkv", "a.mp4"])
def test_the_limit_of_five_seconds(name: str, frames: int, fires: bool, tmp_path: Path) -> None:
    path = tmp_path / name
    options = FRAGMENTS if name == "a.mp4" else None
    encode(path, rate=16, frames=frames, container_options=options)
    assert ("VP104" in {f.code for f in vaceprep.check(path).findings}) is fires


@pytest.mark.parametrize("name", ["a.mkv", "a.ts", "a.flv"])
def test_sound_beside_the_video_is_measured_from_the_video_s_start(
    name: str, tmp_path: Path
) -> None:
    path = tmp_path / name
    encode(path, frames=100, sound=4.2)
    facts = probe(path)
    (sound,) = facts.streams
    assert (sound.kind, sound.codec) == ("audio", "aac")
    assert sound.duration is not None
    assert Fraction("4.15") < sound.duration < Fraction("4.4")
    codes = {f.code for f in vaceprep.check(path).findings}
    assert "VP124" not in codes
    assert "VP123" in codes


@pytest.mark.parametrize("name", ["a.mkv", "a.avi"])
def test_a_file_cut_short_is_told(name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    encode(path, frames=50, codec="mpeg4" if name == "a.avi" else "libx264")
    whole = path.read_bytes()
    assert probe(path).truncation is None
    path.write_bytes(whole[: len(whole) * 2 // 3])
    assert "VP106" in {f.code for f in vaceprep.check(path).findings} | {
        "VP106" if f.measured == "truncated" else "" for f in vaceprep.check(path).findings
    }
