"""New frames before copied packets: one track that decoders read without a seam.

Yardsticks are PyAV and the ffmpeg program, which are two versions of FFmpeg; the copied frames
must decode to the very pixels of the source.
"""

from __future__ import annotations

import hashlib
import math
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import replace
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import av
import pytest
from av.video.frame import VideoFrame
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageChops, ImageStat

import vaceprep
from tests.media import encode, ffmpeg, ffprobe, needs_ffmpeg, needs_ffprobe
from tests.preparation.numbered import SIZE, as_frame, number_of, write
from vaceprep.facts import VideoFacts
from vaceprep.files.source import Opened
from vaceprep.preparation.video import join
from vaceprep.preparation.video.copy import decode_times
from vaceprep.preparation.video.seek import find
from vaceprep.probes.container import open_container
from vaceprep.probes.h264 import parse_sps
from vaceprep.probes.sniff import MOV

RATE = Fraction(25)
NTSC = Fraction(30000, 1001)


class Clip(NamedTuple):
    """A source as the join needs it: packets in decoding order, ranks in presentation order."""

    parameters: join.Parameters
    #: ``(rank, bytes, marked as keyframe)``.
    packets: list[tuple[int, bytes, bool]]


Change = Callable[[Clip], Clip]


def x264(parameters: str) -> dict[str, str]:
    """Options of a clip; the last of equal ones wins."""
    return {"x264-params": f"b-adapt=0:{parameters}"}


def read(path: Path) -> Clip:
    """The packets of a file and its decoder configuration."""
    with av.open(str(path)) as container:
        video = container.streams.video[0]
        extradata = video.codec_context.extradata or b""
        found = [(p.pts, bytes(p), p.is_keyframe) for p in container.demux(video) if p.size]
    times = sorted(pts for pts, _, _ in found if pts is not None)
    ranked = [(times.index(pts), data, key) for pts, data, key in found if pts is not None]
    assert len(ranked) == len(found)
    if extradata.startswith(b"\1"):
        return Clip(join.parse_avcc(extradata), ranked)
    listed = [(rank, join.with_lengths(data), key) for rank, data, key in ranked]
    return Clip(join.parse_annexb(extradata), listed)


def frames(path: Path, *, threads: str = "1") -> Iterator[VideoFrame]:
    """Frames in presentation order; what does not decode raises."""
    with av.open(str(path)) as container:
        video = container.streams.video[0]
        video.codec_context.options = {"err_detect": "explode", "threads": threads}
        yield from container.decode(video)


def pixels(frame: VideoFrame) -> bytes:
    """Brightness and colour without padding."""
    planes = (
        bytes(p)[y * p.line_size : y * p.line_size + p.width]
        for p in frame.planes
        for y in range(p.height)
    )
    return b"".join(planes)


def number(frame: VideoFrame) -> int:
    """The number in a frame."""
    return number_of(Image.frombytes("L", SIZE, pixels(frame)[: SIZE[0] * SIZE[1]]))


def likeness(one: bytes, other: bytes) -> float:
    """PSNR of the brightness, in dB."""
    count = SIZE[0] * SIZE[1]
    a, b = (Image.frombytes("L", SIZE, data[:count]) for data in (one, other))
    error = ImageStat.Stat(ImageChops.difference(a, b)).rms[0]
    return 20 * math.log10(255 / error) if error else math.inf


def mux(
    source: Path, target: Path, packets: list[tuple[int, bytes, bool]], avcc: bytes, rate: Fraction
) -> None:
    """Write packets in decoding order into an MP4."""
    flags = {"movflags": "+faststart+negative_cts_offsets", "movie_timescale": str(rate.numerator)}
    with (
        av.open(str(source)) as template,
        av.open(str(target), "w", format="mp4", container_options=flags) as out,
    ):
        stream = out.add_stream_from_template(template.streams.video[0], opaque=True)
        stream.codec_context.extradata = avcc
        stream.codec_context.codec_tag = "avc1"
        stream.time_base = 1 / rate
        times = decode_times([rank for rank, _, _ in packets])
        for (rank, data, key), time in zip(packets, times, strict=True):
            packet = av.Packet(data)
            packet.stream, packet.time_base = stream, 1 / rate
            packet.pts, packet.dts, packet.duration = rank, time, 1
            packet.is_keyframe = key
            out.mux(packet)


