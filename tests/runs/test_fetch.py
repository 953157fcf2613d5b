"""A result is on disk whole, under a name of its own, or not at all."""

from __future__ import annotations

import hashlib
import os
import pickle
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from tests.media import Hand, small_mp4
from tests.runs import server
from tests.runs.server import Answer, Served, drop, half, ranged, serving, stall, status, whole
from vaceprep.errors import Cancelled
from vaceprep.runs.fetch import Fetched, FetchFailed, fetch

VIDEO = small_mp4(index_first=True)


def names(number: int) -> str:
    return "a.mp4" if number == 1 else f"a-{number}.mp4"


def get(url: str, folder: Path, **more: Any) -> Fetched:
    return fetch(url, str(folder), names, **{"wait": 0, "allow_hosts": ["127.0.0.1"], **more})


def served(folder: Path, *answers: Answer, **more: Any) -> Fetched:
    with serving(*answers) as web:
        return get(web.url, folder, **more)


def refused(folder: Path, *answers: Answer, **more: Any) -> FetchFailed:
    """What is said, after a look that nothing is left."""
    folder.mkdir(exist_ok=True)
    before = sorted(os.listdir(folder))
    with serving(*answers) as web, pytest.raises(FetchFailed) as caught:
        get(web.url, folder, **more)
    assert sorted(os.listdir(folder)) == before
    assert "result.mp4" not in str(caught.value)
    return caught.value


def test_a_result_gets_its_name(tmp_path: Path) -> None:
    told: list[tuple[int, int | None]] = []
    got = served(
        tmp_path / "new" / "folder",
        whole(VIDEO),
        on_progress=lambda done, all_: told.append((done, all_)),
    )
    assert got.path == str(tmp_path / "new" / "folder" / "a.mp4")
    assert Path(got.path).read_bytes() == VIDEO
    assert (got.sha256, got.bytes) == (hashlib.sha256(VIDEO).hexdigest(), len(VIDEO))
    assert (got.facts.frames, got.facts.width) == (8, 64)
    assert not got.already
    assert told[0] == (0, len(VIDEO))
    assert told[-1] == (len(VIDEO), len(VIDEO))
    assert os.listdir(tmp_path / "new" / "folder") == ["a.mp4"]


def test_the_current_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with serving(whole(VIDEO)) as web:
        assert fetch(web.url, "", names, allow_hosts=["127.0.0.1"]).path == "a.mp4"
    assert os.listdir(tmp_path) == ["a.mp4"]


def test_nothing_is_written_over_and_the_same_bytes_are_done(tmp_path: Path) -> None:
    (tmp_path / "a.mp4").write_bytes(VIDEO[:-1] + b"!")
    (tmp_path / "a-2.mp4").symlink_to(tmp_path / "nowhere")
    (tmp_path / "a-3.mp4").mkdir()
    got = served(tmp_path, whole(VIDEO))
    assert (got.path, got.already) == (str(tmp_path / "a-4.mp4"), False)
    again = served(tmp_path, whole(VIDEO))
    assert (again.path, again.already) == (got.path, True)
    assert again.sha256 == got.sha256
    assert (tmp_path / "a.mp4").read_bytes() == VIDEO[:-1] + b"!"
    assert sorted(os.listdir(tmp_path)) == ["a-2.mp4", "a-3.mp4", "a-4.mp4", "a.mp4"]


