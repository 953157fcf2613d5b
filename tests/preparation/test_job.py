"""Jobs prepared: their media follow each other, and the new job passes."""

from __future__ import annotations

import json
import os
from fractions import Fraction
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

import vaceprep
from tests.job.write import text_of
from tests.media import Hand
from tests.preparation.jobmedia import EDIT, good, job, mask, numbers, prepared, sized
from tests.preparation.numbered import SIZE, write
from vaceprep.checks import job as jobcheck
from vaceprep.plans.model import Options
from vaceprep.preparation import job as jobs
from vaceprep.preparation.report import Prepared
from vaceprep.rules.catalogue import Severity

Values = dict[str, Any]
OUTPAINT: Values = {"function": "video_outpainting", "prompt": "Wider", "prompt_extend": False}
REPAINT: Values = {"function": "video_repainting", "prompt": "x", "control_condition": "depth"}


@pytest.fixture(autouse=True)
def _state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VACEPREP_STATE_DIR", str(tmp_path / "state"))


def files(folder: Path) -> dict[str, int]:
    """Every file below a folder with the time of its last change."""
    paths = (p for p in folder.rglob("*") if p.is_file() and "state" not in p.parts)
    return {str(p.relative_to(folder)): p.stat().st_mtime_ns for p in paths}


def codes(entry: Prepared) -> set[str]:
    return {f.code for f in entry.remaining if f.severity is Severity.ERROR}


# --- the job file --------------------------------------------------------------------------


@pytest.mark.parametrize("ending", ["json", "yaml", "yml", "toml"])
def test_every_format_is_written_as_it_was(ending: str, tmp_path: Path) -> None:
    write(tmp_path / "clip.mov", frames=60, rate=30)
    values = {**OUTPAINT, "video_url": "clip.mov", "left_scale": 1.5, "extra": {"a": [1, "x"]}}
    path = tmp_path / f"my job.{ending}"
    path.write_text(text_of(values, "yaml" if ending == "yml" else ending))
    before = files(tmp_path)
    entries = prepared(path, tmp_path / "out")
    good(entries)
    assert [e.role for e in entries] == [None, "video_url"]
    assert [e.status for e in entries] == ["prepared", "prepared"]
    made = tmp_path / "out" / f"my job.{ending}"
    assert entries[0].output == str(made)
    assert vaceprep.Job.from_file(made).given()["extra"] == {"a": [1, "x"]}
    assert vaceprep.Job.from_file(made).local_paths() == {
        "/video_url": str(made.parent / "clip.mp4")
    }
    [edit] = entries[0].plan
    assert (edit.edit, edit.detail) == ("adjust", "video_url is now clip.mp4")
    assert "video-container" in edit.reason
    assert {k: v for k, v in files(tmp_path).items() if not k.startswith("out")} == before


YAML = """# A job.
function: video_edit   # the function
prompt: "Make it: blue"
prompt_extend: false
video_url: clip.mov    # ten seconds
mask_image_url: 'sub/mask.png'
mask_frame_id: 40      # drawn here
ref_images_url:
  - pictures/one.bmp   # the thing
obj_or_bg: [obj]
size: 960*960
"""
TOML = """# A job.
function = "video_edit"   # the function
prompt = "Make it = blue"
prompt_extend = false
video_url = 'clip.mov'    # ten seconds
mask_image_url = "sub/mask.png"
mask_frame_id = 40        # drawn here
ref_images_url = [ # "no.png"
  'pictures/one.bmp',     # the thing
]
obj_or_bg = ["obj"]
size = "960*960"
"""


@pytest.mark.parametrize(("ending", "text"), [("yaml", YAML), ("toml", TOML)])
def test_comments_stay_where_only_values_change(ending: str, text: str, tmp_path: Path) -> None:
    write(tmp_path / "clip.mov", frames=100, rate=25)
    (tmp_path / "sub").mkdir()
    (tmp_path / "pictures").mkdir()
    mask(tmp_path / "sub/mask.png", SIZE)
    Image.new("RGB", (400, 400), "red").save(tmp_path / "pictures/one.bmp")
    path = tmp_path / f"job.{ending}"
    path.write_text(text)
    good(prepared(path, tmp_path / "out", Options(start=Fraction(1))))
    made = (tmp_path / "out" / f"job.{ending}").read_text()
    assert [line.partition("#")[2] for line in made.splitlines()] == [
        line.partition("#")[2] for line in text.splitlines()
    ]
    now = vaceprep.Job.from_file(tmp_path / "out" / f"job.{ending}").given()
    assert now["mask_frame_id"] == 15
    assert [os.path.basename(p) for p in now["ref_images_url"]] == ["one.bmp"]
    assert os.path.basename(now["mask_image_url"]) == "mask.png"