def cut(
    source: Path, target: Path, start: int, *, rate: Fraction = RATE, change: Change | None = None
) -> int:
    """Write what begins with frame ``start``; gives the number of frames encoded anew."""
    clip = read(source)
    if change:
        clip = change(clip)
    size = clip.parameters.length_size
    at, here = next(
        (index, rank)
        for index, (rank, data, key) in enumerate(clip.packets)
        if key and rank >= start and join.is_idr(data, size)
    )
    join.check_join(clip.packets[at][1], clip.parameters)
    wanted = (frame for n, frame in enumerate(frames(source)) if start <= n < here)
    head, avcc = join.encode_head(wanted, rate, clip.parameters)
    tail = [(rank - start, data, key) for rank, data, key in clip.packets[at:]]
    assert min(rank for rank, _, _ in tail) == len(head) == here - start
    assert [packet.key for packet in head] == [True] + [False] * (len(head) - 1)
    mux(source, target, [(p.rank, p.data, p.key) for p in head] + tail, avcc, rate)
    return len(head)


def digest(pictures: list[bytes]) -> str:
    return hashlib.md5(b"".join(pictures)).hexdigest()


def by_program(path: Path, *options: str) -> str:
    """The same digest by the ffmpeg program, which must not complain."""
    raw = ["-map", "0:v:0", "-vsync", "passthrough", "-f", "rawvideo", "-"]
    command = ["ffmpeg", "-v", "error", "-nostdin", *options, "-i", str(path), *raw]
    done = subprocess.run(command, check=True, capture_output=True, timeout=60)
    assert done.stderr == b""
    return hashlib.md5(done.stdout).hexdigest()


def prove(source: Path, target: Path, start: int, head: int, *, first: int = 0) -> list[bytes]:
    """Check that the file shows the source from ``start`` on; gives its pictures.

    ``first`` is the number that the source begins with.
    """
    there = [pixels(frame) for frame in frames(source)][start:]
    shown = list(frames(target))
    expected = range(first + start, first + start + len(there))
    assert list(map(number, shown)) == list(expected)
    here = [pixels(frame) for frame in shown]
    assert here[head:] == there[head:]
    assert min(map(likeness, here[:head], there[:head])) > 50
    assert digest([pixels(frame) for frame in frames(target, threads="auto")]) == digest(here)
    # Nothing but the picture differs: no decoder has a reason to start over.
    said = {(f.format.name, f.color_range, f.colorspace, f.color_primaries) for f in shown}
    assert len(said) == 1
    return here


def rewritten(unit: bytes, bits: str) -> bytes:
    """A unit with another content, its emulation prevention put in anew."""
    padded = bits + "0" * (-len(bits) % 8)
    out, zeros = bytearray(unit[:1]), 0
    for at in range(0, len(padded), 8):
        byte = int(padded[at : at + 8], 2)
        if zeros >= 2 and byte <= 3:
            out.append(3)
            zeros = 0
        out.append(byte)
        zeros = 0 if byte else zeros + 1
    return bytes(out)


