"""Opening lets one demuxer at the bytes given, and nothing else."""

from __future__ import annotations

import json
from fractions import Fraction
from io import BytesIO
from pathlib import Path
from types import SimpleNamespace

import pytest

from tests.media import encode, small_mp4, tagged
from vaceprep.facts import VideoFacts
from vaceprep.files.source import Opened
from vaceprep.formats import MOV
from vaceprep.probes.container import BROKEN, clause, fraction, open_container, read_tags
from vaceprep.probes.sniff import sniff
from vaceprep.probes.video import probe_video


def opened(data: bytes) -> Opened:
    return Opened(BytesIO(data), len(data))


@pytest.mark.parametrize("fast", [True, False])
def test_one_demuxer_opens_its_own(fast: bool) -> None:
    with open_container(opened(small_mp4()), MOV, fast=fast) as container:
        stream = container.streams.video[0]
        assert (stream.codec_context.width, stream.codec_context.height) == (64, 48)
        assert container.format.name in MOV


@pytest.mark.parametrize(
    "script",
    [
        b"#EXTM3U\n#EXTINF:1,\nother.ts\n#EXT-X-ENDLIST\n",
        b"ffconcat version 1.0\nfile other.mp4\n",
        b"v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\nm=video 5004 RTP/AVP 96\r\n",
    ],
)
@pytest.mark.parametrize("demuxer", [MOV, "matroska,webm", "avi", "flv"])
def test_a_script_is_refused_by_every_demuxer(script: bytes, demuxer: str) -> None:
    with pytest.raises(BROKEN), open_container(opened(script), demuxer) as container:
        next(container.demux())


@pytest.mark.parametrize("demuxer", ["hls", "concat", "sdp", "dash"])
def test_not_even_the_right_demuxer_reaches_further(demuxer: str, tmp_path: Path) -> None:
    other = tmp_path / "other.mp4"
    encode(other, frames=3)
    script = {
        "hls": f"#EXTM3U\n#EXTINF:1,\n{other}\n#EXT-X-ENDLIST\n",
        "concat": f"ffconcat version 1.0\nfile '{other}'\n",
        "sdp": "v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"
        "m=video 5004 RTP/AVP 96\r\n",
        "dash": f"<MPD><Period><BaseURL>{other}</BaseURL></Period></MPD>",
    }[demuxer]
    with pytest.raises(BROKEN), open_container(opened(script.encode()), demuxer) as container:
        assert [p.size for p in container.demux() if p.size]


def test_a_name_s_numbers_mean_nothing(tmp_path: Path) -> None:
    for number in range(3):
        (tmp_path / f"a{number}.mp4").write_bytes(small_mp4())
    data = small_mp4()
    assert sniff(data[:4096]).demuxer == MOV


def test_clauses_are_short_and_name_no_path() -> None:
    with pytest.raises(BROKEN) as caught, open_container(opened(b"x" * 99), "avi"):
        pass
    said = clause(caught.value)
    assert said
    assert "/" not in said
    assert clause(MemoryError()) == "it asks for more memory than there is"
    assert clause(ValueError()) == "ValueError"
    assert len(clause(ValueError("long " * 99))) <= 120


def test_a_riff_size_that_spells_a_box_is_a_size() -> None:
    """Guided fuzzing found it: the letters after the size tell more than the size."""
    for form, kind in ((b"WEBP", "image"), (b"AVI ", "video"), (b"WAVE", "audio")):
        assert sniff(b"RIFFmdat" + form + bytes(30)).kind == kind
    assert sniff(b"RIFFmdat" + b"none" + bytes(30)).demuxer == MOV


@pytest.mark.parametrize("container", ["mp4", "mov", "matroska", "avi"])
def test_metadata_that_is_not_utf8_raises_nothing(container: str) -> None:
    """A title in Latin-1, and one with half of a surrogate pair."""
    for bad in (b"caf\xe9 location", b"\xed\xa0\x80 title ok"):
        data = tagged(container, bad)
        assert bad in data
        found = probe_video(opened(data), sniff(data[:4096]))
        assert isinstance(found, VideoFacts), found
        json.dumps(found.to_dict(), ensure_ascii=False).encode()
        with open_container(opened(data), sniff(data[:4096]).demuxer or "") as source:
            titles = read_tags(source.metadata)
        assert "\ufffd" in "".join(titles.values())
        "".join(titles.values()).encode()


@pytest.mark.parametrize(
    ("numerator", "denominator", "expected"),
    [
        (1, 15360, Fraction(1, 15360)),
        (30000, 1001, Fraction(30000, 1001)),
        (0, 1, None),
        (0, 0, None),
        (1, 0, None),
    ],
)
def test_a_rational_of_pyav_is_a_fraction_or_none(
    numerator: int, denominator: int, expected: Fraction | None
) -> None:
    value = SimpleNamespace(numerator=numerator, denominator=denominator)
    found = fraction(value)
    assert found == expected
    assert found is None or type(found) is Fraction
    assert fraction(None) is None


def test_facts_hold_fractions_of_python() -> None:
    """PyAV 19 gives rationals of its own, whose products are rounded."""
    for container in ("matroska", "avi", "mp4"):
        data = tagged(container, b"a title of text")
        facts = probe_video(opened(data), sniff(data[:4096]))
        assert isinstance(facts, VideoFacts)
        for name, value in facts.to_values().items():
            assert "Rational" not in type(value).__name__, name