def test_aliases_are_written_out_where_the_text_cannot_be_kept(tmp_path: Path) -> None:
    write(tmp_path / "a.mov", frames=20, rate=20)
    write(tmp_path / "b.mp4", frames=20, rate=20)
    path = tmp_path / "job.yaml"
    lines = ["function: video_extension", "prompt: &a a.mov", "first_clip_url: *a"]
    path.write_text("\n".join([*lines, "last_clip_url: b.mp4", "prompt_extend: false"]))
    good(prepared(path, tmp_path / "out"))
    now = vaceprep.Job.from_file(tmp_path / "out/job.yaml").given()
    assert (now["prompt"], os.path.basename(now["first_clip_url"])) == ("a.mov", "a.mp4")


def test_a_manifest_gives_a_file_for_each_line(tmp_path: Path) -> None:
    write(tmp_path / "clip.mov", frames=20, rate=20)
    line = json.dumps({**OUTPAINT, "video_url": "clip.mov", "top_scale": 2})
    (tmp_path / "jobs.jsonl").write_text(f"{line}\n\n{{broken\n{line}\n")
    entries = prepared(tmp_path / "jobs.jsonl", tmp_path / "out")
    told = [(os.path.basename(e.source), e.role, e.status) for e in entries]
    assert told == [
        ("jobs.jsonl:1", None, "prepared"),
        ("clip.mov", "video_url", "prepared"),
        ("jobs.jsonl:3", None, "failed"),
        ("jobs.jsonl:4", None, "prepared"),
        ("clip.mov", "video_url", "prepared"),
    ]
    assert codes(entries[2]) == {"VP400"}
    out = tmp_path / "out"
    assert sorted(os.listdir(out)) == ["clip-2.mp4", "clip.mp4", "jobs-1.json", "jobs-4.json"]
    assert json.loads((out / "jobs-4.json").read_text())["video_url"] == "clip-2.mp4"
    assert vaceprep.check([out / "jobs-1.json", out / "jobs-4.json"], strict=True).ok


def test_a_second_run_does_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path / "clip.mov", frames=50, rate=20)
    write(tmp_path / "mask.mp4", frames=50, rate=20)
    path = job(tmp_path, **EDIT, video_url="clip.mov", mask_video_url="mask.mp4")
    first = prepared(path, tmp_path / "out")
    good(first)
    before = files(tmp_path)

    def never(*_: Any) -> None:
        raise AssertionError("it is done already")

    monkeypatch.setattr(import_module("vaceprep.preparation.file"), "carry_out", never)
    monkeypatch.setattr(import_module("vaceprep.preparation.job_masks"), "carry_out", never)
    again = prepared(path, tmp_path / "out")
    good(again)
    assert [e.reused for e in again] == [True, True, True]
    assert [e.status for e in again] == [e.status for e in first]
    assert [e.plan for e in again] == [e.plan for e in first]
    assert files(tmp_path) == before


def test_a_job_of_what_is_fine_is_a_copy(tmp_path: Path) -> None:
    (tmp_path / "src").mkdir()
    good_job: dict[str, Any] = {**OUTPAINT, "video_url": "clip.mov", "top_scale": 2}
    write(tmp_path / "src/clip.mov", frames=20, rate=20)
    good(prepared(job(tmp_path / "src", **good_job), tmp_path / "one"))
    source = tmp_path / "one/job.json"
    source.write_text(source.read_text().replace("\n", " \n"))
    entries = prepared(source, tmp_path / "two")
    good(entries)
    assert [e.status for e in entries] == ["unchanged", "unchanged"]
    assert (tmp_path / "two/job.json").read_bytes() == source.read_bytes()
    assert entries[0].plan == ()


def test_another_file_in_the_place_of_the_job_stays(tmp_path: Path) -> None:
    write(tmp_path / "clip.mov", frames=20, rate=20)
    path = job(tmp_path, **OUTPAINT, video_url="clip.mov", top_scale=2)
    out = tmp_path / "out"
    out.mkdir()
    (out / "job.json").write_text("mine")
    entries = prepared(path, out)
    assert [e.status for e in entries] == ["failed", "prepared"]
    assert "exists already" in str(entries[0].error)
    assert (out / "job.json").read_text() == "mine"
    good(prepared(path, out, force=True))
    # Not even with force is the source itself written over.
    entries = prepared(path, tmp_path, force=True)
    assert entries[0].status == "failed"
    assert "is the source itself" in str(entries[0].error)
    assert json.loads(path.read_text())["video_url"] == "clip.mov"