def silent(clip: Clip) -> Clip:
    """The clip without a word on how many frames wait for earlier ones."""
    (unit,) = clip.parameters.sps
    plain = unit[1:].replace(b"\0\0\3", b"\0\0")
    bits = "".join(f"{byte:08b}" for byte in plain).rstrip("0")[:-1]
    # x264 ends with: picture structure, restriction, motion over edges, no limits (0, 0),
    # vector lengths (9 or more), 1 or 2 frames waiting, at most 4 frames held.
    restriction = bits.rindex("011" + "11")
    cut_off = bits[:restriction] + "0" + "0" + "1"
    assert len(bits) - restriction < 40
    changed = rewritten(unit, cut_off)
    assert parse_sps(changed) == parse_sps(unit)
    assert join._buffers(unit)[1]
    assert not join._buffers(changed)[1]
    return clip._replace(parameters=replace(clip.parameters, sps=(changed,)))


def with_sets(clip: Clip) -> Clip:
    """The clip with its parameter sets also before each keyframe."""
    given = clip.parameters
    sets = b"".join(join._with_lengths((*given.sps, *given.pps), given.length_size))
    return clip._replace(packets=[(r, sets + d if key else d, key) for r, d, key in clip.packets])


def short_lengths(clip: Clip) -> Clip:
    """The clip with lengths of two bytes."""
    packets = [
        (rank, b"".join(join._with_lengths(join._units(data, 4), 2)), key)
        for rank, data, key in clip.packets
    ]
    return Clip(replace(clip.parameters, length_size=2), packets)


CLIPS: dict[str, tuple[dict[str, str], Fraction, Change | None]] = {
    "three B-frames": ({}, RATE, None),
    "pyramid": (x264("b-pyramid=normal:ref=4"), RATE, None),
    "baseline": ({"profile": "baseline"}, RATE, None),
    "main without arithmetic coding": ({"profile": "main", **x264("cabac=0")}, RATE, None),
    "30000/1001": ({}, NTSC, None),
    "full range": (x264("fullrange=on"), RATE, None),
    "stated range": (x264("videoformat=pal"), RATE, None),
    "colours": (x264("colorprim=bt2020:transfer=smpte2084:colormatrix=bt2020nc"), RATE, None),
    "full range, colours": (
        x264("fullrange=on:colorprim=bt709:transfer=bt709:colormatrix=bt709"),
        RATE,
        None,
    ),
    "oblong pixels": (x264("sar=4/3"), RATE, None),
    "square pixels": (x264("sar=1/1"), RATE, None),
    "slices": (x264("slices=4"), RATE, None),
    "scaling lists": (x264("cqm=jvt"), RATE, None),
    "buffering model": (x264("aud=1:nal-hrd=vbr:vbv-maxrate=900:vbv-bufsize=900"), RATE, None),
    "identifier taken": (x264("sps-id=31"), RATE, None),
    "sets between frames": (x264("b-pyramid=normal"), RATE, with_sets),
    "lengths of two bytes": ({}, RATE, short_lengths),
    "silent on order": (x264("b-pyramid=normal"), RATE, silent),
    "silent on order, sets between": ({}, RATE, lambda clip: with_sets(silent(clip))),
}


@pytest.mark.parametrize("name", CLIPS)
@pytest.mark.parametrize("start", [5, 23])
def test_join(name: str, start: int, tmp_path: Path) -> None:
    options, rate, change = CLIPS[name]
    source = write(tmp_path / "source.mp4", frames=40, rate=rate, options=options)
    target = tmp_path / "joined.mp4"
    head = cut(source, target, start, rate=rate, change=change)
    assert head == (7 if start == 5 else 1)
    prove(source, target, start, head)


@pytest.mark.parametrize("suffix", ["mkv", "ts", "flv", "mov"])
def test_from_other_containers(suffix: str, tmp_path: Path) -> None:
    source = write(tmp_path / f"source.{suffix}", frames=40, options=x264("b-pyramid=normal"))
    target = tmp_path / "joined.mp4"
    prove(source, target, 5, cut(source, target, 5))