def test_two_at_once_share_one_name(tmp_path: Path) -> None:
    found: list[Fetched] = []
    with serving(whole(VIDEO)) as web:
        threads = [
            threading.Thread(target=lambda: found.append(get(web.url, tmp_path))) for _ in range(4)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert {f.path for f in found} == {str(tmp_path / "a.mp4")}
    assert sorted(f.already for f in found) == [False, True, True, True]
    assert os.listdir(tmp_path) == ["a.mp4"]


@pytest.mark.parametrize("name", ["", ".", "..", "b/a.mp4", "/a.mp4"])
def test_a_name_stays_in_its_folder(tmp_path: Path, name: str) -> None:
    with serving(whole(VIDEO)) as web, pytest.raises(ValueError, match="no name of a file"):
        fetch(web.url, str(tmp_path), lambda _: name, allow_hosts=["127.0.0.1"])
    assert os.listdir(tmp_path) == []


def test_names_that_come_to_no_end(tmp_path: Path) -> None:
    (tmp_path / "a.mp4").write_bytes(b"mine")
    with serving(whole(VIDEO)) as web, pytest.raises(FetchFailed, match="other names are taken"):
        fetch(web.url, str(tmp_path), lambda _: "a.mp4", allow_hosts=["127.0.0.1"])
    assert os.listdir(tmp_path) == ["a.mp4"]


# --- what goes wrong on the way --------------------------------------------------------------


def test_what_broke_off_is_taken_up_again(tmp_path: Path) -> None:
    with serving(half(VIDEO), ranged(VIDEO)) as web:
        got = get(web.url, tmp_path)
        assert web.ranges() == [None, f"bytes={len(VIDEO) // 2}-"]
        assert web.seen[1][1]["if-range"] == '"one"'
    assert Path(got.path).read_bytes() == VIDEO
    assert got.sha256 == hashlib.sha256(VIDEO).hexdigest()


OTHER = Hand(frames=40, index_first=True).data()


@pytest.mark.parametrize(
    ("answers", "due", "requests"),
    [
        # The server sends all of it again.
        ([half(VIDEO), whole(VIDEO)], VIDEO, 2),
        # It has another file by now, and says so by its tag, or by its length alone.
        ([half(VIDEO), ranged(OTHER, '"two"')], OTHER, 2),
        (
            [half(VIDEO), status(206, VIDEO[9:], Content_Range="bytes 9-10/11"), whole(OTHER)],
            OTHER,
            3,
        ),
        ([half(VIDEO), status(206, b"x", Content_Range="nonsense"), whole(VIDEO)], VIDEO, 3),
        ([half(VIDEO), status(206, b"x"), whole(VIDEO)], VIDEO, 3),
        ([half(VIDEO), status(416), whole(VIDEO)], VIDEO, 3),
        # Nothing tells one state of the file from another.
        ([half(VIDEO, ETag="W/weak"), ranged(VIDEO)], VIDEO, 2),
        # A part that nobody asked for.
        ([status(206, VIDEO, Content_Range="bytes 0-9/10"), whole(VIDEO)], VIDEO, 2),
        # No length at all: what came is looked at.
        ([whole(VIDEO[:-9], length=None), whole(VIDEO, length=None)], VIDEO, 2),
        ([whole(VIDEO, length=len(VIDEO) - 9), whole(VIDEO)], VIDEO, 2),
        ([drop, whole(VIDEO)], VIDEO, 2),
        ([whole(b""), whole(VIDEO)], VIDEO, 2),
        ([whole(b"<!DOCTYPE html><p>Sorry"), whole(VIDEO)], VIDEO, 2),
        ([status(500), status(503, Retry_After="0"), whole(VIDEO)], VIDEO, 3),
        ([status(429, Retry_After="junk"), status(408), whole(VIDEO)], VIDEO, 3),
    ],
)
def test_another_try_brings_it(
    tmp_path: Path, answers: list[Answer], due: bytes, requests: int
) -> None:
    with serving(*answers) as web:
        got = get(web.url, tmp_path)
        assert len(web.seen) == requests
    assert Path(got.path).read_bytes() == due
    assert got.sha256 == hashlib.sha256(due).hexdigest()
    assert os.listdir(tmp_path) == ["a.mp4"]


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (whole(b""), "what came is empty (tried 3 times)"),
        (whole(b"<!DOCTYPE html><html><p>No such bucket"), "what comes is text, not an MP4"),
        (whole(b"\x89PNG\r\n\x1a\n" + bytes(50)), "what comes is png, not an MP4"),
        (whole(b"\x1aE\xdf\xa3" + bytes(5000)), "not an MP4"),
        (whole(bytes(5000)), "what comes is no MP4"),
        (whole(b"abc"), "what came cannot be read"),
        (whole(VIDEO[:700], length=None), "what came"),
        (whole(VIDEO[:-100]), "what came is cut short"),
        (whole(small_mp4()[:-50]), "what came cannot be read"),
        (half(VIDEO), "the connection broke"),
        (drop, "the connection broke"),
        (status(500), "the server answers HTTP 500"),
        (status(204), "the server answers HTTP 204"),
        (status(401), "the server refuses it (HTTP 401)"),
    ],
)
def test_what_is_no_result_leaves_nothing(tmp_path: Path, answer: Answer, said: str) -> None:
    error = refused(tmp_path, answer)
    assert said in str(error)
    assert str(error).startswith("the result could not be downloaded from 127.0.0.1: ")
    assert not error.gone


