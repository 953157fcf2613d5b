"""The MP4 index read from its boxes: what they say, and what they may not claim."""

from __future__ import annotations

import struct
from io import BytesIO
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.media import IDENTITY, Hand, box, coded, ftyp, full, runs, small_mp4, u32, u64
from vaceprep.contract import MAX_INDEX_BYTES, MAX_SAMPLES
from vaceprep.files.source import Opened, open_path
from vaceprep.probes.mp4.boxes import BoxError, Edit, Movie, Track, read_boxes
from vaceprep.probes.mp4.tables import sizes_of


def read(data: bytes) -> Movie:
    return read_boxes(Opened(BytesIO(data), len(data)))


def only_track(data: bytes) -> Track:
    (track,) = read(data).tracks
    return track


def test_a_plain_file_is_read_field_by_field() -> None:
    hand = Hand(
        timescale=12800, stts=[(8, 512)], ctts=[(4, 1024), (4, -512)], edits=[(320, 7, 65536)]
    )
    movie = read(hand.data())
    assert (movie.major_brand, movie.brands) == ("isom", ("isom", "avc1"))
    assert (movie.timescale, movie.duration, movie.matrix) == (1000, 320, IDENTITY)
    assert (movie.fragmented, movie.index_first, movie.truncation) == (False, False, None)
    (track,) = movie.tracks
    assert (track.id, track.handler, track.formats) == (1, "vide", ("avc1",))
    assert (track.timescale, track.media_duration, track.header_duration) == (12800, 4096, 320)
    assert list(track.durations) == [(8, 512)]
    assert list(track.offsets) == [(4, 1024), (4, -512)]
    assert track.edits == (Edit(320, 7, 65536),)
    assert (track.samples, track.timed_samples) == (8, 8)
    assert (track.external, track.encrypted) == (False, False)


@pytest.mark.parametrize("index_first", [True, False])
def test_the_order_of_index_and_data(index_first: bool) -> None:
    assert read(Hand(index_first=index_first).data()).index_first is index_first
    assert read(small_mp4(index_first)).index_first is index_first


def test_last_byte_of_the_data_is_found_exactly() -> None:
    data = Hand(index_first=True).data()
    assert only_track(data).end == len(data)
    assert read(data).truncation is None
    # The data's box cut by one byte: both its own size and the index tell.
    assert read(data[:-1]).truncation is not None
    # A box of data that says "to the end" leaves the index alone to tell.
    at = data.index(b"mdat") - 4
    open_ended = data[:at] + u32(0) + data[at + 4 :]
    assert read(open_ended).truncation is None
    truncation = read(open_ended[:-1]).truncation
    assert truncation is not None
    assert "index points to byte" in truncation


def test_sixty_four_bit_headers() -> None:
    mvhd = full(
        "mvhd",
        u64(0, 0),
        u32(90000),
        u64(2**33),
        u32(0x10000),
        bytes(12),
        u32(*IDENTITY),
        bytes(28),
        version=1,
    )
    tkhd = full(
        "tkhd", u64(0, 0), u32(7, 0), u64(2**34), bytes(16), u32(*IDENTITY), u32(0, 0), version=1
    )
    mdhd = full("mdhd", u64(0, 0), u32(90000), u64(2**35), u32(0), version=1)
    movie = read(ftyp() + box("moov", mvhd, box("trak", tkhd, box("mdia", mdhd))))
    assert (movie.timescale, movie.duration, movie.matrix) == (90000, 2**33, IDENTITY)
    (track,) = movie.tracks
    assert (track.id, track.header_duration, track.matrix) == (7, 2**34, IDENTITY)
    assert (track.timescale, track.media_duration) == (90000, 2**35)


@pytest.mark.parametrize(
    ("duration", "known"), [(0xFFFFFFFF, None), (0xFFFFFFFE, 0xFFFFFFFE), (0, 0)]
)
def test_a_duration_of_all_ones_is_unknown(duration: int, known: int | None) -> None:
    track = only_track(Hand(header_duration=duration, media_duration=duration).data())
    assert (track.header_duration, track.media_duration) == (known, known)


@pytest.mark.parametrize("width", [4, 8, 16])
def test_compact_sizes(width: int) -> None:
    sizes = [3, 1, 2, 15, 7]
    packed = {
        4: bytes([0x31, 0x2F, 0x70]),
        8: bytes(sizes),
        16: struct.pack(">5H", *sizes),
    }[width]
    stz2 = full("stz2", bytes([0, 0, 0, width]), u32(5), packed)
    tables = {"stsz": stz2, "stsc": full("stsc", u32(1, 1, 5, 1)), "stco": full("stco", u32(1, 50))}
    track = only_track(Hand(stts=[(5, 1)], tables=tables).data())
    assert (track.samples, track.end) == (5, 50 + 28)


def test_chunks_of_several_sizes_and_wide_offsets() -> None:
    _, frames = coded()
    sizes = [len(f) for f in frames]
    tables = {
        # Chunks 1 and 2 hold one frame each, all others two.
        "stsc": full("stsc", u32(2, 1, 1, 1, 3, 2, 1)),
        "stco": full("co64", u32(5), u64(2**33, 100, 200, 300, 2**33 - sizes[6])),
    }
    end = only_track(Hand(tables=tables).data()).end
    assert end == max(2**33 + sizes[0], 2**33 + sizes[7])


@pytest.mark.parametrize("entry", ["encv", "enca", "drmi"])
def test_encrypted_entries(entry: str) -> None:
    assert only_track(Hand(entry=entry).data()).encrypted


