"""The reader of MP4 boxes gives exactly the facts of the reader through PyAV, or none."""

from __future__ import annotations

import struct
from collections import Counter
from fractions import Fraction
from pathlib import Path

import pytest

import vaceprep
from tests.fuzz.mutate import mutant
from tests.fuzz.seeds import FIXTURES, Seed, seeds
from tests.media import Hand, box, full, runs, u32
from tests.paths import ROOT
from tests.probes.agreement import by_boxes, read_with_bits_turned
from tests.probes.both_readers import measure_twice
from tests.probes.entries import (
    colr,
    with_bytes,
    with_child,
    with_entry_boxes,
    with_entry_bytes,
)
from vaceprep.files.source import open_bytes

ENDINGS = (".mp4", ".mov", ".3gp", ".m4v")
CORPUS = ROOT.parent / "shared" / "corpus"
#: Fixtures that the reader of boxes leaves to PyAV.
LEFT = set(
    "fragmented-dash.mp4 fragmented.mp4 interlaced.mp4 no-ftyp.mov"
    " truncated.mp4 with-second-video.mp4".split()
)


def movies() -> tuple[Seed, ...]:
    return tuple(seed for seed in seeds() if seed.suffix.lower() in ENDINGS)


def test_every_fixture_is_read_alike_and_most_by_boxes() -> None:
    read, left = set[str](), set[str]()
    for seed in movies():
        with open_bytes(seed.data) as opened:
            found = measure_twice(opened)
        if found is None:
            continue
        (left if found.boxes is None else read).add(Path(seed.name).name)
        assert found.boxes is None or found.boxes == found.ffmpeg, seed.name
    assert left == LEFT
    assert len(read) >= 60


@pytest.mark.skipif(not CORPUS.is_dir(), reason="no corpus beside the project")
def test_every_file_of_the_corpus_is_read_alike() -> None:
    files = [path for path in sorted(CORPUS.rglob("*")) if path.suffix.lower() in ENDINGS]
    read = [path.name for path in files if by_boxes(path.read_bytes()) is not None]
    assert files
    assert read


def compare(numbers: range) -> Counter[str]:
    """Compare the readers over mutants of the fixtures; count who measured them."""
    count: Counter[str] = Counter()
    for number in numbers:
        data = mutant(15, number, movies()).data
        if data:
            count["boxes" if by_boxes(data) is not None else "left"] += 1
    return count


def test_broken_files_are_read_alike_or_left() -> None:
    count = compare(range(200))
    assert count["boxes"] >= 20


@pytest.mark.long
@pytest.mark.parametrize("part", range(4))
def test_many_broken_files_are_read_alike_or_left(part: int) -> None:
    count = compare(range(part * 2500, (part + 1) * 2500))
    assert count["boxes"] >= 250


@pytest.mark.long
@pytest.mark.parametrize("name", ["hevc.mp4", "av1.mp4", "with-audio.mp4"])
def test_bits_of_the_sample_entries(name: str) -> None:
    read, turned = read_with_bits_turned(fixture(name))
    assert 100 < read < turned


def test_who_measured_is_said_for_videos_alone(tmp_path: Path) -> None:
    report = vaceprep.check(
        [FIXTURES / "video" / "hevc.mp4", FIXTURES / "video" / "interlaced.mp4"]
    )
    assert [entry.to_dict()["reader"] for entry in report.files] == ["mp4", "ffmpeg"]
    image = vaceprep.check(FIXTURES / "image" / "16-bit-grey.png").files[0].to_dict()
    assert "reader" not in image
    assert image["facts"] is not None
    missing = vaceprep.check(tmp_path / "missing.mp4").files[0].to_dict()
    assert "reader" not in missing
    assert missing["facts"] is None


#: One fixture for each codec and depth, with the index at the end.
CODECS = ("hevc.mp4", "hdr-hevc-10-bit.mp4", "av1.mp4", "index-last.mp4", "pq.mp4")
COLOURS = {
    "none": b"",
    "HDR": colr(b"nclx", 9, 16, 9, 0),
    "HDR in full range": colr(b"nclx", 9, 16, 9, 0x80),
    "QuickTime's": colr(b"nclc", 1, 1, 1),
    "no known number": colr(b"nclx", 99, 3, 200, 0),
}