@needs_ffmpeg
@pytest.mark.parametrize("name", CLIPS)
def test_program_decodes_it(name: str, tmp_path: Path) -> None:
    options, rate, change = CLIPS[name]
    source = write(tmp_path / "source.mp4", frames=40, rate=rate, options=options)
    target = tmp_path / "joined.mp4"
    head = cut(source, target, 5, rate=rate, change=change)
    expected = digest(prove(source, target, 5, head))
    for threads in ("1", "auto"):
        assert by_program(target, "-threads", threads) == expected
    assert by_program(target, "-err_detect", "explode") == expected
    # Through a byte stream, in which the sets travel with the frames, and back; and through a
    # container that does not store the order of decoding.
    stream, back, other = (tmp_path / n for n in ("stream.ts", "back.mp4", "other.mkv"))
    ffmpeg("-i", target, "-c", "copy", stream)
    ffmpeg("-i", stream, "-c", "copy", back)
    ffmpeg("-i", target, "-c", "copy", other)
    for copy in (stream, back, other):
        assert by_program(copy) == expected


@needs_ffprobe
def test_probe_program_reads_it(tmp_path: Path) -> None:
    source = write(tmp_path / "source.mp4", frames=40, rate=NTSC)
    target = tmp_path / "joined.mp4"
    cut(source, target, 5, rate=NTSC)
    before, after = (ffprobe(path)["streams"][0] for path in (source, target))
    for name in ("profile", "level", "width", "height", "pix_fmt", "has_b_frames", "r_frame_rate"):
        assert before[name] == after[name], name
    assert (after["nb_frames"], after["avg_frame_rate"]) == ("35", "30000/1001")


@pytest.mark.parametrize("wanted", [1, 3, 7, 8, 20, 35])
def test_seeking(wanted: int, tmp_path: Path) -> None:
    source = write(tmp_path / "source.mp4", frames=40)
    target = tmp_path / "joined.mp4"
    cut(source, target, 5)
    facts = vaceprep.probe(target)
    assert isinstance(facts, VideoFacts)
    assert (facts.frames, facts.duration, facts.fps) == (35, Fraction(7, 5), RATE)
    with target.open("rb") as stream:
        found = find(Opened(stream, target.stat().st_size), MOV, wanted, facts)
        assert number(found.frame) == 5 + wanted - 1
        assert found.at == Fraction(wanted - 1, 25)


def test_seeking_back_and_forth(tmp_path: Path) -> None:
    """One decoder goes from the tail to the head and back."""
    source = write(tmp_path / "source.mp4", frames=40, options=x264("b-pyramid=normal"))
    target = tmp_path / "joined.mp4"
    cut(source, target, 5)
    keys = [rank for rank, _, key in read(target).packets if key]
    assert keys[:3] == [0, 7, 19]
    with av.open(str(target)) as container:
        video = container.streams.video[0]
        assert video.time_base
        for rank in (20, 3, 34, 0, 9, 6):
            container.seek(int(Fraction(rank, 25) / video.time_base), stream=video)
            first = next(container.decode(video))
            assert number(first) == 5 + max(key for key in keys if key <= rank)


def test_fast_open(tmp_path: Path) -> None:
    """The configuration's first parameter set is the source's."""
    source = write(tmp_path / "source.mp4", frames=40, options=x264("sar=4/3:fullrange=on"))
    target = tmp_path / "joined.mp4"
    cut(source, target, 5)
    with target.open("rb") as stream:
        opened = Opened(stream, target.stat().st_size)
        with open_container(opened, MOV, fast=True) as container:
            extradata = container.streams.video[0].codec_context.extradata
        assert extradata
        parameters = join.parse_avcc(extradata)
    assert parameters.sps[0] == read(source).parameters.sps[0]
    assert len(parameters.sps) == len(parameters.pps) == 2
    facts = vaceprep.probe(target)
    assert isinstance(facts, VideoFacts)
    assert (facts.stored_width, facts.sample_aspect_ratio) == (SIZE[0], Fraction(4, 3))