def test_data_in_another_file() -> None:
    elsewhere = full("url ", b"file:///etc/passwd\0")
    assert only_track(Hand(data_reference=elsewhere).data()).external


def test_fragments_are_noticed_by_either_box() -> None:
    assert read(Hand(in_movie=box("mvex")).data()).fragmented
    assert read(Hand().data() + box("moof")).fragmented


def test_padding_of_zeros_at_the_end_is_harmless() -> None:
    assert read(Hand().data() + bytes(64)).truncation is None


@pytest.mark.parametrize("cut", [1, 4, 7])
def test_a_few_bytes_too_many_are_harmless(cut: int) -> None:
    assert read(Hand().data() + b"x" * cut).truncation is None


@pytest.mark.parametrize(
    ("tables", "word"),
    [
        ({"stts": runs("stts", [(8, 1)], count=0xFFFFFFFF)}, "runs"),
        ({"ctts": runs("ctts", [(8, 1)], count=0x20000001)}, "runs"),
        ({"stsz": full("stsz", u32(0, 0xFFFFFFFF))}, "frames"),
        ({"stsz": full("stsz", u32(9, 0xFFFFFFFF))}, "frames"),
        ({"stsz": full("stsz", u32(1, 50_000_000))}, "frames"),
        ({"stsz": full("stz2", u32(4, 0xFFFFFFFF))}, "frames"),
        ({"stco": full("stco", u32(0xFFFFFFFF))}, "chunks"),
        ({"stco": full("co64", u32(0x20000000))}, "chunks"),
        ({"stsc": full("stsc", u32(0x55555556))}, "chunk"),
    ],
)
def test_a_table_that_claims_more_than_it_holds_is_refused(
    tables: dict[str, bytes], word: str
) -> None:
    with pytest.raises(BoxError, match=word):
        read(Hand(tables=tables).data())


def test_an_edit_list_of_four_billion_entries_is_refused() -> None:
    edits = box("edts", full("elst", u32(0xFFFFFFFF, 1, 0, 0x10000)))
    with pytest.raises(BoxError, match="edit list"):
        read(Hand(in_track=edits).data())


def test_more_tracks_than_anyone_needs_are_refused() -> None:
    with pytest.raises(BoxError, match="tracks"):
        read(Hand(in_movie=box("trak") * 1000).data())


def test_an_index_of_two_gigabytes_is_refused() -> None:
    with pytest.raises(BoxError, match="claims 2,000,000,000 bytes"):
        read(ftyp() + box("moov", bytes(1000), size=2_000_000_000))


@pytest.mark.parametrize("size", [2, 7])
def test_a_box_smaller_than_its_own_header_is_refused(size: int) -> None:
    with pytest.raises(BoxError, match="claims a size"):
        read(ftyp() + box("mdat", bytes(100), size=size) + Hand(brand=None).data())


def test_a_wide_size_that_wraps_is_no_endless_loop() -> None:
    wrapping = u32(1) + b"free" + u64(2**64 - 8)
    movie = read(ftyp() + wrapping + bytes(100))
    assert movie.truncation is not None
    assert not movie.has_index


@pytest.mark.parametrize("size", [0, 1, 7, 2**31, 2**32 - 1])
def test_sizes_inside_the_index_that_cannot_be(size: int) -> None:
    bad = Hand(in_movie=box("udta", box("name", b"x", size=size))).data()
    assert len(read(bad).tracks) == 1


def test_boxes_within_boxes_within_boxes() -> None:
    nested = b""
    for _ in range(3000):
        nested = box("udta", nested)
    # FFmpeg gives up ten levels down; nobody writes so many.
    with pytest.raises(BoxError, match="nested too deeply"):
        read(Hand(in_movie=nested).data())


@given(st.binary(max_size=200))
def test_any_bytes_give_a_movie_or_a_box_error(data: bytes) -> None:
    for file in (data, ftyp() + data, ftyp() + box("moov", data)):
        if not file:
            continue
        try:
            read(file)
        except BoxError as error:
            assert str(error)


@given(
    st.sampled_from(
        ["mvhd", "tkhd", "mdhd", "hdlr", "elst", "stts", "ctts", "stsz", "stco", "stsd"]
    ),
    st.binary(max_size=60),
)
def test_any_bytes_in_a_box_that_matters(kind: str, body: bytes) -> None:
    inner = box(kind, body)
    index = box(
        "moov",
        inner,
        box("trak", inner, box("edts", inner), box("mdia", inner, box("minf", box("stbl", inner)))),
    )
    try:
        read(ftyp() + index)
    except BoxError as error:
        assert str(error)


@pytest.mark.parametrize("over", [0, 1])
def test_the_largest_index_that_is_read(over: int, tmp_path: Path) -> None:
    path = tmp_path / "clip.mp4"
    with path.open("wb") as file:
        file.write(ftyp() + u32(MAX_INDEX_BYTES + over) + b"moov")
        file.truncate(len(ftyp()) + MAX_INDEX_BYTES + over)
    with open_path(path) as opened:
        if over:
            with pytest.raises(BoxError, match="are read"):
                read_boxes(opened)
        else:
            assert read_boxes(opened).has_index


@pytest.mark.parametrize("over", [0, 1])
def test_the_most_sizes_that_are_read(over: int) -> None:
    count = MAX_SAMPLES + over
    view = memoryview(u32(0, 0, count) + bytes(4 * count))
    if over:
        with pytest.raises(BoxError, match="frames"):
            sizes_of(view, "stsz")
    else:
        assert sizes_of(view, "stsz")[0] == count