def fixture(name: str) -> bytes:
    return (FIXTURES / "video" / name).read_bytes()


@pytest.mark.parametrize("name", CODECS)
def test_colours_of_the_container_and_of_the_parameter_set(name: str) -> None:
    for words, colours in COLOURS.items():
        data = with_entry_boxes(fixture(name), colours, without=("colr",))
        assert by_boxes(data) is not None, words


@pytest.mark.parametrize("name", CODECS)
def test_sizes_that_differ(name: str) -> None:
    plain = with_entry_boxes(fixture(name), without=("pasp",))
    way = ("moov", "trak", "tkhd")
    for width, height in ((100, 100), (640, 480), (361, 359), (0, 0)):
        shown = by_boxes(with_bytes(plain, way, 76, u32(width << 16, height << 16)))
        assert shown is not None
        # The entry's own size: read alike, or left where FFmpeg would take the frame's.
        by_boxes(with_entry_bytes(plain, 24, struct.pack(">HH", width, height)))


@pytest.mark.parametrize("name", CODECS)
@pytest.mark.parametrize(
    ("boxes", "read"),
    [
        (box("pasp", u32(4, 3)), True),
        (box("pasp", u32(32767, 32766)), True),
        (box("pasp", u32(32768, 1)), False),
        (box("pasp", u32(1, 32768)), False),
        (box("pasp", u32(1, 0)), False),
        (box("pasp", u32(1, 1), b"x"), False),
        (box("pasp", u32(1, 1)) * 2, False),
        (box("fiel", b"\1\0"), True),
        (box("fiel", b"\2\1"), False),
        (box("btrt", u32(1, 2, 3)), True),
        (box("colr", b"prof", bytes(20)), False),
        (colr(b"nclx", 1, 1, 1, 0)[:-1] + b"", False),
        (box("dvcC", bytes(24)), True),
        (box("dvcC", bytes(23)), False),
        (box("dvvC", b"\1\0\x10\x2d\x40", bytes(19)), True),
        (box("dvvC", b"\1\0\x0a\x2d\0", bytes(19)), True),
        (box("dvvC", bytes(24)) * 2, False),
        (box("mdcv", bytes(range(24))) + box("clli", b"\0\1\0\1"), True),
        (box("mdcv", bytes(23)), False),
        (box("clli", bytes(5)), False),
        (box("amve", bytes(range(8))), True),
        (box("chrm", b"\1\1") + box("gama", u32(0x23333)) + bytes(4), True),
        (bytes(5), False),
        (box("what", b"ever"), False),
    ],
)
def test_boxes_of_a_sample_entry(name: str, boxes: bytes, read: bool) -> None:
    data = with_entry_boxes(fixture(name), boxes, without=("pasp", "colr", "fiel", "btrt"))
    assert (by_boxes(data) is not None) == read


@pytest.mark.parametrize(
    ("offset", "new", "read"),
    [
        (74, b"\0\x18", True),
        (74, b"\0\x20", True),
        (74, b"\0\x19", False),
        (74, b"\0\x08", False),
        (8, b"\0\1", False),
        (10, b"\0\1", False),
        (42, b"\x05Other", True),
        (42, b"\x0dSorenson H263", False),
        (42, b"\x0fPlanar Y'CbCr 8", False),
    ],
)
def test_fields_of_a_sample_entry(offset: int, new: bytes, read: bool) -> None:
    data = with_entry_bytes(fixture("index-last.mp4"), offset, new)
    assert (by_boxes(data) is not None) == read


@pytest.mark.parametrize(("scale", "read"), [(1.0, True), (1.004, True), (1.006, False)])
def test_a_matrix_that_stretches(scale: float, read: bool) -> None:
    plain = with_entry_boxes(fixture("index-last.mp4"), without=("pasp",))
    data = with_bytes(plain, ("moov", "trak", "tkhd"), 40, u32(round(0x10000 * scale)))
    assert (by_boxes(data) is not None) == read


