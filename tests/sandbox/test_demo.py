"""The demo: its media need fixes, prepare makes them, and the sandbox then accepts the media."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

import vaceprep
from tests.preparation.look import hashes
from vaceprep.contract import FUNCTIONS
from vaceprep.errors import Refused
from vaceprep.job.model import Job
from vaceprep.sandbox import demo
from vaceprep.sandbox.demo import write_demo


@pytest.fixture(scope="module")
def jobs(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """The jobs, written once."""
    return write_demo(tmp_path_factory.mktemp("demo"))


def test_there_is_a_job_of_each_function(jobs: list[str]) -> None:
    assert [Path(path).name for path in jobs] == [f"{f}.vace.yaml" for f in FUNCTIONS]
    assert [Job.from_file(path).given()["function"] for path in jobs] == list(FUNCTIONS)


@pytest.mark.parametrize(
    "function",
    [
        "video_edit",
        *(pytest.param(f, marks=pytest.mark.long) for f in FUNCTIONS if f != "video_edit"),
    ],
)
def test_prepare_fixes_every_job(function: str, jobs: list[str], tmp_path: Path) -> None:
    path = next(job for job in jobs if Path(job).name == f"{function}.vace.yaml")
    assert not vaceprep.check(path).ok, path
    report = vaceprep.prepare(path, tmp_path)
    assert report.ok
    after = vaceprep.check(tmp_path / Path(path).name, strict=True)
    assert after.ok, [(f.code, f.message) for f in after.findings]


#: The errors and warnings of each medium, as the demo shows them.
FINDINGS = {
    "balloon.jpg": ["image-orientation"],
    "boat.mov": ["video-container", "video-duration", "video-fps"],
    "dawn.mkv": ["video-codec", "video-container", "video-duration"],
    "flight.mp4": ["video-duration"],
    "hills.png": ["image-dimensions"],
    "lighthouse.mov": ["video-container", "video-rotation"],
    "mask.png": ["mask-dimensions", "mask-not-binary"],
    "night.png": ["image-mode"],
}


def test_check_finds_in_each_medium_what_the_demo_shows(jobs: list[str]) -> None:
    found: dict[str, list[str]] = {}
    for entry in vaceprep.check(jobs).files:
        rules = sorted(f.rule for f in entry.findings if f.severity != "advice")
        if rules:
            found[Path(entry.source).name] = rules
    assert found == FINDINGS


def test_the_files_are_small_and_written_whole(jobs: list[str]) -> None:
    packaged = Path(demo.__file__).parent
    names = {path.name for path in packaged.iterdir() if path.suffix not in {".py", ""}}
    assert names == {*FINDINGS, *(Path(path).name for path in jobs)}
    assert sum((packaged / name).stat().st_size for name in names) < 300_000
    for name in names:
        assert (Path(jobs[0]).parent / name).read_bytes() == (packaged / name).read_bytes()


def test_the_same_files_are_left_and_others_kept(tmp_path: Path) -> None:
    paths = write_demo(tmp_path / "deep" / "er")
    before = {path: Path(path).stat().st_mtime_ns for path in paths}
    assert write_demo(tmp_path / "deep" / "er") == paths
    assert {path: Path(path).stat().st_mtime_ns for path in paths} == before
    Path(paths[0]).write_text("mine")
    with pytest.raises(Refused, match="exists already"):
        write_demo(tmp_path / "deep" / "er")
    assert Path(paths[0]).read_text() == "mine"
    with pytest.raises(Refused, match="cannot be made"):
        write_demo(Path(paths[0]) / "below")


def test_its_pictures_are_many_coloured_and_move(jobs: list[str]) -> None:
    folder = Path(jobs[0]).parent
    for name in ("balloon.jpg", "hills.png", "night.png"):
        colours = Image.open(folder / name).convert("RGB").getcolors(1 << 24)
        assert colours is not None
        assert len(colours) > 100
    for name in ("boat.mov", "dawn.mkv"):
        frames = hashes(folder / name)
        assert len(set(frames)) == len(frames)
