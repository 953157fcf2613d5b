"""Nothing is paid for twice, nothing is lost without a word, and each hint works as it is typed."""

from __future__ import annotations

import json
import os
import re
import shlex
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests.api.service import ID, Service, Step, accepted, answer, task
from tests.odd import Done, call
from tests.runs.conftest import TOKEN
from tests.runs.test_bad_luck import until
from vaceprep.cli import service
from vaceprep.contract import RESULT_SECONDS
from vaceprep.ledger.row import Row
from vaceprep.ledger.store import SANDBOX, Ledger
from vaceprep.runs.model import Control
from vaceprep.runs.model import Step as RunStep

NOBODY = answer(404, {"detail": "no such task"})
RUN = ("run", "job.json", "--yes", "--no-remote", "-o", "out", "--allow-host", "127.0.0.1")
Run = Callable[..., Done]


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a job that has nothing to publish."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("VACEPREP_STATE_DIR", str(tmp_path / "state"))
    monkeypatch.setenv("MULEROUTER_API_KEY", TOKEN)
    job = {"function": "video_outpainting", "prompt": "More", "left_scale": 1.5}
    job["video_url"] = "https://example.com/clip.mp4"
    (tmp_path / "job.json").write_text(json.dumps(job))
    return tmp_path


@pytest.fixture
def play(here: Path, capsys: pytest.CaptureFixture[str]) -> Iterator[Run]:
    """Run a command in this process against one service whose script goes on with each call."""
    with ExitStack() as stack:
        made: list[Service] = []

        def run(steps: list[Step], *arguments: str) -> Done:
            if not made:
                made.append(stack.enter_context(Service(*steps)))
            service = made[0]
            past = [*service.steps, *[NOBODY] * service.connections][: service.connections]
            service.steps[:] = [*past, *steps]
            run.service = service  # type: ignore[attr-defined]
            flags = ["--base-url", service.base_url] if "--sandbox" not in arguments else []
            waits = arguments[:2] not in (("task", "status"), ("task", "adopt"))
            pace = ["--poll-interval", "0.05"] if waits else []
            return call(capsys, *arguments, *flags, *pace)

        yield run


def posts(play: Run) -> int:
    service: Service = play.service  # type: ignore[attr-defined]
    return service.count("POST")


def rows(here: Path, name: str = "ledger.sqlite3") -> list[Row]:
    with Ledger(name, folder=str(here / "state")) as ledger:
        return ledger.rows()


def result(small: Path) -> tuple[Step, Step]:
    """The answer about a task that is done, and its video."""

    def done(connection: Any, service: Service) -> None:
        task("completed", videos=[f"{service.base_url}/v.mp4"])(connection, service)

    return done, answer(200, small.read_bytes())


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Set the clock of this machine ahead by some seconds."""

    def ahead(seconds: float) -> None:
        init = Ledger.__init__

        def shifted(self: Ledger, name: str = "ledger.sqlite3", **more: Any) -> None:
            init(self, name, **more)
            self._now = lambda: time.time() + seconds

        monkeypatch.setattr(Ledger, "__init__", shifted)

    return ahead


# --- a task that the service does not find ---------------------------------------------------


def test_one_404_for_a_running_task_is_asked_again(play: Run, here: Path, small: Path) -> None:
    done = play([NOBODY, accepted(), task("running"), NOBODY, *result(small)], *RUN)
    assert done.code == 0, done
    assert posts(play) == 1


def test_a_task_that_is_missing_is_not_paid_for_again(play: Run, here: Path, small: Path) -> None:
    done = play([NOBODY, accepted(), NOBODY], *RUN)
    assert done.code == 1
    assert "vaceprep task wait" in done.out
    (row,) = rows(here)
    assert (row.state, row.task_id) == ("missing", ID)
    # The same command asks again, and does not send it.
    assert play([NOBODY], *RUN).code == 1
    assert posts(play) == 1
    # So does task wait, and a person may name the row's own task.
    brought = play([*result(small)], "task", "wait", "-o", "out", "--allow-host", "127.0.0.1")
    assert brought.code == 0, brought
    assert [row.state for row in rows(here)] == ["downloaded"]
    assert posts(play) == 1


def test_an_expired_row_takes_its_own_task_back(play: Run, here: Path) -> None:
    play([NOBODY, accepted()], *RUN, "--no-wait")
    with Ledger(folder=str(here / "state")) as ledger:
        ledger.settle(1, "expired", only_from=["accepted"])
    done = play([task("running")], "task", "adopt", "1", ID)
    assert done.code == 0, done
    assert [row.state for row in rows(here)] == ["accepted"]


# --- a task whose status never ends --------------------------------------------------------------


def _aged(status: str, seconds: float) -> Step:
    """A task that the service made so many seconds before its own clock's time."""
    now = datetime(2026, 11, 28, 12, tzinfo=UTC)
    made = (now - timedelta(seconds=seconds)).isoformat()
    info = {"id": ID, "status": status, "created_at": made}
    return answer(200, {"task_info": info}, Date=format_datetime(now, usegmt=True))


