"""``--keep-audio``: the sound stays beside its picture, however the picture is made."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import vaceprep
from tests import beeps

AT = (1, 2.5, 5.5, 7)
SIZE = (360, 360)
#: So wasteful that no reader has the whole file in its buffer: picture and sound are read side by
#: side, and neither may move the other.
CODING = {"x264-params": "bitrate=1200:vbv-maxrate=1200:vbv-bufsize=1200:nal-hrd=cbr"}


@pytest.mark.parametrize(
    ("options", "edits"),
    [
        ({}, ["cut"]),
        ({"start": "2"}, ["cut"]),
        ({"start": "1.72"}, ["cut", "re-encode"]),
        ({"start": "1.72", "fps": 10}, ["cut", "re-encode"]),
    ],
)
@pytest.mark.parametrize(
    ("name", "codec", "late"),
    [
        ("a.mp4", "aac", 0.0),
        ("a.mov", "pcm_s16le", 0.0),
        ("b.mp4", "aac", 1.8),
        ("b.mov", "pcm_s16le", 1.8),
    ],
)
def test_sound_lies_where_it_was(
    tmp_path: Path,
    name: str,
    codec: str,
    late: float,
    options: dict[str, Any],
    edits: list[str],
) -> None:
    more = dict(options)
    fps = more.pop("fps", 25)
    source = beeps.write(
        tmp_path / name,
        seconds=8,
        beeps=AT,
        codec=codec,
        late=late,
        size=SIZE,
        fps=fps,
        options=CODING,
    )
    report = vaceprep.prepare(source, tmp_path / "out", keep_audio=True, **more)
    (entry,) = report.files
    assert entry.status == "prepared", entry
    assert {e.edit for e in entry.plan} >= set(edits)
    assert entry.output is not None
    path = Path(entry.output)
    start = float(options.get("start", 0))
    # With ten frames a second the first that is kept is the one shown at the start.
    start = int(start * fps) / fps
    heard = [at - start for at in AT if at >= late and 0 <= at - start < 5]
    assert beeps.heard(path) == pytest.approx(heard, abs=0.003)
    assert vaceprep.check(path, strict=True).ok
