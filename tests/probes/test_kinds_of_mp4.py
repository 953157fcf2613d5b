"""Codecs and tracks beside H.264, HEVC, AV1 and AAC: both readers agree on files of each kind."""

from __future__ import annotations

import struct
from collections import Counter
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from tests.fuzz.mutate import mutant
from tests.fuzz.seeds import NAMES, Seed
from tests.media import box, ffmpeg
from tests.probes.agreement import by_boxes, read_with_bits_turned
from tests.probes.entries import colr, with_bytes, with_entry_boxes, with_entry_bytes

PICTURES = "-f lavfi -i testsrc2=s=64x48:r=25:d=0.4"
SOUND = "-f lavfi -i sine=r=48000:d=0.4"
#: The record of 8-bit 4:2:0 without colours.
VPCC = bytes([1, 0, 0, 0, 0, 10, 0x82, 2, 2, 2, 0, 0])
VP9 = "-c:v libvpx-vp9 -deadline realtime -cpu-used 8"
H264 = "-c:v libx264 -preset veryfast"
#: By a name with the file's ending: inputs after the pictures, and how they are coded.
READ = {
    "MPEG-4.mp4": "-c:v mpeg4",
    "MPEG-4 with B-frames.mp4": "-c:v mpeg4 -bf 2 -vf setsar=4/3",
    "MPEG-4 with more tools.mp4": "-c:v mpeg4 -flags +qpel+mv4 -mpeg_quant 1 -data_partitioning 1",
    "MPEG-4 with sound.3gp": f"{SOUND} -c:v mpeg4 -c:a aac",
    "MPEG-4 after sound.mp4": f"{SOUND} -map 1 -map 0 -c:v mpeg4 -c:a aac",
    "MPEG-4 with colours.mov": "-c:v mpeg4 -color_primaries bt709 -color_trc bt709"
    " -colorspace bt709 -movflags write_colr",
    "VP9.mp4": VP9,
    "VP9 in 10 bits.mp4": f"{VP9} -pix_fmt yuv420p10le -color_primaries bt2020"
    " -color_trc smpte2084 -colorspace bt2020nc",
    "VP9 in 4:4:4.mp4": f"{VP9} -pix_fmt yuv444p -color_range pc",
    "VP9 with colours.mp4": f"{VP9} -color_primaries bt709 -color_trc bt709 -colorspace bt709",
    "AAC of QuickTime.mov": f"{SOUND} {H264} -c:a aac",
    "uncompressed sound.mov": f"{SOUND} {H264} -c:a pcm_s16le",
    "uncompressed sound with a wave.mov": f"{SOUND} {H264} -c:a pcm_f32le",
    "AC-3.mov": f"{SOUND} {H264} -c:a ac3",
    "E-AC-3.mp4": f"{SOUND} {H264} -c:a eac3",
    "Opus before VP9.mp4": f"{SOUND} -map 1 -map 0 {VP9} -c:a libopus",
    "two sounds.mov": f"{SOUND} -map 0 -map 1 -map 1 {H264} -c:a:0 aac -c:a:1 pcm_s16be",
    "place.mov": f"{H264} -metadata location=+48.8577+002.2950/ -metadata make=Maker",
    "place of 3GPP.mp4": f"{H264} -metadata location=+48.8577+002.2950/ -metadata title=Tower",
    "keys.mov": f"{H264} -movflags use_metadata_tags -metadata com.apple.quicktime.make=Maker"
    " -metadata com.apple.quicktime.location.ISO6709=+48.8577+002.2950+035.000/",
    "time code.mov": f"{SOUND} {H264} -c:a pcm_s16le -timecode 01:00:00:00"
    " -metadata location=+48.8577+002.2950/",
    "time code.mp4": f"{SOUND} {H264} -c:a aac -timecode 01:00:00:00",
    "H.264 in 10 bits.mp4": f"{H264} -pix_fmt yuv420p10le -bf 2 -vf scale=66:50",
    "H.264 in 4:2:2.mov": f"{H264} -pix_fmt yuv422p10le -vf scale=66:49",
    "H.264 in 4:4:4.mp4": f"{H264} -pix_fmt yuvj444p -vf scale=65:49",
    "VP9 with hidden frames.mp4": "-c:v libvpx-vp9 -auto-alt-ref 1 -lag-in-frames 10 -cpu-used 8",
}
LEFT = {
    "MPEG-4 with fields.mp4": "-c:v mpeg4 -flags +ilme+ildct",
    "H.264 in RGB.mp4": "-c:v libx264rgb -preset veryfast -pix_fmt rgb24",
    "H.264 in 10 bits, intra.mp4": f"{H264} -pix_fmt yuv422p10le -g 1",
    "H.264 in 10 bits with fields.mp4": f"{H264} -pix_fmt yuv420p10le -flags +ilme+ildct",
    "ALAC.mov": f"{SOUND} {H264} -c:a alac",
    "unsigned sound.mov": f"{SOUND} {H264} -c:a pcm_u8",
    "VP9 in 4:4:0.mp4": f"{VP9} -pix_fmt yuv440p",
}


@cache
def media(name: str) -> bytes:
    with TemporaryDirectory() as folder:
        target = Path(folder, name)
        ffmpeg(*PICTURES.split(), *(READ | LEFT)[name].split(), target)
        return target.read_bytes()


@pytest.mark.parametrize("name", READ)
def test_kinds_that_are_read(name: str) -> None:
    assert by_boxes(media(name)) is not None


@pytest.mark.parametrize("name", LEFT)
def test_kinds_that_are_left(name: str) -> None:
    assert by_boxes(media(name)) is None


