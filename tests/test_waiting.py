"""What is shown while nothing else can be, and signals during a long call of FFmpeg."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from fractions import Fraction
from functools import partial

import pytest
from av.video.frame import VideoFrame
from rich.cells import cell_len

from vaceprep.cli import options, progress
from vaceprep.cli.main import run
from vaceprep.preparation.video import filters


class Screen:
    """What is drawn, and when it holds some text."""

    def __init__(self) -> None:
        self.drawn: list[str] = []
        self.changed = threading.Condition()

    def draw(self, text: str) -> None:
        with self.changed:
            self.drawn.append(text)
            self.changed.notify_all()

    def shows(self, text: str) -> bool:
        with self.changed:
            return self.changed.wait_for(lambda: any(text in d for d in self.drawn), timeout=60)


@pytest.fixture
def screen(monkeypatch: pytest.MonkeyPatch) -> Iterator[Screen]:
    found = Screen()
    monkeypatch.setattr(progress, "SOON", 0.01)
    monkeypatch.setattr(progress, "PAUSE", 0.01)
    monkeypatch.setattr(progress, "draw", found.draw)
    for place in (progress, options):
        monkeypatch.setattr(place, "moves", lambda _: True)
    # Import rich, which may take a second on a busy machine.
    progress.Line(lambda: progress.Row("")).draw()
    found.drawn.clear()
    yield found


def test_a_line_says_what_takes_long_and_is_wiped(screen: Screen) -> None:
    with options.progress(2, "checking") as step:
        assert screen.shows("reading 2 files, 00:00")
        step()
        assert screen.shows("reading 2 files, 1 done, 00:00")
    assert screen.drawn[-1] == "\r\x1b[2K"


def test_other_output_gets_an_empty_line(screen: Screen) -> None:
    with progress.waiting("reading a.mp4") as line:
        assert line is not None
        assert screen.shows("reading a.mp4")
        line.say(None)
        before = list(screen.drawn)
        assert before[-1] == "\r\x1b[2K"
        line.say("reading b.mp4")
        assert screen.shows("reading b.mp4")


def test_nothing_is_drawn_where_nobody_looks(
    screen: Screen, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(progress, "moves", lambda _: False)
    with progress.waiting("planning 1 job") as line:
        assert line is None
    assert screen.drawn == []


@pytest.mark.parametrize("columns", [20, 44, 80])
@pytest.mark.parametrize("share", [None, 0.0, 0.37, 1.0])
@pytest.mark.parametrize(
    "text", ["reading " + "long" * 40 + ".mp4", "a\x1b[2Jb", "長い" * 40, "a b " * 40]
)
def test_the_line_fits_the_terminal(
    columns: int, share: float | None, text: str, screen: Screen, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    monkeypatch.setenv("NO_COLOR", "1")
    for end in ("", ", 00:00", ", 59:59", ", 9:59:59"):
        row = progress.Row(text, share, end)
        progress.Line(partial(progress.Row, *row)).draw()
        drawn = screen.drawn[-1]
        assert drawn.removeprefix("\r\x1b[2K").isprintable()
        assert cell_len(drawn) < columns
        assert drawn.endswith(end)


def test_ctrl_c_is_answered_before_a_long_call_returns() -> None:
    release = threading.Event()
    where: list[threading.Thread] = []

    def call() -> None:
        where.append(threading.current_thread())
        os.kill(os.getpid(), signal.SIGINT)
        release.wait()

    # A shell starts what runs in its background with Ctrl-C ignored.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with pytest.raises(KeyboardInterrupt):
            filters.in_own_thread(call)
    finally:
        signal.signal(signal.SIGINT, before)
    assert where[0] is not threading.main_thread()
    release.set()
    where[0].join()


def test_errors_of_the_call_are_the_callers() -> None:
    with pytest.raises(ZeroDivisionError):
        filters.in_own_thread(lambda: 1 // 0)


@pytest.mark.parametrize(("intent", "calls"), [(":intent=perceptual", 1), ("", 0)])
def test_the_first_frame_of_tone_mapping_is_such_a_call(
    intent: str, calls: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = []

    def counted(work: Callable[[], list[VideoFrame]]) -> list[VideoFrame]:
        made.append(work)
        return work()

    monkeypatch.setattr(filters, "in_own_thread", counted)
    frame = VideoFrame(64, 48, "yuv420p")
    frame.time_base = Fraction(1, 25)
    chain = filters.Chain(filters.source_of(frame), [f"scale=32:24:out_transfer=bt709{intent}"])
    out = []
    for number in range(3):
        frame.pts = number
        out += list(chain.push(frame))
    assert (len(out), len(made)) == (3, calls)


def test_tone_mapping_names_its_intent() -> None:
    # It is how Chain knows that its first frame takes long.
    assert "intent=" in filters.tone_mapping(VideoFrame(64, 48, "yuv420p10le"))


def test_help_is_wrapped_for_narrow_terminals(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "44")
    assert run(["task", "forget", "--help"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) > 5
    assert max(map(len, lines)) <= 44


def test_rich_is_loaded_by_the_first_drawing_only() -> None:
    code = (
        "import sys; from vaceprep.cli import options, progress; options.moves = lambda _: True; "
        "progress.moves = options.moves\n"
        "with options.progress(2, 'checking') as step: step()\n"
        "assert 'rich' not in sys.modules\n"
        "progress.Line(lambda: None).draw(); assert 'rich' not in sys.modules\n"
        "progress.Line(lambda: progress.Row('reading')).draw(); assert 'rich' in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60, capture_output=True)
