"""What a call of the library takes: bytes and file objects are media, mappings are jobs."""

from __future__ import annotations

import asyncio
import inspect
import io
import json
import os
import tempfile
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

import vaceprep
from tests.media import encode, small_mp4
from vaceprep.files.content import NAMELESS, Content
from vaceprep.parts.library import SplitPrepareOptions
from vaceprep.parts.library import prepare as prepare_parts
from vaceprep.preparation.library import PrepareOptions
from vaceprep.preparation.library import prepare as prepare_itself
from vaceprep.runs.library import RunSettings

JOB = {"function": "video_outpainting", "prompt": "More", "left_scale": 1.5, "video_url": "a.mp4"}


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, with a clip in it and a secret beside it."""
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    monkeypatch.setenv("VACEPREP_STATE_DIR", str(tmp_path / "state"))
    (tmp_path / "here" / "a.mp4").write_bytes(small_mp4())
    return tmp_path / "here"


def by_path(path: Path) -> tuple[Any, ...]:
    entry = vaceprep.check(path).files[0]
    return entry.facts, entry.findings


@pytest.mark.parametrize("isolate", [False, True])
def test_bytes_and_file_objects_are_what_they_hold(here: Path, isolate: bool) -> None:
    data = small_mp4()
    with open("a.mp4", "rb") as file, tempfile.TemporaryFile() as nameless:
        nameless.write(data)
        sources: list[Any] = [
            data,
            bytearray(data),
            memoryview(data),
            io.BytesIO(data),
            file,
            nameless,
        ]
        report = vaceprep.check(sources, isolate=isolate)
        assert (file.tell(), nameless.tell()) == (0, len(data))
    assert [e.source for e in report.files] == [NAMELESS] * 4 + ["a.mp4", NAMELESS]
    for entry in report.files:
        assert (entry.facts, entry.findings) == by_path(here / "a.mp4")


def test_content_is_never_a_list_of_names(here: Path) -> None:
    """In a web server, the lines of an upload chose what was read and fetched."""
    lines = b"a.mp4\nhttp://127.0.0.1:9/x.mp4\n/etc/hostname\n"
    for upload in (lines, io.BytesIO(lines), json.dumps(JOB).encode(), b"a.mp4"):
        (entry,) = vaceprep.check(upload, allow_hosts=["127.0.0.1"]).files
        assert entry.source == NAMELESS
        assert [f.code for f in entry.findings] == ["VP105"]
        assert entry.facts is None


def test_the_name_is_said_and_compared_but_never_opened(here: Path) -> None:
    upload = io.BytesIO(b"not media")
    upload.name = "a.mp4"
    (entry,) = vaceprep.check(upload).files
    assert (entry.source, [f.code for f in entry.findings]) == ("a.mp4", ["VP105"])
    named = SimpleNamespace(filename="odd.mov", read=io.BytesIO(small_mp4()).read)
    (entry,) = vaceprep.check(named).files
    assert entry.source == "odd.mov"
    assert "VP107" in [f.code for f in entry.findings]


def test_an_upload_of_an_async_framework_is_read_through_its_file() -> None:
    class Upload:
        filename = "clip.mp4"
        file = io.BytesIO(small_mp4())

        async def read(self, size: int = -1) -> bytes:
            return b""

    assert isinstance(vaceprep.check(Upload()).files[0].facts, vaceprep.VideoFacts)  # type: ignore[arg-type]


def test_empty_and_odd_file_objects(here: Path) -> None:
    for empty in (b"", io.BytesIO()):
        for isolate in (False, True):
            (entry,) = vaceprep.check(empty, isolate=isolate).files
            assert [f.code for f in entry.findings] == ["VP105"]
    with pytest.raises(TypeError, match="mode 'rb'"), open("a.mp4", encoding="latin-1") as text:
        vaceprep.check(text)
    with pytest.raises(TypeError, match="not int"):
        vaceprep.check(3)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="not float"):
        vaceprep.check(["a.mp4", 1.5])  # type: ignore[list-item]
    words = SimpleNamespace(read=lambda size=-1: "text")
    with pytest.raises(TypeError, match="gives str"):
        vaceprep.check(words)


def test_one_that_cannot_be_sought_is_copied_and_a_broken_one_is_a_finding() -> None:
    reading, writing = os.pipe()
    with os.fdopen(writing, "wb") as into:
        into.write(small_mp4())
    with os.fdopen(reading, "rb") as pipe:
        assert isinstance(vaceprep.check(pipe).files[0].facts, vaceprep.VideoFacts)

    def fail(size: int = -1) -> bytes:
        raise OSError(5, "Input/output error")

    (entry,) = vaceprep.check(SimpleNamespace(read=fail)).files
    assert [f.code for f in entry.findings] == ["VP105"]
    assert "Input/output error" in entry.findings[0].message


def test_probe_takes_the_same(here: Path) -> None:
    assert vaceprep.probe(small_mp4()) == vaceprep.probe("a.mp4")
    assert vaceprep.probe(io.BytesIO(small_mp4())) == vaceprep.probe("a.mp4")
    with pytest.raises(TypeError, match="one path"):
        vaceprep.probe(["a.mp4"])  # type: ignore[arg-type]
    with pytest.raises(vaceprep.ProbeError):
        vaceprep.probe(b"x")


def test_mappings_and_jobs_are_jobs_alone_and_in_lists(here: Path) -> None:
    job = vaceprep.VideoOutpainting(prompt="More", left_scale=1.5, video_url="a.mp4")
    expected = vaceprep.check(job)
    assert [e.source for e in expected.files] == ["job", "a.mp4"]
    assert vaceprep.check([job]).files == expected.files
    assert vaceprep.check(JOB).files == vaceprep.check([JOB]).files == expected.files
    assert len(vaceprep.check(["a.mp4", job, small_mp4()]).files) == 4


def test_prepare_takes_jobs_and_mappings(here: Path) -> None:
    encode(here / "a.mp4", rate=12, frames=6, size=(360, 360))
    job = vaceprep.VideoOutpainting(prompt="More", left_scale=1.5, video_url="a.mp4")
    for source, into in ((job, "one"), ([JOB], "two")):
        assert vaceprep.plan(source, force=True).ok
        report = vaceprep.prepare(source, into)
        assert report.ok, report
        made = json.loads((here / into / "job.json").read_text())
        assert vaceprep.check(here / into / "job.json").ok
        assert (here / into / os.path.basename(made["video_url"])).exists()
    for content in (b"x", io.BytesIO(b"a.mp4\n")):
        with pytest.raises(TypeError, match="written to a file"):
            vaceprep.prepare(content, "out")
        with pytest.raises(TypeError, match="written to a file"):
            vaceprep.run(content, "out", api_key="k")


def test_a_rule_is_named_as_one_name() -> None:
    data = small_mp4()
    one = vaceprep.check(data, ignore="image-size", select="VP1")
    assert one == vaceprep.check(data, ignore=["image-size"], select=["VP1"])
    with pytest.raises(vaceprep.UnknownRule, match="nothing"):
        vaceprep.check(data, ignore="nothing")


def test_a_misspelt_option_is_an_error() -> None:
    """mypy says so too: a comment that ignores nothing is an error of its own."""
    with pytest.raises(TypeError, match="strat"):
        vaceprep.prepare("a.mp4", strat=1)  # type: ignore[call-arg]
    with pytest.raises(TypeError, match="strat"):
        vaceprep.plan("a.mp4", strat=1)  # type: ignore[call-arg]
    with pytest.raises(TypeError, match="publsh"):
        asyncio.run(vaceprep.arun("a.json", publsh="x"))  # type: ignore[call-arg]


SPLIT = {*SplitPrepareOptions.__annotations__} - {*PrepareOptions.__annotations__}


def test_what_is_handed_on_is_what_is_taken() -> None:
    def options(function: Any) -> set[str]:
        parameters = inspect.signature(function).parameters.values()
        return {p.name for p in parameters if p.kind is p.KEYWORD_ONLY}

    assert options(prepare_itself) == {*PrepareOptions.__annotations__, "dry_run", "divide"}
    assert options(prepare_parts) == SPLIT | {"dry_run"}
    assert options(vaceprep.run) == {*RunSettings.__annotations__}


def test_exported_names() -> None:
    assert issubclass(vaceprep.NotConfigured, ValueError)
    assert issubclass(vaceprep.CannotIsolate, RuntimeError)
    role: vaceprep.Role = "mask_image_url"
    assert role in str(vaceprep.Role)


def test_a_copy_for_workers_holds_the_same(tmp_path: Path) -> None:
    copy = Content(io.BytesIO(b"abc")).spooled(str(tmp_path / "0"))
    with copy.open() as opened:
        assert opened.read() == b"abc"
