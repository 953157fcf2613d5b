"""A file gets its name when it is whole and judged, or not at all."""

from __future__ import annotations

import errno
import os
import shutil
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import av
import pytest
from PIL import Image

from tests.media import small_mp4
from vaceprep.errors import Refused
from vaceprep.facts import ImageFacts, VideoFacts
from vaceprep.files.atomic import PART_AGE, placing, sweep, write
from vaceprep.preparation.image.encode import encode
from vaceprep.preparation.verify import verified, write_verified
from vaceprep.probes import image


def test_full_disk_leaves_nothing(tiny_disk: Path) -> None:
    with pytest.raises(Refused, match=r"cannot be written: No space left"):
        write(os.urandom(10**6), str(tiny_disk / "a.png"), force=False)
    assert os.listdir(tiny_disk) == []


def test_full_disk_keeps_what_was_there(tiny_disk: Path) -> None:
    (tiny_disk / "a.png").write_bytes(b"before")
    with pytest.raises(Refused, match="No space left"):
        write(os.urandom(10**6), str(tiny_disk / "a.png"), force=True)
    assert (tiny_disk / "a.png").read_bytes() == b"before"
    assert os.listdir(tiny_disk) == ["a.png"]


def test_what_would_not_pass_is_not_written(tmp_path: Path) -> None:
    data = encode(Image.new("RGB", (300, 300)), "png")
    with pytest.raises(Refused, match=r"not written.*VP203"):
        write_verified(data, str(tmp_path / "a.png"), force=False, role="first_frame_url")
    data = encode(Image.new("L", (400, 400), 128), "png")
    with pytest.raises(Refused, match=r"not written.*VP302"):
        write_verified(data, str(tmp_path / "a.png"), force=False, role="mask_image_url")
    with pytest.raises(Refused, match="read again"):
        write_verified(b"nothing", str(tmp_path / "a.png"), force=False, role="mask_image_url")
    assert os.listdir(tmp_path) == []


def test_never_over_a_source_nor_unasked(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(b"before")
    os.link(path, tmp_path / "same.png")
    for target, force in ((path, True), (tmp_path / "same.png", True)):
        with pytest.raises(Refused, match="source itself"):
            write(b"x", str(target), force=force, sources=[str(path)])
    with pytest.raises(Refused, match="exists already; --force"):
        write(b"x", str(path), force=False)
    with pytest.raises(Refused, match="is a folder"):
        write(b"x", str(tmp_path), force=True)
    with pytest.raises(Refused, match="there is no folder"):
        write(b"x", str(tmp_path / "no" / "a.png"), force=True)
    (tmp_path / "dangling.png").symlink_to(tmp_path / "nowhere")
    with pytest.raises(Refused, match="exists already"):
        write(b"x", str(tmp_path / "dangling.png"), force=False)
    assert path.read_bytes() == b"before"


def test_mode_follows_the_umask(tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        write(b"x", str(tmp_path / "a.png"), force=False)
    finally:
        os.umask(before)
    assert (tmp_path / "a.png").stat().st_mode & 0o777 == 0o640


def test_a_name_that_cannot_be(tmp_path: Path) -> None:
    for name in ("a" * 300 + ".png", "a\0.png"):
        with pytest.raises(Refused, match="cannot be written"):
            write(b"x", str(tmp_path / name), force=False)
    assert os.listdir(tmp_path) == []


def test_a_big_file_is_written_by_its_path(tmp_path: Path) -> None:
    target = tmp_path / "a.mp4"
    with placing(str(target), force=False) as part:
        assert os.path.dirname(part.path) == str(tmp_path)
        assert os.listdir(tmp_path) == [os.path.basename(part.path)]
        Path(part.path).write_bytes(small_mp4())
        assert not target.exists()
        part.commit()
        assert target.exists()
    assert os.listdir(tmp_path) == ["a.mp4"]
    assert target.read_bytes() == small_mp4()
    assert target.stat().st_nlink == 1
    with pytest.raises(RuntimeError):
        part.commit()


def test_a_bare_name_is_one_in_the_current_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with placing("a.mp4", force=False, make_folder=True) as part:
        part.commit()
    assert os.listdir(tmp_path) == ["a.mp4"]


@pytest.mark.parametrize(
    "error", [None, OSError(errno.EIO, "no"), ValueError(), KeyboardInterrupt(), Refused("no")]
)
def test_without_a_commit_nothing_is_left(tmp_path: Path, error: BaseException | None) -> None:
    target = tmp_path / "new" / "deep" / "a.mp4"
    try:
        with placing(str(target), force=False, make_folder=True) as part:
            Path(part.path).write_bytes(b"half")
            if error is not None:
                raise error
    except BaseException as raised:
        # An error in reading the source is not one in writing the target.
        assert raised is error
    assert os.listdir(tmp_path) == []


def test_folders_that_were_made_stay_with_what_is_placed(tmp_path: Path) -> None:
    target = tmp_path / "new" / "deep" / "a.mp4"
    with placing(str(target), force=False, make_folder=True) as part:
        part.commit()
    assert target.exists()
    # And a later failure does not take away what was there before it.
    with placing(str(tmp_path / "new" / "deep" / "b.mp4"), force=False, make_folder=True):
        pass
    target.unlink()
    with placing(str(tmp_path / "new" / "deep" / "b.mp4"), force=False, make_folder=True):
        pass
    assert (tmp_path / "new" / "deep").is_dir()


def test_a_folder_with_something_else_in_it_stays(tmp_path: Path) -> None:
    with placing(str(tmp_path / "new" / "a.mp4"), force=False, make_folder=True):
        (tmp_path / "new" / "notes.txt").write_text("mine")
    assert os.listdir(tmp_path / "new") == ["notes.txt"]


def test_the_last_to_fail_takes_the_folder_away(tmp_path: Path) -> None:
    with placing(str(tmp_path / "new" / "a.mp4"), force=False, make_folder=True):
        second = placing(str(tmp_path / "new" / "b.mp4"), force=False, make_folder=True)
        second.__enter__()
    assert os.listdir(tmp_path / "new") != []
    second.__exit__(None, None, None)
    assert os.listdir(tmp_path) == []


def test_many_threads_share_a_folder_that_comes_and_goes(tmp_path: Path) -> None:
    def one(number: int) -> None:
        target = tmp_path / "new" / "deep" / f"{number}.mp4"
        with placing(str(target), force=False, make_folder=True) as part:
            if number == 999:
                part.commit()

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(one, range(1000)))
    assert os.listdir(tmp_path / "new" / "deep") == ["999.mp4"]
    (tmp_path / "new" / "deep" / "999.mp4").unlink()
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(one, range(500)))