@pytest.mark.parametrize("status", ["running", "unknown", "a new one"])
@pytest.mark.parametrize(("seconds", "state"), [(-1, "accepted"), (0, "expired")])
def test_a_task_that_never_ends_is_expired_after_a_day_of_the_service(
    status: str, seconds: float, state: str, play: Run, here: Path
) -> None:
    steps = [NOBODY, accepted(), _aged(status, RESULT_SECONDS + seconds)]
    done = play(steps, *RUN, "--max-wait", "0")
    assert done.code == 1
    assert [row.state for row in rows(here)] == [state]
    assert ("did not end within 24 hours" in done.out) is (state == "expired")


@pytest.mark.parametrize("status", ["unknown", "a new one"])
@pytest.mark.parametrize(("seconds", "state"), [(-100, "accepted"), (100, "expired")])
def test_without_its_clock_an_unknown_status_ends_after_a_day_of_ours(
    status: str,
    seconds: float,
    state: str,
    play: Run,
    here: Path,
    clock: Callable[[float], None],
) -> None:
    assert play([NOBODY, accepted()], *RUN, "--no-wait").code == 0
    clock(RESULT_SECONDS + seconds)
    done = play([task(status)], "task", "wait", "1", "-o", "out", "--max-wait", "0")
    assert done.code == 1
    (row,) = rows(here)
    assert (row.state, row.status) == (state, status)
    assert ("did not end within 24 hours" in (row.error or "")) is (state == "expired")


# --- clocks ----------------------------------------------------------------------------------


def test_a_clock_a_day_ahead_does_not_pay_for_a_running_task_again(
    play: Run, here: Path, small: Path, clock: Callable[[float], None]
) -> None:
    assert play([NOBODY, accepted()], *RUN, "--no-wait").code == 0
    clock(RESULT_SECONDS + 100)
    done = play([NOBODY, task("running"), *result(small)], *RUN)
    assert done.code == 0, done
    assert posts(play) == 1


def test_a_day_later_a_task_that_is_gone_may_be_sent_again(
    play: Run, here: Path, small: Path, clock: Callable[[float], None]
) -> None:
    assert play([NOBODY, accepted()], *RUN, "--no-wait").code == 0
    clock(RESULT_SECONDS + 100)
    done = play([NOBODY, NOBODY, accepted(), *result(small)], *RUN)
    assert done.code == 0, done
    assert posts(play) == 2
    assert [row.state for row in rows(here)] == ["downloaded", "expired"]


