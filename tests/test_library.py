"""The library: typed, immutable, picklable, silent, and safe from several threads."""

from __future__ import annotations

import asyncio
import builtins
import copy
import dataclasses
import json
import pickle
import re
import threading
from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction
from inspect import isclass
from pathlib import Path

import pytest
from PIL import Image

import vaceprep
from tests.media import Hand, small_mp4
from vaceprep import errors


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    """Good, bad, image, text and missing ones."""
    video, image, text = tmp_path / "a.mp4", tmp_path / "b.png", tmp_path / "c.mp4"
    video.write_bytes(small_mp4())
    Image.new("RGB", (400, 300)).save(image)
    text.write_text("hello")
    late = tmp_path / "d.mp4"
    late.write_bytes(Hand(frames=200).data())
    return [video, image, text, tmp_path / "missing.mp4", late]


def test_public_names() -> None:
    for name in vaceprep.__all__:
        assert getattr(vaceprep, name) is not None
    with pytest.raises(AttributeError):
        _ = vaceprep.nothing
    assert callable(vaceprep.probe)
    assert callable(vaceprep.check)
    assert dir(vaceprep) == sorted(vaceprep.__all__)


def test_what_public_functions_raise_is_public() -> None:
    named: set[str] = set()
    for name in vaceprep.__all__:
        one = getattr(vaceprep, name)
        parts = [one, *(v for v in vars(one).values() if callable(v))] if isclass(one) else [one]
        for part in parts:
            raised = (getattr(part, "__doc__", None) or "").partition("Raises")[2]
            # Names of classes of two words, such as LedgerError.
            named.update(re.findall(r"\b(?:[A-Z][a-z]+){2,}\b", raised))
    assert {"LedgerError", "ReadFailed", "ConfigError"} <= named
    assert {n for n in named if not hasattr(builtins, n)} <= set(vaceprep.__all__)


def test_the_drawn_tree_of_exceptions_is_the_tree() -> None:
    drawn = re.findall(r"^    ((?:[|+] *-*|[ -])*)(\w+)", errors.__doc__ or "", re.MULTILINE)
    above: list[str] = []
    for indent, name in drawn:
        depth = len(indent) // 4
        if depth:
            parent = above[depth - 1]
            one, other = (
                getattr(vaceprep, n, None) or getattr(errors, n, None) or getattr(builtins, n)
                for n in (name, parent)
            )
            assert one.__bases__ == (other,), name
        above[depth:] = [name]
    public = {n for n in vaceprep.__all__ if _is_exception(getattr(vaceprep, n))}
    assert public <= {name for _, name in drawn}


def _is_exception(value: object) -> bool:
    return isclass(value) and issubclass(value, Exception)


def test_a_misspelt_option_is_an_error_of_mypy_and_of_python(tmp_path: Path) -> None:
    # mypy is strict: it reports a "type: ignore" that it does not need.
    source = str(tmp_path / "none.mp4")
    with pytest.raises(TypeError, match="strat"):
        vaceprep.prepare(source, strat=1)  # type: ignore[call-arg]
    with pytest.raises(TypeError, match="strat"):
        vaceprep.plan(source, strat=1)  # type: ignore[call-arg]
    with pytest.raises(TypeError, match="agian"):
        vaceprep.run(source, agian=True)  # type: ignore[call-arg]
    with pytest.raises(TypeError, match="agian"):
        asyncio.run(vaceprep.arun(source, agian=True))  # type: ignore[call-arg]


def test_probe_gives_facts(files: list[Path]) -> None:
    facts = vaceprep.probe(files[0])
    assert isinstance(facts, vaceprep.VideoFacts)
    assert (facts.frames, facts.fps, facts.duration) == (8, Fraction(25), Fraction(8, 25))
    assert isinstance(vaceprep.probe(str(files[1])), vaceprep.ImageFacts)


@pytest.mark.parametrize("number", [2, 3])
def test_probe_raises_one_exception(files: list[Path], number: int) -> None:
    with pytest.raises(vaceprep.ProbeError) as caught:
        vaceprep.probe(files[number])
    assert str(files[number]) in str(caught.value)
    again = pickle.loads(pickle.dumps(caught.value))
    assert str(again) == str(caught.value)
    assert again.reason == caught.value.reason


def test_check_never_raises_for_what_is_wrong_with_a_file(files: list[Path]) -> None:
    report = vaceprep.check(files)
    assert [f.source for f in report.files] == [str(path) for path in files]
    assert [f.ok for f in report.files] == [True, False, False, False, False]
    assert not report.ok
    errors = [[f.code for f in e.findings if f.severity == "error"] for e in report.files]
    assert errors == [[], ["VP203"], ["VP105"], ["VP105"], ["VP104"]]
    assert report.summary.checked == 5
    assert report.summary.errors == 4
    assert len(report.findings) == sum(len(f.findings) for f in report.files)


def test_wrong_arguments_raise_at_once(files: list[Path]) -> None:
    with pytest.raises(ValueError, match="video_uri"):
        vaceprep.check(files[0], "video_uri")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="roles:"):
        vaceprep.probe(files[0], "")  # type: ignore[arg-type]
    with pytest.raises(vaceprep.UnknownRule):
        vaceprep.check(files[0], ignore=["nothing"])


def test_results_round_trip(files: list[Path]) -> None:
    report = vaceprep.check(files, deep=True)
    assert pickle.loads(pickle.dumps(report)) == report
    assert copy.deepcopy(report) == report
    said = report.to_dict()
    assert json.loads(json.dumps(said, allow_nan=False)) == said


def test_results_do_not_change(files: list[Path]) -> None:
    report = vaceprep.check(files)
    for thing in (report, report.files[0], report.files[0].facts, report.findings[0]):
        assert dataclasses.is_dataclass(thing)
        field = dataclasses.fields(thing)[0].name
        with pytest.raises((dataclasses.FrozenInstanceError, AttributeError)):
            setattr(thing, field, None)


def test_nothing_is_printed(files: list[Path], capfd: pytest.CaptureFixture[str]) -> None:
    vaceprep.check(files, deep=True)
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("jobs", [1, 2, 4, 16])
def test_any_number_of_workers_gives_the_same(files: list[Path], jobs: int) -> None:
    many = files * 6
    assert vaceprep.check(many, jobs=jobs) == vaceprep.check(many)


def test_many_threads_at_once(files: list[Path]) -> None:
    expected = vaceprep.check(files, deep=True)
    ready = threading.Barrier(8)

    def work(_: int) -> list[vaceprep.Report]:
        ready.wait()
        return [vaceprep.check(files, deep=True) for _ in range(2)]

    with ThreadPoolExecutor(8) as pool:
        for reports in pool.map(work, range(8)):
            assert all(report == expected for report in reports)


def test_files_are_left_as_they_are_and_closed(files: list[Path]) -> None:
    before = [path.read_bytes() for path in files if path.exists()]
    descriptors = Path("/proc/self/fd")
    vaceprep.check(files, deep=True)
    opened = len(list(descriptors.iterdir())) if descriptors.exists() else 0
    for _ in range(5):
        vaceprep.check(files, deep=True)
    if descriptors.exists():
        assert len(list(descriptors.iterdir())) == opened
    assert [path.read_bytes() for path in files if path.exists()] == before


def test_iterators_are_sources_too(files: list[Path]) -> None:
    once = vaceprep.check(files[0])
    assert vaceprep.check(iter([files[0]])).files == once.files
    assert vaceprep.check(()).files == ()
    assert vaceprep.check(()).ok