@pytest.mark.parametrize("number", [403, 404, 410])
def test_a_url_that_has_expired(tmp_path: Path, number: int) -> None:
    with serving(status(number, b"<Error/>"), whole(VIDEO)) as web:
        with pytest.raises(FetchFailed, match=f"HTTP {number}.*expired") as caught:
            get(web.url, tmp_path / "new")
        assert len(web.seen) == 1
    again = pickle.loads(pickle.dumps(caught.value))
    assert (again.gone, str(again)) == (True, str(caught.value))
    # No empty folder either.
    assert os.listdir(tmp_path) == []
    assert refused(tmp_path, half(VIDEO), status(number)).gone


def test_a_server_that_falls_silent(tmp_path: Path) -> None:
    assert "no byte came for 0.2 s" in str(refused(tmp_path, stall(VIDEO), stall=0.2, tries=1))
    with serving(stall(VIDEO), ranged(VIDEO)) as web:
        # It serves one after the other: the first is told to end by whoever has left.
        web.answers[0] = half(VIDEO)
        assert Path(get(web.url, tmp_path, stall=5).path).read_bytes() == VIDEO


def test_nobody_is_there(tmp_path: Path) -> None:
    with serving(drop) as web:
        url = web.url
    with pytest.raises(FetchFailed, match="no connection could be made"):
        get(url, tmp_path)
    assert os.listdir(tmp_path) == []


def test_what_never_ends_is_bounded(tmp_path: Path) -> None:
    error = refused(tmp_path, server.endless(VIDEO[:100]), limit=10**6)
    assert "longer than 1,000,000 bytes" in str(error)
    # Where the length is told nothing is waited for.
    error = refused(tmp_path, whole(VIDEO, length=10**15))
    assert "longer than 1,073,741,824 bytes" in str(error)


def test_the_url_is_asked_for_as_it_was_signed(tmp_path: Path) -> None:
    query = "?Signature=a%2Bb%2F%3D&x=~'()*!+%20y&OSSAccessKeyId=STS.a&q=%E4%BD%A0"
    with serving(whole(VIDEO)) as web:
        get(web.url + query, tmp_path)
        assert web.seen[0][0] == "/result.mp4" + query
        assert web.seen[0][1]["accept-encoding"] == "identity"
        assert web.seen[0][1]["user-agent"].startswith("vaceprep/")


# --- redirects -------------------------------------------------------------------------------


def test_redirects_are_followed_so_far(tmp_path: Path) -> None:
    def again(request: Served) -> None:
        number = int(request.path.rpartition("/")[2])
        if number:
            request.send(302, Location=f"/go/{number - 1}")
        else:
            request.send(200, VIDEO)

    with serving(again) as web:
        base = web.url.removesuffix("result.mp4")
        assert Path(get(f"{base}go/5", tmp_path).path).read_bytes() == VIDEO
        with pytest.raises(FetchFailed, match="more than 5 times"):
            get(f"{base}go/6", tmp_path)
    assert os.listdir(tmp_path) == ["a.mp4"]


@pytest.mark.parametrize(
    "there",
    [
        "file:///etc/passwd",
        "ftp://127.0.0.1/a.mp4",
        "data:video/mp4;base64,AAAA",
        "http://",
        "",
        "http://[1/",
    ],
)
def test_redirects_lead_to_http_alone(tmp_path: Path, there: str) -> None:
    assert "leads on to" in str(refused(tmp_path, status(302, Location=there), tries=1))


def test_redirects_lead_nobody_into_a_private_network(tmp_path: Path) -> None:
    with serving(whole(VIDEO)) as inside:
        # The same server under a name that nobody vouches for.
        there = inside.url.replace("127.0.0.1", "localhost")
        error = refused(tmp_path, status(302, Location=there))
        assert "private host" in str(error)
        assert inside.seen == []
    error = refused(tmp_path, status(302, Location="http://169.254.169.254/latest/"))
    assert "169.254.169.254 is not public" in str(error)


