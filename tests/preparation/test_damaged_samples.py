"""Damaged samples of H.264: what passes decodes by another decoder, without an error."""

from __future__ import annotations

import random
import shutil
import subprocess
from pathlib import Path

import av
import pytest

import vaceprep
from tests.preparation import numbered
from vaceprep.preparation.report import Prepared

FFMPEG = shutil.which("ffmpeg")
SEEDS = 100


def _samples(path: Path) -> list[tuple[int, int]]:
    """Where the samples of a file are, and their sizes."""
    with av.open(str(path)) as container:
        packets = container.demux(video=0)
        return [(p.pos, p.size) for p in packets if p.size and p.pos is not None]


def _damaged(data: bytes, samples: list[tuple[int, int]], seed: int) -> bytes:
    """1 to 8 bits of samples turned over."""
    chance, found = random.Random(seed), bytearray(data)
    for _ in range(chance.choice((1, 1, 2, 8))):
        at, size = chance.choice(samples)
        found[at + chance.randrange(size)] ^= 1 << chance.randrange(8)
    return bytes(found)


def _error(path: str) -> str:
    """What the ffmpeg program says of a file whose frames do not all decode; empty otherwise."""
    assert FFMPEG is not None
    command = [FFMPEG, "-nostdin", "-v", "error", "-threads", "1", "-xerror"]
    command += ["-err_detect", "explode", "-i", path, "-map", "0:v:0", "-f", "null", "-"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.stderr or ("it failed" if done.returncode else "")


def _made(path: Path, seed: int) -> Prepared:
    """As ``run`` does before it sends, or encoded anew, or salvaged."""
    out = path.parent / "out"
    if seed % 4 < 2:
        return vaceprep.prepare(path, out, deep=True).files[0]
    return vaceprep.prepare(path, out, start="0.2", salvage=seed % 4 == 3).files[0]


@pytest.mark.long
@pytest.mark.skipif(FFMPEG is None, reason="needs the ffmpeg program, an independent decoder")
def test_no_frame_that_does_not_decode_passes(tmp_path: Path) -> None:
    options = {"g": "10", "crf": "20"}
    source = numbered.write(tmp_path / "clip.mp4", frames=40, options=options)
    assert _error(str(source)) == ""
    data, samples = source.read_bytes(), _samples(source)
    said, passed, refused = {}, 0, 0
    for seed in range(SEEDS):
        folder = tmp_path / str(seed)
        folder.mkdir()
        path = folder / "clip.mp4"
        path.write_bytes(_damaged(data, samples, seed))
        entry = _made(path, seed)
        if entry.status not in ("prepared", "unchanged"):
            refused += 1
            assert entry.output is None
            continue
        passed += 1
        error = _error(str(entry.output or path))
        if error:
            said[seed] = f"{entry.status}: {error}"
    assert said == {}
    # Damage is not always visible to a decoder, and salvaged sources pass.
    assert passed > SEEDS // 5
    assert refused > SEEDS // 5


def test_a_frame_that_the_decoder_marks_as_damaged_is_an_error(tmp_path: Path) -> None:
    options = {"g": "10", "crf": "20", "preset": "veryfast"}
    source = numbered.write(tmp_path / "clip.mp4", frames=10, options=options)
    assert vaceprep.check(source, deep=True).ok
    whole, damaged, messages = source.read_bytes(), tmp_path / "damaged.mp4", []
    for at, size in _samples(source)[1:]:
        # The end of a slice: some decode up to there without an error.
        end = at + size
        damaged.write_bytes(whole[: end - 4] + b"\0\0\0\x80" + whole[end:])
        found = vaceprep.check(damaged, deep=True).files[0].findings
        (error,) = (f for f in found if f.severity == "error")
        assert error.code == "VP106"
        messages.append(error.message)
    assert any("marks it as damaged" in message for message in messages)
