"""Every readable fixture and real file becomes one that passes, exactly as predicted."""

from __future__ import annotations

import json
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

import vaceprep
from tests.paths import ROOT
from vaceprep.contract import VIDEO_ROLES
from vaceprep.facts import Facts, ImageFacts, VideoFacts
from vaceprep.records import replace
from vaceprep.rules.catalogue import Severity

FIXTURES = ROOT / "fixtures"
CORPUS = FIXTURES.parent.parent / "shared" / "corpus"
EXPECTED: list[dict[str, Any]] = json.loads((FIXTURES / "expected.json").read_text("utf-8"))
#: Facts that a plan foresees only as a bound, or in part.
BOUNDS = {"bytes", "mask", "profile"}
#: Files that nothing mends, though they can be read: why.
HOPELESS = {
    "video/truncated.mp4": "VP106",
    "video/damaged.mp4": None,
    "mask/black.png": "VP303",
    "mask/black.mp4": "VP303",
    "image/video.mp4": "VP201",
}
#: In the long part: large clips, HDR clips (test_video_file.py has one), and clips that are
#: encoded for the same reason as another.
HEAVY = {
    *("video/hlg.mp4", "video/hdr-hevc-10-bit.mp4", "video/bt2020.mp4", "video/pq.mp4"),
    *("video/rotated-180.mp4", "video/rotated-in-movie-header.mp4", "video/mirrored.mp4"),
    *("video/fps-16000-1001.mp4", "mask/fps-15.mp4", "mask/11-levels-off.mp4"),
    *("v1.mp4", "MOV00006.3gp"),
    *("foreman-hevc-384.mp4", "BBB_fixedres_B_180x320_200.mp4", "v2.mp4", "count-video.mp4"),
    *("example-sans-amf0.mp4", "mask/grey.mp4", "mask/white.mp4", "mask/ok-7-levels-off.mp4"),
}
MEDIA = {".mp4", ".3gp", ".jpg", ".png"}
REAL = sorted(p for p in CORPUS.rglob("*") if p.suffix in MEDIA) if CORPUS.is_dir() else []


def marks(name: str) -> list[pytest.MarkDecorator]:
    return [pytest.mark.long] if name in HEAVY else []


def cases() -> list[Any]:
    listed = [
        pytest.param(
            FIXTURES / e["file"], e["role"], id=f"{e['file']}-{e['role']}", marks=marks(e["file"])
        )
        for e in EXPECTED
    ]
    for path in REAL:
        role = "mask_image_url" if path.parent.name == "masks" else None
        name = f"corpus/{path.parent.name}/{path.name}"
        listed.append(pytest.param(path, role, id=name, marks=marks(path.name)))
    return listed


def foreseen(before: Facts, after: Facts) -> dict[str, tuple[Any, Any]]:
    """Where two facts differ, beside what is only foreseen as a bound."""
    names = [f.name for f in fields(after) if f.compare and f.name not in BOUNDS]
    pairs = {name: (getattr(before, name), getattr(after, name)) for name in names}
    return {name: pair for name, pair in pairs.items() if pair[0] != pair[1]}


def test_there_is_a_corpus() -> None:
    if not REAL:
        pytest.skip("needs the corpus of real media beside the project")


@pytest.mark.parametrize(("path", "role"), cases())
def test_it_passes_as_predicted_and_once_is_enough(path: Path, role: Any, tmp_path: Path) -> None:
    before = path.read_bytes()
    checked = vaceprep.check(path, role).files[0]
    planned = vaceprep.plan(path, role).files[0]
    done = vaceprep.prepare(path, tmp_path / "out", role).files[0]
    assert path.read_bytes() == before
    name = str(path.relative_to(FIXTURES)) if path.is_relative_to(FIXTURES) else ""
    if checked.facts is None or HOPELESS.get(name):
        assert done.status == "failed"
        assert [f.code for f in done.remaining if f.severity is Severity.ERROR]
        assert done.error is None
        assert not (tmp_path / "out").exists()
        return
    if name in HOPELESS:
        return
    assert done.status in ("prepared", "unchanged"), (done.error, done.remaining)
    assert done.output is not None
    tolerated = {"VP304"}
    strict = vaceprep.check(done.output, role, strict=True).files[0]
    assert [f for f in strict.findings if f.severity == "error" and f.code not in tolerated] == []
    assert [e.edit for e in planned.plan] == [e.edit for e in done.plan]
    assert planned.after is not None
    after = done.after
    if isinstance(after, VideoFacts):
        # What frames look like is measured where they are decoded, as prepare does.
        after = replace(after, look=None)
    assert after == strict.facts
    assert strict.facts is not None
    assert foreseen(planned.after, strict.facts) == {}
    foretold, measured = planned.after.bytes, strict.facts.bytes
    assert foretold is not None
    assert measured is not None
    if done.plan:
        assert measured <= foretold
    else:
        assert Path(done.output).read_bytes() == before
    again = vaceprep.prepare(done.output, tmp_path / "again", strict.role).files[0]
    assert again.status == "unchanged"
    assert again.plan == ()
    assert again.output is not None
    assert Path(again.output).read_bytes() == Path(done.output).read_bytes()


def test_both_kinds_are_among_them() -> None:
    kinds = {type(vaceprep.check(FIXTURES / e["file"], e["role"]).files[0].facts) for e in EXPECTED}
    assert {VideoFacts, ImageFacts} <= kinds
    assert any(e["role"] in VIDEO_ROLES for e in EXPECTED)