COMES_AND_GOES = """
import sys
from vaceprep.files.atomic import placing
for number in range(600):
    with placing(f"{sys.argv[1]}/new/deep/{number}.mp4", force=False, make_folder=True):
        pass
"""


def test_processes_share_a_folder_that_comes_and_goes(tmp_path: Path) -> None:
    running = [subprocess.Popen([sys.executable, "-c", COMES_AND_GOES, tmp_path]) for _ in range(3)]
    assert [process.wait(60) for process in running] == [0, 0, 0]


def test_folders_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for name in ("file/a.mp4", "file/deep/a.mp4"):
        with (
            pytest.raises(Refused, match=r"cannot be written: .*file is no folder"),
            placing(str(tmp_path / name), force=False, make_folder=True),
        ):
            pass
    with (
        pytest.raises(Refused, match="cannot be written"),
        placing("/proc/nowhere/a.mp4", force=False, make_folder=True),
    ):
        pass
    with pytest.raises(Refused, match="no folder"), placing(f"{tmp_path}/x/a.mp4", force=False):
        pass
    with (
        pytest.raises(Refused, match="cannot be written"),
        placing(str(tmp_path / "new" / ("a" * 300) / "a.mp4"), force=False, make_folder=True),
    ):
        pass
    assert os.listdir(tmp_path) == ["file"]


def test_what_came_in_between_is_not_written_over(tmp_path: Path) -> None:
    target = tmp_path / "a.mp4"
    with (
        pytest.raises(Refused, match="exists already; --force"),
        placing(str(target), force=False) as part,
    ):
        target.write_bytes(b"theirs")
        part.commit()
    assert target.read_bytes() == b"theirs"
    assert os.listdir(tmp_path) == ["a.mp4"]
    with placing(str(target), force=True) as part:
        part.commit()
    assert target.read_bytes() == b""


def test_disks_without_links(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_link(*_: Any) -> None:
        raise OSError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(os, "link", no_link)
    write(b"one", str(tmp_path / "a.png"), force=False)
    with (
        pytest.raises(Refused, match="exists already"),
        placing(str(tmp_path / "b.png"), force=False) as part,
    ):
        (tmp_path / "b.png").write_bytes(b"theirs")
        part.commit()
    assert sorted(os.listdir(tmp_path)) == ["a.png", "b.png"]
    assert (tmp_path / "b.png").read_bytes() == b"theirs"


def test_a_disk_that_fills_while_a_video_is_written(tiny_disk: Path) -> None:
    target = tiny_disk / "new" / "a.mp4"
    noise = av.VideoFrame(640, 480, "yuvj444p")
    for plane in noise.planes:
        plane.update(os.urandom(plane.buffer_size))
    with (
        pytest.raises(Refused, match=r"a\.mp4 cannot be written: No space left on device"),
        placing(str(target), force=False, make_folder=True) as part,
    ):
        with av.open(part.path, "w", format="mp4") as container:
            stream = container.add_stream("mjpeg", rate=10, width=640, height=480)
            stream.pix_fmt = "yuvj444p"
            for number in range(10):
                noise.pts = number
                container.mux(stream.encode(noise))
            container.mux(stream.encode())
        part.commit()
    assert os.listdir(tiny_disk) == []


def test_a_disk_that_fills_while_a_file_is_copied(tiny_disk: Path, tmp_path: Path) -> None:
    (tmp_path / "big.png").write_bytes(os.urandom(10**6))
    with (
        pytest.raises(Refused, match=r"a\.png cannot be written: No space left on device"),
        placing(str(tiny_disk / "a.png"), force=False) as part,
    ):
        shutil.copyfile(tmp_path / "big.png", part.path)
        part.commit()
    assert os.listdir(tiny_disk) == []


def test_a_disk_that_fills_at_the_last_moment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: int) -> None:
        with open("/dev/full", "wb", buffering=0) as file:
            file.write(b"x")

    monkeypatch.setattr(os, "fsync", full)
    with (
        pytest.raises(Refused, match=r"cannot be written: No space left on device"),
        placing(str(tmp_path / "a.mp4"), force=False) as part,
    ):
        part.commit()
    assert os.listdir(tmp_path) == []