def test_joined_file_is_cut_again(tmp_path: Path) -> None:
    paths = [tmp_path / f"{times}.mp4" for times in range(4)]
    write(paths[0], frames=40)
    for times, (source, target) in enumerate(pairwise(paths)):
        prove(source, target, 2, cut(source, target, 2), first=2 * times)
    assert len(read(paths[3]).parameters.sps) == 4


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (x264("tff=1"), "progressive"),
        (x264("qp=0"), "profile"),
        (x264("crop-rect=0,0,40,20"), "coded pictures are larger"),
        (x264("crop-rect=2,2,2,2"), "not what its parameter set tells"),
    ],
)
def test_refused(options: dict[str, str], reason: str, tmp_path: Path) -> None:
    source = write(tmp_path / "source.mp4", frames=30, options=options)
    with pytest.raises(join.CannotJoin, match=reason):
        cut(source, tmp_path / "joined.mp4", 5)


@pytest.mark.parametrize("pixel_format", ["yuv420p10le", "yuv444p", "yuv422p"])
def test_other_pixels(pixel_format: str, tmp_path: Path) -> None:
    encode(tmp_path / "source.mp4", frames=4, pixel_format=pixel_format)
    parameters = read(tmp_path / "source.mp4").parameters
    with pytest.raises(join.CannotJoin, match="profile"):
        join.described(parameters)
    # Nor does a record hide it that claims another profile.
    claims = tuple(unit[:1] + b"\x64" + unit[2:] for unit in parameters.sps)
    with pytest.raises(join.CannotJoin, match="4:2:0"):
        join.described(replace(parameters, profile=100, sps=claims))


@pytest.mark.parametrize("options", [x264("open-gop=1"), x264("intra-refresh=1")])
def test_keyframe_that_is_no_clean_start(options: dict[str, str], tmp_path: Path) -> None:
    """Matroska marks such frames as keyframes; only the first one starts anew."""
    clip = read(write(tmp_path / "source.mkv", frames=40, options=options))
    marked = [data for _, data, key in clip.packets if key]
    assert [join.is_idr(data, 4) for data in marked] == [True] + [False] * (len(marked) - 1)
    join.check_join(marked[0], clip.parameters)
    with pytest.raises(join.CannotJoin, match="refers to frames before it"):
        join.check_join(clip.packets[1][1], clip.parameters)


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Clip:
    return read(write(tmp_path_factory.mktemp("join") / "clip.mp4", frames=14))


def test_record_is_written_as_read(clip: Clip) -> None:
    record = clip.parameters.avcc()
    assert join.parse_avcc(record) == clip.parameters
    # The extension of the high profiles, as FFmpeg writes it.
    assert clip.parameters.extension == b"\xfd\xf8\xf8\0"
    units = (*clip.parameters.sps, *clip.parameters.pps)
    stream = b"\0" + b"\0\0\1".join((b"", *units)) + b"\0\0\0\1" + units[0] + b"\0"
    assert join.parse_annexb(stream) == clip.parameters


@pytest.mark.parametrize(
    "record", [b"", b"\0\0\0\1gd", b"\1d\0\x1f\xff\xe0\0", b"\1d\0\x1f\xff\xe1\0\4gd"]
)
def test_no_record(record: bytes) -> None:
    with pytest.raises(join.CannotJoin):
        join.parse_avcc(record)
    with pytest.raises(join.CannotJoin):
        join.parse_annexb(record)


@given(cut_at=st.integers(0, 200), at=st.integers(0, 200), byte=st.integers(0, 255))
def test_damaged_record(clip: Clip, cut_at: int, at: int, byte: int) -> None:
    """Damage is refused or read, and never anything else."""
    record = bytearray(clip.parameters.avcc()[: cut_at or None])
    if at < len(record):
        record[at] = byte
    try:
        parameters = join.parse_avcc(bytes(record))
        join.described(parameters)
        join.free_identifier(parameters)
        join.check_join(clip.packets[0][1], parameters)
    except join.CannotJoin:
        return
    assert join.parse_avcc(parameters.avcc()) == parameters


