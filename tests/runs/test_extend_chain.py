"""``run --extend-to``: tasks that continue each other, each paid once, joined to one video."""

from __future__ import annotations

import json
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import pytest
from av.video.frame import VideoFrame
from av.video.stream import VideoStream
from PIL import Image, ImageChops, ImageStat

import vaceprep
from tests import started
from tests.odd import Done, call
from tests.runs.conftest import TOKEN, environment, service_flags
from vaceprep.ledger.row import Row
from vaceprep.ledger.store import Ledger
from vaceprep.parts import join
from vaceprep.runs.sidecar import read_sidecar
from vaceprep.sandbox.server import Sandbox

JOB = {
    "function": "video_extension",
    "prompt": "It goes on",
    "first_clip_url": "clip.mp4",
    "seed": 7,
    "prompt_extend": False,
}
TWO_DAYS = 2 * 24 * 60 * 60
RATE = 24


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A clip of 2 s whose picture is never the same when it is enlarged."""
    path = tmp_path_factory.mktemp("clip") / "clip.mp4"
    picture = Image.radial_gradient("L").resize((360, 360)).convert("RGB")
    with av.open(str(path), "w") as out:
        stream = out.add_stream("libx264", rate=RATE)
        assert isinstance(stream, VideoStream)
        stream.width, stream.height, stream.pix_fmt = 360, 360, "yuv420p"
        stream.options = {"threads": "1", "preset": "ultrafast"}
        for number in range(2 * RATE):
            frame = VideoFrame.from_image(ImageChops.offset(picture, 3 * number, 0))  # type: ignore[no-untyped-call]
            frame.pts, frame.time_base = number, Fraction(1, RATE)
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    return path


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, clip: Path) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("VACEPREP_STATE_DIR", str(tmp_path / "state"))
    monkeypatch.setenv("MULEROUTER_API_KEY", TOKEN)
    # The time of a join is another test's.
    monkeypatch.setattr(join, "PRESET", "ultrafast")
    (tmp_path / "clip.mp4").write_bytes(clip.read_bytes())
    write_job(tmp_path)
    return tmp_path


@pytest.fixture
def box() -> Iterator[Sandbox]:
    with Sandbox() as running:
        yield running


Run = Callable[..., Done]


@pytest.fixture
def run(here: Path, capsys: pytest.CaptureFixture[str], box: Sandbox) -> Run:
    """``run --extend-to`` against the sandbox as if it were the service."""

    def work(length: str, *more: str) -> Done:
        flags = (*service_flags(box), "--yes", "-o", "out", "--format", "json")
        return call(capsys, "run", "job.vace.yaml", "--extend-to", length, *flags, *more)

    return work


def write_job(folder: Path, **more: Any) -> None:
    values = {k: v for k, v in {**JOB, **more}.items() if v is not None}
    (folder / "job.vace.yaml").write_text(json.dumps(values))


def entry_of(done: Done) -> dict[str, Any]:
    (entry,) = json.loads(done.out)["jobs"]
    assert isinstance(entry, dict)
    return entry


def rows() -> list[Row]:
    with Ledger() as ledger:
        return ledger.rows()


def frame(path: str, number: int) -> Image.Image:
    """A frame of a video, by its number from 0."""
    with av.open(path) as film:
        for at, shown in enumerate(film.decode(video=0)):
            if at == number:
                image: Image.Image = shown.to_image()  # type: ignore[no-untyped-call]
                return image.convert("L")
    raise AssertionError(f"{path} has no frame {number}")


def unlike(one: Image.Image, other: Image.Image) -> float:
    return ImageStat.Stat(ImageChops.difference(one, other)).mean[0]


def test_tasks_continue_each_other_to_one_video(run: Run, box: Sandbox) -> None:
    box.add_fault("task-failed")
    failed = run("6.5")
    assert failed.code == 1
    assert [p["status"] for p in entry_of(failed)["parts"]] == ["failed", "waiting"]
    # The same command sends it again.
    done = run("6.5")
    assert done.code == 0, done
    entry = entry_of(done)
    account = box.account()
    assert account["accepted"] == 3
    assert account["billed"]["usd"] == entry["cost"]["usd"] == 1
    assert [(p["index"], p["from"], p["to"]) for p in entry["parts"]] == [(1, 0, 5), (2, 2, 6.5)]
    assert all(part["cost"]["usd"] == 0.5 for part in entry["parts"])
    # The plan is said before anything is sent.
    before, _, _ = done.err.partition("preparing")
    assert "clip.mp4 is extended to 6.5 s: 2 tasks, 10 s, 1.00 USD in all" in before
    assert "part 2  2 to 6.5 s" in before
    assert "continues the last 3 s of part 1" in before
    assert "one after another" in before

    # Nothing is sent twice, after 24 hours neither; what is longer costs the further steps alone.
    age()
    again = run("6.5", "--max-cost", "0.01")
    assert again.code == 0, again
    assert entry_of(again)["videos"] == entry["videos"]
    assert entry_of(again)["resumed"]
    longer = entry_of(run("8", "--max-cost", "0.50"))
    account = box.account()
    assert account["accepted"] == 4
    assert account["billed"]["usd"] == 1.5
    assert [part["resumed"] for part in longer["parts"]] == [True, True, False]

    (joined,) = longer["videos"]
    facts = vaceprep.probe(joined)
    assert isinstance(facts, vaceprep.VideoFacts)
    assert (facts.frames, facts.width, facts.height) == (8 * 30, 360, 360)
    # What a result holds of the one before is not shown twice: at 6.5 s there is what the second
    # result shows after 4.5 s of its own, and at 7.9 s what the third shows after 3.9 s.
    outputs = [part["output"] for part in longer["parts"]]
    for at, part, own in ((30, 0, 30), (195, 1, 135), (237, 2, 117)):
        shown = frame(joined, at)
        there, *others = (unlike(shown, frame(outputs[part], own + n)) for n in (0, -9, 9))
        assert there < 2
        assert there < min(others) or part == 0
    third, second, first, _ = (row.body or {} for row in rows())
    assert {**first, "first_clip_url": ""} == {**third, "first_clip_url": ""}
    assert len({body["first_clip_url"] for body in (first, second, third)}) == 3
    about = read_sidecar(outputs[2])
    assert about is not None
    note = about["part"]
    assert (note["index"], note["count"], note["extended"]) == (3, 3, True)


def age() -> None:
    """Make every submission two days older."""
    with sqlite3.connect("state/ledger.sqlite3") as database:
        database.execute(f"UPDATE submissions SET sent_at = sent_at - {TWO_DAYS}")
    database.close()


def test_the_whole_is_within_the_caps_or_nothing_is_sent(
    run: Run, box: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    capped = run("8", "--max-cost", "1.49")
    assert capped.code == 1
    assert "costs 15 s, 1.50 USD, which is over --max-cost 1.49" in entry_of(capped)["error"]
    monkeypatch.setenv("VACEPREP_BUDGET", "1.40")
    assert run("8").code == 1
    assert box.account()["accepted"] == 0


@pytest.mark.long
@pytest.mark.skipif(sys.platform == "win32", reason="kills as Unix does")
def test_a_kill_on_the_way_pays_no_step_twice(here: Path, box: Sandbox) -> None:
    # A job that begins with a picture, which no further step has.
    Image.radial_gradient("L").resize((360, 360)).save(here / "first.png")
    write_job(here, first_clip_url=None, first_frame_url="first.png")
    flags = [*service_flags(box), "--yes", "-o", "out", "--max-wait", "60"]
    words = ["run", "job.vace.yaml", "--extend-to", "5.5", "--no-match", *flags]

    def work(kill_at: str) -> subprocess.CompletedProcess[str]:
        return started.completed(
            words,
            cwd=here,
            env=environment(here, POINTS=str(here / "points"), KILL_AT=kill_at),
            timeout=120,
            stdin=subprocess.DEVNULL,
            module="tests.runs.killed",
        )

    # Each time a task was accepted and written down.
    for _ in range(2):
        assert work("after ledger settle").returncode == -signal.SIGKILL
    done = work("")
    assert done.returncode == 0, done.stderr
    assert box.account()["accepted"] == 2
    second, first = rows()
    assert first.body is not None
    assert second.body is not None
    assert "first_frame_url" in first.body
    assert "first_frame_url" not in second.body
    assert "first_clip_url" in second.body
    (joined,) = (here / "out").glob("job-video_extension-*.mp4")
    facts = vaceprep.probe(joined)
    assert isinstance(facts, vaceprep.VideoFacts)
    assert facts.duration == 5.5


@pytest.mark.parametrize(
    ("change", "words", "reason"),
    [
        ({}, ["5"], "--extend-to 5 is no longer than what one task makes: 5 s"),
        ({}, ["0"], "0 is no length; it must be above zero"),
        ({}, ["-2"], "-2 is no length"),
        ({}, ["nan"], "'nan' is not a time"),
        ({}, ["124"], "takes 61 tasks, for 305 s, 30.50 USD; the most is 60 tasks"),
        ({}, ["9", "--no-wait"], "leave out --no-wait"),
        ({}, ["9", "--split"], "give one"),
        ({}, ["9", "--redo", "2"], "--redo is for --split"),
        ({"last_frame_url": "a.png"}, ["9"], "--extend-to and last_frame_url cannot be combined"),
        ({"last_clip_url": "a.mp4"}, ["9"], "--extend-to and last_clip_url cannot be combined"),
        (
            {"video_url": "a.mp4", "control_condition": "depth"},
            ["9"],
            "--extend-to and video_url cannot be combined",
        ),
        (
            {"function": "video_outpainting", "first_clip_url": None, "video_url": "a.mp4"},
            ["9"],
            "--extend-to is for video_extension, and the function is video_outpainting",
        ),
    ],
)
def test_what_cannot_be_extended_is_wrong_usage(
    change: dict[str, Any],
    words: list[str],
    reason: str,
    here: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    write_job(here, **change)
    done = call(capsys, "run", "job.vace.yaml", "--dry-run", "--extend-to", *words)
    assert done.code == 2
    assert reason in " ".join(done.err.split())


def test_a_dry_run_shows_the_steps(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    flags = ("--dry-run", "--extend-to", "20", "--format", "json")
    done = call(capsys, "run", "job.vace.yaml", *flags)
    assert done.code == 0, done
    report = json.loads(done.out)
    (entry,) = report["jobs"]
    assert report["cost"]["usd"] == entry["cost"]["usd"] == 4.5
    assert [part["to"] for part in entry["parts"]] == [5, 7, 9, 11, 13, 15, 17, 19, 20]
    assert {part["status"] for part in entry["parts"]} == {"planned"}
    assert {part["output"] for part in entry["parts"]} == {None}


def test_the_library_extends_as_the_command_does(here: Path) -> None:
    def extend(length: float, **more: Any) -> vaceprep.RunReport:
        settings: dict[str, Any] = {
            "publish": str(here),
            "public_base": "https://media.example",
            "base_url": "https://api.example",
            "max_cost": 1,
        }
        return vaceprep.run("job.vace.yaml", extend_to=length, **settings, **more)

    (entry,) = extend(20).jobs
    assert entry.status == "refused"
    assert "45 s, 4.50 USD, which is over --max-cost 1" in (entry.error or "")
    assert len(entry.to_dict()["parts"]) == 9
    with pytest.raises(ValueError, match="it must be above zero"):
        extend(float("nan"))
    with pytest.raises(ValueError, match="is no longer than what one task makes"):
        extend(5)
    with pytest.raises(ValueError, match="give one"):
        extend(20, split=True)
    with pytest.raises(ValueError, match="let it wait"):
        extend(20, wait=False)


def test_a_job_with_nothing_to_extend_is_refused(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_job(here, first_clip_url=None)
    done = call(capsys, "run", "job.vace.yaml", "--dry-run", "--extend-to", "20")
    assert done.code == 1
    assert "VP410" in done.out