WRITER = """
import os, sys, time
from vaceprep.files.atomic import placing
from vaceprep.errors import Refused
target, letter, gate = sys.argv[1:]
try:
    with placing(target, force=False, make_folder=True) as part:
        with open(part.path, "wb") as file:
            file.write(letter.encode() * 3_000_000)
        print("ready", flush=True)
        while not os.path.exists(gate):
            time.sleep(0.001)
        part.commit()
except Refused as error:
    sys.exit(str(error))
"""


def test_two_processes_for_one_name(tmp_path: Path) -> None:
    target, gate = tmp_path / "new" / "a.mp4", tmp_path / "gate"
    racing = [
        subprocess.Popen(
            [sys.executable, "-c", WRITER, target, letter, gate],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for letter in "ab"
    ]
    for process in racing:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    gate.touch()
    said = [process.communicate(timeout=60)[1] for process in racing]
    assert sorted(process.returncode for process in racing) == [0, 1]
    loser = next(n for n, process in enumerate(racing) if process.returncode)
    assert said[loser].strip() == f"{target} exists already; --force writes over it"
    assert os.listdir(target.parent) == ["a.mp4"]
    assert target.read_bytes() == b"ba"[loser : loser + 1] * 3_000_000


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
def test_a_kill_leaves_no_name(tmp_path: Path, how: signal.Signals) -> None:
    target = tmp_path / "new" / "a.mp4"
    with subprocess.Popen(
        [sys.executable, "-c", WRITER, target, "a", tmp_path / "gate"], stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        process.send_signal(how)
    (left,) = target.parent.iterdir()
    assert sweep(str(target.parent)) == 0
    before = time.time() - PART_AGE - 60
    os.utime(left, (before, before))
    assert sweep(str(target.parent)) == 1
    assert os.listdir(target.parent) == []


def test_a_sweep_takes_old_parts_alone(tmp_path: Path) -> None:
    old = time.time() - PART_AGE
    part = ".vaceprep-0123456789abcdef.part"
    ages = {part: -60, part.replace("0", "1"): 60, part.replace("0", "2"): 10**9}
    others = [f"x{part}", f"{part}.mp4", ".vaceprep-0123.part", "clip.mp4", part.replace("0", "G")]
    for name, age in (ages | dict.fromkeys(others, -60)).items():
        (tmp_path / name).write_bytes(b"x")
        os.utime(tmp_path / name, (old + age, old + age))
    (tmp_path / part.replace("0", "3")).mkdir()
    os.utime(tmp_path / part.replace("0", "3"), (0, 0))
    (tmp_path / part.replace("0", "4")).symlink_to(tmp_path / "clip.mp4")
    os.utime(tmp_path / part.replace("0", "4"), (0, 0), follow_symlinks=False)
    before = set(os.listdir(tmp_path))
    assert sweep(str(tmp_path)) == 1
    assert before - set(os.listdir(tmp_path)) == {part}
    for nowhere in (tmp_path / "none", tmp_path / "clip.mp4", "a\0b"):
        assert sweep(str(nowhere)) == 0


def test_what_the_rules_say_of_a_finished_file(tmp_path: Path) -> None:
    path = tmp_path / ".vaceprep-part"
    path.write_bytes(small_mp4())
    facts, findings = verified(str(path), "video_url", "a.mp4")
    assert isinstance(facts, VideoFacts)
    assert facts.frames == 8
    assert [f.code for f in findings] == ["VP119", "VP120", "VP127"]
    path.write_bytes(encode(Image.new("RGB", (400, 400)), "png"))
    facts, findings = verified(str(path), "ref_images_url", "a.png")
    assert isinstance(facts, ImageFacts)
    assert findings == []
    # It is judged under the name that it will have.
    _, findings = verified(str(path), "ref_images_url", "a.jpg")
    assert findings != []
    path.write_bytes(b"nothing")
    for name in (str(path), str(tmp_path / "none")):
        with pytest.raises(Refused, match=r"a\.mp4 cannot be read again: "):
            verified(name, "video_url", "a.mp4")


def test_a_disk_that_fails_when_it_is_read_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any, **__: Any) -> None:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(image, "probe_image", broken)
    data = encode(Image.new("RGB", (400, 400)), "png")
    again = r"a\.png cannot be read again: reading it fails \(Input/output error\)$"
    with pytest.raises(Refused, match=again):
        write_verified(data, str(tmp_path / "a.png"), force=False, role="ref_images_url")
    assert os.listdir(tmp_path) == []
