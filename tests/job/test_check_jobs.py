"""``vaceprep check`` on whole jobs: fields, media, and media against each other, at once."""

from __future__ import annotations

import json
import shutil
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

import vaceprep
from tests.job.table import EDIT, EXTEND, IMAGE, OUT, PAINT, U, Values, minimal
from tests.job.write import brief, job_file, text_of, warned
from tests.media import encode
from tests.paths import ROOT
from vaceprep import FileReport, Severity
from vaceprep.cli.main import run

FIXTURES = ROOT / "fixtures"
Capture = pytest.CaptureFixture[str]


def entries(folder: Path, job: Values) -> tuple[FileReport, ...]:
    return vaceprep.check(job_file(folder, job), remote=False).files


def said(folder: Path, job: Values) -> list[tuple[str, str | None]]:
    return brief(vaceprep.check(job_file(folder, job), remote=False).findings)


@pytest.fixture(scope="module")
def media(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Clips of 512 by 384, a mask for them, and what differs from them in one thing."""
    folder = tmp_path_factory.mktemp("media")
    size, fast = (512, 384), {"preset": "ultrafast"}

    def clip(name: str, frames: int, rate: Fraction | int, **more: Any) -> None:
        more = {"size": size, "options": fast, **more}
        encode(folder / f"{name}.mp4", frames=frames, rate=rate, **more)

    clip("video", 25, 25)
    clip("video-24fps", 24, 24)
    clip("video-26", 26, 25)
    clip("video-wide", 25, 25, size=(514, 384))
    clip("clip-1500", 24, 16)
    clip("clip-1562", 25, 16)
    clip("clip-17fps", 17, 17)
    clip("guide", 80, 16)
    clip("guide-narrow", 80, 16, size=(510, 384))
    for name, measure in (("mask", size), ("mask-wide", (513, 384)), ("mask-small", (256, 192))):
        picture = Image.new("L", measure, 0)
        picture.paste(255, (9, 9, 99, 99))
        picture.save(folder / f"{name}.png")
    for name, measure in (("frame", size), ("frame-tall", (512, 386))):
        Image.new("RGB", measure, "red").save(folder / f"{name}.png")
    return folder


def edit(media: Path, **changes: Any) -> Values:
    job = {**minimal(EDIT), "video_url": "video.mp4", "mask_image_url": "mask.png"}
    job |= {"size": "1088*832", **changes}
    return {k: v if ":" in str(v) else _at(media, k, v) for k, v in job.items()}


def _at(media: Path, name: str, value: Any) -> Any:
    return str(media / value) if name.endswith("_url") and isinstance(value, str) else value


def extend(media: Path, **fields: Any) -> Values:
    job = {"function": EXTEND, "prompt": "a", **fields}
    return {name: _at(media, name, value) for name, value in job.items()}


# --- the shape of the answer -------------------------------------------------------------------


def three_problems(folder: Path) -> Path:
    """A seed out of range, a video one frame too long, and a mask that is not there."""
    shutil.copy(FIXTURES / "video" / "duration-81-frames.mp4", folder / "clip.mp4")
    job = {**minimal(EDIT), "seed": -1, "video_url": "clip.mp4", "mask_image_url": "m.png"}
    return job_file(folder, job, "yaml")


def test_three_problems_in_three_places_in_json(tmp_path: Path, capsys: Capture) -> None:
    path = three_problems(tmp_path)
    assert run(["check", "--no-remote", "--format", "json", str(path)]) == 1
    report = json.loads(capsys.readouterr().out)
    assert report["summary"]["checked"] == 3
    assert report["summary"]["errors"] == 3
    own, video, mask = report["files"]
    assert (own["source"], own["role"], own["facts"]) == (str(path), None, None)
    assert (video["source"], video["role"]) == (str(tmp_path / "clip.mp4"), "video_url")
    assert video["facts"]["frames"] == 81
    assert (mask["role"], mask["facts"]) == ("mask_image_url", None)
    found = [
        (f["code"], f["pointer"])
        for entry in report["files"]
        for f in entry["findings"]
        if f["severity"] == "error"
    ]
    assert found == [
        ("VP403", "/seed"),
        ("VP104", "/video_url"),
        ("VP204", "/mask_image_url"),
    ]
    assert all(f["pointer"] for entry in report["files"] for f in entry["findings"])


def test_three_problems_in_three_places_in_text(tmp_path: Path, capsys: Capture) -> None:
    path = three_problems(tmp_path)
    assert run(["check", "--no-remote", str(path)]) == 1
    lines = capsys.readouterr().out.splitlines()
    for code, at in (("VP403", "/seed"), ("VP104", "/video_url"), ("VP204", "/mask_image_url")):
        (line,) = [line for line in lines if code in line]
        assert f"at {at}:" in line
        assert "error" in line
    assert lines[0] == f"{path}  job"
    assert "3 files checked: 3 errors" in lines[-1]


def test_an_entry_for_the_job_and_one_for_each_asset(tmp_path: Path) -> None:
    job = {
        **minimal(IMAGE),
        "ref_images_url": [f"{U}a.png", str(FIXTURES / "image" / "ok.jpg"), "none.png"],
        "obj_or_bg": ["obj", "obj", "bg"],
    }
    files = entries(tmp_path, job)
    assert [entry.role for entry in files] == [None, *["ref_images_url"] * 3]
    assert [entry.source for entry in files[1:]] == [
        f"{U}a.png",
        str(FIXTURES / "image" / "ok.jpg"),
        str(tmp_path / "none.png"),
    ]
    assert [entry.ok for entry in files] == [True, True, True, False]
    assert files[2].facts is not None
    assert [f.pointer for f in files[3].findings] == ["/ref_images_url/2"]


def test_roles_come_from_the_fields(tmp_path: Path) -> None:
    clip = str(FIXTURES / "video" / "first-clip-3.5s.mp4")
    job = {"function": EXTEND, "prompt": "a", "control_condition": "depth"}
    job |= {"video_url": clip, "last_clip_url": clip, "first_frame_url": clip}
    files = entries(tmp_path, job)
    assert {entry.role for entry in files} == {
        None,
        "video_url",
        "last_clip_url",
        "first_frame_url",
    }
    assert brief(vaceprep.check(tmp_path / "job.json", remote=False).findings) == [
        ("VP104", "/last_clip_url"),
        ("VP201", "/first_frame_url"),
    ]


def test_a_file_of_another_functions_field_is_not_looked_at(tmp_path: Path) -> None:
    job = {**minimal(OUT), "mask_image_url": "none.png"}
    assert said(tmp_path, job) == [("VP408", "/mask_image_url")]


def test_strict_select_and_ignore(tmp_path: Path, capsys: Capture) -> None:
    path = str(job_file(tmp_path, {**minimal(OUT), "seed": -1}))
    assert run(["check", "--no-remote", path, "--ignore", "invalid-value"]) == 0
    assert run(["check", "--no-remote", path, "--ignore", "invalid-value", "--strict"]) == 1
    assert run(["check", "--no-remote", path, "--select", "nothing-to-expand"]) == 0
    capsys.readouterr()
    assert run(["check", "--no-remote", path, "--select", "VP403", "--format", "json"]) == 1
    own = json.loads(capsys.readouterr().out)["files"][0]
    assert [f["code"] for f in own["findings"]] == ["VP403"]


def test_advice_is_shown_where_it_is_asked_for(tmp_path: Path, capsys: Capture) -> None:
    path = str(job_file(tmp_path, minimal(PAINT)))
    assert run(["check", "--no-remote", path]) == 0
    assert "VP412" not in capsys.readouterr().out
    assert run(["check", "--no-remote", path, "--advice"]) == 0
    assert "VP412" in capsys.readouterr().out


# --- URLs in jobs ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fires", "code", "silent"),
    [
        ("https://example.com/\u00fc.mp4", "VP501", "https://example.com/%C3%BC.mp4"),
        ("oss://bucket/a.mp4", "VP502", "http://bucket.example.com/a.mp4"),
        ("data:video/mp4;base64,AAAA", "VP502", "https://example.com/data:video/mp4"),
        ("http://127.0.0.1/a.mp4", "VP503", "http://126.255.255.255/a.mp4"),
        ("http://172.31.255.255/a.mp4", "VP503", "http://172.32.0.0/a.mp4"),
        ("http://169.254.169.254/a.mp4", "VP503", "http://169.253.255.255/a.mp4"),
        ("https://user@example.com/a.mp4", "VP503", "https://example.com/user@a.mp4"),
        ("http://localhost/a.mp4", "VP503", "http://localhost.example.com/a.mp4"),
    ],
)
def test_the_text_of_a_url(fires: str, code: str, silent: str, tmp_path: Path) -> None:
    assert said(tmp_path, {**minimal(OUT), "video_url": fires}) == [(code, "/video_url")]
    assert said(tmp_path, {**minimal(OUT), "video_url": silent}) == []


def test_a_private_host_can_be_let_through(tmp_path: Path, capsys: Capture) -> None:
    path = str(job_file(tmp_path, {**minimal(OUT), "video_url": "http://nas.local/a.mp4"}))
    assert run(["check", "--no-remote", path]) == 1
    assert run(["check", "--no-remote", path, "--allow-host", "nas.local"]) == 0
    assert run(["check", "--no-remote", path, "--allow-host", "other.local"]) == 1
    assert "VP503" in capsys.readouterr().out


def test_an_image_may_carry_its_bytes_itself(tmp_path: Path) -> None:
    import base64

    def uri(name: str) -> str:
        data = base64.b64encode((FIXTURES / "image" / name).read_bytes()).decode()
        return f"data:image/png;base64,{data}"

    assert said(tmp_path, {**minimal(IMAGE), "ref_images_url": [uri("ok-360x360.png")]}) == []
    for name, code in (("side-359.png", "VP203"), ("text.jpg", "VP204")):
        job = {**minimal(IMAGE), "ref_images_url": [uri(name)]}
        assert said(tmp_path, job) == [(code, "/ref_images_url/0")]


def test_the_text_of_an_inline_image_is_limited(tmp_path: Path) -> None:
    import base64

    data = base64.b64encode((FIXTURES / "image" / "ok-360x360.png").read_bytes()).decode()
    begin, end = "data:image/png;note=", f";base64,{data}"
    for more, expected in ((0, []), (1, [("VP202", "/ref_images_url/0")])):
        uri = begin + "a" * (10_485_760 + more - len(begin) - len(end)) + end
        assert said(tmp_path, {**minimal(IMAGE), "ref_images_url": [uri]}) == expected


# --- media against each other ------------------------------------------------------------------


def test_a_mask_against_its_video(media: Path, tmp_path: Path) -> None:
    assert said(tmp_path, edit(media)) == []
    for wrong in ("mask-wide.png", "mask-small.png"):
        job = edit(media, mask_image_url=wrong)
        assert said(tmp_path, job) == [("VP301", "/mask_image_url")]
        (asset,) = [e for e in entries(tmp_path, job) if e.role == "mask_image_url"]
        assert [f.code for f in asset.findings if f.severity is Severity.ERROR] == ["VP301"]


def test_a_turned_video_and_its_mask(tmp_path: Path) -> None:
    shutil.copy(FIXTURES / "video" / "rotated-90.mp4", tmp_path / "clip.mp4")
    for size, expected in (((360, 640), []), ((640, 360), [("VP301", "/mask_image_url")])):
        picture = Image.new("L", size, 0)
        picture.paste(255, (5, 5, 99, 99))
        picture.save(tmp_path / "mask.png")
        job = {**minimal(EDIT), "video_url": "clip.mp4", "mask_image_url": "mask.png"}
        assert said(tmp_path, job) == expected


def test_the_frame_of_a_mask(media: Path, tmp_path: Path) -> None:
    for number, errors, warnings in (
        (25, [], []),
        (26, [], [("VP305", "/mask_frame_id")]),
        (27, [("VP305", "/mask_frame_id")], []),
        (0, [("VP305", "/mask_frame_id")], []),
    ):
        files = entries(tmp_path, edit(media, mask_frame_id=number))
        assert brief(files[0].findings) == errors
        assert warned(files[0].findings) == warnings


def test_a_mask_video_against_its_video(media: Path, tmp_path: Path) -> None:
    def mismatches(mask: str) -> list[tuple[str, str | None]]:
        job = edit(media, mask_video_url=mask)
        del job["mask_image_url"]
        return [s for s in said(tmp_path, job) if s[0] == "VP306"]

    assert mismatches("video.mp4") == []
    for other in ("video-24fps.mp4", "video-26.mp4", "video-wide.mp4"):
        assert mismatches(other) == [("VP306", "/mask_video_url")]


def test_a_video_as_a_mask_image_has_one_finding(media: Path, tmp_path: Path) -> None:
    job = edit(media, mask_image_url="video-wide.mp4")
    assert said(tmp_path, job) == [("VP201", "/mask_image_url")]


def test_clips_together(media: Path, tmp_path: Path) -> None:
    job = extend(media, first_clip_url="clip-1500.mp4", last_clip_url="clip-1500.mp4")
    assert said(tmp_path, job) == []
    job = extend(media, first_clip_url="clip-1500.mp4", last_clip_url="clip-1562.mp4")
    assert said(tmp_path, job) == [("VP413", "/last_clip_url")]


def test_a_clip_too_long_by_itself_beside_the_sum(media: Path, tmp_path: Path) -> None:
    long = FIXTURES / "video" / "first-clip-3.5s.mp4"
    job = extend(media, first_clip_url=str(long))
    assert said(tmp_path, job) == [("VP104", "/first_clip_url")]
    job["last_clip_url"] = str(FIXTURES / "video" / "ok-first-clip-3s.mp4")
    assert sorted(said(tmp_path, job)) == [
        ("VP104", "/first_clip_url"),
        ("VP413", "/last_clip_url"),
    ]


def test_the_guide_and_what_is_extended(media: Path, tmp_path: Path) -> None:
    fine = extend(
        media,
        video_url="guide.mp4",
        control_condition="depth",
        first_clip_url="clip-1500.mp4",
        last_frame_url="frame.png",
    )
    findings = vaceprep.check(job_file(tmp_path, fine), remote=False).findings
    assert (brief(findings), warned(findings)) == ([], [])
    narrow = {**fine, "video_url": str(media / "guide-narrow.mp4")}
    assert said(tmp_path, narrow) == [("VP414", "/video_url")]
    tall = {**fine, "last_frame_url": str(media / "frame-tall.png"), "video_url": None}
    findings = vaceprep.check(job_file(tmp_path, tall), remote=False).findings
    assert ("VP414", "/last_frame_url") in warned(findings)
    assert brief(findings) == []


# --- manifests ---------------------------------------------------------------------------------


def test_a_manifest_is_many_jobs(tmp_path: Path, capsys: Capture) -> None:
    folder = tmp_path / "shoot"
    folder.mkdir()
    shutil.copy(FIXTURES / "video" / "ok-5s-16fps.mp4", folder / "clip.mp4")
    good = text_of({**minimal(OUT), "video_url": "clip.mp4"}, "json")
    lines = [
        "\ufeff" + good,
        "",
        "{broken",
        "   ",
        "[1]",
        good + "\r",
        text_of({"seed": -1}, "json"),
    ]
    path = folder / "jobs.jsonl"
    path.write_text("\n".join(lines), encoding="utf-8", newline="")
    assert run(["check", "--no-remote", "--format", "json", str(path)]) == 1
    files = json.loads(capsys.readouterr().out)["files"]
    jobs = {entry["source"]: entry for entry in files if entry["role"] is None}
    assert list(jobs) == [f"{path}:{number}" for number in (1, 3, 5, 6, 7)]
    assert [entry["source"] for entry in files if entry["role"]] == [str(folder / "clip.mp4")] * 2
    codes = [
        [f["code"] for f in entry["findings"] if f["severity"] == "error"]
        for entry in jobs.values()
    ]
    assert codes == [[], ["VP400"], ["VP400"], [], ["VP402", "VP402", "VP403"]]


def test_a_manifest_without_jobs_is_no_silent_pass(tmp_path: Path, capsys: Capture) -> None:
    path = tmp_path / "jobs.jsonl"
    for text in ("", "\n \n"):
        path.write_text(text)
        assert run(["check", "--no-remote", str(path)]) == 1, repr(text)
        assert "VP400" in capsys.readouterr().out


def test_several_jobs_and_media_at_once_keep_their_order(tmp_path: Path) -> None:
    clip = FIXTURES / "video" / "ok-5s-16fps.mp4"
    names = []
    for number in range(12):
        path = tmp_path / f"{number}.json"
        path.write_text(text_of({**minimal(OUT), "seed": number - 6}, "json"))
        names.append(path)
    report = vaceprep.check([*names, clip], jobs=4, remote=False)
    assert [e.source for e in report.files if e.role is None] == [str(n) for n in names]
    assert report.files[-1].source == str(clip)
    assert [e.ok for e in report.files if e.role is None] == [n >= 6 for n in range(12)]
