"""The memory of what was made: right or silent."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from vaceprep.files.digest import Identity, digest, identity
from vaceprep.files.state import state_dir
from vaceprep.preparation import cache
from vaceprep.preparation.cache import fingerprint, recall, remember

PRINT = fingerprint({"role": "video_url"})
ENTRY: dict[str, Any] = {
    "status": "prepared",
    "output": "out/\udcffé.mp4",
    "plan": [{"edit": "cut", "reason": ["video-duration"], "detail": "first 149 frames"}],
    "before": {"fps": 29.97, "codec": None},
}


@pytest.fixture(autouse=True)
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "state"
    monkeypatch.setenv("VACEPREP_STATE_DIR", str(folder))
    return folder


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "clip.mov"
    path.write_bytes(b"source")
    return path


@pytest.fixture
def target(tmp_path: Path) -> Path:
    path = tmp_path / "clip.mp4"
    path.write_bytes(b"output")
    return path


def known(path: Path) -> Identity:
    found = identity(str(path))
    assert found is not None
    return found


def record(state: Path) -> Path:
    (path,) = (state / "prepared").iterdir()
    return path


@pytest.fixture
def kept(source: Path, target: Path) -> Identity:
    """A source of which the target was made, and that is remembered."""
    before = known(source)
    assert remember(str(target), before, PRINT, ENTRY)
    return before


def test_what_was_made_is_known_again(
    kept: Identity, source: Path, target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert recall(str(target), identity(str(source)), PRINT) == ENTRY
    monkeypatch.chdir(target.parent)
    assert recall("clip.mp4", identity("./clip.mov"), PRINT) == ENTRY
    assert recall("./state/../clip.mp4", kept, PRINT) == ENTRY


def test_another_source_or_other_options_are_not(
    kept: Identity, source: Path, target: Path, tmp_path: Path
) -> None:
    assert recall(str(target), kept, fingerprint({"role": "mask_video_url"})) is None
    assert recall(str(tmp_path / "other.mp4"), kept, PRINT) is None
    assert recall(str(target), None, PRINT) is None
    for at, field in enumerate(Identity._fields):
        values: list[Any] = list(kept)
        values[at] = "/other" if field == "path" else 1
        assert recall(str(target), Identity(*values), PRINT) is None, field


def test_a_changed_source_is_another(kept: Identity, source: Path, target: Path) -> None:
    status = source.stat()
    source.write_bytes(b"SOURCE")
    os.utime(source, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert (now := known(source)) != kept
    assert (now.size, now.mtime_ns, now.inode) == (kept.size, kept.mtime_ns, kept.inode)
    assert recall(str(target), now, PRINT) is None


def test_a_changed_output_is_not_taken(kept: Identity, target: Path) -> None:
    status = target.stat()
    target.write_bytes(b"0utput")
    os.utime(target, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert recall(str(target), kept, PRINT) is None
    target.write_bytes(b"output, longer")
    assert recall(str(target), kept, PRINT) is None
    # The bytes count, not the date: a restored copy is as good.
    target.write_bytes(b"output")
    assert recall(str(target), kept, PRINT) == ENTRY
    target.unlink()
    assert recall(str(target), kept, PRINT) is None
    os.mkfifo(target)
    assert recall(str(target), kept, PRINT) is None


def test_a_source_that_changed_meanwhile_is_not_remembered(
    source: Path, target: Path, state: Path
) -> None:
    before = known(source)
    source.write_bytes(b"changed")
    assert not remember(str(target), before, PRINT, ENTRY)
    source.unlink()
    assert not remember(str(target), before, PRINT, ENTRY)
    assert not remember(str(target), None, PRINT, ENTRY)
    assert not state.exists()


def test_a_change_within_one_tick_of_the_clock_shows(source: Path) -> None:
    for number in range(20):
        source.write_bytes(b"%06d" % number)
        before = known(source)
        source.write_bytes(b"%06d" % (number + 1))
        assert known(source) != before


def test_what_has_no_identity(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    os.mkfifo(tmp_path / "pipe")
    for name in ("none", "pipe", ".", "a\0b", "/dev/null"):
        assert identity(os.path.join(tmp_path, name)) is None, name
    busy = tmp_path / "busy"

    def write(_: float) -> None:
        busy.write_bytes(b"x")

    write(0)
    with monkeypatch.context() as patched:
        patched.setattr(time, "sleep", write)
        assert identity(str(busy)) is None
    assert identity(str(busy)) is not None


def test_stamps_of_whole_seconds_tell_less(source: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    status = os.stat(source)
    for age, known_by_it in ((0, False), (1, False), (5, True)):
        stamp = (int(time.time()) - age) * 10**9
        coarse = SimpleNamespace(
            st_mode=status.st_mode, st_size=6, st_mtime_ns=stamp, st_ctime_ns=stamp, st_ino=1
        )
        with monkeypatch.context() as patched:
            patched.setattr(os, "stat", lambda _, coarse=coarse: coarse)
            found = identity(str(source))
        assert (found is not None) == known_by_it


def test_an_open_file_keeps_its_identity(source: Path) -> None:
    before = known(source)
    with open(source, "rb") as file:
        assert identity(str(source), file.fileno()) == before
        os.rename(source, source.with_suffix(".old"))
        source.write_bytes(b"source")
        held = identity(str(source), file.fileno())
        assert held is not None
        assert held.inode == before.inode
        assert held != known(source)


def test_a_link_and_its_file_are_one_source(source: Path, tmp_path: Path) -> None:
    (tmp_path / "link.mov").symlink_to(source)
    assert identity(str(tmp_path / "link.mov")) == identity(str(source))


def test_names_that_are_no_text(tmp_path: Path) -> None:
    source, target = (tmp_path / os.fsdecode(b"\xff\xfe." + end) for end in (b"mov", b"mp4"))
    source.write_bytes(b"source")
    target.write_bytes(b"output")
    assert remember(str(target), known(source), PRINT, ENTRY)
    assert recall(str(target), known(source), PRINT) == ENTRY


def test_the_bytes_that_were_judged_are_remembered_not_later_ones(
    source: Path, target: Path
) -> None:
    before, judged = known(source), digest(str(target))
    target.write_bytes(b"of another process")
    assert remember(str(target), before, PRINT, ENTRY, judged)
    assert recall(str(target), before, PRINT) is None


def test_modes(kept: Identity, state: Path) -> None:
    assert state.stat().st_mode & 0o777 == 0o700
    assert (state / "prepared").stat().st_mode & 0o777 == 0o700
    assert record(state).stat().st_mode & 0o777 == 0o600


def test_records_do_not_pile_up_for_one_output(
    kept: Identity, source: Path, target: Path, state: Path
) -> None:
    other = fingerprint({"role": "mask_video_url"})
    assert remember(str(target), kept, other, {"status": "unchanged"})
    assert recall(str(target), kept, other) == {"status": "unchanged"}
    assert recall(str(target), kept, PRINT) is None
    record(state)


def damaged(text: str) -> list[bytes]:
    whole = json.loads(text)
    del whole["target"]  # there for people who look
    other: list[Any] = [None, [], 2, "x", {}]
    wrong = [{**whole, key: value} for key in whole for value in other]
    wrong += [{k: v for k, v in whole.items() if k != key} for key in whole]
    return [
        b"",
        b"\0" * len(text),
        b"\xff\xfe",
        text[:-5].encode(),
        b"[" * 200_000,
        b"9" * 10_000,
        b"null",
        *(json.dumps(one).encode() for one in wrong if one.get("entry") != {}),
        text.encode() + b" " * cache.MAX_RECORD,
    ]


def test_a_damaged_record_is_none(kept: Identity, target: Path, state: Path) -> None:
    path = record(state)
    text = path.read_text()
    for data in damaged(text):
        path.write_bytes(data)
        assert recall(str(target), kept, PRINT) is None, data[:80]
    path.unlink()
    assert recall(str(target), kept, PRINT) is None
    path.mkdir()
    assert recall(str(target), kept, PRINT) is None
    path.rmdir()
    os.mkfifo(path)
    assert recall(str(target), kept, PRINT) is None
    path.unlink()
    path.symlink_to("/dev/zero")
    assert recall(str(target), kept, PRINT) is None
    # The next work mends it.
    assert remember(str(target), kept, PRINT, ENTRY)
    assert recall(str(target), kept, PRINT) == ENTRY


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(where=st.floats(0, 1), byte=st.integers(0, 255))
def test_one_wrong_byte_never_raises(
    kept: Identity, target: Path, state: Path, where: float, byte: int
) -> None:
    path = record(state)
    before = path.read_bytes()
    at = int(where * (len(before) - 1))
    path.write_bytes(before[:at] + bytes([byte]) + before[at + 1 :])
    try:
        assert isinstance(recall(str(target), kept, PRINT), dict | None)
    finally:
        path.write_bytes(before)


def test_a_record_of_any_size_is_read_within_bounds(
    kept: Identity, target: Path, state: Path
) -> None:
    with open(record(state), "r+b") as file:
        file.truncate(1 << 40)
    start = time.monotonic()
    assert recall(str(target), kept, PRINT) is None
    assert time.monotonic() - start < 5


def test_an_entry_that_is_too_long_is_not_kept(source: Path, target: Path) -> None:
    assert not remember(str(target), known(source), PRINT, {"x": "a" * cache.MAX_RECORD})
    assert recall(str(target), known(source), PRINT) is None


def test_an_entry_that_is_not_json_is_a_fault_of_the_program(source: Path, target: Path) -> None:
    with pytest.raises(TypeError):
        remember(str(target), known(source), PRINT, {"x": Fraction(1, 2)})


@pytest.mark.parametrize("where", ["/dev/null/state", "/proc/nowhere", "file/state", "a\0b"])
def test_a_state_directory_that_cannot_be_is_no_error(
    where: str, source: Path, target: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setattr(cache, "state_dir", lambda: os.path.join(tmp_path, where))
    assert not remember(str(target), known(source), PRINT, ENTRY)
    assert recall(str(target), known(source), PRINT) is None


def test_a_full_state_disk_is_no_error(
    source: Path, target: Path, tiny_disk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VACEPREP_STATE_DIR", str(tiny_disk))
    (tiny_disk / "prepared").mkdir()
    (tiny_disk / "filler").write_bytes(b"x" * 60_000)
    assert not remember(str(target), known(source), PRINT, {"x": "a" * 20_000})
    assert recall(str(target), known(source), PRINT) is None
    assert os.listdir(tiny_disk / "prepared") == []


def test_where_it_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert state_dir() == str(tmp_path / "state")
    monkeypatch.setenv("VACEPREP_STATE_DIR", "")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "xdg"))
    found = state_dir()
    assert found is not None
    if sys.platform == "linux":
        assert found == str(tmp_path / "xdg" / "vaceprep")
    monkeypatch.setattr("platformdirs.user_state_dir", lambda *_, **__: "~/.local/state/vaceprep")
    assert state_dir() is None
    assert not remember(__file__, known(Path(__file__)), PRINT, {})
    assert recall(__file__, known(Path(__file__)), PRINT) is None


def test_fingerprints() -> None:
    one = fingerprint({"role": "video_url", "options": {"start": Fraction(1, 3), "é": None}})
    assert one == fingerprint(
        {"options": {"é": None, "start": Fraction(1, 3)}, "role": "video_url"}
    )
    others: list[dict[str, Any]] = [
        {"role": "video_url", "options": {"start": Fraction(1, 2), "é": None}},
        {"role": "video_url", "options": {"start": Fraction(1, 3), "é": False}},
        {"role": "video_url"},
        {},
    ]
    assert len({one, *map(fingerprint, others)}) == 5
    assert len(one) == 64
    for wrong in ({"x": object()}, {"x": b""}):
        with pytest.raises(TypeError):
            fingerprint(wrong)
    with pytest.raises(ValueError, match="float"):
        fingerprint({"x": float("nan")})


def test_another_version_is_another_fingerprint(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache, "__version__", "99")
    assert fingerprint({"role": "video_url"}) != PRINT


def test_platformdirs_is_imported_where_it_is_asked() -> None:
    code = "import sys, vaceprep.preparation.cache; sys.exit('platformdirs' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


WORK = """
import sys
from vaceprep.files.digest import identity
from vaceprep.preparation.cache import recall, remember
source, target, who = sys.argv[1:]
before = identity(source)
for number in range(200):
    assert remember(target, before, "print", {"who": who, "number": number, "x": "a" * 5000})
    found = recall(target, before, "print")
    assert found is not None and len(found["x"]) == 5000, found
"""


def test_several_processes_at_once(source: Path, target: Path, state: Path) -> None:
    running = [
        subprocess.Popen([sys.executable, "-c", WORK, source, target, str(who)]) for who in range(3)
    ]
    assert [process.wait(60) for process in running] == [0, 0, 0]
    record(state)
