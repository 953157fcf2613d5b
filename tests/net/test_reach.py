"""Nothing but the file itself: by strace, since Python does not see what FFmpeg opens."""

from __future__ import annotations

import re
import shutil
import socket
import struct
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.media import Hand, box, full, small_mp4

#: What hostile files name: beside them, above them, and of the system.
BESIDE = "other.mp4"
#: Stands for the listening server in what is written here.
SERVER = "127.0.0.1:PORT"


def playlists() -> dict[str, bytes]:
    """Texts that players take for a list of other files."""
    http = f"http://{SERVER}/a.mp4"
    return {
        "hls.mp4": f"#EXTM3U\n#EXTINF:1,\n{BESIDE}\n#EXTINF:1,\n{http}\n".encode(),
        "hls-key.m3u8": (
            f'#EXTM3U\n#EXT-X-KEY:METHOD=AES-128,URI="file:///etc/passwd"\n'
            f'#EXT-X-MAP:URI="{http}"\n#EXTINF:1,\n{BESIDE}\n'
        ).encode(),
        "dash.mp4": f"<?xml version='1.0'?><MPD><Period><BaseURL>{http}</BaseURL>"
        f"<AdaptationSet><Representation><BaseURL>{BESIDE}</BaseURL></Representation>"
        "</AdaptationSet></Period></MPD>".encode(),
        "concat.mp4": f"ffconcat version 1.0\nfile {BESIDE}\nfile /etc/passwd\n".encode(),
        "sdp.mp4": b"v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\nc=IN IP4 127.0.0.1\r\n"
        b"m=video 5004 RTP/AVP 96\r\n",
        "asx.mp4": f'<asx version="3.0"><entry><ref href="{http}"/></entry></asx>'.encode(),
        "ram.mp4": http.encode(),
        "pls.mp4": f"[playlist]\nFile1={http}\nFile2={BESIDE}\n".encode(),
        "xspf.mp4": f"<playlist><trackList><track><location>{http}</location></track>"
        "</trackList></playlist>".encode(),
        "smil.mp4": f'<smil><body><video src="{http}"/></body></smil>'.encode(),
        "link.url": f"[InternetShortcut]\nURL={http}\n".encode(),
        "imf.xml": f"<CompositionPlaylist><Path>{BESIDE}</Path></CompositionPlaylist>".encode(),
        "lavfi.mp4": b"movie=other.mp4",
        "vapoursynth.vpy": b"import os\nos.system('touch owned')\n",
        "avisynth.avs": f'AVISource("{BESIDE}")\n'.encode(),
    }


def references() -> dict[str, bytes]:
    """Containers that say that their bytes lie elsewhere."""
    url = f"http://{SERVER}/data.mp4".encode()
    alias = bytes(4) + struct.pack(">HH", 150, 2) + bytes(142)
    rmra = box("rmra", box("rmda", full("rdrf", b"url ", struct.pack(">I", len(url)), url)))
    linked = b"\x3c\x83\xab" + bytes([0x80 | len(BESIDE)]) + BESIDE.encode()
    return {
        "url-dref.mp4": Hand(data_reference=full("url ", url + b"\0")).data(),
        "file-dref.mov": Hand(
            brand="qt  ", data_reference=full("url ", b"file:///etc/passwd\0")
        ).data(),
        "urn-dref.mp4": Hand(data_reference=full("urn ", b"n\0other.mp4\0")).data(),
        "alias.mov": Hand(brand="qt  ", data_reference=full("alis", alias)).data(),
        "reference-movie.mov": ftyp_qt() + box("moov", rmra),
        "linked.mkv": b"\x1a\x45\xdf\xa3\x88\x42\x82\x85webm#\x18\x53\x80\x67\xff"
        + linked
        + bytes(99),
        "redirector.mov": b"RTSPtext" + f"rtsp://{SERVER}/a".encode(),
    }


def ftyp_qt() -> bytes:
    return box("ftyp", b"qt  ", bytes(4), b"qt  ")


def pictures() -> dict[str, bytes]:
    """Formats that run programs or name other files."""
    http = f"http://{SERVER}/a.png"
    return {
        "svg.png": f'<svg xmlns="http://www.w3.org/2000/svg"><image href="{http}"/></svg>'.encode(),
        "xxe.svg": b'<!DOCTYPE s [<!ENTITY x SYSTEM "file:///etc/passwd">]><svg>&x;</svg>',
        "script.eps": b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 400 400\n"
        b"(/etc/passwd) (r) file\nshowpage\n",
        "script.png": b"%!PS\n(owned) (w) file closefile\n",
        "page.pdf": b"%PDF-1.4\n1 0 obj<</Type/Catalog/OpenAction<</S/Launch/F(sh)>>>>endobj\n",
        "meta.wmf": b"\xd7\xcd\xc6\x9a" + bytes(60),
        "meta.emf": b"\x01\0\0\0" + bytes(36) + b" EMF" + bytes(60),
        "magick.mvg": b"push graphic-context\nimage over 0,0 0,0 'https://example.com/'\n",
        "layers.psd": b"8BPS\0\x01" + bytes(40),
        "icons.icns": b"icns\0\0\0\x10ic10\0\0\0\x08",
        "fits.png": b"SIMPLE  =                    T" + bytes(60),
    }


