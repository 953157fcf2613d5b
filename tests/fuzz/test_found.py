"""What once broke something: taken within time and memory, with a sentence and no traceback."""

from __future__ import annotations

import random
import subprocess
import sys
from pathlib import Path

import pytest
from av.video.frame import VideoFrame

import vaceprep
from tests.fuzz.found.built import BUILT
from tests.fuzz.seeds import FIXTURES
from tests.hostile import Outcome, survive
from vaceprep.contract import Role
from vaceprep.probes import decode
from vaceprep.probes.decode import BLACK, OTHER, WHITE, _in_all
from vaceprep.probes.sniff import sniff

HERE = Path(__file__).parent / "found"
#: Small files, named for what they did.
FILES = sorted(p for p in HERE.iterdir() if p.suffix != ".py" and p.is_file())
MEGABYTES = 400


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Outcome]:
    folder = tmp_path_factory.mktemp("found")
    files = {path.name: path for path in FILES}
    for name, make in BUILT.items():
        files[name] = folder / name
        files[name].write_bytes(make())
    return survive(files)


def test_a_cut_animation_is_told(tmp_path: Path) -> None:
    """Under a video's role it passed as a shorter one."""
    path = tmp_path / "clip.gif"
    whole = (FIXTURES / "video/animated.gif").read_bytes()
    for size in (len(whole), len(whole) - 1, len(whole) // 2):
        path.write_bytes(whole[:size])
        codes = {f.code for f in vaceprep.check(path, "video_url").findings}
        assert ("VP106" in codes) == (size < len(whole))


def test_a_picture_that_speaks_of_a_manifest_is_a_picture() -> None:
    whole = (FIXTURES / "image/ok.jpg").read_bytes()
    comment = b"\xff\xfe\0\x0a<MPD />x"
    assert sniff(whole[:2] + comment + whole[2:]).kind == "image"
    assert sniff(b'<?xml version="1.0"?>\n<MPD/>').kind == "playlist"


@pytest.mark.parametrize("band", [1, 64 * 3, 64 * 5 + 7, 1 << 20])
def test_bands_of_a_frame_count_as_the_whole(band: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Copies of a whole frame took 400 MB for one of 15 megapixels."""
    monkeypatch.setattr(decode, "BAND_PIXELS", band)
    frame = VideoFrame(64, 48, "rgb24")
    stride = frame.planes[0].line_size
    lines = [
        bytes([0, 0, 0] * (y % 3) + [255] * 3 * (64 - y % 3 - 1) + [9, 0, 0]) for y in range(48)
    ]
    frame.planes[0].update(b"".join(line.ljust(stride, b"\0") for line in lines))
    tally = decode._Tally()
    tally.add(frame)
    facts = tally.facts()
    assert facts is not None
    assert (facts.pixels, facts.black, facts.other) == (64 * 48, 48, 48)


#: Takes seconds as a mask: checked with its memory below.
HUGE = HERE / "15-megapixel-frame.gif"
UNDER = [(p, r) for r in ("video_url", "mask_video_url", "ref_images_url") for p in FILES]


@pytest.mark.parametrize(("path", "role"), [u for u in UNDER if u != (HUGE, "mask_video_url")])
def test_it_is_taken_under_every_role(path: Path, role: Role) -> None:
    assert not vaceprep.check(path, role).ok


@pytest.mark.long
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="needs Linux's /proc")
def test_a_mask_of_huge_frames_takes_bounded_memory() -> None:
    ask = (
        "import sys, vaceprep; print(vaceprep.check(sys.argv[1], 'mask_video_url').ok);"
        # Not ru_maxrss, which a new program takes over from the process that started it.
        "peak = next(s for s in open('/proc/self/status') if s.startswith('VmHWM'));"
        "print(int(peak.split()[1]) // 1024)"
    )
    command = [sys.executable, "-c", ask, str(HUGE)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    taken, peak = done.stdout.split()
    assert taken == "False"
    assert int(peak) < 300


# ``survive`` gives each eight seconds of processor time and three gigabytes of addresses.
@pytest.mark.parametrize("name", [*BUILT, *(path.name for path in FILES)])
def test_it_is_taken(name: str, outcomes: dict[str, Outcome]) -> None:
    outcome = outcomes[name]
    assert outcome.error is None
    assert outcome.megabytes < MEGABYTES
    assert all(message and len(message) < 400 for message in outcome.findings.values())


def test_coloured_pixels_of_a_mask_are_counted_as_one_by_one() -> None:
    """A clip in colour took seconds for each second of it."""
    chance = random.Random(6)
    classes = bytes(chance.choice((BLACK, WHITE, OTHER)) for _ in range(3 * 5000))
    pixels = [classes[at : at + 3] for at in range(0, len(classes), 3)]
    for level in (BLACK, WHITE):
        wanted = bytes(c == level for c in range(256))
        assert _in_all(classes, wanted) == pixels.count(bytes([level] * 3))
