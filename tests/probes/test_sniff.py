"""What a file is by its first bytes alone."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.media import Hand, box, ftyp
from vaceprep.formats import ASF, MOV
from vaceprep.probes.sniff import sniff


@pytest.mark.parametrize(
    ("head", "kind", "name", "demuxer"),
    [
        (ftyp("isom"), "video", "mp4", MOV),
        (ftyp("mp42"), "video", "mp4", MOV),
        (ftyp("zzzz"), "video", "mp4", MOV),
        (ftyp("qt"), "video", "mov", MOV),
        (ftyp("3gp4"), "video", "3gp", MOV),
        (ftyp("3g2a"), "video", "3gp", MOV),
        (Hand(brand=None).data(), "video", "mov", MOV),
        (box("moov"), "video", "mov", MOV),
        (box("wide"), "video", "mov", MOV),
        (b"\x1a\x45\xdf\xa3\x9fB\x86\x81\1B\x82\x88matroska", "video", "matroska", "matroska,webm"),
        (b"\x1a\x45\xdf\xa3\x9fB\x86\x81\1B\x82\x84webm", "video", "webm", "matroska,webm"),
        (b"RIFF\0\0\0\0AVI LIST", "video", "avi", "avi"),
        (b"FLV\1\5\0\0\0\x09", "video", "flv", "flv"),
        (b"OggS\0\2", "video", "ogg", "ogg"),
        (ASF, "video", "asf", "asf"),
        ((b"\x47" + bytes(187)) * 8, "video", "mpegts", "mpegts"),
        ((bytes(4) + b"\x47" + bytes(187)) * 8, "video", "mpegts", "mpegts"),
        (b"\0\0\1\xba\x44", "video", "mpeg", "mpeg"),
        (b"\0\0\0\1\x67\x64\0\x0a", "video", "h264", "h264"),
        (b"\0\0\0\1\x40\1\x0c", "video", "hevc", "hevc"),
        (b"\x89PNG\r\n\x1a\n", "image", "png", "apng"),
        (b"GIF89a", "image", "gif", "gif"),
        (b"\xff\xd8\xff\xe0", "image", "jpeg", None),
        (ftyp("heic"), "image", "heic", None),
        (ftyp("avif"), "image", "avif", None),
        (b"RIFF\0\0\0\0WAVEfmt ", "audio", "WAVE", None),
        (b"ID3\4", "audio", "MP3", None),
        (b"\xff\xfb\x90\0", "audio", "MP3", None),
        (b"\xff\xf1\x50\x80", "audio", "AAC", None),
        (b"fLaC", "audio", "FLAC", None),
        (b"hello, world\n", "text", "text", None),
        ("grüße ".encode() * 400, "text", "text", None),
        (bytes(100), "unknown", "unknown", None),
        (b"\x80\x81\x82\x83\0\1", "unknown", "unknown", None),
    ],
)
def test_signatures(head: bytes, kind: str, name: str, demuxer: str | None) -> None:
    sniffed = sniff(head[:4096])
    assert (sniffed.kind, sniffed.format, sniffed.demuxer) == (kind, name, demuxer)


@pytest.mark.parametrize(
    "text",
    [
        "#EXTM3U\n#EXT-X-VERSION:3\n",
        "\ufeff#EXTM3U\n",
        "\n\n  #extm3u\n",
        "ffconcat version 1.0\nfile other.mp4\n",
        "v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\n",
        "v=0\no=- 0 0 IN IP4 127.0.0.1\n",
        '<?xml version="1.0"?>\n<MPD xmlns="urn:mpeg:dash:schema:mpd:2011">',
        "<SmoothStreamingMedia>",
        "[playlist]\nFile1=http://example.com/x.mp3\n",
    ],
)
def test_lists_of_other_files_are_told_and_get_no_demuxer(text: str) -> None:
    sniffed = sniff(text.encode())
    assert (sniffed.kind, sniffed.demuxer) == ("playlist", None)


@given(st.binary(max_size=600))
def test_any_bytes_have_a_kind(head: bytes) -> None:
    sniffed = sniff(head)
    assert (sniffed.demuxer is not None) or sniffed.kind != "video"


@given(st.integers(0, 40), st.binary(max_size=40))
def test_a_head_cut_short(length: int, tail: bytes) -> None:
    for whole in (ftyp(), ftyp("heic"), b"RIFF\0\0\0\0AVI LIST", b"II*\0\x08\0\0\0"):
        assert sniff(whole[:length] + tail).kind