@cache
def seeds() -> tuple[Seed, ...]:
    """The files, with the places at which their boxes begin."""
    return tuple(
        Seed(name, media(name), "video_url", tuple(m.start() for m in NAMES.finditer(media(name))))
        for name in READ | LEFT
    )


def compare(numbers: range) -> Counter[str]:
    """Compare the readers over mutants of the files; count who measured them."""
    count: Counter[str] = Counter()
    for number in numbers:
        data = mutant(15, number, seeds()).data
        if data:
            count["boxes" if by_boxes(data) is not None else "left"] += 1
    return count


def test_broken_files_are_read_alike_or_left() -> None:
    assert compare(range(100))["boxes"] >= 10


@pytest.mark.long
def test_many_broken_files_are_read_alike_or_left() -> None:
    assert compare(range(4000))["boxes"] >= 500


@pytest.mark.long
@pytest.mark.parametrize("name", READ)
def test_bits_of_the_sample_entries(name: str) -> None:
    read, turned = read_with_bits_turned(media(name))
    assert 50 < read < turned


@pytest.mark.parametrize(("media_time", "read"), [(0, True), (1, False), (-1, False)])
def test_an_edit_list_that_hides_the_first_frame(media_time: int, read: bool) -> None:
    way = ("moov", "trak", "edts", "elst")
    data = with_bytes(media("MPEG-4.mp4"), way, 12, struct.pack(">i", media_time))
    assert (by_boxes(data) is not None) == read


@pytest.mark.parametrize(
    ("boxes", "read"),
    [
        (b"", False),
        (box("vpcC", VPCC), True),
        (box("vpcC", VPCC) + colr(b"nclx", 2, 2, 2, 0), True),
        (box("vpcC", VPCC) + colr(b"nclx", 1, 2, 2, 0), False),
        (box("vpcC", VPCC) + colr(b"nclx", 2, 2, 2, 0x80), False),
        (box("vpcC", VPCC) + colr(b"nclc", 2, 2, 2), False),
        (box("vpcC", VPCC[:7], b"\1\1", VPCC[9:]), True),
        (box("vpcC", VPCC[:7], b"\1\1\1", VPCC[10:]), False),
        (box("vpcC", VPCC[:6], b"\x83", VPCC[7:]), False),
        (box("vpcC", VPCC[:6], b"\xa2", VPCC[7:]), False),
    ],
)
def test_colours_of_vp9(boxes: bytes, read: bool) -> None:
    data = with_entry_boxes(media("VP9.mp4"), boxes, without=("vpcC", "colr"))
    assert (by_boxes(data) is not None) == read


def test_a_vp9_frame_of_another_size() -> None:
    size = struct.pack(">HH", 66, 48)
    data = with_entry_bytes(media("VP9.mp4"), 24, size)
    assert by_boxes(data) is None


def with_data_track(kind: bytes, entry: bytes) -> bytes:
    """A file whose time code track is of another kind, with another sample entry."""
    data = media("time code.mov").replace(b"mhlrtmcd", b"mhlr" + kind)
    at = data.rfind(b"tmcd", 0, data.rfind(b"stts"))
    assert at > data.rfind(b"stsd")
    return data[:at] + entry + data[at + 4 :]


@pytest.mark.parametrize(
    ("kind", "entry", "expected"),
    [
        (b"meta", b"mebx", ("location",)),
        (b"meta", b"mett", ("location",)),
        (b"meta", b"gpmd", ("gpmd track", "location")),
        (b"meta", b"rtmd", ("location", "rtmd track")),
        (b"meta", b"camm", ("camm track", "location")),
        (b"camm", b"camm", ("camm track", "location")),
        (b"fdsc", b"fdsc", ("location",)),
        (b"tmcd", b"mebx", None),
        (b"meta", b"tmcd", None),
        (b"meta", b"what", None),
        (b"text", b"text", None),
        (b"subt", b"tx3g", None),
    ],
)
def test_tracks_of_data(kind: bytes, entry: bytes, expected: tuple[str, ...] | None) -> None:
    facts = by_boxes(with_data_track(kind, entry))
    assert (None if facts is None else facts.location) == expected
    if facts is not None:
        assert [stream.kind for stream in facts.streams] == ["audio", "data"]


@pytest.mark.parametrize(
    ("old", "new", "read"),
    [
        (b"url \0\0\0\1", b"alis\0\0\0\1", True),
        (b"url \0\0\0\1", b"rsrc\0\0\0\1", False),
        (b"\x0ctmcd\0\0\0\3", b"\x0ctmcd\0\0\0\7", True),
        (b"\x0ctmcd\0\0\0\3", b"\x0ccdsc\0\0\0\3", True),
        (b"\x0ctmcd\0\0\0\3", b"\x0cchap\0\0\0\3", False),
        (b"\x14tref", b"\x14tapt", True),
        (b"gmhd", b"nmhd", True),
        (b"gmhd", b"what", False),
    ],
)
def test_boxes_of_quicktime(old: bytes, new: bytes, read: bool) -> None:
    data = media("time code.mov")
    assert old in data
    assert (by_boxes(data.replace(old, new)) is not None) == read


@pytest.mark.parametrize("name", ["VP9.mp4", "MPEG-4.mp4"])
def test_a_first_sample_without_bytes(name: str) -> None:
    way = ("moov", "trak", "mdia", "minf", "stbl")
    data = with_bytes(media(name), (*way, "stsz"), 12, bytes(4))
    assert by_boxes(data) is None
    assert by_boxes(with_bytes(data, (*way, "stco"), 8, bytes(4))) is None
