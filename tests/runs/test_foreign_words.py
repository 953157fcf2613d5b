"""What the service says, at its worst: words of megabytes, escapes, ids that look like paths."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.api.service import Service, Step, accepted, answer, raw, task
from tests.odd import Done, below, call, fit_for_disks
from tests.runs.conftest import TOKEN

#: Words that would wipe a screen, fake a line and fill a disk.
LOUD = "\x1b[2J\x1b]0;owned\x07\u202e\nvaceprep: all is well\r\u2028\x9b31m" + "A" * 2_000_000
NOBODY = answer(404, {"detail": "no such task"})
Run = Callable[..., Done]


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a job that has nothing to publish."""
    folder = tmp_path / "around" / "here"
    folder.mkdir(parents=True)
    monkeypatch.chdir(folder)
    monkeypatch.setenv("VACEPREP_STATE_DIR", str(tmp_path / "state"))
    monkeypatch.setenv("MULEROUTER_API_KEY", TOKEN)
    job = {"function": "video_outpainting", "prompt": "More", "left_scale": 1.5}
    job["video_url"] = "https://example.com/clip.mp4"
    (folder / "job.json").write_text(json.dumps(job))
    return folder


@pytest.fixture
def play(here: Path, capsys: pytest.CaptureFixture[str]) -> Iterator[Run]:
    """Run a command in this process against a service that answers by script."""
    with ExitStack() as stack:

        def run(steps: list[Step], *arguments: str) -> Done:
            service = stack.enter_context(Service(*steps))
            pace = [] if arguments[:2] == ("task", "status") else ["--poll-interval", "0.05"]
            done = call(capsys, *arguments, "--base-url", service.base_url, *pace)
            assert len(done.out) + len(done.err) < 20_000, "it is not bounded"
            return done

        yield run


RUN = ("run", "job.json", "--yes", "--no-remote", "-o", "out")


@pytest.mark.parametrize("status", [400, 429, 500])
@pytest.mark.parametrize("where", ["detail", "error", "message", "deep", "title", "plain", "page"])
def test_a_refusal_in_loud_words(status: int, where: str, play: Run, here: Path) -> None:
    body: Any = {where: LOUD}
    more: dict[str, str] = {}
    if where == "deep":
        body = {"task_info": {"error": {"title": LOUD, "detail": [LOUD] * 3, "code": 10**11}}}
    elif where == "title":
        body = {"title": LOUD, "code": LOUD, "detail": [{"loc": [LOUD] * 2, "msg": LOUD}]}
    elif where in ("plain", "page"):
        body = LOUD.encode()
        more["Content_Type"] = "text/plain" if where == "plain" else "text/html"
    refusal = answer(status, body, Traceparent="00-\x9b31m\x85" + "f" * 9000, **more)
    wait = ("--max-wait", "0")
    done = play([NOBODY, refusal], *RUN, *wait)
    assert done.code == 1
    assert "all is well" not in done.out.splitlines()
    assert below(here) == {"job.json", "out"}


def test_a_key_refused_in_loud_words(play: Run) -> None:
    refusal = answer(401, {"detail": LOUD, "title": LOUD}, Traceparent="\x9b31m" + "f" * 9000)
    assert play([refusal], *RUN).code == 2


@pytest.mark.parametrize(
    "odd",
    [
        {"id": LOUD},
        {"id": "../../../../etc/passwd"},
        {"id": "..\\..\\x"},
        {"id": ".."},
        {"id": "\x1b[31m"},
        {"id": "a\u202eb"},
        {"id": [LOUD]},
        {"no": LOUD},
    ],
)
def test_a_task_s_id_that_cannot_be_one(odd: dict[str, Any], play: Run, here: Path) -> None:
    step = answer(202, {"task_info": {"status": "pending", **odd}})
    done = play([NOBODY, step], *RUN)
    # It may have been paid for.
    assert (done.code, done.out.split()[0]) == (1, "unknown")
    assert below(here) == {"job.json", "out"}
    listed = play([NOBODY], "task", "status")
    assert listed.code == 1


@pytest.mark.parametrize("id_", ["..%2f..%2fx", "a:b*?<|>", "$(id)", "\u00e9" * 60])
def test_an_id_of_other_characters_is_none(id_: str, play: Run, here: Path) -> None:
    done = play([NOBODY, accepted(info={"id": id_})], *RUN)
    # It may have been paid for; a person finds the task in the account.
    assert (done.code, done.out.split()[0]) == (1, "unknown")
    assert below(here) == {"job.json", "out"}


@pytest.mark.parametrize("id_", ["nul", "-rf", "..x"])
def test_results_named_after_a_stranger_s_id(id_: str, play: Run, here: Path, small: Path) -> None:
    body = small.read_bytes()

    def result(connection: Any, service: Service) -> None:
        video = f"{service.base_url}/../../x.mp4?a=%2e%2e%2f"
        task("completed", info={"id": id_}, videos=[video])(connection, service)

    steps = [NOBODY, accepted(info={"id": id_}), result, answer(200, body)]
    done = play(steps, *RUN, "--allow-host", "127.0.0.1")
    assert done.code == 0, done
    names = os.listdir("out")
    assert len(names) == 2
    fit_for_disks(names)
    assert all(name.startswith("job-video_outpainting-") for name in names)
    assert below(here) == {"job.json", "out", *(f"out/{name}" for name in names)}
    assert below(here.parent) == {"here", *(f"here/{name}" for name in below(here))}


def test_a_status_and_a_failure_in_loud_words(play: Run, here: Path) -> None:
    steps = [
        NOBODY,
        accepted(info={"status": LOUD, "created_at": LOUD}),
        task(LOUD),
        task("failed", info={"error": {"code": 5, "title": LOUD, "detail": LOUD}}),
    ]
    assert play(steps, *RUN).code == 1
    assert play([NOBODY], "task", "status").code == 0
    assert play([NOBODY], "task", "status", "--format", "json").code == 0


@pytest.mark.parametrize(
    "video",
    [
        LOUD,
        "https://" + LOUD,
        "https://example.com/" + "x" * 2_000_000,
        "file:///etc/passwd",
        "../../etc/passwd",
        "http://\x1b[31m\u202e.invalid/x.mp4",
        "http://[::1/x.mp4",
    ],
)
def test_a_result_s_url_that_is_none(video: str, play: Run, here: Path) -> None:
    finished = task("completed", videos=[video, *[video[:100]] * 50_000][:20_000])
    done = play([NOBODY, accepted(), finished], *RUN)
    assert done.code == 1
    assert below(here) <= {"job.json", "out"}


def test_an_answer_that_is_none(play: Run) -> None:
    loud = LOUD.encode()[:5000]
    for data in (loud, b"HTTP/1.1 200 " + loud, b"HTTP/1.1 202 OK\r\n" + loud + b"\r\n\r\n"):
        assert play([NOBODY, raw(data)], *RUN, "--again").code == 1
