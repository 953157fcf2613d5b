"""Packets with invalid NAL units are not copied."""

from __future__ import annotations

from pathlib import Path

import av
import pytest

import vaceprep
from tests.media import coded
from tests.preparation import numbered
from vaceprep.probes.h264 import invalid

#: A unit of H.264 and one of HEVC behind lengths of four bytes, and what makes them invalid.
GOOD = {"h264": b"\0\0\0\2\x41\x9a", "hevc": b"\0\0\0\3\x02\x01\xd0"}
BAD = {
    "h264": (b"\0\0\0\2\xc1\x9a", b"\0\0\0\2\0\x9a", b"\0\0\0\3\x41\x9a", bytes(4), b"\0\0\0"),
    "hevc": (b"\0\0\0\3\x82\x01\xd0", b"\0\0\0\3\x02\0\xd0", b"\0\0\0\x09\x02\x01\xd0"),
}


@pytest.mark.parametrize("codec", GOOD)
def test_what_no_decoder_accepts(codec: str) -> None:
    extradata = b"\1" + b"\xff" * 30
    assert not invalid(GOOD[codec] * 2, codec, extradata)
    for bad in BAD[codec]:
        assert invalid(GOOD[codec] + bad, codec, extradata), bad
    assert not invalid(b"anything", "vp9", b"")


def test_real_packets_are_valid() -> None:
    extradata, packets = coded()
    assert not any(invalid(packet, "h264", extradata) for packet in packets)


def test_an_invalid_unit_is_not_copied(tmp_path: Path) -> None:
    options = {"bf": "0", "g": "4", "preset": "ultrafast"}
    path = numbered.write(tmp_path / "a.mov", frames=8, rate=24, options=options)
    data = bytearray(path.read_bytes())
    with av.open(str(path)) as container:
        packets = [bytes(p) for p in container.demux(video=0) if p.size]
    last = data.rindex(packets[-1][:40])
    data[last + 4] |= 0x80
    path.write_bytes(data)
    entry = vaceprep.prepare(path, tmp_path / "out").files[0]
    assert not entry.lossless
    if entry.output is None:
        assert [f.code for f in entry.remaining] == ["VP106"], (entry.error, entry.remaining)
