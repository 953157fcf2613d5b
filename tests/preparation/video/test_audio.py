"""``--keep-audio``: the sound stays beside its picture, however the picture is made."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

import vaceprep
from tests import beeps

AT = (1, 2.5, 5.5, 7)
SIZE = (360, 360)
#: So wasteful that no reader has the whole file in its buffer: picture and sound are read side by
#: side, and neither may move the other.
CODING = {"x264-params": "bitrate=1200:vbv-maxrate=1200:vbv-bufsize=1200:nal-hrd=cbr"}


@cache
def beeping(ending: str, codec: str, late: float, fps: int) -> bytes:
    with TemporaryDirectory() as folder:
        path = Path(folder, f"a{ending}")
        sound: dict[str, Any] = {"beeps": AT, "codec": codec, "late": late}
        beeps.write(path, seconds=8, size=SIZE, fps=fps, options=CODING, **sound)
        return path.read_bytes()


OPTIONS: list[tuple[dict[str, Any], list[str]]] = [
    ({}, ["cut"]),
    ({"start": "2"}, ["cut"]),
    ({"start": "1.72"}, ["cut", "re-encode"]),
    ({"start": "1.72", "fps": 10}, ["cut", "re-encode"]),
]
SOUNDS = [
    ("a.mp4", "aac", 0.0),
    ("b.mov", "pcm_s16le", 1.8),
    ("a.mov", "pcm_s16le", 0.0),
    ("b.mp4", "aac", 1.8),
]


@pytest.mark.parametrize(
    ("name", "codec", "late", "options", "edits"),
    [
        # Each codec, each beginning and each option; the other pairs of them are long.
        *((*sound, *option) for sound in SOUNDS[:2] for option in OPTIONS),
        *(
            pytest.param(*sound, *option, marks=pytest.mark.long)
            for sound in SOUNDS[2:]
            for option in OPTIONS
        ),
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
    source = tmp_path / name
    source.write_bytes(beeping(source.suffix, codec, late, fps))
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
