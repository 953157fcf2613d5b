"""The page's five example bodies, job files in three formats, and paths in them."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

import vaceprep
from tests.job.table import EDIT, EXAMPLES, FUNCTIONS, IMAGE, OUT, U, Values, minimal
from tests.job.write import ENDINGS, job_file
from vaceprep import Job, NotPublished
from vaceprep.cli.main import run


class Prepared:
    """What a path can be besides text: here in bytes, as the protocol allows."""

    def __init__(self, path: bytes) -> None:
        self.path = path

    def __fspath__(self) -> bytes:
        return self.path


@pytest.mark.parametrize("function", FUNCTIONS)
def test_an_example_comes_back_as_it_is_with_the_model(function: str) -> None:
    example = EXAMPLES[function]
    body = Job.from_dict(example).body()
    assert body == {**example, "model": "wan2.1-vace-plus"}
    assert next(iter(body)) == "model"
    assert Job.from_dict(body).body() == body


@pytest.mark.parametrize("ending", ENDINGS)
@pytest.mark.parametrize("function", FUNCTIONS)
def test_request_prints_an_example_as_it_is_with_the_model(
    function: str, ending: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["request", str(job_file(tmp_path, EXAMPLES[function], ending))]) == 0
    printed = capsys.readouterr()
    assert json.loads(printed.out) == {**EXAMPLES[function], "model": "wan2.1-vace-plus"}
    # The body alone goes to standard output; the cost is that of 5 s, or less for a shorter input.
    known = function in ("image_reference", "video_extension")
    assert printed.err == f"cost: {'' if known else 'up to '}5 s, 0.50 USD\n"


@pytest.mark.parametrize("function", FUNCTIONS)
def test_check_lets_an_example_pass(
    function: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["check", "--no-remote", str(job_file(tmp_path, EXAMPLES[function]))]) == 0
    assert "0 errors, 0 warnings" in capsys.readouterr().out


@pytest.mark.parametrize("function", FUNCTIONS)
def test_the_three_formats_give_equal_jobs(function: str, tmp_path: Path) -> None:
    full = {
        **EXAMPLES[function],
        **{"seed": 0, "negative_prompt": "no\n\"quotes\" 'or' ü", "watermark": False},
        "extra": {"camera": [1, 2.5, True, {"deep": "x"}]},
    }
    one, *others = (Job.from_file(job_file(tmp_path, full, ending)) for ending in ENDINGS)
    assert all(job == one for job in others)
    assert one.body()["camera"] == [1, 2.5, True, {"deep": "x"}]
    assert "extra" not in one.body()


def test_the_endings_are_read_without_regard_to_case(tmp_path: Path) -> None:
    for name in ("a.JSON", "a.YML", "a.Yaml", "a.TOML"):
        path = tmp_path / name
        text = job_file(
            tmp_path, EXAMPLES[OUT], "yaml" if "y" in name.lower() else name[2:].lower()
        )
        path.write_bytes(text.read_bytes())
        assert Job.from_file(path) == Job.from_dict(EXAMPLES[OUT])


@pytest.mark.parametrize("ending", ENDINGS)
def test_relative_paths_are_relative_to_the_file(ending: str, tmp_path: Path) -> None:
    folder = tmp_path / "shoot"
    folder.mkdir()
    job = {**minimal(EDIT), "video_url": "sub/clip.mp4", "mask_image_url": "../mask.png"}
    job["ref_images_url"] = ["ref.png"]
    read = Job.from_file(job_file(folder, job, ending))
    assert read.local_paths() == {
        "/video_url": os.path.join(folder, "sub/clip.mp4"),
        "/mask_image_url": os.path.join(folder, "../mask.png"),
        "/ref_images_url/0": os.path.join(folder, "ref.png"),
    }


def test_a_file_named_without_a_folder_keeps_its_paths(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    job_file(tmp_path, {**minimal(OUT), "video_url": "clip.mp4"})
    monkeypatch.chdir(tmp_path)
    assert Job.from_file("job.json").local_paths() == {"/video_url": "clip.mp4"}


def test_absolute_paths_and_urls_stay(tmp_path: Path) -> None:
    for value in ("/abs/clip.mp4", f"{U}a.mp4", "HTTPS://example.com/a.mp4", "s3://bucket/a.mp4"):
        read = Job.from_file(job_file(tmp_path, {**minimal(OUT), "video_url": value}))
        assert read.given()["video_url"] == value


@pytest.mark.parametrize(
    "path", ["~/clip.mp4", "$HOME/clip.mp4", "${HOME}/clip.mp4", "%TEMP%/c.mp4"]
)
def test_nothing_is_expanded(path: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    read = Job.from_file(job_file(tmp_path, {**minimal(OUT), "video_url": path}))
    assert read.local_paths() == {"/video_url": os.path.join(tmp_path, path)}
    # It is that very file that check looks at.
    target = tmp_path / path
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(b"no video")
    (asset,) = vaceprep.check(tmp_path / "job.json", remote=False).files[1:]
    assert asset.source == os.path.join(tmp_path, path)
    assert "no such file" not in asset.findings[0].message


@pytest.mark.parametrize(
    ("value", "url"),
    [
        *[(f"{U}x", True), ("ht://x", True), ("s3://x", True), ("data:image/png;base64,", True)],
        *[("DATA:,", True), ("c://x", False), ("C:/x", False), ("x:y", False), ("//h/x", False)],
        *[("./http://x", False), ("datum", False), ("data", False), (" http://x", False)],
    ],
)
def test_what_is_a_url_and_what_a_path(value: str, url: bool) -> None:
    job = Job.from_dict({**minimal(OUT), "video_url": value})
    assert bool(job.local_paths()) is not url


def test_objects_that_are_paths_are_taken(tmp_path: Path) -> None:
    job = Job.from_dict(
        {
            **minimal(EDIT),
            "video_url": Path("a.mp4"),
            "mask_image_url": Prepared("ü.png".encode()),
            "ref_images_url": (Prepared(b"r.png"),),
        },
        base="shoot",
    )
    assert job.local_paths() == {
        "/video_url": "shoot/a.mp4",
        "/mask_image_url": "shoot/ü.png",
        "/ref_images_url/0": "shoot/r.png",
    }
    images: Any = [tmp_path / "a.png"]
    made = vaceprep.ImageReference(prompt="x", ref_images_url=images)
    assert made.given()["ref_images_url"] == [str(tmp_path / "a.png")]


def test_a_path_object_is_no_prompt() -> None:
    with pytest.raises(vaceprep.InvalidJob) as caught:
        Job.from_dict({**minimal(OUT), "prompt": Path("a cat")})
    assert [(f.code, f.pointer) for f in caught.value.findings] == [("VP403", "/prompt")]


def test_a_body_needs_urls_everywhere() -> None:
    job = Job.from_dict(
        {**minimal(IMAGE), "ref_images_url": [f"{U}a.png", "b.png"], "obj_or_bg": ["obj", "bg"]}
    )
    with pytest.raises(NotPublished) as caught:
        job.body()
    assert caught.value.paths == {"/ref_images_url/1": "b.png"}
    assert "b.png" in str(caught.value)
    assert job.replaced({"/ref_images_url/1": f"{U}b.png"}).body()["ref_images_url"] == [
        f"{U}a.png",
        f"{U}b.png",
    ]


@pytest.mark.parametrize("size", ["1280x720", "1280X720", "1280*720"])
def test_a_size_goes_over_the_wire_with_its_star(size: str) -> None:
    assert Job.from_dict({**minimal(EDIT), "size": size}).body()["size"] == "1280*720"


def test_extra_joins_the_top_level_and_model_is_always_there() -> None:
    extra = {"camera_motion": "left", "parameters": {"seed": 5}, "n": None}
    job: Values = {**minimal(OUT), "extra": extra}
    assert Job.from_dict(job).body() == {"model": "wan2.1-vace-plus", **minimal(OUT), **extra}
    empties: tuple[Any, ...] = ({}, None)
    for empty in empties:
        assert Job.from_dict({**minimal(OUT), "extra": empty}).body() == {
            "model": "wan2.1-vace-plus",
            **minimal(OUT),
        }


def test_what_is_not_set_is_not_sent_though_it_has_a_default() -> None:
    body = Job.from_dict(minimal(EDIT)).body()
    assert set(body) == {"model", "function", "prompt", "video_url", "mask_image_url"}
    told = Job.from_dict({**minimal(EDIT), "prompt_extend": True, "watermark": False}).body()
    assert told["prompt_extend"] is True
    assert told["watermark"] is False
