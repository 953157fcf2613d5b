"""The source's sound lies under the result where it was, and the picture stays what it is."""

from __future__ import annotations

import os
import shutil
import subprocess
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import pytest

import vaceprep
from tests import beeps
from tests.media import ffmpeg, ffprobe, needs_ffmpeg, needs_ffprobe
from vaceprep.contract import VideoRole
from vaceprep.errors import Refused
from vaceprep.facts import VideoFacts
from vaceprep.plans.model import Options
from vaceprep.runs.restore_audio import restore_sound

#: Seconds by which a beep may lie beside its time: what coding smears.
NEAR = 0.003
#: Seconds that the source lasts, and when it beeps.
SECONDS = 8
AT = (1, 2.5, 5.5, 7)


@pytest.fixture(scope="module")
def result(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the service gives: silent, 5 s, 30 FPS, with B-frames."""
    path = tmp_path_factory.mktemp("result") / "result.mp4"
    return beeps.write(path, codec="", seconds=5, fps=30, options={"preset": "medium"})


def restored(
    result: Path,
    source: Path,
    folder: Path,
    role: VideoRole = "video_url",
    **options: Any,
) -> Path:
    into = folder / "into.mp4"
    into.write_bytes(b"")
    assert restore_sound(str(result), str(source), role, Options(**options), str(into))
    return into


def facts_of(path: Path) -> VideoFacts:
    facts = vaceprep.probe(path)
    assert isinstance(facts, VideoFacts)
    return facts


def assert_heard(path: Path, due: list[float]) -> None:
    """By PyAV, and by the ffmpeg program where it is there."""
    heard = [beeps.heard(path)]
    if shutil.which("ffmpeg"):
        heard.append(beeps.heard_by_ffmpeg(path))
    assert heard == [pytest.approx(due, abs=NEAR)] * len(heard)


def packets(path: Path) -> list[tuple[Fraction, ...] | bytes]:
    """Times and bytes of the picture's packets."""
    found: list[tuple[Fraction, ...] | bytes] = []
    with av.open(str(path)) as container:
        for packet in container.demux(container.streams.video[0]):
            if packet.size:
                assert packet.pts is not None and packet.dts is not None
                assert packet.duration is not None and packet.time_base is not None
                ticks = packet.pts, packet.dts, packet.duration
                found += [tuple(t * packet.time_base for t in ticks), bytes(packet)]
    return found


def framemd5(path: Path) -> list[list[str]]:
    """The same as the ffmpeg program tells it: times in seconds, sizes and hashes."""
    command = ["ffmpeg", "-v", "error", "-i", str(path), "-map", "0:v", "-c", "copy"]
    done = subprocess.run(
        [*command, "-f", "framemd5", "-"], check=True, capture_output=True, text=True, timeout=60
    )
    lines = done.stdout.splitlines()
    base = next(Fraction(line.split(" ")[2]) for line in lines if line.startswith("#tb 0:"))
    rows = [[c.strip() for c in line.split(",")] for line in lines if not line.startswith("#")]
    return [[str(int(t) * base) for t in row[1:4]] + row[4:] for row in rows]


# --- every kind of sound ---------------------------------------------------------------------

SOURCES = [
    # Name, encoder, what comes out, and more.
    ("a.mp4", "aac", "aac", {}),
    ("b.mov", "aac", "aac", {"rate": 44100, "layout": "stereo"}),
    ("c.mkv", "aac", "aac", {"rate": 44100}),
    ("d.ts", "aac", "aac", {}),
    ("e.mp4", "libmp3lame", "mp3", {}),
    ("f.mov", "pcm_s16le", "aac", {}),
    ("g.mov", "pcm_s16le", "aac", {"layout": "5.1"}),
    ("h.mov", "pcm_s16le", "aac", {"rate": 11000}),
    ("i.mkv", "libopus", "opus", {}),
    ("j.mkv", "vorbis", "aac", {"layout": "stereo"}),
    ("k.mkv", "flac", "flac", {}),
    ("l.mkv", "ac3", "ac3", {}),
    ("m.avi", "pcm_s16le", "aac", {}),
    # The sound begins later than the picture.
    ("n.mp4", "aac", "aac", {"late": 0.7}),
    ("o.mov", "pcm_s16le", "aac", {"late": 0.7}),
    ("p.ts", "aac", "aac", {"late": 0.7}),
    ("q.mkv", "libopus", "opus", {"late": 0.7}),
]
WINDOWS: list[tuple[VideoRole, dict[str, Any], list[float]]] = [
    # Overlong: the first 5 s are kept, of a first clip the last 3 s, or what was asked for.
    ("video_url", {}, [1, 2.5]),
    ("first_clip_url", {}, [0.5, 2]),
    ("video_url", {"start": Fraction("2.24")}, [0.26, 3.26, 4.76]),
    ("video_url", {"start": Fraction("0.48"), "duration": Fraction(2)}, [0.52]),
    # A last clip stands at the result's end: its 3 s begin at 2 s.
    ("last_clip_url", {}, [3, 4.5]),
]


#: Of kinds that another source has, too: the same encoder, and late sound.
TWINS = ("b.mov", "c.mkv", "o.mov", "p.ts")
# Each source with a part from its middle; the first with all other parts, too.
CASES = [
    pytest.param(
        *source,
        WINDOWS[2:3],
        id=source[0],
        marks=[pytest.mark.long] if source[0] in TWINS else [],
    )
    for source in SOURCES
] + [
    pytest.param(
        *source,
        WINDOWS[:2] + WINDOWS[3:],
        id=f"{source[0]}, other parts",
        marks=[pytest.mark.long] if number else [],
    )
    for number, source in enumerate(SOURCES)
]


@pytest.mark.parametrize(("name", "encoder", "codec", "more", "windows"), CASES)
def test_sound_lies_where_it_was(
    tmp_path: Path,
    result: Path,
    name: str,
    encoder: str,
    codec: str,
    more: dict[str, Any],
    windows: list[tuple[VideoRole, dict[str, Any], list[float]]],
) -> None:
    source = beeps.write(tmp_path / name, seconds=SECONDS, beeps=AT, codec=encoder, **more)
    before = packets(result)
    for role, options, due in windows:
        path = restored(result, source, tmp_path, role, **options)
        assert packets(path) == before
        facts = facts_of(path)
        (sound,) = facts.streams
        assert (sound.kind, sound.codec) == ("audio", codec)
        length = min(options.get("duration", 5), 3 if "clip" in role else 5)
        end = 5 if role == "last_clip_url" else length
        assert sound.duration is not None
        # One packet may be missing at the end; the longest are FLAC's.
        assert end - Fraction(1, 10) < sound.duration <= end
        assert facts.container_duration == facts.duration == 5
        if (role, options) in ((r, o) for r, o, _ in WINDOWS[1:3]):
            assert_heard(path, due)
        else:
            assert beeps.heard(path) == pytest.approx(due, abs=NEAR)


@needs_ffmpeg
@needs_ffprobe
@pytest.mark.parametrize(("name", "encoder"), [("a.mp4", "aac"), ("f.mov", "pcm_s16le")])
def test_by_another_yardstick(tmp_path: Path, result: Path, name: str, encoder: str) -> None:
    source = beeps.write(tmp_path / name, seconds=SECONDS, beeps=AT, codec=encoder)
    path = restored(result, source, tmp_path, "first_clip_url")
    assert framemd5(path) == framemd5(result)
    told = ffprobe(path)
    video, audio = told["streams"]
    assert (video["codec_type"], audio["codec_type"]) == ("video", "audio")
    assert float(video["duration"]) == float(told["format"]["duration"]) == 5
    assert float(audio["start_time"]) + float(audio["duration"]) <= 3
    assert video["start_time"] == "0.000000"
    # Nothing that a decoder complains of.
    ffmpeg("-xerror", "-i", path, "-f", "null", "-")


@needs_ffmpeg
def test_webm(tmp_path: Path, result: Path) -> None:
    source = beeps.write(tmp_path / "a.mkv", seconds=SECONDS, beeps=AT, codec="libopus")
    webm = tmp_path / "a.webm"
    ffmpeg(
        "-i",
        source,
        "-c:v",
        "libvpx",
        "-deadline",
        "realtime",
        "-cpu-used",
        "8",
        "-c:a",
        "copy",
        webm,
    )
    path = restored(result, webm, tmp_path, "first_clip_url")
    assert facts_of(path).streams[0].codec == "opus"
    assert_heard(path, [0.5, 2])


# --- lengths ---------------------------------------------------------------------------------


#: Seconds of the source's picture and sound, of the result, and of what is heard of it.
LENGTHS = [
    (6, 6, 4, 4),
    (6, 6, 0.5, 0.5),
    (3, 3, 5, 3),
    (6, 2, 5, 2),
    (4, 8, 5, 4),
    (6, 0.5, 5, 0.5),
]
#: Those whose ends do not hang on how the sound is coded are tried with one codec at first.
PCM = [pytest.param(*of, "pcm_s16le", marks=pytest.mark.long) for of in LENGTHS[2:5]]


@pytest.mark.parametrize(
    ("picture", "sound", "window", "due", "codec"),
    [
        *((*of, "aac") for of in LENGTHS),
        *((*of, "pcm_s16le") for of in (*LENGTHS[:2], LENGTHS[5])),
        *PCM,
    ],
)
def test_sound_ends_with_what_ends_first(
    tmp_path: Path, codec: str, picture: float, sound: float, window: float, due: float
) -> None:
    ending = ".mov" if codec == "pcm_s16le" else ".mp4"
    source = beeps.write(
        tmp_path / f"a{ending}", seconds=picture, sound=sound, codec=codec, beeps=[0.25, 2.5]
    )
    result = beeps.write(tmp_path / "result.mp4", codec="", seconds=window, fps=30)
    path = restored(result, source, tmp_path)
    facts = facts_of(path)
    length = facts.streams[0].duration
    assert length is not None
    # Coded sound comes in whole packets, so a short one may end a little later than it began.
    assert due - 0.025 < length < due + 0.025
    assert length <= window
    assert facts.duration == facts.container_duration == window
    assert packets(path) == packets(result)
    assert beeps.heard(path) == pytest.approx([b for b in (0.25, 2.5) if b < due], abs=NEAR)
    with av.open(str(path)) as container:
        ends = [
            (f.pts + f.samples * (1 / f.sample_rate) / f.time_base) * f.time_base
            for f in container.decode(audio=0)
            if f.pts is not None and f.time_base is not None
        ]
    # Not even what a decoder makes of the last packet outlasts the picture.
    assert max(ends) <= window + 0.0001


def test_no_sound_leaves_nothing(tmp_path: Path, result: Path) -> None:
    into = tmp_path / "into.mp4"
    into.write_bytes(b"")
    silent = beeps.write(tmp_path / "silent.mp4", codec="", seconds=6)
    short = beeps.write(tmp_path / "short.mp4", seconds=8, sound=1)
    late = beeps.write(tmp_path / "late.mov", seconds=8, late=6, codec="pcm_s16le")
    for source, role in ((silent, "video_url"), (short, "first_clip_url"), (late, "video_url")):
        assert not restore_sound(str(result), str(source), role, Options(), str(into))  # type: ignore[arg-type]
        assert into.read_bytes() == b""


SHAPES = {
    # The delay of B-frames is not undone, so that the picture begins 2 frames late.
    "fragments": ("-c copy -movflags frag_keyframe+empty_moov", 2 / 30),
    "late index": ("-c copy -movflags frag_keyframe+empty_moov+delay_moov", 0),
    # The edit list hides the frames from the keyframe on.
    "cut": ("-ss 0.5 -i {} -c copy", 0),
    "coarse clock": ("-c copy -video_track_timescale 30", 0),
    "film": ("-c:v libx264 -r 24000/1001 -bf 2", 0),
    "short": ("-c copy -t 2.7", 0),
}


@needs_ffmpeg
@pytest.mark.parametrize(
    "shape",
    [pytest.param(s, marks=() if s in ("fragments", "cut") else pytest.mark.long) for s in SHAPES],
)
def test_results_as_other_writers_make_them(tmp_path: Path, result: Path, shape: str) -> None:
    how, begin = SHAPES[shape]
    made = tmp_path / "made.mp4"
    given = [] if "-i" in how else ["-i", str(result)]
    ffmpeg(*given, *(word.format(result) for word in how.split()), made)
    source = beeps.write(tmp_path / "a.mp4", seconds=8, beeps=AT)
    path = restored(made, source, tmp_path)
    assert packets(path) == packets(made)
    assert framemd5(path) == framemd5(made)
    assert beeps.heard(path) == pytest.approx([1 + begin, 2.5 + begin], abs=NEAR)
    # It lets every file begin at 0.
    assert beeps.heard_by_ffmpeg(path) == pytest.approx([1, 2.5], abs=NEAR)


# --- results and sources of other shapes -------------------------------------------------------


def test_results_of_other_shapes(tmp_path: Path, result: Path) -> None:
    source = beeps.write(tmp_path / "a.mp4", beeps=[1, 2.5])
    # With sound of its own: it makes room for the source's.
    loud = beeps.write(tmp_path / "loud.mp4", seconds=5, fps=30, beeps=[0.1, 4])
    path = restored(loud, source, tmp_path)
    assert beeps.heard(path) == pytest.approx([1, 2.5], abs=NEAR)
    assert packets(path) == packets(loud)
    # One that begins late by its edit list, whose picture the sound belongs to.
    late = tmp_path / "late.mp4"
    with av.open(str(result)) as before, av.open(str(late), "w") as out:
        stream = out.add_stream_from_template(before.streams.video[0], opaque=True)
        for packet in before.demux(before.streams.video[0]):
            if packet.size:
                assert packet.pts is not None and packet.dts is not None and packet.time_base
                shift = int(Fraction(1, 2) / packet.time_base)
                packet.pts, packet.dts = packet.pts + shift, packet.dts + shift
                packet.stream = stream
                out.mux(packet)
    path = restored(late, source, tmp_path)
    assert beeps.heard(path) == pytest.approx([1.5, 3], abs=NEAR)
    assert packets(path) == packets(late)


def test_what_the_result_says_of_itself_stays(tmp_path: Path, result: Path) -> None:
    told = tmp_path / "told.mp4"
    with av.open(str(result)) as before, av.open(str(told), "w") as out:
        out.metadata["comment"] = "made by a model"
        stream = out.add_stream_from_template(before.streams.video[0], opaque=True)
        for packet in before.demux(before.streams.video[0]):
            if packet.size:
                packet.stream = stream
                out.mux(packet)
    source = beeps.write(tmp_path / "a.mp4", beeps=[1])
    with av.open(str(restored(told, source, tmp_path))) as container:
        assert container.metadata["comment"] == "made by a model"
    assert facts_of(tmp_path / "into.mp4").index_first


def test_a_folder_with_a_colon(
    tmp_path: Path, result: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = beeps.write(tmp_path / "a.mp4", beeps=[1])
    monkeypatch.chdir(tmp_path)
    os.mkdir("http:b")
    Path("http:b/into.mp4").write_bytes(b"")
    assert restore_sound(str(result), str(source), "video_url", Options(), "http:b/into.mp4")
    assert beeps.heard(tmp_path / "http:b" / "into.mp4") == pytest.approx([1], abs=NEAR)


def test_what_cannot_be_read(tmp_path: Path, result: Path) -> None:
    source = beeps.write(tmp_path / "a.mp4", beeps=[1])
    text = tmp_path / "text.mp4"
    text.write_text("hello")
    cut = tmp_path / "cut.mp4"
    cut.write_bytes(source.read_bytes()[:-2000])
    mkv = beeps.write(tmp_path / "a.mkv", seconds=1, codec="")
    into = tmp_path / "into.mp4"
    into.write_bytes(b"")
    for made, heard, options, said in (
        (result, text, Options(), "text.mp4 cannot be read: it is text"),
        (result, cut, Options(), "cannot be read"),
        (result, tmp_path / "none.mp4", Options(), "there is no such file"),
        (text, source, Options(), "text.mp4 cannot be read: it is text"),
        (tmp_path / "none.mp4", source, Options(), "there is no such file"),
        (mkv, source, Options(), "is no MP4"),
        (result, source, Options(start=Fraction(99)), "no frame at 99 s"),
    ):
        with pytest.raises(Refused, match=said):
            restore_sound(str(made), str(heard), "video_url", options, str(into))


def test_a_full_disk(tiny_disk: Path, tmp_path: Path) -> None:
    from vaceprep.files.atomic import placing

    big = beeps.write(
        tmp_path / "big.mp4", codec="", seconds=5, fps=30, size=(640, 480), options={"qp": "1"}
    )
    assert big.stat().st_size > 64 * 1024
    source = beeps.write(tmp_path / "a.mp4", beeps=[1])
    target = tiny_disk / "a.mp4"
    with (
        pytest.raises(Refused, match=r"a\.mp4 cannot be written: No space left"),
        placing(str(target), force=False) as place,
    ):
        restore_sound(str(big), str(source), "video_url", Options(), place.path)
    assert os.listdir(tiny_disk) == []