STBL = ("moov", "trak", "mdia", "minf", "stbl")


@pytest.mark.parametrize(
    ("way", "child"),
    [
        (("moov",), box("free", b"1234")),
        (("moov", "trak"), box("skip")),
        (STBL, full("sgpd", b"roll", u32(2, 0)) + full("sbgp", b"roll", u32(0))),
        (STBL, box("sdtp", bytes(12))),
        (STBL, full("cslg", u32(0, 0, 0, 0, 0))),
        (("moov", "trak"), box("load", bytes(16))),
        (("moov",), box("udta", box("\xa9swr", b"\0\3\x15\xc7abc"), bytes(4))),
        (
            ("moov",),
            box(
                "udta",
                full(
                    "meta",
                    full("hdlr", u32(0), b"mdir", bytes(12), b"\0"),
                    box("ilst", box("\xa9too", box("data", u32(1, 0), b"x"))),
                ),
            ),
        ),
    ],
)
def test_boxes_of_known_effect(way: tuple[str, ...], child: bytes) -> None:
    # This fixture has no user data of its own.
    assert by_boxes(with_child(Hand(frames=80, timescale=16).data(), way, child)) is not None


@pytest.mark.parametrize(
    ("way", "child"),
    [
        (("moov",), b"\0\0\0\1"),
        (("moov",), u32(4) + b"free"),
        (("moov", "trak"), box("tref", box("chap", u32(2)))),
        (("moov", "trak", "mdia"), box("what")),
        (("moov", "trak", "mdia", "mdhd"), b"\0"),
        (("moov", "trak", "tkhd"), b"\0"),
        (("moov", "mvhd"), b"\0"),
        ((*STBL, "stts"), b"\0"),
        ((*STBL, "stsc"), b"\0"),
        ((*STBL, "stsz"), b"\0"),
        ((*STBL, "stco"), b"\0"),
        (STBL, full("sgpd", b"sync", u32(2, 0))),
        (STBL, full("sbgp", b"rap ", u32(0))),
        (STBL, runs("ctts", [(80, 1 << 28)])),
        (("moov",), box("udta", box("\xa9swr", b"\0\4\x15\xc7abc"))),
        (
            ("moov",),
            box("udta", full("meta", box("ilst", box("covr", box("data", u32(13, 0), b"x"))))),
        ),
        (
            ("moov",),
            box("udta", full("meta", box("ilst", box("\xa9too", box("data", u32(2, 0), b"x"))))),
        ),
    ],
)
def test_what_only_pyav_knows(way: tuple[str, ...], child: bytes) -> None:
    assert by_boxes(with_child(Hand(frames=80, timescale=16).data(), way, child)) is None


def test_the_largest_offset_that_is_read() -> None:
    data = with_child(
        Hand(frames=80, timescale=16).data(), STBL, runs("ctts", [(80, (1 << 28) - 1)])
    )
    assert by_boxes(data) is not None


@pytest.mark.parametrize(("first", "read"), [(2, True), (3, False)])
def test_a_run_of_chunks_after_the_last_chunk(first: int, read: bool) -> None:
    stsc = full("stsc", u32(2, 1, 40, 1, first, 40, 1))
    stco = full("stco", u32(2, 48, 48))
    data = Hand(frames=40, timescale=16).data()
    plain = data.replace(b"stsc", b"free", 1).replace(b"stco", b"free", 1)
    changed = with_child(plain, STBL, stsc + stco)
    assert (by_boxes(changed) is not None) == read


def test_bytes_beside_the_boxes() -> None:
    data = Hand(frames=80, timescale=16).data()
    assert by_boxes(data + box("free", b"padding")) is not None
    assert by_boxes(data + box("uuid", bytes(16))) is None
    assert by_boxes(data + data[: int.from_bytes(data[:4])]) is None


def test_the_pixel_aspect_of_the_track_header() -> None:
    data = with_bytes(
        Hand(frames=80, timescale=16).data(), ("moov", "trak", "tkhd"), 76, u32(96 << 16, 48 << 16)
    )
    facts = by_boxes(data)
    assert facts is not None
    assert facts.sample_aspect_ratio == Fraction(3, 2)
