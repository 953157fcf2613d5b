"""The values that ``prepare`` writes into a job that leaves them out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from PIL import Image

import vaceprep
from tests.job.table import EDIT, EXTEND, FUNCTIONS, IMAGE, OUT, PAINT, U, minimal
from tests.job.write import text_of
from tests.media import video_facts
from tests.preparation.jobmedia import good, job, mask, prepared, sized
from vaceprep.contract import SIZES
from vaceprep.facts import Facts
from vaceprep.job.draft import draft_of
from vaceprep.plans.model import Options
from vaceprep.preparation.job_values import additions

R = f"{U}r.png"
UPRIGHT = (720, 1280)
FRAME = {"mask_frame_id": 1}


def added(
    function: str,
    /,
    shown: tuple[int, int] | None = None,
    frame: int | None = None,
    only_errors: bool = False,
    **fields: Any,
) -> dict[str, Any]:
    """What is written into a function's least job with changes, beside a video of that size."""
    media: dict[str, Facts] = {}
    if shown is not None:
        media["/video_url"] = video_facts(width=shown[0], height=shown[1])
    draft = draft_of({**minimal(function), **fields})
    found = additions(draft, media, Options(only_errors=only_errors), frame)
    return {one.name: one.value for one in found}


# --- size --------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", SIZES)
def test_the_nearest_size_is_written_where_there_is_none(size: str) -> None:
    width, height = map(int, size.split("*"))
    expected = FRAME if size == "1280*720" else {"size": size, **FRAME}
    assert added(EDIT, shown=(width, height)) == expected


def test_a_size_that_is_given_stays() -> None:
    assert added(EDIT, shown=UPRIGHT, size=None)["size"] == "720*1280"
    for size in SIZES:
        assert added(EDIT, shown=UPRIGHT, size=size) == FRAME


def test_no_size_where_only_errors_are_fixed_or_nothing_is_measured() -> None:
    assert added(EDIT, shown=UPRIGHT, only_errors=True) == FRAME
    assert added(EDIT) == FRAME


# --- obj_or_bg -----------------------------------------------------------------------------------


@pytest.mark.parametrize("function", [IMAGE, PAINT, EDIT])
def test_the_label_of_one_reference_is_written(function: str) -> None:
    frame = FRAME if function == EDIT else {}
    assert added(function, ref_images_url=[R]) == {"obj_or_bg": ["obj"], **frame}
    assert added(function, ref_images_url=[R], obj_or_bg=[])["obj_or_bg"] == ["obj"]
    assert added(function, ref_images_url=[R], obj_or_bg=["bg"]) == frame
    assert added(function, ref_images_url=[R], only_errors=True) == frame
    assert added(function, ref_images_url=[R, R]) == frame


# --- mask_frame_id -------------------------------------------------------------------------------


def test_the_first_frame_is_written_beside_a_tracking_mask_image() -> None:
    for kind in ({}, {"mask_type": None}, {"mask_type": "tracking"}):
        assert added(EDIT, **kind) == FRAME
        assert added(EDIT, only_errors=True, **kind) == FRAME
        assert added(EDIT, mask_frame_id=None, **kind) == FRAME
        # A number that is given, or that the video's new frames ask for, stays.
        assert added(EDIT, mask_frame_id=1, **kind) == added(EDIT, mask_frame_id=7, **kind) == {}
        assert added(EDIT, frame=4, **kind) == {}


def test_no_frame_without_a_tracking_mask_image() -> None:
    assert added(EDIT, mask_type="fixed") == {}
    assert added(EDIT, mask_image_url=None, mask_video_url=f"{U}m.mp4") == {}
    for function in set(FUNCTIONS) - {EDIT, IMAGE}:
        assert added(function) == {}


def test_other_functions_get_nothing() -> None:
    assert added(OUT, shown=UPRIGHT) == added(PAINT, shown=UPRIGHT) == added(EXTEND) == {}


# --- the job file --------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def media(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An upright clip of a second with its mask and a reference image, none with a defect."""
    folder = tmp_path_factory.mktemp("upright")
    sized(folder / "clip.mp4", (368, 640), frames=16)
    mask(folder / "mask.png", (368, 640))
    Image.new("RGB", (400, 400), "red").save(folder / "ref.png")
    return folder


JOB = {
    "function": "video_edit",
    "prompt": "Make it blue",
    "prompt_extend": False,
    "video_url": "clip.mp4",
    "mask_image_url": "mask.png",
    "ref_images_url": ["ref.png"],
}
WRITTEN = {"size": "720*1280", "obj_or_bg": ["obj"], "mask_frame_id": 1}


@pytest.mark.parametrize("ending", ["json", "yaml", "toml"])
def test_the_new_job_says_them_and_is_left_alone_the_next_time(
    ending: str, media: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VACEPREP_STATE_DIR", str(tmp_path / "state"))
    path = media / f"job.{ending}"
    values = JOB if ending == "toml" else {**JOB, "obj_or_bg": None}
    comment = "" if ending == "json" else "# Mine.\n"
    path.write_text(comment + text_of(values, ending))
    planned = prepared(path, tmp_path / "out", dry_run=True)
    assert planned[0].status == "planned"
    entries = prepared(path, tmp_path / "out")
    good(entries)
    assert entries[0].status == "prepared"
    assert not [f for f in entries[0].remaining if f.code in ("VP415", "VP416")]
    for entry in (planned[0], entries[0]):
        told = {edit.detail: edit.reason for edit in entry.plan if "absent" in edit.detail}
        assert told == {
            "size is now 720*1280 (it was absent)": ("output-shape",),
            'obj_or_bg is now ["obj"] (it was absent)': ("label-missing",),
            "mask_frame_id is now 1 (it was absent)": (),
        }
    assert entries[0].output is not None
    made = Path(entries[0].output)
    given = vaceprep.Job.from_file(made).given()
    assert {name: given[name] for name in WRITTEN} == WRITTEN
    assert comment in made.read_text()
    again = prepared(made, tmp_path / "again")
    assert again[0].status == "unchanged"
    assert Path(again[0].output or "").read_bytes() == made.read_bytes()


def test_check_says_what_prepare_would_write(media: Path) -> None:
    report = vaceprep.check(job(media, "checked.json", **JOB), remote=False)
    own = [f for f in report.findings if f.code.startswith("VP4")]
    found = {f.code: (f.severity.value, f.fix) for f in own}
    assert found == {
        "VP415": ("warning", "write size: 720*1280"),
        "VP416": ("advice", 'write obj_or_bg: ["obj"]'),
    }
