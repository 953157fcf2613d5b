"""``prepare`` in worker processes: the same files, and bad ones that cost themselves alone."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import closing
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

import vaceprep
from tests.checks.test_isolated import running
from tests.conftest import Run
from tests.media import encode
from tests.preparation.bad import prepare_file
from tests.processes import of_session, wait_for
from vaceprep.checks.inputs import Item
from vaceprep.contract import PREPARE_MEMORY
from vaceprep.errors import Cancelled
from vaceprep.plans.model import Options
from vaceprep.preparation import worker as isolated_room
from vaceprep.preparation.file import Work
from vaceprep.preparation.outputs import Outputs, parse_output
from vaceprep.preparation.parallel import ParallelPreparation, how_many, share
from vaceprep.preparation.report import Prepared


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Files whose outputs want the same names, a job and one that cannot be prepared."""
    made = tmp_path / "in"
    (made / "deep").mkdir(parents=True)
    for name in ("a.bmp", "a.tiff", "A.gif", "deep/a.bmp"):
        Image.new("RGB", (500, 400), "red").save(made / name)
    (made / "none.mp4").write_bytes(b"nothing")
    encode(made / "clip.mov", rate=30, frames=6, size=(400, 400))
    (made / "job.json").write_text(
        '{"function": "image_reference", "prompt": "a", "obj_or_bg": ["obj", "obj"],'
        ' "ref_images_url": ["a.bmp", "A.gif"]}'
    )
    return made


def outline(report: vaceprep.PrepareReport, out: Path) -> list[dict[str, Any]]:
    entries = report.to_dict()["files"]
    return [{**e, "output": e["output"] and os.path.relpath(e["output"], out)} for e in entries]


def tree(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def test_the_outputs_are_the_same(folder: Path, tmp_path: Path) -> None:
    sources = [folder, folder / "job.json"]
    told: list[tuple[str, float]] = []
    plain, apart = tmp_path / "plain", tmp_path / "apart"
    one = vaceprep.prepare(sources, plain)
    other = vaceprep.prepare(sources, apart, isolate=True, progress=lambda *a: told.append(a))
    assert outline(other, apart) == outline(one, plain)
    assert tree(apart) == tree(plain)
    assert {e.status for e in other.files} >= {"prepared", "failed"}
    names = [e.output for e in other.files if e.output]
    assert len(set(names)) == len(names) > 6
    assert {name for name, _ in told} >= {str(folder / "a.bmp"), str(folder / "job.json")}
    assert told[-1][1] == 1.0
    assert not multiprocessing.active_children()


def test_a_plan_is_the_same(folder: Path) -> None:
    one, other = vaceprep.plan(folder), vaceprep.plan(folder, isolate=True)
    assert one.to_dict() == other.to_dict()
    assert not (folder / "prepared").exists()


BAD = {
    "segfault": "cannot be read: the decoder crashed",
    "abort": "cannot be read: the decoder crashed",
    "leave 0": "cannot be read: the decoder crashed",
    "kill": "cannot be read: the decoder crashed",
    "sleep 60": "cannot be read: it made no progress for 1 s",
    "hang 60": "cannot be read: it made no progress for 1 s",
}
if sys.platform.startswith("linux"):
    # A little above: what a worker let go of since it began counts for its files.
    BAD[f"take {PREPARE_MEMORY + (16 << 20)}"] = (
        "cannot be read: it takes more than the 1000 MB that are allowed"
    )


def prepared(folder: Path, out: Path, work: Work | None = None) -> Iterator[Prepared]:
    items = [Item(str(p), "path", root=str(folder)) for p in sorted(folder.rglob("*.*"))]
    asked = (work or Work(), dict[str, Options]())
    abreast = ParallelPreparation(prepare_file, Outputs(parse_output(str(out))), lambda _: asked, 1)
    with closing(abreast.each(items, lambda _: ())) as groups:
        for group in groups:
            yield from group


def test_one_bad_file_costs_itself_alone(tmp_path: Path) -> None:
    folder, out = tmp_path / "in", tmp_path / "out"
    for number, bad in enumerate(BAD):
        below = folder / f"{number}"
        below.mkdir(parents=True)
        (below / "bad.mp4").write_text(f"bad {bad}")
        Image.new("RGB", (500, 400), "red").save(below / "good.gif")
    entries = list(prepared(folder, out))
    said = [e.remaining[0].message for e in entries if not e.ok]
    assert said == list(BAD.values())
    assert {f.code for e in entries if not e.ok for f in e.remaining} == {"VP105"}
    good = {f"{number}/good.png" for number in range(len(BAD))}
    assert set(tree(out)) == good
    assert not multiprocessing.active_children()


def test_nothing_is_left_of_a_bad_file(tmp_path: Path) -> None:
    folder, out = tmp_path / "in", tmp_path / "deep" / "out"
    folder.mkdir()
    (folder / "bad.mp4").write_text("bad segfault")
    (entry,) = prepared(folder, out)
    assert not entry.ok
    assert sorted(p.name for p in tmp_path.iterdir()) == ["in"]


def test_part_files_of_others_stay(tmp_path: Path) -> None:
    folder, out = tmp_path / "in", tmp_path / "out"
    folder.mkdir()
    out.mkdir()
    other = out / ".vaceprep-0123456789abcdef.part"
    other.write_bytes(b"")
    (folder / "bad.mp4").write_text("bad abort")
    assert [e.status for e in prepared(folder, out)] == ["failed"]
    assert list(out.iterdir()) == [other]


def test_a_fault_of_our_own_is_not_swallowed(tmp_path: Path) -> None:
    folder, out = tmp_path / "in", tmp_path / "out"
    folder.mkdir()
    (folder / "bad.mp4").write_text("bad raise ours")
    with pytest.raises(ZeroDivisionError, match="ours"):
        list(prepared(folder, out))
    assert not out.exists()
    assert not multiprocessing.active_children()


def test_calling_it_off_leaves_nothing(tmp_path: Path) -> None:
    folder, out = tmp_path / "in", tmp_path / "out"
    folder.mkdir()
    (folder / "bad.mp4").write_text("bad sleep 60")

    def tell(share: Fraction) -> None:
        assert list(out.glob(".vaceprep-*.part"))
        raise Cancelled("enough")

    with pytest.raises(Cancelled):
        list(prepared(folder, out, Work(on_progress=tell)))
    assert not out.exists()
    assert not multiprocessing.active_children()


@pytest.mark.skipif(os.name != "posix", reason="has no such limit")
def test_an_output_that_is_too_large_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(isolated_room, "PREPARE_OUTPUT", 1000)
    path = tmp_path / "a.png"
    Image.effect_noise((400, 400), 50).save(path)
    (entry,) = vaceprep.prepare(path, tmp_path / "out", isolate=True).files
    assert entry.error is not None
    assert entry.error.endswith("cannot be written: File too large")
    assert not (tmp_path / "out").exists()


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="looks into /proc")
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_an_interruption_leaves_nothing(how: signal.Signals, tmp_path: Path) -> None:
    source, out = tmp_path / "long.avi", tmp_path / "out"
    encode(source, rate=30, frames=150, size=(1280, 720), codec="mpeg4")
    with running("prepare", source, source, "-o", out, cwd=tmp_path) as process:
        assert wait_for(lambda: list(out.glob(".vaceprep-*.part")))
        if how is signal.SIGINT:
            os.killpg(process.pid, how)
        else:
            process.send_signal(how)
        _, err = process.communicate(timeout=20)
        assert wait_for(lambda: not of_session(process.pid), 10)
    assert process.returncode == 130
    assert err.strip() == "vaceprep: interrupted"
    assert not out.exists()


