"""The survey of coded frames around a window."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import pytest

from tests.preparation import numbered
from vaceprep.facts import VideoFacts
from vaceprep.files.source import open_path
from vaceprep.probes.measure import measure
from vaceprep.probes.samples import survey
from vaceprep.probes.sniff import sniff


@pytest.mark.parametrize(("length", "count"), [(Fraction(1), 26 + 33), (Fraction(2), 51 + 33)])
def test_the_survey_reads_on_until_no_reordered_frame_can_follow(
    length: Fraction, count: int, tmp_path: Path
) -> None:
    """33 frames in decoding order behind the window: H.264 delays a frame by 16, fields by 32."""
    options = {"g": "10", "bf": "0"}
    path = numbered.write(tmp_path / "clip.mp4", frames=100, rate=25, options=options)
    with open_path(path) as opened:
        sniffed = sniff(opened.head)
        facts = measure(opened, "video_url", sniffed)
        assert isinstance(facts, VideoFacts)
        found = survey(opened, sniffed, facts, Fraction(0), length)
    assert found.obstacle is None
    assert len(found.times) == count


@pytest.mark.parametrize(
    ("container", "codec", "obstacle"),
    [
        ("ogg", "libvpx", None),
        ("asf", "mpeg4", "its frames carry no times of presentation"),
        ("mpeg", "mpeg2video", "its frames carry no times of presentation"),
    ],
)
def test_the_survey_takes_the_times_of_formats_that_carry_them(
    container: str, codec: str, obstacle: str | None, tmp_path: Path
) -> None:
    rate = Fraction(30000, 1001)
    path = numbered.write(tmp_path / "clip", frames=40, rate=rate, codec=codec, container=container)
    with open_path(path) as opened:
        sniffed = sniff(opened.head)
        facts = measure(opened, "video_url", sniffed)
        assert isinstance(facts, VideoFacts)
        found = survey(opened, sniffed, facts, Fraction(1), Fraction(1))
    assert found.obstacle == obstacle
    assert obstacle is not None or 30 / rate in found.times
