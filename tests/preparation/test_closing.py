"""Decoding that ends early ends: closing a decoder waits for no thread that waits for Python."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import vaceprep
from tests.media import full, u32
from tests.probes.fieldpictures import FieldFile
from tests.probes.mp4.test_hidden_samples import WithHeaders
from vaceprep.preparation.video.decode import packet_of
from vaceprep.probes.h264 import prepares

#: Decodes with threads and closes while they work; an argument names what makes the packets.
CLOSING = """
import os, sys
import av
from vaceprep.preparation.video.decode import packet_of

with av.open(sys.argv[1]) as container:
    stream = container.streams.video[0]
    extradata = stream.codec_context.extradata
    data = [bytes(packet) for packet in container.demux(stream) if packet.size]
for turn in range(60):
    decoder = av.CodecContext.create("h264", "r")
    decoder.extradata = extradata
    decoder.thread_type, decoder.thread_count = "FRAME", 4
    for part in data[: 5 + turn % 7]:
        decoder.decode(packet_of(part))
    # Freed with the interpreter's lock held, while the threads still release their packets.
    del decoder
os._exit(0)
"""
#: Far more than the work takes: only a decoder that never ends takes as long.
PATIENCE = 120


def test_a_decoder_with_threads_is_closed_while_they_work(tmp_path: Path) -> None:
    path = tmp_path / "fields.mp4"
    path.write_bytes(FieldFile(frames=20, timescale=50).data())
    command = [sys.executable, "-c", CLOSING, str(path)]
    assert subprocess.run(command, timeout=PATIENCE, check=False).returncode == 0


def test_a_packet_refers_to_no_python_object() -> None:
    data = b"\0" * 1000
    before = sys.getrefcount(data)
    packet = packet_of(data)
    assert bytes(packet) == data
    assert sys.getrefcount(data) == before


def test_a_window_of_a_file_with_invalid_sei_samples(tmp_path: Path) -> None:
    path = tmp_path / "sei.mp4"
    keyframes = full("stss", u32(5, 2, 10, 18, 26, 34))
    hand = WithHeaders(frames=80, timescale=40, tables={"stss": keyframes})
    path.write_bytes(hand.data())
    report = vaceprep.prepare(path, output=tmp_path / "out.mp4", start=0.5, duration=1)
    (entry,) = report.files
    assert entry.status == "prepared", entry


@pytest.mark.parametrize(
    ("codec", "head", "needed"),
    [
        ("h264", b"\x67\x42", True),
        ("h264", b"\x68\xce", True),
        ("h264", b"\x06\x06", True),
        ("h264", b"\x06\x05", False),
        ("h264", b"\x09\xf0", False),
        ("hevc", b"\x40\x01", True),
        ("hevc", b"\x4e\x01", False),
    ],
)
def test_what_decoding_needs_beside_pictures(codec: str, head: bytes, needed: bool) -> None:
    assert prepares(b"\0\0\0\1" + head + b"\0" * 8, codec, b"") is needed