@given(data=st.binary(max_size=60), size=st.sampled_from([1, 2, 4]))
def test_any_packet(clip: Clip, data: bytes, size: int) -> None:
    assert join.is_idr(data, size) in (True, False)
    try:
        join.check_join(data, replace(clip.parameters, length_size=size))
    except join.CannotJoin:
        return
    assert join.is_idr(data, size)


units = st.binary(min_size=1, max_size=20).map(lambda body: b"\x65" + body.replace(b"\0", b"\1"))


@given(listed=st.lists(st.tuples(st.sampled_from([b"\0\0\1", b"\0\0\0\1", b"\0\0\0\0\1"]), units)))
def test_start_codes(listed: list[tuple[bytes, bytes]]) -> None:
    stream = b"".join(code + unit for code, unit in listed)
    assert list(join._units(join.with_lengths(stream), 4)) == [unit for _, unit in listed]


def test_sets_of_its_own(clip: Clip) -> None:
    first = clip.packets[0][1]
    other = replace(clip.parameters, sps=(clip.parameters.sps[0] + b"\1",))
    for sets in (other.sps, (b"\x68\x40\0",)):
        packet = b"".join(join._with_lengths(sets, 4)) + first
        with pytest.raises(join.CannotJoin, match="of their own"):
            join.check_join(packet, clip.parameters)
    elsewhere = replace(clip.parameters, pps=(b"\x68\x40\0",))
    with pytest.raises(join.CannotJoin, match="of their own"):
        join.check_join(first, elsewhere)


def test_identifiers_end(clip: Clip) -> None:
    parameters = clip.parameters
    assert join.free_identifier(parameters) == 31
    # Identifiers as Exp-Golomb codes: n + 1 behind as many zeros as it has further bits.
    codes = [f"{number + 1:b}" for number in range(32)]
    sets = [rewritten(b"\x68", "0" * (len(c) - 1) + c + "1" * 16) for c in codes]
    assert join._ids(sets) == set(range(32))
    assert join.free_identifier(replace(parameters, pps=tuple(sets[:7] + sets[8:]))) == 7
    for full in (
        replace(parameters, pps=tuple(sets)),
        replace(parameters, sps=parameters.sps * 31),
        replace(parameters, pps=parameters.pps * 255),
    ):
        with pytest.raises(join.CannotJoin, match="taken"):
            join.free_identifier(full)


def test_joined_record(clip: Clip) -> None:
    record = clip.parameters.avcc()
    with pytest.raises(join.CannotJoin, match="same parameter set identifiers"):
        join.joined_extradata(clip.parameters, record)
    with pytest.raises(join.CannotJoin, match="differ in profile"):
        join.described(replace(clip.parameters, profile=77))


def test_frames_that_do_not_fit(clip: Clip) -> None:
    with pytest.raises(join.CannotJoin, match="no frame"):
        join.encode_head([], RATE, clip.parameters)
    for frame in (VideoFrame(64, 48, "yuv420p"), VideoFrame(*SIZE, "yuv422p")):
        with pytest.raises(join.CannotJoin, match="not what"):
            join.encode_head([frame], RATE, clip.parameters)
    # A picture takes more than 255 bytes.
    with pytest.raises(join.CannotJoin, match="1-byte"):
        noise = as_frame(Image.effect_noise(SIZE, 90)).reformat(format="yuv420p")
        join.encode_head([noise], RATE, replace(clip.parameters, length_size=1))


@given(st.integers(0, 60).flatmap(lambda n: st.permutations(range(n))))
def test_decode_times(ranks: list[int]) -> None:
    times = decode_times(ranks)
    assert len(times) == len(ranks)
    assert all(a + 1 == b for a, b in pairwise(times))
    assert all(time <= rank for time, rank in zip(times, ranks, strict=True))
    # A smaller delay would decode some frame after it is presented.
    assert not ranks or any(time == rank for time, rank in zip(times, ranks, strict=True))
