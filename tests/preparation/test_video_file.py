"""Real videos mended: the right frames, unchanged where nothing had to change."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise
from math import floor
from pathlib import Path
from typing import Any

import av
import pytest

import vaceprep
from tests.beeps import heard
from tests.media import encode, ffmpeg, needs_ffmpeg
from tests.paths import ROOT
from tests.preparation import look, numbered
from vaceprep.facts import VideoFacts
from vaceprep.preparation.report import Prepared

FIXTURES = ROOT / "fixtures"
#: One of a kind is enough for every day.
LONG_MOV = pytest.param("mov", marks=pytest.mark.long)
LONG_TS = pytest.param("ts", marks=pytest.mark.long)
OTHER_HDR = ("hlg.mp4", "bt2020.mp4", "hdr-hevc-10-bit.mp4")


def prepared(source: Path, folder: Path, **options: Any) -> Prepared:
    entry = vaceprep.prepare(source, folder / "out", **options).files[0]
    assert entry.status == "prepared", (entry.error, entry.remaining)
    return entry


def out(entry: Prepared) -> str:
    assert entry.output is not None
    return entry.output


def after(entry: Prepared) -> VideoFacts:
    assert isinstance(entry.after, VideoFacts)
    return entry.after


@pytest.mark.parametrize(
    ("bf", "ending"),
    [
        *(("3", e) for e in ("mp4", "mkv", "ts")),
        ("0", "mp4"),
        *(pytest.param("0", e, marks=pytest.mark.long) for e in ("mov", "mkv", "ts", "flv")),
        *(pytest.param("2", e, marks=pytest.mark.long) for e in ("mp4", "mov", "mkv", "ts", "flv")),
        *(pytest.param("3", e, marks=pytest.mark.long) for e in ("mov", "flv")),
    ],
)
def test_a_cut_copies_the_first_frames_pixel_for_pixel(
    ending: str, bf: str, tmp_path: Path
) -> None:
    source = numbered.write(
        tmp_path / f"long.{ending}", frames=140, rate=24, options={"bf": bf, "g": "250"}
    )
    entry = prepared(source, tmp_path)
    assert entry.lossless
    kept = after(entry).frames
    assert kept is not None
    assert 117 <= kept <= 120
    assert look.numbers(out(entry)) == list(range(kept))
    assert look.hashes(out(entry)) == look.hashes(source)[:kept]
    assert look.times(out(entry)) == [Fraction(i, 24) for i in range(kept)]


@pytest.mark.parametrize("rate", [Fraction(30000, 1001), Fraction(24000, 1001), Fraction(25)])
def test_a_start_on_a_keyframe_is_copied(rate: Fraction, tmp_path: Path) -> None:
    options = {"g": "12", "sc_threshold": "0"}
    source = numbered.write(tmp_path / "long.mp4", frames=120, rate=rate, options=options)
    entry = prepared(source, tmp_path, start=48 / rate, duration=2)
    assert entry.lossless
    kept = look.numbers(out(entry))
    assert kept == list(range(48, 48 + len(kept)))
    assert len(kept) > 2 * rate - 4
    assert look.hashes(out(entry)) == look.hashes(source)[48 : 48 + len(kept)]


@pytest.mark.parametrize(
    ("ending", "start"),
    [
        *(("mp4", s) for s in (5, 13, 25)),
        *((e, 13) for e in ("mkv", "ts", "flv")),
        *(
            pytest.param(e, s, marks=pytest.mark.long)
            for e in ("mkv", "ts", "flv")
            for s in (5, 25)
        ),
    ],
)
def test_a_start_between_keyframes_is_encoded_from_there(
    ending: str, start: int, tmp_path: Path
) -> None:
    options = {"g": "12", "sc_threshold": "0"}
    source = numbered.write(tmp_path / f"long.{ending}", frames=60, options=options)
    entry = prepared(source, tmp_path, start=Fraction(start, 25), duration="1.2")
    assert not entry.lossless
    assert [edit.edit for edit in entry.plan][-1] == "re-encode"
    assert look.numbers(out(entry)) == list(range(start, start + 30))
    assert vaceprep.check(out(entry), strict=True).ok
    with av.open(out(entry)) as container:
        extradata = container.streams.video[0].codec_context.extradata
    assert extradata is not None
    # One parameter set, which every decoder follows (avcC: the count is in the low five bits).
    assert extradata[5] & 31 == 1


@pytest.mark.parametrize(
    ("start", "ending"),
    [
        *((31, e) for e in ("mp4", "mkv", "ts", "avi")),
        *(
            pytest.param(s, e, marks=pytest.mark.long)
            for s in (7, 61)
            for e in ("mp4", "mkv", "ts", "avi")
        ),
    ],
)
def test_a_start_between_keyframes_begins_with_that_very_frame(
    ending: str, start: int, tmp_path: Path
) -> None:
    # All in one GOP: no keyframe to begin with.
    source = numbered.write(tmp_path / f"long.{ending}", frames=100, options={"g": "300"})
    entry = prepared(source, tmp_path, start=Fraction(start, 25), duration=1)
    assert look.numbers(out(entry)) == list(range(start, start + 25))
    assert after(entry).duration == 1


def test_a_start_between_two_frames_means_the_one_shown_then(tmp_path: Path) -> None:
    source = numbered.write(tmp_path / "long.mp4", frames=60, options={"g": "300"})
    entry = prepared(source, tmp_path, start="1.039", duration="0.2")
    assert look.numbers(out(entry)) == list(range(25, 30))


@pytest.mark.parametrize(
    ("options", "rate"),
    [
        *(({"g": "6", "sc_threshold": "0"}, r) for r in (Fraction(30000, 1001), Fraction(17))),
        ({"g": "300"}, Fraction(23)),
        pytest.param({"g": "6", "sc_threshold": "0"}, Fraction(23), marks=pytest.mark.long),
        *(
            pytest.param({"g": "300"}, r, marks=pytest.mark.long)
            for r in (Fraction(30000, 1001), Fraction(17))
        ),
    ],
)
def test_the_very_last_frame_of_a_first_clip_is_kept(
    rate: Fraction, options: dict[str, str], tmp_path: Path
) -> None:
    source = numbered.write(tmp_path / "clip.mp4", frames=100, rate=rate, options=options)
    entry = prepared(source, tmp_path, role="first_clip_url")
    assert look.numbers(out(entry)) == list(range(100 - int(3 * rate), 100))


def test_the_first_clip_keeps_its_end_and_the_last_its_beginning(tmp_path: Path) -> None:
    source = numbered.write(tmp_path / "clip.mp4", frames=100, options={"g": "12"})
    first = prepared(source, tmp_path / "a", role="first_clip_url")
    assert look.numbers(out(first)) == list(range(25, 100))
    last = prepared(source, tmp_path / "b", role="last_clip_url")
    kept = look.numbers(out(last))
    assert kept == list(range(len(kept)))
    assert 72 <= len(kept) <= 75


@pytest.mark.parametrize(
    ("rate", "times"),
    [
        *((15, 2), (8, 2), (7, 3)),
        *(pytest.param(r, 2, marks=pytest.mark.long) for r in (10, 12)),
    ],
)
def test_slow_frames_are_repeated_evenly(rate: int, times: int, tmp_path: Path) -> None:
    source = numbered.write(tmp_path / "slow.mp4", frames=2 * rate, rate=rate)
    entry = prepared(source, tmp_path)
    assert look.numbers(out(entry)) == [i // times for i in range(2 * rate * times)]
    assert after(entry).fps == rate * times
    assert after(entry).duration == 2


def test_slow_frames_are_blended_where_asked(tmp_path: Path) -> None:
    source = tmp_path / "slow.mp4"
    encode(source, rate=10, frames=20, size=(360, 360))
    entry = prepared(source, tmp_path, fps_mode="blend")
    assert (after(entry).fps, after(entry).frames) == (Fraction(20), 40)
    levels = [bytes(f.planes[0])[0] for f in look.decoded(out(entry))]
    rises = [b - a for a, b in pairwise(levels[:37])]
    assert all(0 <= rise <= 3 for rise in rises), levels
    assert sum(1 for rise in rises if rise) > 25, levels


def test_uneven_frames_come_to_the_places_they_are_nearest_to(tmp_path: Path) -> None:
    shown = [0, 1, 2, 6, 7, 8, 9, 10, 14, 15]
    source = numbered.write(tmp_path / "uneven.mp4", frames=10, rate=20, times=shown)
    entry = prepared(source, tmp_path)
    assert not entry.lossless
    facts = after(entry)
    assert facts.constant_rate
    rate = facts.fps
    assert rate is not None
    assert rate >= 16
    wanted = [
        max(i for i, t in enumerate(shown) if floor(t * rate / 20 + Fraction(1, 2)) <= k)
        for k in range(facts.frames or 0)
    ]
    got = look.numbers(out(entry))
    assert got == wanted


def test_a_little_jitter_is_straightened_without_encoding(tmp_path: Path) -> None:
    times = [i * 40 + (7 if i % 3 == 1 else 0) for i in range(75)]
    source = numbered.write(tmp_path / "phone.mp4", frames=75, rate=1000, times=times)
    assert "VP117" in {f.code for f in vaceprep.check(source).findings}
    entry = prepared(source, tmp_path)
    assert entry.lossless
    assert after(entry).fps == 25
    assert look.hashes(out(entry)) == look.hashes(source)
    assert look.times(out(entry)) == [Fraction(i, 25) for i in range(75)]


MATRICES = {
    "90": (0, 1, -1, 0),
    "180": (-1, 0, 0, -1),
    "270": (0, -1, 1, 0),
    "mirrored": (-1, 0, 0, 1),
    "upside down": (1, 0, 0, -1),
    "transposed": (0, 1, 1, 0),
    "transversed": (0, -1, -1, 0),
}


@needs_ffmpeg
@pytest.mark.parametrize("name", MATRICES)
def test_a_turned_video_stands_upright_as_players_show_it(name: str, tmp_path: Path) -> None:
    source = numbered.matrix(numbered.write(tmp_path / "a.mp4", frames=8), *MATRICES[name])
    entry = prepared(source, tmp_path)
    facts = after(entry)
    assert (facts.rotation, facts.mirrored) == (0, False)
    size = (facts.width, facts.height)
    shown = look.by_ffmpeg(source, size)
    assert look.apart(look.picture(look.decoded(out(entry))[0]), shown) < 3


@needs_ffmpeg
@pytest.mark.parametrize(
    "name",
    ["pq.mp4", *(pytest.param(n, marks=pytest.mark.long) for n in OTHER_HDR)],
)
def test_hdr_comes_out_in_plausible_brightness(name: str, tmp_path: Path) -> None:
    entry = prepared(FIXTURES / "video" / name, tmp_path, duration=Fraction(1, 4))
    facts = after(entry)
    assert (facts.color_transfer, facts.color_primaries) == ("bt709", "bt709")
    frame = look.decoded(out(entry))[0]
    levels = bytes(frame.planes[0])
    assert 40 < sum(levels) / len(levels) < 180


def test_full_range_becomes_limited_range_and_says_so(tmp_path: Path) -> None:
    source = tmp_path / "full.mp4"
    encode(source, frames=25, size=(320, 240), pixel_format="yuvj420p")
    entry = prepared(source, tmp_path)
    assert after(entry).color_range == "tv"
    assert after(entry).pixel_format == "yuv420p"
    old, new = look.decoded(source)[0], look.decoded(out(entry))[0]
    full, limited = bytes(old.planes[0])[0], bytes(new.planes[0])[0]
    assert abs(limited - (16 + full * 219 / 255)) <= 2


def test_sound_is_kept_where_asked_and_ends_with_the_picture(tmp_path: Path) -> None:
    source = tmp_path / "long.mov"
    encode(source, rate=30, frames=200, size=(360, 360), sound=7)
    silent = prepared(source, tmp_path / "a")
    assert after(silent).streams == ()
    entry = prepared(source, tmp_path / "b", keep_audio=True)
    facts = after(entry)
    assert [s.kind for s in facts.streams] == ["audio"]
    assert facts.container_duration is not None
    assert facts.container_duration <= 5
    length = facts.streams[0].duration
    assert length is not None
    assert length > Fraction(9, 2)
    encoded = prepared(source, tmp_path / "c", keep_audio=True, start="0.5", duration=3)
    assert [s.kind for s in after(encoded).streams] == ["audio"]
    assert vaceprep.check(out(encoded), strict=True).ok


def test_what_tells_a_place_or_a_person_is_left_out(tmp_path: Path) -> None:
    for name in ("location.mp4", "location-apple.mp4", "location-3gpp.mp4"):
        entry = prepared(FIXTURES / "video" / name, tmp_path)
        assert after(entry).location == ()
        with av.open(out(entry)) as container:
            assert not {k for k in container.metadata if "loc" in k.lower() or "©" in k}


def test_fast_and_full_opens_agree_on_the_edit_lists_of_many_shapes(tmp_path: Path) -> None:
    for number, (first, count) in enumerate([(12, 24), (5, 20), (0, 30), (24, 12), (13, 3)]):
        source = numbered.edit(
            numbered.write(tmp_path / f"{number}.mp4", frames=50, options={"bf": "0"}),
            (first, count),
        )
        entry = prepared(source, tmp_path)
        assert look.numbers(out(entry)) == list(range(first, first + count))
        assert entry.lossless == (first % 12 == 0)


def test_stretches_are_shown_one_after_the_other(tmp_path: Path) -> None:
    source = numbered.edit(numbered.write(tmp_path / "a.mp4", frames=50), (30, 10), (5, 10))
    shown = look.numbers(source)
    entry = prepared(source, tmp_path)
    assert look.numbers(out(entry)) == shown


def test_nothing_is_copied_from_before_a_keyframe_that_others_lean_over(tmp_path: Path) -> None:
    options = {"g": "12", "bf": "3", "x264-params": "open-gop=1", "sc_threshold": "0"}
    source = numbered.write(tmp_path / "open.mp4", frames=60, options=options)
    for start in (12, 24, 36):
        entry = prepared(source, tmp_path / str(start), start=Fraction(start, 25), duration=1)
        got = look.numbers(out(entry))
        assert got[:3] == [start, start + 1, start + 2]
        assert got == list(range(start, start + len(got)))


@needs_ffmpeg
@pytest.mark.parametrize("ending", [LONG_MOV, "mkv", LONG_TS])
@pytest.mark.parametrize(
    "structure",
    [
        "open-gop=1:ref=3",
        *(
            pytest.param(structure, marks=pytest.mark.long)
            for structure in ("intra-refresh=1", "open-gop=1:ref=1:8x8dct=0:cabac=0")
        ),
    ],
)
def test_a_start_after_a_keyframe_that_clears_no_references(
    structure: str, ending: str, tmp_path: Path
) -> None:
    """Decoding that begins there complains of pictures that were never read, or lacks some."""
    source = tmp_path / f"a.{ending}"
    params = f"{structure}:bframes=2:scenecut=0:keyint=30"
    moving = ["-f", "lavfi", "-i", "testsrc2=size=360x360:rate=30:duration=5"]
    ffmpeg(*moving, "-c:v", "libx264", "-preset", "veryfast", "-x264-params", params, source)
    whole = look.decoded(source)
    for start in (0, 1, 29, 30, 32, 59, 61, 90, 107, 120):
        folder = tmp_path / str(start)
        entry = prepared(source, folder, start=Fraction(start, 30), duration=Fraction(1, 2))
        got = look.decoded(out(entry))
        assert len(got) in (14, 15)
        for number in (0, 1, 2, 12, len(got) - 1):
            mine, right = look.picture(got[number]), look.picture(whole[start + number])
            assert look.apart(mine, right) < 2


@needs_ffmpeg
@pytest.mark.parametrize("ending", [LONG_MOV, "mkv"])
def test_sound_is_read_beside_a_picture_that_is_still_being_read(
    ending: str, tmp_path: Path
) -> None:
    """The file is far larger than what a reader holds of it."""
    source = tmp_path / f"a.{ending}"
    moving = ["-f", "lavfi", "-i", "testsrc2=size=360x360:rate=10:duration=6"]
    hum = ["-f", "lavfi", "-i", "sine=frequency=440:duration=6:sample_rate=48000"]
    filled = "bitrate=6000:vbv-maxrate=6000:vbv-bufsize=6000:nal-hrd=cbr"
    coded = ["-c:v", "libx264", "-preset", "ultrafast", "-x264-params", filled]
    ffmpeg(*moving, *hum, *coded, "-c:a", "pcm_s16le", source)
    assert source.stat().st_size > 4_000_000
    with_sound = out(prepared(source, tmp_path / "with", keep_audio=True))
    assert look.hashes(with_sound) == look.hashes(out(prepared(source, tmp_path / "without")))
    with av.open(with_sound) as container:
        assert container.streams.audio[0].codec_context.name == "aac"
        heard = sum(frame.samples for frame in container.decode(container.streams.audio[0]))
    assert 4.9 < heard / 48000 < 5.1


@needs_ffmpeg
@pytest.mark.parametrize(
    ("rate", "channels", "codec"),
    [
        *((8000, 1, "pcm_mulaw"), (48000, 8, "pcm_s24le")),
        pytest.param(192000, 2, "pcm_s16le", marks=pytest.mark.long),
        pytest.param(44100, 6, "flac", marks=pytest.mark.long),
    ],
)
def test_sound_of_any_rate_and_number_of_channels(
    rate: int, channels: int, codec: str, tmp_path: Path
) -> None:
    source = tmp_path / "a.mkv"
    moving = ["-f", "lavfi", "-i", "testsrc2=size=360x360:rate=20:duration=2"]
    hum = ["-f", "lavfi", "-i", "sine=duration=2"]
    kind = ["-ar", str(rate), "-ac", str(channels), "-c:a", codec, "-c:v", "libx264"]
    ffmpeg(*moving, *hum, *kind, source)
    entry = prepared(source, tmp_path, keep_audio=True)
    with av.open(out(entry)) as container:
        track = container.streams.audio[0]
        heard = sum(frame.samples for frame in container.decode(track))
        assert 1.9 < heard / track.codec_context.sample_rate < 2.1


@needs_ffmpeg
@pytest.mark.parametrize("codec", ["aac", pytest.param("pcm_s16le", marks=pytest.mark.long)])
def test_sound_that_sets_in_later_still_does(codec: str, tmp_path: Path) -> None:
    source = tmp_path / "a.mov"
    moving = ["-f", "lavfi", "-i", "testsrc2=size=360x360:rate=20:duration=4"]
    hum = ["-itsoffset", "1", "-f", "lavfi", "-i", "sine=frequency=1000:duration=3,volume=6"]
    ffmpeg(*moving, *hum, "-c:v", "libx264", "-c:a", codec, source)
    for start, sets_in in ((None, 1.0), ("0.5", 0.5)):
        entry = prepared(source, tmp_path / str(start), keep_audio=True, start=start)
        assert heard(Path(out(entry)))[0] == pytest.approx(sets_in, abs=0.05)


@needs_ffmpeg
@pytest.mark.parametrize("preset", ["ultrafast", pytest.param("medium", marks=pytest.mark.long)])
def test_damage_after_such_a_keyframe_is_still_told(preset: str, tmp_path: Path) -> None:
    source = tmp_path / "a.mp4"
    moving = ["-f", "lavfi", "-i", "testsrc2=size=360x360:rate=30:duration=12"]
    params = "open-gop=1:keyint=60:bframes=2"
    ffmpeg(*moving, "-c:v", "libx264", "-preset", preset, "-x264-params", params, source)
    whole = look.decoded(source)
    entry = prepared(source, tmp_path, start=Fraction(15, 2), duration=3)
    for number, frame in enumerate(look.decoded(out(entry))):
        assert look.apart(look.picture(frame), look.picture(whole[225 + number])) < 2
    with av.open(str(source)) as container:
        packets = [p for p in container.demux(container.streams.video[0]) if p.size]
        hurt = next(p for p in packets if p.pts is not None and p.pts * p.time_base > 8)
        assert hurt.pos is not None
        place, size = hurt.pos, hurt.size
    data = bytearray(source.read_bytes())
    data[place + size // 3 : place + size] = bytes(
        b ^ 0x5A for b in data[place + size // 3 : place + size]
    )
    source.write_bytes(data)
    entry = vaceprep.prepare(source, tmp_path / "b", start=Fraction(15, 2), duration=3).files[0]
    assert entry.status == "failed"
    assert [f.code for f in entry.remaining] == ["VP106"]


@needs_ffmpeg
def test_a_mask_of_many_edges_comes_out_black_and_white(tmp_path: Path) -> None:
    source = tmp_path / "busy.mp4"
    moving = ["-f", "lavfi", "-i", "testsrc2=size=640x480:rate=30:duration=2"]
    ffmpeg(*moving, "-c:v", "libx264", "-preset", "veryfast", source)
    entry = prepared(source, tmp_path, role="mask_video_url")
    assert vaceprep.check(out(entry), role="mask_video_url", strict=True).ok