def test_a_dry_run_writes_nothing_and_tells_all(tmp_path: Path) -> None:
    write(tmp_path / "clip.mov", frames=60, rate=20)
    write(tmp_path / "mask.mov", frames=60, rate=20)
    path = job(tmp_path, **EDIT, video_url="clip.mov", mask_video_url="mask.mov")
    before = files(tmp_path)
    foreseen = prepared(path, tmp_path / "out", Options(start=Fraction(1)), dry_run=True)
    assert files(tmp_path) == before
    assert not (tmp_path / "out").exists()
    assert [e.status for e in foreseen] == ["planned"] * 3
    made = prepared(path, tmp_path / "out", Options(start=Fraction(1)))
    good(made)
    assert [e.output for e in made] == [e.output for e in foreseen]
    assert [e.plan for e in made] == [e.plan for e in foreseen]
    frames = [(e.after.frames if e.after else None) for e in made]
    assert frames == [(e.after.frames if e.after else None) for e in foreseen]


# --- the assets ----------------------------------------------------------------------------


def test_one_file_named_twice_is_prepared_once(tmp_path: Path) -> None:
    Image.new("CMYK", (400, 400), "red").save(tmp_path / "a.jpg")
    (tmp_path / "b").mkdir()
    Image.new("CMYK", (400, 400), "blue").save(tmp_path / "b/a.jpg")
    values: dict[str, Any] = {
        "function": "image_reference",
        "prompt": "x",
        "obj_or_bg": ["obj"] * 3,
    }
    path = job(tmp_path, **values, ref_images_url=["a.jpg", "b/a.jpg", "./a.jpg"])
    entries = prepared(path, tmp_path / "out")
    assert good(entries)["ref_images_url"] == ["a.jpg", "a-2.jpg", "a.jpg"]
    assert sorted(os.listdir(tmp_path / "out")) == ["a-2.jpg", "a.jpg", "job.json"]
    assert len(entries) == 4


def test_urls_stay_and_keep_their_findings(tmp_path: Path) -> None:
    write(tmp_path / "clip.mov", frames=20, rate=20)
    url = "https://example.com/a.png"
    values: dict[str, Any] = {
        "function": "video_repainting",
        "prompt": "x",
        "control_condition": "depth",
    }
    path = job(tmp_path, **values, video_url="clip.mov", ref_images_url=[url])
    entries = prepared(path, tmp_path / "out")
    assert [e.status for e in entries] == ["prepared", "prepared", "unchanged"]
    assert (entries[2].source, entries[2].output) == (url, None)
    made = json.loads((tmp_path / "out/job.json").read_text())
    assert (made["video_url"], made["ref_images_url"]) == ("clip.mp4", [url])


def test_a_url_that_would_be_refused_stops_the_job(tmp_path: Path) -> None:
    write(tmp_path / "clip.mov", frames=20, rate=20)
    values: dict[str, Any] = {
        "function": "video_repainting",
        "prompt": "x",
        "control_condition": "depth",
    }
    path = job(tmp_path, **values, video_url="clip.mov", ref_images_url=["ftp://example.com/a.png"])
    entries = prepared(path, tmp_path / "out")
    assert [(e.role, e.status) for e in entries] == [
        (None, "failed"),
        ("ref_images_url", "unchanged"),
    ]
    assert codes(entries[1]) == {"VP502"}
    assert not (tmp_path / "out").exists()


def test_one_failed_asset_leaves_no_job_and_stops_no_other(tmp_path: Path) -> None:
    write(tmp_path / "clip.mov", frames=20, rate=20)
    values: dict[str, Any] = {
        "function": "video_repainting",
        "prompt": "x",
        "control_condition": "depth",
    }
    path = job(tmp_path, **values, video_url="clip.mov", ref_images_url=["gone.png"])
    entries = prepared(path, tmp_path / "out")
    assert [e.status for e in entries] == ["failed", "prepared", "failed"]
    assert "ref_images_url" in str(entries[0].error)
    assert "gone.png" in str(entries[0].error)
    assert codes(entries[2]) == {"VP204"}
    assert entries[2].remaining[0].pointer == "/ref_images_url/0"
    assert os.listdir(tmp_path / "out") == ["clip.mp4"]


