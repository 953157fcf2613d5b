"""Bad input: a finding with a clear sentence; never a traceback, a hang or another file read."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
from io import BytesIO
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

import vaceprep
from tests.conftest import Run
from tests.hostile import HOSTILE, Outcome, sparse_table, survive
from tests.media import Hand, box, encode, ftyp, full, small_mp4
from vaceprep.rules.catalogue import Severity

#: What a small file is about, were it whole: nothing that makes it suspicious.
HARMLESS = {"VP119", "VP120", "VP604"}
#: More than an ordinary file takes (some 70), less than a reader that believes a header.
MEGABYTES = 400


def codes(path: Path | str, **more: bool) -> list[str]:
    report = vaceprep.check(path, **more)  # type: ignore[arg-type]
    json.dumps(report.to_dict(), allow_nan=False)
    return [f.code for f in report.findings]


def sentence(path: Path | str) -> str:
    (finding,) = vaceprep.check(path).findings
    assert (finding.code, finding.severity) == ("VP105", Severity.ERROR)
    return finding.message


# --- absurd headers ------------------------------------------------------------------------


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Outcome]:
    folder = tmp_path_factory.mktemp("hostile")
    files = {}
    for number, (name, make) in enumerate(HOSTILE.items()):
        files[name] = folder / f"{number}.mp4"
        files[name].write_bytes(make())
    for kind, size in (("stts", 8), ("ctts", 8), ("stsc", 12), ("stsd", 8), ("stco", 4)):
        files[f"vast {kind}"] = folder / f"{kind}.mp4"
        sparse_table(files[f"vast {kind}"], kind, size, 20_000_000)
    return survive(files)


@pytest.mark.parametrize(
    "name", [*HOSTILE, *(f"vast {k}" for k in "stts ctts stsc stsd stco".split())]
)
def test_absurd_headers(name: str, outcomes: dict[str, Outcome]) -> None:
    outcome = outcomes[name]
    assert outcome.error is None
    assert outcome.megabytes < MEGABYTES
    assert all(message and len(message) < 400 for message in outcome.findings.values())


@pytest.mark.parametrize(
    "name",
    [
        name
        for name in HOSTILE
        # What players skip in silence, and what leaves frames and times as they were.
        if name.split()[0] not in ("track", "inner", "20,000", "100,000")
        and name
        not in (
            "4 billion offsets in one run",
            "4 billion samples a chunk",
            "chunk runs back and forth",
            "zero movie time base",
        )
    ],
)
def test_absurd_headers_do_not_pass(name: str, outcomes: dict[str, Outcome]) -> None:
    assert set(outcomes[name].findings) - HARMLESS


# --- not what the name says ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "empty"),
        (b"hello, world\n", "text"),
        ("Grüße aus München\n".encode() * 300, "text"),
        (bytes(5000), "no known media format"),
        (bytes(range(128, 256)) * 40, "no known media format"),
        (b"#EXTM3U\n#EXTINF:1,\nhttp://127.0.0.1:9/a.ts\n", "playlist"),
        (b"ffconcat version 1.0\nfile other.mp4\n", "ffconcat"),
        (b"v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\nm=video 5004 RTP/AVP 96\r\n", "SDP"),
        (b'<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011"/>', "manifest"),
        (b"RIFF\x24\0\0\0WAVEfmt ", "sound"),
        (b"ID3\4\0\0\0\0\0\0", "sound"),
        (Hand(handler="soun").data(), "no video track"),
        (Hand(entry="encv").data(), "encrypted"),
        (Hand(data_reference=full("url ", b"other.mp4\0")).data(), "another file"),
        (ftyp() + box("mdat", bytes(100)), "index"),
    ],
)
def test_what_is_no_video(data: bytes, words: str, tmp_path: Path) -> None:
    path = tmp_path / "clip.mp4"
    path.write_bytes(data)
    assert words in sentence(path)


def test_random_bytes(tmp_path: Path) -> None:
    path = tmp_path / "clip.mp4"
    for seed in range(20):
        noise = bytes((seed * 7919 + i * i * 31 + i // 3) % 256 for i in range(3000))
        path.write_bytes(noise)
        assert "VP105" in codes(path)


@pytest.mark.parametrize("suffix", [".m4a", ".mka", ".ts"])
def test_sound_only(suffix: str, tmp_path: Path) -> None:
    import av

    path = tmp_path / f"sound{suffix}"
    with av.open(str(path), "w", format="mp4" if suffix == ".m4a" else None) as out:
        stream = out.add_stream("aac", rate=48000, layout="mono")
        for at in range(0, 24000, 1024):
            frame = av.AudioFrame(format="fltp", layout="mono", samples=1024)
            frame.planes[0].update(bytes(frame.planes[0].buffer_size))
            frame.sample_rate, frame.pts = 48000, at
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    assert "no video track" in sentence(path)


# --- cut anywhere --------------------------------------------------------------------------


@pytest.mark.parametrize("index_first", [True, False])
def test_cut_at_every_byte_of_the_index_and_many_of_the_data(
    index_first: bool, tmp_path: Path
) -> None:
    data = small_mp4(index_first)
    index = data.index(b"moov") - 4
    length = int.from_bytes(data[index : index + 4], "big")
    elsewhere = [n for n in range(len(data)) if not index <= n < index + length]
    cuts = {*range(index, index + length), *elsewhere[:: max(len(elsewhere) // 200, 1)]}
    path = tmp_path / "clip.mp4"
    path.write_bytes(data)
    for cut in sorted(cuts, reverse=True):
        os.truncate(path, cut)
        found = vaceprep.check(path).findings
        errors = [f for f in found if f.severity is Severity.ERROR]
        assert [f.code for f in errors] in (["VP105"], ["VP106"]), cut


# --- not a file ----------------------------------------------------------------------------


def test_missing_and_folder(tmp_path: Path, vaceprep_cli: Run) -> None:
    assert "no such file" in sentence(tmp_path / "none.mp4")
    assert "no such file" in sentence(Path(__file__) / "clip.mp4")
    with pytest.raises(vaceprep.ProbeError, match="folder"):
        vaceprep.probe(tmp_path)
    assert vaceprep.check(tmp_path).files == ()
    assert vaceprep_cli("check", tmp_path / "none.mp4").returncode == 1


def test_pipes_sockets_and_devices(tmp_path: Path) -> None:
    pipe, server = tmp_path / "pipe.mp4", tmp_path / "s.mp4"
    os.mkfifo(pipe)
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(server))
        for special in (pipe, server, "/dev/zero", "/dev/null", "/dev/stdin"):
            if not os.path.exists(special):
                continue
            assert vaceprep.check(special).findings[0].code == "VP105"


def test_a_link_that_leads_round_in_a_circle(tmp_path: Path) -> None:
    (tmp_path / "a.mp4").symlink_to(tmp_path / "b.mp4")
    (tmp_path / "b.mp4").symlink_to(tmp_path / "a.mp4")
    assert "circle" in sentence(tmp_path / "a.mp4")
    assert codes(tmp_path) == ["VP105", "VP105"]


def test_a_file_that_may_not_be_read(tmp_path: Path) -> None:
    path = tmp_path / "clip.mp4"
    path.write_bytes(small_mp4())
    path.chmod(0)
    if os.access(path, os.R_OK):
        pytest.skip("this user may read every file")
    assert "permission" in sentence(path)


@pytest.mark.parametrize(
    "name",
    [
        b"new\nline.mp4",
        b"control\x1b[31m\x07.mp4",
        "bidi\u202eгрп.mp4".encode(),
        b"latin-\xe9\xff.mp4",
        b"-dash.mp4",
        b" .mp4",
        b"%03d.mp4",
        b"a" * 251 + b".mp4",
        b"a" * 300 + b".mp4",
        b"a/" * 3000 + b".mp4",
        b"nul\0byte.mp4",
    ],
)
def test_names(name: bytes, tmp_path: Path) -> None:
    path = os.fsencode(tmp_path) + b"/" + name
    try:
        with open(path, "wb") as file:
            file.write(Hand().data())
        expected = HARMLESS
    except (OSError, ValueError):
        expected = {"VP105"}
    report = vaceprep.check(os.fsdecode(path))
    assert {f.code for f in report.findings} == expected
    assert report.files[0].source == os.fsdecode(path)
    json.dumps(report.to_dict())


@pytest.mark.parametrize("form", ["text", "json"])
def test_names_cannot_move_the_cursor(form: str, tmp_path: Path, vaceprep_cli: Run) -> None:
    names = [b"new\nline.mp4", b"esc\x1b[2J.mp4", "bidi\u202ex.mp4".encode(), b"raw\xff.mp4"]
    for name in names:
        with open(os.fsencode(tmp_path) + b"/" + name, "wb") as file:
            file.write(small_mp4())
    done = vaceprep_cli("check", "--format", form, tmp_path)
    assert done.returncode == 0
    assert not set(done.stdout) & {"\x1b", "\u202e", "\udcff"}
    if form == "json":
        sources = {f["source"] for f in json.loads(done.stdout)["files"]}
        assert sources == {os.path.join(tmp_path, os.fsdecode(name)) for name in names}
    else:
        assert "new\\x0aline.mp4" in done.stdout
        assert "raw\\xff.mp4" in done.stdout


# --- damage at random ----------------------------------------------------------------------


@pytest.fixture(scope="session")
def whole(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """A small file of each container."""
    files = {"mp4": small_mp4(), "hand": Hand(index_first=True).data()}
    for name in ("matroska", "mpegts", "avi", "flv"):
        buffer = BytesIO()
        codec = "mpeg4" if name == "avi" else "libx264"
        encode(buffer, frames=8, codec=codec, container=name)
        files[name] = buffer.getvalue()
    buffer = BytesIO()
    encode(
        buffer,
        frames=8,
        container="mp4",
        container_options={"movflags": "frag_keyframe+empty_moov"},
    )
    files["fragmented"] = buffer.getvalue()
    return files


edits = st.lists(
    st.tuples(
        st.sampled_from(["set", "word", "cut", "drop", "copy"]),
        st.floats(0, 1, exclude_max=True),
        st.integers(0, 255),
    ),
    min_size=1,
    max_size=6,
)


def damage(data: bytes, edits: list[tuple[str, float, int]]) -> bytes:
    """Bytes set, counts blown up, the end cut off, a stretch left out or doubled."""
    changed = bytearray(data)
    for kind, where, value in edits:
        at = int(where * len(changed))
        if kind == "set":
            changed[at : at + 1] = bytes([value])
        elif kind == "word":
            changed[at & ~3 : (at & ~3) + 4] = bytes([0xFF if value > 127 else 0, 0, value, 0xFF])
        elif kind == "cut":
            del changed[at:]
        elif kind == "drop":
            del changed[at : at + value]
        else:
            changed[at:at] = changed[at : at + value]
        if not changed:
            changed = bytearray(b"\0")
    return bytes(changed)


def damaged_mp4(
    name: str,
    changes: list[tuple[str, float, int]],
    deep: bool,
    whole: dict[str, bytes],
    clip: Path,
) -> None:
    path = clip.with_name("damaged.mp4")
    path.write_bytes(damage(whole[name], changes))
    codes(path, deep=deep)


@settings(max_examples=50, suppress_health_check=list(HealthCheck))
@given(name=st.sampled_from(["mp4", "hand", "fragmented"]), changes=edits, deep=st.booleans())
@example(name="mp4", changes=[("cut", 0.0, 0)], deep=False)
def test_damaged_mp4(
    name: str,
    changes: list[tuple[str, float, int]],
    deep: bool,
    whole: dict[str, bytes],
    clip: Path,
) -> None:
    damaged_mp4(name, changes, deep, whole, clip)


@pytest.mark.long
@settings(max_examples=400, suppress_health_check=list(HealthCheck))
@given(name=st.sampled_from(["mp4", "hand", "fragmented"]), changes=edits, deep=st.booleans())
@example(name="mp4", changes=[("cut", 0.0, 0)], deep=False)
def test_damaged_mp4_for_long(
    name: str,
    changes: list[tuple[str, float, int]],
    deep: bool,
    whole: dict[str, bytes],
    clip: Path,
) -> None:
    damaged_mp4(name, changes, deep, whole, clip)


def damaged_others(
    name: str, changes: list[tuple[str, float, int]], whole: dict[str, bytes], clip: Path
) -> None:
    path = clip.with_name("damaged.bin")
    path.write_bytes(damage(whole[name], changes))
    codes(path)


@settings(max_examples=50, suppress_health_check=list(HealthCheck))
@given(name=st.sampled_from(["matroska", "mpegts", "avi", "flv"]), changes=edits)
def test_damaged_others(
    name: str, changes: list[tuple[str, float, int]], whole: dict[str, bytes], clip: Path
) -> None:
    damaged_others(name, changes, whole, clip)


@pytest.mark.long
@settings(max_examples=150, suppress_health_check=list(HealthCheck))
@given(name=st.sampled_from(["matroska", "mpegts", "avi", "flv"]), changes=edits)
def test_damaged_others_for_long(
    name: str, changes: list[tuple[str, float, int]], whole: dict[str, bytes], clip: Path
) -> None:
    damaged_others(name, changes, whole, clip)


# --- no reach outside ----------------------------------------------------------------------


@pytest.mark.skipif(shutil.which("strace") is None, reason="needs strace")
@pytest.mark.parametrize("kind", ["m3u8", "ffconcat", "sdp", "dash", "mp4", "sequence", "matroska"])
def test_nothing_else_is_opened(kind: str, tmp_path: Path) -> None:
    for name in ("other.mp4", "seq001.png", "other.ts"):
        (tmp_path / name).write_bytes(small_mp4())
    data = {
        "m3u8": b"#EXTM3U\n#EXTINF:1,\nother.ts\n#EXTINF:1,\nhttp://127.0.0.1:9/a\n",
        "ffconcat": b"ffconcat version 1.0\nfile other.mp4\n",
        "sdp": b"v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\nm=video 5004 RTP/AVP 96\r\n",
        "dash": b"<MPD><Period><BaseURL>other.mp4</BaseURL></Period></MPD>",
        "mp4": Hand(data_reference=full("url ", b"other.mp4\0")).data(),
        "sequence": small_mp4(),
        "matroska": b"\x1a\x45\xdf\xa3\x88\x42\x82\x85webm#other.mp4" + bytes(99),
    }[kind]
    path = tmp_path / ("seq%03d.png" if kind == "sequence" else "clip.mp4")
    path.write_bytes(data)
    log = tmp_path / "log"
    command = ["strace", "-f", "-o", str(log), "-e", "trace=openat,open,connect,socket,bind"]
    done = subprocess.run(
        [
            *command,
            sys.executable,
            "-m",
            "vaceprep",
            "check",
            "--deep",
            "--role",
            "video_url",
            str(path),
        ],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    if "ptrace" in done.stderr:
        pytest.skip("strace may not trace here")
    assert done.returncode in (0, 1), done.stderr
    calls = log.read_text("utf-8", "replace").splitlines()
    opened = [line for line in calls if str(tmp_path) in line]
    assert opened
    assert all(f'"{path}"' in line for line in opened)
    assert not [line for line in calls if "connect(" in line or "bind(" in line]
    assert not [line for line in calls if "socket(AF_INET" in line]
