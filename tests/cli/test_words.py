"""What the command line says is true, helps, and can be pasted."""

from __future__ import annotations

import json
import re
import shlex
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest
import yaml

import vaceprep
from tests.media import small_mp4
from tests.odd import call
from tests.paths import ROOT
from vaceprep.checks.report import FileReport
from vaceprep.cli import check_output, streams
from vaceprep.cli.main import run
from vaceprep.contract import FUNCTIONS, VIDEO_BYTES_DECIMAL
from vaceprep.facts import StreamFacts, VideoFacts
from vaceprep.job.read import JobUnreadable, parse
from vaceprep.plans.wording import rewrapped
from vaceprep.report.text import Style, wrapped
from vaceprep.rules.catalogue import Asset
from vaceprep.rules.judge import judge_video
from vaceprep.rules.names import nearest


@pytest.fixture(scope="module")
def facts() -> VideoFacts:
    found = vaceprep.probe(small_mp4())
    assert isinstance(found, VideoFacts)
    return found


def test_part_of_a_rule_s_name_finds_it(capsys: pytest.CaptureFixture[str]) -> None:
    done = call(capsys, "rules", "fps")
    assert (done.code, done.out.splitlines()[0]) == (0, "video-fps (VP103)")
    done = call(capsys, "rules", "duratoin")
    assert (done.code, done.out) == (2, "")
    assert "video-duration" in done.err
    assert call(capsys, "rules", "xyzzy").code == 2
    assert nearest("frame id") == ["mask-frame-id"]
    done = call(capsys, "check", "--ignore", "fps", "x.mp4")
    assert done.code == 2 and "video-fps" in done.err


