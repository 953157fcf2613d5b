"""``vaceprep check`` on a terminal: colour, width, and a bar for many files."""

from __future__ import annotations

import os
import pty
import re
from pathlib import Path

import pytest

from tests import started
from tests.media import Hand


@pytest.fixture
def shoot(tmp_path: Path) -> Path:
    """A folder with a video that is too long and one that is none."""
    (tmp_path / "long.mp4").write_bytes(Hand(frames=200).data())
    (tmp_path / "text.mp4").write_text("hello")
    return tmp_path


def on_a_terminal(
    arguments: list[str | Path],
    columns: int,
    environment: dict[str, str] | None = None,
    module: str = "vaceprep",
) -> str:
    """What a command prints on a terminal so wide."""
    leader, follower = pty.openpty()
    size = {"COLUMNS": str(columns), "LINES": "24", "TERM": "xterm-256color"}
    hidden = {k: v for k, v in os.environ.items() if k not in ("NO_COLOR", "CI")}
    process = started.start(
        arguments,
        stdin=follower,
        stdout=follower,
        stderr=follower,
        env={**hidden, "PYTHONUTF8": "1", **size, **(environment or {})},
        module=module,
    )
    os.close(follower)
    pieces = []
    while True:
        try:
            piece = os.read(leader, 65536)
        except OSError:
            break
        if not piece:
            break
        pieces.append(piece)
    os.close(leader)
    with process:
        assert process.wait(timeout=30) in (0, 1)
    return b"".join(pieces).decode()


def without_colour(text: str) -> str:
    return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", text)


@pytest.mark.parametrize("columns", [10, 30, 80, 200])
def test_a_narrow_terminal(columns: int, shoot: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(shoot)
    text = without_colour(on_a_terminal(["check", "--advice", "long.mp4", "text.mp4"], columns))
    assert "Traceback" not in text
    for word in ("long.mp4", "VP104", "VP105", "2 files"):
        assert word in text
    # Words that are longer than a line stand on their own; all else keeps to the width.
    longest = max(len(line.strip()) for line in text.splitlines())
    assert longest <= max(columns, 50)


def test_colour_only_on_a_terminal_and_only_if_wanted(shoot: Path) -> None:
    arguments: list[str | Path] = ["check", shoot / "long.mp4"]
    assert "\x1b[31m" in on_a_terminal(arguments, 80)
    assert "\x1b[3" not in on_a_terminal(arguments, 80, {"NO_COLOR": "1"})


def test_a_bar_for_many_files_on_a_terminal(clip: Path) -> None:
    module = "tests.cli.drawing_at_once"
    assert "checking" in on_a_terminal(["check", *([clip] * 12)], 80, module=module)
    assert "checking" not in on_a_terminal(["check", clip], 80, module=module)