KINDS = {**playlists(), **references(), **pictures(), "seq%03d.png": small_mp4()}

WALK = """
import sys
import vaceprep
from vaceprep.errors import Refused

def all_ways(path):
    for role in ("video_url", "ref_images_url", "mask_image_url", "mask_video_url"):
        vaceprep.check(path, role, deep=True)
    vaceprep.check(path)
    for role in ("video_url", "ref_images_url"):
        vaceprep.prepare(path, sys.argv[1] + "/out", role, salvage=True)
    from vaceprep.cli.main import run
    run(["frame", path, "--at", "first", "-o", sys.argv[1] + "/frame.png"])
    run(["probe", path])

for path in sys.argv[2:]:
    all_ways(path)
"""


@contextmanager
def listening() -> Iterator[tuple[int, list[object]]]:
    """A server that counts who connects."""
    met: list[object] = []
    with socket.create_server(("127.0.0.1", 0)) as server:

        def walk() -> None:
            while True:
                try:
                    connection, who = server.accept()
                except OSError:
                    return
                met.append(who)
                connection.close()

        thread = threading.Thread(target=walk, daemon=True)
        thread.start()
        yield server.getsockname()[1], met
        server.shutdown(socket.SHUT_RDWR)
    thread.join(5)


@pytest.mark.skipif(shutil.which("strace") is None, reason="needs strace")
def test_hostile_files_reach_nothing(tmp_path: Path) -> None:
    inside = tmp_path / "inside"
    inside.mkdir()
    (tmp_path / "out").mkdir()
    for name in (BESIDE, "seq001.png", "seq002.png", "other.ts"):
        (inside / name).write_bytes(small_mp4())
    log = tmp_path / "log"
    with listening() as (port, met):
        paths = []
        for name, data in KINDS.items():
            path = inside / name
            path.write_bytes(data.replace(b"PORT", str(port).encode()))
            paths.append(str(path))
        done = subprocess.run(
            [
                *("strace", "-f", "-o", str(log), "-s", "4096"),
                *("-e", "trace=openat,open,connect,socket,bind,execve"),
                *(sys.executable, "-c", WALK, str(tmp_path), *paths),
            ],
            capture_output=True,
            text=True,
            errors="replace",
            timeout=120,
            check=False,
            cwd=inside,
        )
    if "ptrace" in done.stderr:
        pytest.skip("strace may not trace here")
    assert done.returncode == 0, done.stderr
    assert met == []
    calls = log.read_text("utf-8", "replace").splitlines()
    opened = {m[1] for line in calls if (m := re.search(r'open(?:at)?\([^"]*"([^"]*)"', line))}
    mine = {path for path in opened if path.startswith(str(inside)) or not path.startswith("/")}
    # Each was looked at, and nothing else beside them.
    assert mine - {str(inside)} == set(paths)
    assert "/etc/passwd" not in opened
    assert not (inside / "owned").exists()
    assert not [line for line in calls if "connect(" in line or "bind(" in line]
    assert not [line for line in calls if "AF_INET" in line]
    # The interpreter itself, and no program that a picture asks for.
    programs = [line for line in calls if "execve(" in line and "= 0" in line]
    assert len(programs) == 1


def test_a_folder_called_like_a_protocol_sends_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """FFmpeg takes what stands before a colon in an output's name for a protocol."""
    import vaceprep

    monkeypatch.chdir(tmp_path)
    with listening() as (port, met):
        source = Path("http:", f"127.0.0.1:{port}", "clip.mp4")
        source.parent.mkdir(parents=True)
        source.write_bytes(small_mp4())
        report = vaceprep.prepare(source)
    assert met == []
    assert report.ok
    assert report.files[0].output is not None
    assert Path(report.files[0].output).is_file()


def test_hostile_files_are_refused_in_words(tmp_path: Path) -> None:
    import vaceprep

    for name, data in KINDS.items():
        if name == "seq%03d.png":
            continue
        path = tmp_path / name
        path.write_bytes(data.replace(b"PORT", b"9"))
        for role in ("video_url", "ref_images_url"):
            report = vaceprep.check(path, role)
            assert not report.ok, (name, role)
            assert all(f.message for f in report.findings)


def test_links_out_of_a_folder_are_not_followed(tmp_path: Path) -> None:
    import vaceprep

    secret = tmp_path / "secret"
    secret.mkdir()
    (secret / "clip.mp4").write_bytes(small_mp4())
    shoot = tmp_path / "shoot"
    (shoot / "deep").mkdir(parents=True)
    (shoot / "own.mp4").write_bytes(small_mp4())
    (shoot / "out.mp4").symlink_to(secret / "clip.mp4")
    (shoot / "folder").symlink_to(secret)
    (shoot / "up").symlink_to("..")
    (shoot / "round").symlink_to(".")
    (shoot / "deep" / "back.mp4").symlink_to("../own.mp4")
    report = vaceprep.check(shoot)
    assert [Path(f.source).name for f in report.files] == ["own.mp4", "back.mp4"]
    made = vaceprep.prepare(shoot, tmp_path / "ready")
    assert sorted(Path(f.source).name for f in made.files) == ["back.mp4", "own.mp4"]