def test_a_mask_waits_for_its_video(tmp_path: Path) -> None:
    mask(tmp_path / "mask.png", SIZE)
    path = job(tmp_path, **EDIT, video_url="gone.mp4", mask_image_url="mask.png")
    entries = prepared(path, tmp_path / "out")
    assert [e.status for e in entries] == ["failed"] * 3
    assert entries[2].error == "it follows video_url, which cannot be prepared"
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"prompt": ""}, "VP404"),
        ({"strange": 1}, "VP401"),
        ({"mask_image_url": None}, "VP409"),
        ({"mask_frame_id": 500}, "VP305"),
        ({"mask_frame_id": 0}, "VP305"),
    ],
)
def test_nothing_is_written_for_a_job_that_cannot_become_valid(
    changes: dict[str, Any], code: str, tmp_path: Path
) -> None:
    write(tmp_path / "clip.mov", frames=20, rate=20)
    mask(tmp_path / "mask.png", SIZE)
    values = {**EDIT, "video_url": "clip.mov", "mask_image_url": "mask.png", **changes}
    entries = prepared(job(tmp_path, **values), tmp_path / "out")
    assert entries[0].status == "failed"
    assert codes(entries[0]) == {code}
    assert not (tmp_path / "out").exists()


def test_fields_of_another_function_are_left_alone(tmp_path: Path) -> None:
    write(tmp_path / "clip.mov", frames=20, rate=20)
    path = job(tmp_path, **OUTPAINT, video_url="clip.mov", top_scale=2, mask_image_url="gone.png")
    [entry] = prepared(path, tmp_path / "out")
    assert codes(entry) == {"VP408"}


def test_what_would_not_pass_gets_no_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path / "clip.mov", frames=20, rate=20)
    path = job(tmp_path, **OUTPAINT, video_url="clip.mov", top_scale=2)
    real = jobcheck.check_mapping

    def spoilt(source: str, data: Any, folder: str, options: Any) -> Any:
        (Path(folder) / "clip.mp4").write_bytes(Hand(frames=8).data()[:50])
        return real(source, data, folder, options)

    monkeypatch.setattr(jobs, "check_mapping", spoilt)
    entries = prepared(path, tmp_path / "out")
    assert entries[0].status == "failed"
    assert codes(entries[0]) == {"VP105"}
    assert not (tmp_path / "out/job.json").exists()


def test_a_start_means_the_video_alone_unless_a_field_is_named(tmp_path: Path) -> None:
    # Two clips and a guide: only the guide is cut by the bare option.
    write(tmp_path / "a.mp4", frames=25, rate=25)
    write(tmp_path / "b.mp4", frames=25, rate=25)
    write(tmp_path / "guide.mp4", frames=50, rate=25)
    values: dict[str, Any] = {
        "function": "video_extension",
        "prompt": "x",
        "control_condition": "depth",
    }
    media = {"first_clip_url": "a.mp4", "last_clip_url": "b.mp4", "video_url": "guide.mp4"}
    path = job(tmp_path, **values, **media, prompt_extend=False)
    fields = {"last_clip_url": Options(start=Fraction(1, 5), duration=Fraction(2, 5))}
    entries = prepared(path, tmp_path / "out", Options(start=Fraction(1)), fields)
    good(entries)
    out = tmp_path / "out"
    assert numbers(out / "a.mp4") == list(range(25))
    assert numbers(out / "guide.mp4") == list(range(25, 50))
    assert numbers(out / "b.mp4") == list(range(5, 15))


def test_names_like_urls_stay_files(tmp_path: Path) -> None:
    sized(tmp_path / "a.mov", (400, 360))
    (tmp_path / "a.mov").rename(tmp_path / "data:x.mov")
    path = job(tmp_path, **OUTPAINT, video_url="./data:x.mov", top_scale=2)
    assert good(prepared(path, tmp_path / "out"))["video_url"] == "data_x.mp4"


def test_a_window_that_cannot_be_applied_stops_the_job(tmp_path: Path) -> None:
    write(tmp_path / "clip.mov", frames=60, rate=30)
    window = Options(start=Fraction(1))
    local = job(tmp_path, **OUTPAINT, video_url="clip.mov", left_scale=1.5)
    entry = prepared(local, tmp_path / "a", fields={"first_clip_url": window})[0]
    assert (entry.status, "first_clip_url: it has none" in str(entry.error)) == ("failed", True)
    away = {**OUTPAINT, "video_url": "https://example.com/clip.mp4", "left_scale": 1.5}
    for options, fields in ((window, {}), (Options(), {"video_url": window})):
        path = job(tmp_path, **away)
        entry = prepared(path, tmp_path / "a", options, fields=fields)[0]
        assert "video_url: since URLs stay as they are" in str(entry.error)
    assert not (tmp_path / "a").exists()