def test_a_missing_file_is_not_one_to_be_mended(capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("gone.mp4", "gone.png"):
        done = call(capsys, "check", name)
        assert done.code == 1
        assert "there is no such file" in done.out
        assert "prepare" not in done.out


def test_force_color_colours_a_pipe_and_no_color_goes_first(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a.mp4").write_bytes(small_mp4())
    monkeypatch.delenv("NO_COLOR", raising=False)
    for value, coloured in (("1", True), ("0", False), ("", False)):
        monkeypatch.setenv("FORCE_COLOR", value)
        assert run(["check", str(tmp_path / "a.mp4")]) == 0
        assert ("\x1b[" in capsys.readouterr().out) is coloured
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("NO_COLOR", "1")
    assert not streams.colourful(None)


@pytest.mark.parametrize("columns", [44, 80])
def test_no_word_is_broken(columns: int) -> None:
    body = f"word {'/a-long-path' * 12} https://example.com/{'x' * 90} end of it"
    lines = list(wrapped("  error  ", body, Style(width=columns), 9))
    assert " ".join(line.strip() for line in lines) == f"error  {body}"
    assert {*body.split()} <= {*" ".join(lines).split()}


def test_the_next_command_can_be_pasted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    found = vaceprep.check(ROOT / "fixtures/video/duration-81-frames.mp4").files[0]
    names = [f"clip {n}.mp4" for n in range(6)]
    for name in names:
        (tmp_path / name).write_bytes(b"x")
    reports = [replace(found, source=name) for name in names]

    def suggested(given: list[str], files: list[FileReport]) -> list[str]:
        check_output._suggest(files, given)
        (line,) = capsys.readouterr().err.splitlines() or [""]
        return shlex.split(line.removeprefix("next: "))

    start = ["vaceprep", "prepare"]
    assert suggested(names, reports) == [*start, *names]
    assert suggested(names[:2], reports[:2]) == [*start, *names[:2]]
    assert suggested(["."], reports) == [*start, "."]
    assert suggested([], [replace(found, source="gone.mp4")]) == []


@pytest.mark.parametrize(
    "text", ["prompt: A: red", "prompt: @home", "prompt: *", "prompt: `x`", "prompt: *name"]
)
def test_yaml_says_that_quotes_are_missing(text: str) -> None:
    with pytest.raises(JobUnreadable, match="in quotes") as caught:
        parse(f"function: video_edit\n{text}\n", ".yaml")
    assert "line 2" in str(caught.value)
    with pytest.raises(JobUnreadable) as other:
        parse("prompt: [a\n", ".yaml")
    assert "quotes" not in str(other.value)


@pytest.mark.parametrize("name", ["start", "keep_audio"])
def test_an_option_of_prepare_in_a_job_is_named(name: str) -> None:
    job = {"function": "image_reference", "prompt": "A", "ref_images_url": ["a.png"], name: 12}
    said = [f.message for f in vaceprep.check(job).findings if f.code == "VP401"]
    assert f"--{name.replace('_', '-')}" in said[0]
    assert "extra" not in said[0]


def test_streams_that_are_left_out_are_named_by_kind(facts: VideoFacts) -> None:
    def told(*kinds: str, keep: bool = False) -> str:
        streams = tuple(StreamFacts(kind, "x", None) for kind in kinds)
        return rewrapped(replace(facts, streams=streams), {"VP123"}, keep)

    assert "without sound," in told("audio")
    assert "without sound and data," in told("audio", "data", "data")
    assert "without sound," in told("audio", "audio", keep=True)
    assert "stream" not in told("audio", "data")


def test_a_size_over_the_limit_that_a_cut_mends_is_not_to_be_encoded(facts: VideoFacts) -> None:
    def fix(size: int, seconds: int) -> str | None:
        changed = replace(facts, bytes=size, duration=Fraction(seconds))
        found = judge_video(changed, Asset("video_url", "a.mp4"))
        return next(f.fix for f in found if f.code == "VP102")

    assert "cut" in (fix(VIDEO_BYTES_DECIMAL * 2, 20) or "")
    for size, seconds in ((VIDEO_BYTES_DECIMAL * 2, 4), (VIDEO_BYTES_DECIMAL * 2, 6)):
        assert "cut" not in (fix(size, seconds) or "")


def test_the_size_of_what_is_planned_is_said_only_where_it_is_the_matter(
    capsys: pytest.CaptureFixture[str],
) -> None:
    clip = str(ROOT / "fixtures/video/fps-15.mp4")
    done = call(capsys, "prepare", "--dry-run", clip)
    assert done.code == 0 and "re-encode" in done.out
    assert " MB" not in done.out


def test_the_readme_s_hook_passes_pictures(capsys: pytest.CaptureFixture[str]) -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    block = re.search(r"```yaml\n# \.pre-commit-config.yaml\n(.*?)```", readme, re.DOTALL)
    assert block is not None
    (hook, _) = yaml.safe_load(block.group(1))["repos"][0]["hooks"]
    media = [str(ROOT / f"fixtures/{n}") for n in ("image/ok.jpg", "video/ok-5s-16fps.mp4")]
    done = call(capsys, "check", "--no-remote", *hook.get("args", []), *media)
    assert done.code == 0, done.out
    assert (
        json.loads(call(capsys, "check", "--format", "json", *media).out)["summary"]["errors"] == 0
    )


@pytest.mark.long
def test_the_demo_shows_findings_and_writes_a_report(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("VACEPREP_STATE_DIR", str(tmp_path / "state"))
    monkeypatch.chdir(tmp_path)
    done = call(capsys, "demo")
    assert done.code == 0
    results = done.out.splitlines()
    assert len(results) == 6
    assert results[-1].startswith("rehearsed: ")
    for code in ("VP101", "VP103", "VP104", "VP203", "VP302"):
        assert code in done.err
    assert "video_edit" in (tmp_path / "vaceprep-demo/report.html").read_text(encoding="utf-8")
    videos = sorted((tmp_path / "vaceprep-demo").glob("*.mp4"))
    assert [video.name.partition("-")[0] for video in videos] == sorted(FUNCTIONS)
    assert all(vaceprep.check(video, strict=True).ok for video in videos)