def test_standard_input_is_prepared_here(tmp_path: Path, vaceprep_cli: Run) -> None:
    Image.new("RGB", (400, 400)).save(tmp_path / "a.bmp")
    with open(tmp_path / "a.bmp", "rb") as file:
        done = vaceprep_cli("prepare", "--isolate", "-", "a.bmp", "-o", "out", stdin=file)
    assert done.returncode == 0, done.stderr
    assert sorted(p.name for p in (tmp_path / "out").iterdir()) == ["a.bmp", "stdin"]


def test_workers_have_the_environment_of_now(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The server that they come from has that of its own start."""
    for number in (1, 2):
        state = tmp_path / f"state-{number}"
        monkeypatch.setenv("VACEPREP_STATE_DIR", str(state))
        vaceprep.prepare(folder / "a.bmp", tmp_path / f"out-{number}", isolate=True)
        assert len(list((state / "prepared").iterdir())) == 1


@pytest.mark.parametrize(
    ("cores", "memory", "workers"),
    [
        (1, None, 1),
        (2, 16 * PREPARE_MEMORY, 2),
        (2, 2 * PREPARE_MEMORY, 2),
        (2, 2 * PREPARE_MEMORY - 1, 1),
        (2, 1, 1),
        (64, None, 8),
    ],
)
def test_as_many_side_by_side_as_there_is_room_for(
    cores: int, memory: int | None, workers: int
) -> None:
    assert how_many(cores, memory) == workers


def test_each_has_its_share_of_the_processors_and_the_last_one_all() -> None:
    cores = [0, 1, 4, 5, 6]
    assert [share(cores, n, 2, alone=False) for n in (0, 1)] == [[0, 4, 6], [1, 5]]
    assert share(cores, 1, 2, alone=True) == share(cores, 0, 1, alone=False) == cores


def test_names_go_out_in_order_however_long_each_takes(tmp_path: Path) -> None:
    """The first two want one name; the second one is done long before the first."""
    folder = tmp_path / "in"
    folder.mkdir()
    encode(folder / "a.avi", rate=10, frames=100, size=(640, 480), codec="mpeg4")
    encode(folder / "a.mov", rate=30, frames=6, size=(400, 400))
    for number in range(6):
        encode(folder / f"b{number}.mov", rate=30, frames=6, size=(400, 400))
    report = vaceprep.prepare(folder, tmp_path / "out", isolate=True)
    made = [os.path.basename(entry.output or "") for entry in report.files]
    assert made == ["a.mp4", "a-2.mp4", *(f"b{number}.mp4" for number in range(6))]
    assert [entry.source for entry in report.files] == sorted(map(str, folder.iterdir()))