def test_a_result_of_a_private_host_is_not_asked_for(tmp_path: Path) -> None:
    with serving(whole(VIDEO)) as inside:
        with pytest.raises(FetchFailed, match="private host"):
            get(inside.url, tmp_path, allow_hosts=())
        assert inside.seen == []


@pytest.mark.parametrize(
    "url", ["", "a.mp4", "file:///etc/passwd", "ftp://a/b", "http://", "http://a:b/"]
)
def test_a_url_that_is_none(tmp_path: Path, url: str) -> None:
    with pytest.raises(FetchFailed, match="not an http or https URL"):
        get(url, tmp_path)


# --- the disk, and who calls it off ----------------------------------------------------------


def test_a_full_disk_leaves_nothing(tiny_disk: Path) -> None:
    big = VIDEO + b"\0\0\0\0free" + bytes(10**6)
    error = refused(tiny_disk, whole(big))
    assert "No space left" in str(error)
    # What is nearly too much is found when the last bytes are put down.
    assert "No space left" in str(refused(tiny_disk, whole(VIDEO.ljust(66000, b"\0"))))


def test_a_folder_that_is_none(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with serving(whole(VIDEO)) as web:
        with pytest.raises(FetchFailed, match="could not be kept"):
            get(web.url, tmp_path / "file")
        with pytest.raises(FetchFailed, match="could not be kept"):
            fetch(web.url, str(tmp_path), lambda n: "a" * 300 + ".mp4", allow_hosts=["127.0.0.1"])
    assert os.listdir(tmp_path) == ["file"]


def test_it_can_be_called_off(tmp_path: Path) -> None:
    asked = iter([False, False, True])
    with serving(server.endless(VIDEO[:100])) as web, pytest.raises(Cancelled):
        get(web.url, tmp_path, cancelled=lambda: next(asked))
    # And while it waits for the next try.
    asked = iter([False, False, True])
    with serving(status(500)) as web, pytest.raises(Cancelled):
        get(web.url, tmp_path, cancelled=lambda: next(asked), wait=60)
    assert os.listdir(tmp_path) == []


def test_what_is_told_may_call_it_off_too(tmp_path: Path) -> None:
    def stop(done: int, _: int | None) -> None:
        if done:
            raise KeyboardInterrupt

    with serving(whole(VIDEO)) as web, pytest.raises(KeyboardInterrupt):
        get(web.url, tmp_path, on_progress=stop)
    assert os.listdir(tmp_path) == []


KILLED = """
import sys
from vaceprep.runs.fetch import fetch
tell = lambda n, _: print(n, flush=True)
names = lambda n: f"a-{n}.mp4"
fetch(sys.argv[1], sys.argv[2], names, on_progress=tell, allow_hosts=["127.0.0.1"])
"""


def test_a_kill_in_the_middle_leaves_no_file_under_the_name(tmp_path: Path) -> None:
    with serving(stall(VIDEO)) as web:
        with subprocess.Popen(
            [sys.executable, "-c", KILLED, web.url, str(tmp_path)],
            stdout=subprocess.PIPE,
            text=True,
        ) as process:
            assert process.stdout is not None
            while int(process.stdout.readline()) == 0:
                pass
            process.send_signal(signal.SIGKILL)
        left = os.listdir(tmp_path)
    assert len(left) == 1
    assert left[0].startswith(".vaceprep-") and left[0].endswith(".part")
    got = served(tmp_path, whole(VIDEO))
    assert Path(got.path).read_bytes() == VIDEO
    # A day later the next download takes it away.
    os.utime(tmp_path / left[0], (1, 1))
    served(tmp_path, whole(VIDEO))
    assert os.listdir(tmp_path) == ["a.mp4"]


def test_tries_are_as_many_as_were_asked_for(tmp_path: Path) -> None:
    with serving(status(500)) as web:
        with pytest.raises(FetchFailed, match="tried 5 times"):
            get(web.url, tmp_path, tries=5)
        assert len(web.seen) == 5
    with pytest.raises(ValueError, match="at least 1"):
        get(web.url, tmp_path, tries=0)