def test_a_service_that_cannot_be_asked_is_sent_nothing(
    play: Run, here: Path, clock: Callable[[float], None]
) -> None:
    assert play([NOBODY, accepted()], *RUN, "--no-wait").code == 0
    clock(RESULT_SECONDS + 100)
    done = play([NOBODY, answer(403, {"detail": "no"})], *RUN)
    assert done.code == 1
    assert "nothing was sent" in done.out
    assert posts(play) == 1


def test_an_unknown_submission_waits_for_a_person(
    play: Run, here: Path, clock: Callable[[float], None]
) -> None:
    assert play([NOBODY, answer(500)], *RUN).code == 1
    clock(400 * RESULT_SECONDS)
    done = play([NOBODY], *RUN)
    assert done.code == 1
    assert "vaceprep task forget 1" in done.out
    assert posts(play) == 1


# --- what is said ----------------------------------------------------------------------------


def test_a_500_after_sending_never_says_to_try_again(play: Run, here: Path) -> None:
    done = play([NOBODY, answer(500, {"detail": "oops"})], *RUN, "--format", "json")
    (entry,) = json.loads(done.out)["jobs"]
    assert entry["status"] == "unknown"
    assert "again" not in entry["error"]
    assert "vaceprep task adopt 1" in entry["hint"]


def test_task_wait_says_what_remains(play: Run, here: Path) -> None:
    play([NOBODY, answer(500)], *RUN)
    done = play([NOBODY], "task", "wait")
    assert done.code == 1
    assert "vaceprep task adopt 1 TASK_ID" in done.out


def test_going_on_keeps_every_option(play: Run, here: Path) -> None:
    done = play([NOBODY, accepted(), task("running")], *RUN, "--restore-audio", "--max-wait", "0")
    assert done.code == 1
    (line,) = [line for line in done.out.splitlines() if "vaceprep task wait" in line]
    words = shlex.split(line[line.index("vaceprep task wait") :])
    assert words[:4] == ["vaceprep", "task", "wait", ID]
    for option in (["-o", "out"], ["--restore-audio"], ["--allow-host", "127.0.0.1"]):
        assert " ".join(option) in " ".join(words)


def test_the_token_in_a_result_s_url_stays_hidden(play: Run, here: Path, small: Path) -> None:
    def done(connection: Any, service: Service) -> None:
        task("completed", videos=[f"{service.base_url}/v.mp4?k={TOKEN}"])(connection, service)

    ran = play(
        [NOBODY, accepted(), done, done, answer(200, small.read_bytes())], *RUN, "--format", "json"
    )
    assert ran.code == 0, ran
    listed = play([NOBODY], "task", "status", "1", "--format", "json")
    for text in (ran.out, ran.err, listed.out):
        assert TOKEN not in text
    for path in here.rglob("*"):
        assert not path.is_file() or TOKEN.encode() not in path.read_bytes(), path


