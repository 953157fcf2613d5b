"""Effects: what the sandbox makes of a task's media, on request."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from tests.parts.counted import decoded, numbers_of, write
from tests.sandbox.calls import accepted, call, ended, outpainting, published
from vaceprep.cli.main import run
from vaceprep.parts.colours import difference
from vaceprep.sandbox.effects import (
    DESCRIPTIONS,
    EFFECTS,
    TURN,
    Effects,
    effects_of,
    parse_effect,
)
from vaceprep.sandbox.render.results import make
from vaceprep.sandbox.server import Sandbox


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One second of counted frames, at 30 FPS."""
    return write(tmp_path_factory.mktemp("clip") / "clip.mp4", range(30), size=(320, 240))


def result(clip: Path, target: Path, effects: Effects) -> Path:
    body = {"function": "video_repainting", "control_condition": "depth", "prompt": "x"}
    make(body, {"/video_url": str(clip)}, str(target), threading.Event(), effects)
    return target


def test_identity_gives_the_video_back(clip: Path, tmp_path: Path) -> None:
    made = result(clip, tmp_path / "o.mp4", Effects(identity=True))
    assert numbers_of(made) == list(range(30))


def test_frame_more_repeats_the_last_frame(clip: Path, tmp_path: Path) -> None:
    made = result(clip, tmp_path / "o.mp4", Effects(identity=True, frame_more=True))
    assert numbers_of(made) == [*range(30), 29]


def test_drift_grows_with_each_task(clip: Path, tmp_path: Path) -> None:
    first = [
        next(decoded(result(clip, tmp_path / f"{n}.mp4", effects_of(("identity", "drift"), n))))
        for n in range(3)
    ]
    plain, once, twice = (
        frame.to_image().resize((40, 30)).tobytes()  # type: ignore[no-untyped-call]
        for frame, _ in first
    )
    assert difference(plain, once) > 2
    assert difference(plain, twice) > 1.5 * difference(plain, once)


def test_the_drift_turns_back_before_colours_are_clipped() -> None:
    drift = [effects_of(("drift",), number).drift for number in range(2 * TURN + 1)]
    assert drift == [*range(TURN), *range(TURN, -1, -1)]
    assert effects_of((), 3) == Effects()


def test_a_sandbox_has_effects(clip: Path, tmp_path: Path) -> None:
    with Sandbox(effects=["identity", "frame-more"]) as sandbox:
        body = outpainting(published(sandbox, clip))
        task = accepted(sandbox, body)
        video = ended(sandbox, task)["videos"][0]
        target = tmp_path / "o.mp4"
        target.write_bytes(call("GET", video).content)
    assert numbers_of(target) == [*range(30), 29]


@pytest.mark.parametrize("command", [["sandbox"], ["run", "job.yaml", "--sandbox"]])
def test_an_unknown_effect_is_wrong_usage(
    capsys: pytest.CaptureFixture[str], command: list[str]
) -> None:
    assert run([*command, "--effect", "magic"]) == 2
    message = capsys.readouterr().err
    for name in EFFECTS:
        assert name in message


def test_an_effect_needs_the_sandbox(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["run", "job.yaml", "--effect", "identity"]) == 2
    assert "--effect is for --sandbox" in capsys.readouterr().err


def test_each_effect_has_a_name_that_is_parsed() -> None:
    assert [parse_effect(name) for name in DESCRIPTIONS] == list(EFFECTS)
