"""The showcase: its media need mending, prepare mends them, and the sandbox takes them then."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
from PIL import Image

import vaceprep
from tests.preparation.jobmedia import shots
from tests.sandbox.calls import accepted, call, ended, published
from vaceprep.contract import FUNCTIONS
from vaceprep.errors import Refused
from vaceprep.job.model import Job
from vaceprep.sandbox.server import Sandbox
from vaceprep.sandbox.showcase import MEDIA, write_showcase


@pytest.fixture(scope="module")
def showcase(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """The jobs, written once."""
    return write_showcase(tmp_path_factory.mktemp("showcase"))


def test_there_is_a_job_of_each_function(showcase: list[str]) -> None:
    assert [Path(path).name for path in showcase] == [f"{f}.vace.yaml" for f in FUNCTIONS]
    assert [Job.from_file(path).given()["function"] for path in showcase] == list(FUNCTIONS)


def test_every_job_needs_mending_and_is_mended(showcase: list[str], tmp_path: Path) -> None:
    for path in showcase:
        assert not vaceprep.check(path).ok, path
    report = vaceprep.prepare(showcase, tmp_path)
    assert report.ok
    for path in showcase:
        after = vaceprep.check(tmp_path / Path(path).name, strict=True)
        assert after.ok, [(f.code, f.message) for f in after.findings]


def test_it_is_the_same_everywhere_and_left_where_it_is(
    showcase: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = Path(showcase[0]).parent
    for name in ("balloon.jpg", "night.png", "mask.png"):
        assert MEDIA[name]() == (folder / name).read_bytes()
    quick = {"mask.png": MEDIA["mask.png"]}
    monkeypatch.setattr("vaceprep.sandbox.showcase.MEDIA", quick)
    paths = write_showcase(tmp_path / "deep" / "er")
    before = {path: Path(path).stat().st_mtime_ns for path in paths}
    assert write_showcase(tmp_path / "deep" / "er") == paths
    assert {path: Path(path).stat().st_mtime_ns for path in paths} == before
    Path(paths[0]).write_text("mine")
    with pytest.raises(Refused, match="exists already"):
        write_showcase(tmp_path / "deep" / "er")
    assert Path(paths[0]).read_text() == "mine"
    with pytest.raises(Refused, match="cannot be made"):
        write_showcase(Path(paths[0]) / "below")


def test_its_pictures_are_many_coloured_and_move(showcase: list[str]) -> None:
    folder = Path(showcase[0]).parent
    for name in ("balloon.jpg", "hills.png", "night.png"):
        colours = Image.open(folder / name).convert("RGB").getcolors(1 << 24)
        assert colours is not None
        assert len(colours) > 100
    for name in ("boat.mov", "dawn.mkv"):
        frames = [hashlib.sha256(image.tobytes()).digest() for image in shots(folder / name)]
        assert len(set(frames)) == len(frames)


@pytest.mark.long
def test_the_sandbox_makes_a_video_of_each(
    sandbox: Sandbox, showcase: list[str], tmp_path: Path
) -> None:
    vaceprep.prepare(showcase, tmp_path)
    for path in showcase:
        job = Job.from_file(tmp_path / Path(path).name)
        job = job.replaced(
            {at: published(sandbox, Path(local)) for at, local in job.local_paths().items()}
        )
        told = ended(sandbox, accepted(sandbox, job.body()))
        assert told["task_info"]["status"] == "completed", told
        result = tmp_path / f"{job.given()['function']}.mp4"
        result.write_bytes(call("GET", told["videos"][0]).content)
        assert vaceprep.check(result, strict=True).ok