def test_retry_after_zero_has_a_floor(
    play: Run, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    slept: list[float] = []
    monkeypatch.setattr(Control, "sleep", lambda _, seconds: slept.append(seconds))
    busy = answer(429, b"", Retry_After="0")
    done = play([NOBODY, busy, busy, accepted()], *RUN, "--no-wait", "--max-rate", "100")
    assert done.code == 0, done
    # The poll interval, twice; anything else is the pace of submissions.
    assert slept.count(0.05) == 2
    assert 0 not in slept
    assert posts(play) == 3


# --- where videos go -------------------------------------------------------------------------


def test_another_folder_gets_the_video_too(play: Run, here: Path, small: Path) -> None:
    assert play([NOBODY, accepted(), *result(small)], *RUN).code == 0
    # The service has nothing any more: what is on disk is copied.
    done = play([NOBODY], *RUN, "-o", "k2", "--format", "json")
    assert done.code == 0, done
    (video,) = json.loads(done.out)["jobs"][0]["videos"]
    assert Path(video).parent == Path("k2")
    assert Path(video).read_bytes() == small.read_bytes()
    assert sorted(os.listdir("k2")) == sorted(os.listdir("out"))
    assert posts(play) == 1


def test_an_id_that_the_ledger_lost_is_found_beside_the_video(
    play: Run, here: Path, small: Path
) -> None:
    assert play([NOBODY, accepted(), *result(small)], *RUN).code == 0
    with Ledger(folder=str(here / "state")) as ledger:
        ledger.settle(1, "unknown", task_id=None, files=[])
    done = play([NOBODY, *result(small)], *RUN)
    assert done.code == 0, done
    assert (rows(here)[0].state, rows(here)[0].task_id) == ("downloaded", ID)
    assert posts(play) == 1


# --- the sandbox -----------------------------------------------------------------------------


def test_a_hint_of_a_rehearsal_acts_on_its_own_ledger(
    here: Path, capsys: pytest.CaptureFixture[str], small: Path
) -> None:
    job = {"function": "video_outpainting", "prompt": "More", "left_scale": 1.5}
    (here / "job.json").write_text(json.dumps({**job, "video_url": str(small)}))
    with Ledger(folder=str(here / "state")) as ledger:
        paid, _ = ledger.claim(
            "j", service="s", account="a", function="f", source="paid.json", notes={}
        )
        ledger.settle(paid.id, "unknown")
    ran = call(capsys, "run", "job.json", "--sandbox", "--fault", "no-id", "-o", "out")
    listed = call(capsys, "task", "list", "--sandbox")
    for said in (ran.out, listed.out):
        commands = re.findall(r"vaceprep (task \w+ [^;\n]*?)(?=;|\n|   )", said)
        assert commands
        assert all("--sandbox" in command for command in commands), said
    (forget,) = set(re.findall(r"vaceprep (task forget [^;\n]*)", ran.out))
    assert call(capsys, *shlex.split(forget)).code == 0
    assert [row.state for row in rows(here, SANDBOX)] == ["forgotten"]
    assert [row.state for row in rows(here)] == ["unknown"]


def test_a_rehearsal_says_so(here: Path, capsys: pytest.CaptureFixture[str], small: Path) -> None:
    job = {"function": "video_outpainting", "prompt": "More", "left_scale": 1.5}
    (here / "job.json").write_text(json.dumps({**job, "video_url": str(small)}))
    done = call(capsys, "run", "job.json", "--sandbox", "-o", "out")
    assert done.code == 0, done
    assert "rehearsed: made by the local stand-in, not by the model" in done.out
    assert "downloaded" not in done.out
    assert all("rehearsal" in name for name in os.listdir("out"))
    # Its service is gone, and the user's key is asked of nobody.
    waited = call(capsys, "task", "wait", "1", "--sandbox", "-o", "elsewhere")
    assert waited.code == 0, waited
    assert TOKEN not in waited.out + waited.err


def test_an_expired_row_of_an_earlier_version_is_asked_for_first(
    play: Run, here: Path, small: Path
) -> None:
    """One 404 made a row expired within its 24 hours."""
    assert play([NOBODY, accepted()], *RUN, "--no-wait").code == 0
    with Ledger(folder=str(here / "state")) as ledger:
        ledger.settle(1, "expired")
    done = play([NOBODY, task("running"), *result(small)], *RUN)
    assert done.code == 0, done
    assert posts(play) == 1


def test_the_clock_of_a_wait_goes_on_between_two_questions(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    drawn: list[str] = []
    monkeypatch.setattr("vaceprep.cli.options.moves", lambda _: True)
    monkeypatch.setattr("vaceprep.cli.progress.draw", drawn.append)
    monkeypatch.setattr(service, "TICK", 0.001)
    passed = iter(range(10_000))
    monkeypatch.setattr(service, "time", SimpleNamespace(monotonic=lambda: float(next(passed))))
    display = service.Display(1)
    try:
        display.show(RunStep("job.json", "wait", note="pending, 0:00"))
        until(lambda: any("(pending), 1:05" in text for text in drawn))
    finally:
        display.close()
