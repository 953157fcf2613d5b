"""Some eighty small videos that differ in one thing each, made by the ffmpeg program."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.media import ffmpeg

H264 = "-c:v libx264 -preset veryfast -threads 1"
H265 = "-c:v libx265 -preset ultrafast -x265-params log-level=none:pools=none:frame-threads=1"
#: A first file with B-frames, and one whose groups lean on each other, to copy from.
CLOSED = ("closed.mp4", f"{H264} -g 25 -bf 2")
OPEN_OPTIONS = "-x264-params open-gop=1:keyint=10:min-keyint=10:bframes=3:scenecut=0"
OPEN = ("open.mp4", f"{H264} {OPEN_OPTIONS}")


@dataclass(frozen=True)
class Variant:
    """How a clip is made, and what is true of it because it was made so.

    ``frames`` and ``rate`` are what goes in; where ``whole``, the presented length is their
    quotient. ``codes`` are the findings, VP119 apart, which all of them have.
    """

    ending: str
    output: str
    codes: str = ""
    frames: int = 20
    rate: Fraction = Fraction(25)
    size: str = "64x48"
    #: More inputs, and options before the first.
    inputs: str = ""
    before: str = ""
    #: Name and options of a file from which ``output`` copies.
    first: tuple[str, str] | None = None
    whole: bool = True

    def make(self, folder: Path) -> Path:
        """Make the clip in a folder."""
        target = folder / f"clip{self.ending}"
        # A limit on frames alone would end the sound early too.
        length = float((self.frames - Fraction(1, 2)) / self.rate)
        source = f"-f lavfi -i testsrc2=s={self.size}:r={self.rate}:d={length}".split()
        if self.first is not None:
            begun = folder / self.first[0]
            begun.write_bytes(_first(tuple(source), *self.first))
            source = ["-i", str(begun)]
        ffmpeg(*self.before.split(), *source, *self.inputs.split(), *self.output.split(), target)
        return target


@cache
def _first(source: tuple[str, ...], name: str, options: str) -> bytes:
    with TemporaryDirectory() as folder:
        ffmpeg(*source, *options.split(), Path(folder, name))
        return Path(folder, name).read_bytes()


def _rates() -> dict[str, Variant]:
    made = {}
    for text in ("15 16 16000/1001 24000/1001 24 25 30000/1001 30 60000/1001").split():
        rate = Fraction(text)
        slow = "VP103" if rate < 16 else ""
        made[f"{text} mp4"] = Variant(".mp4", H264, f"VP120 {slow}", rate=rate)
        made[f"{text} mkv"] = Variant(".mkv", f"{H264} -bf 2", f"VP101 {slow}", rate=rate)
        if text in ("16", "16000/1001", "30000/1001"):
            made[f"{text} ts"] = Variant(".ts", H264, f"VP101 {slow}", rate=rate)
            made[f"{text} flv"] = Variant(".flv", H264, f"VP101 {slow}", rate=rate)
    return made


def _copied(options: str, codes: str, ending: str = ".mp4", **more: str) -> Variant:
    return Variant(ending, f"-c copy {options}", codes, first=CLOSED, **more)  # type: ignore[arg-type]


def _cut(options: str, codes: str, first: tuple[str, str]) -> Variant:
    return Variant(
        ".mp4", f"-c copy {options}", codes, first=first, before="-ss 0.52", frames=60, whole=False
    )


SINE = "-f lavfi -i sine=r=48000:d=1.5"
SECOND = "-f lavfi -i testsrc2=s=32x32:r=10:d=2 -map 0:v -map 1:v"
COVER = "-f lavfi -i color=s=32x32:d=0.05 -map 0:v -map 1:v"
FIELDS = "-flags +ildct+ilme"
PQ = "-color_primaries bt2020 -color_trc smpte2084 -colorspace bt2020nc"
HLG = "-color_primaries bt2020 -color_trc arib-std-b67 -colorspace bt2020nc -color_range tv"
BT601 = "-color_primaries smpte170m -color_trc smpte170m -colorspace smpte170m"
BT709 = "-color_primaries bt709 -color_trc bt709 -colorspace bt709"
DROPPED = "-vf select='not(eq(n,5)+eq(n,9))' -vsync vfr"
FRAGMENTS = "-movflags frag_keyframe+empty_moov"

VARIANTS: dict[str, Variant] = {
    **_rates(),
    "no b-frames": Variant(".mp4", f"{H264} -bf 0", "VP120"),
    "many b-frames": Variant(".mp4", f"{H264} -bf 8 -x264-params b-adapt=0", "VP120"),
    "negative offsets": Variant(".mp4", f"{H264} -bf 3 -movflags negative_cts_offsets", "VP120"),
    "no edit list": Variant(".mp4", f"{H264} -bf 0 -use_editlist 0", "VP120"),
    "open gop": Variant(".mp4", f"{H264} {OPEN_OPTIONS}", "VP120", frames=40),
    "index first": Variant(".mp4", f"{H264} -movflags +faststart"),
    "timescale of the rate": Variant(".mp4", f"{H264} -video_track_timescale 25", "VP120"),
    "timescale 90000": Variant(".mp4", f"{H264} -video_track_timescale 90000", "VP120"),
    "fragmented": Variant(".mp4", f"{H264} -g 5 {FRAGMENTS}", "VP121"),
    "first fragment in the index": Variant(".mp4", f"{H264} -g 7 -movflags frag_keyframe", "VP121"),
    "dash": Variant(".mp4", f"{H264} -g 5 -movflags dash+delay_moov+frag_keyframe", "VP121"),
    "mov": Variant(".mov", H264, "VP101 VP120"),
    "3gp": Variant(".3gp", H264, "VP101 VP120"),
    "m4v": Variant(".m4v", H264, "VP107 VP120"),
    "one frame": Variant(".mp4", H264, "VP120", frames=1),
    "one frame in matroska": Variant(".mkv", H264, "VP101", frames=1),
    "webm": Variant(".webm", "-c:v libvpx -deadline realtime -b:v 200k", "VP101 VP111"),
    "avi": Variant(".avi", "-c:v mpeg4", "VP101 VP111"),
    "asf": Variant(".wmv", "-c:v wmv2", "VP101 VP111 VP115"),
    "mpeg programme": Variant(".mpg", "-c:v mpeg2video -f vob", "VP101 VP111"),
    "mxf": Variant(".mxf", "-c:v mpeg2video", "VP101 VP111"),
    "nut": Variant(".nut", "-c:v mpeg4", "VP101 VP111"),
    "blu-ray": Variant(".m2ts", H264, "VP101"),
    "hevc": Variant(".mp4", H265, "VP111 VP120"),
    "vp9": Variant(".mp4", "-c:v libvpx-vp9 -deadline realtime -cpu-used 8", "VP111 VP120"),
    "av1": Variant(".mp4", "-c:v libaom-av1 -cpu-used 8 -usage realtime", "VP111 VP120", frames=5),
    "mpeg4": Variant(".mp4", "-c:v mpeg4 -bf 2", "VP111 VP120"),
    "mpeg2": Variant(".mp4", "-c:v mpeg2video", "VP111 VP120"),
    "mjpeg": Variant(".mov", "-c:v mjpeg -pix_fmt yuvj420p", "VP101 VP111 VP120"),
    "prores": Variant(".mov", "-c:v prores_ks", "VP101 VP111 VP112 VP120"),
    "png track": Variant(".mov", "-c:v png", "VP101 VP111 VP112 VP120"),
    "10 bit": Variant(".mp4", f"{H264} -pix_fmt yuv420p10le", "VP112 VP120"),
    "4:2:2": Variant(".mp4", f"{H264} -pix_fmt yuv422p", "VP112 VP120"),
    "4:4:4": Variant(".mp4", f"{H264} -pix_fmt yuv444p", "VP112 VP120"),
    "odd": Variant(
        ".mp4", f"-vf scale=65:49,setsar=1 {H264} -pix_fmt yuv444p", "VP112 VP118 VP120"
    ),
    "full range": Variant(".mp4", f"{H264} -pix_fmt yuvj420p", "VP120"),
    "pq": Variant(".mp4", f"{H265} -pix_fmt yuv420p10le {PQ}", "VP111 VP112 VP116 VP120"),
    "hlg": Variant(".mp4", f"{H264} {HLG}", "VP116 VP120"),
    "bt601": Variant(".mp4", f"{H264} {BT601}", "VP120"),
    "colour in the boxes alone": _copied(f"{BT709} -movflags write_colr", "VP120"),
    "fields": Variant(".mp4", f"{H264} {FIELDS} -x264-params tff=1", "VP115 VP120", size="64x64"),
    "bottom field first": Variant(
        ".mp4", f"{H264} {FIELDS} -x264-params bff=1", "VP115 VP120", size="64x64"
    ),
    "mpeg2 fields": Variant(
        ".mp4", f"-c:v mpeg2video {FIELDS} -top 1", "VP111 VP115 VP120", size="64x64"
    ),
    "whole frames coded as fields": Variant(
        ".mp4", f"{H264} -x264-params fake-interlaced=1", "VP120", size="64x64"
    ),
    "pixel aspect": Variant(".mp4", f"-vf setsar=4/3 {H264}", "VP114 VP120"),
    "pixel aspect in matroska": Variant(".mkv", f"-vf setsar=4/3 {H264}", "VP101 VP114"),
    "pixel aspect in the boxes alone": _copied("-aspect 2:1", "VP114 VP120"),
    "turned 90": _copied("-metadata:s:v rotate=90", "VP113 VP120"),
    "turned 180": _copied("-metadata:s:v rotate=180", "VP113 VP120"),
    "turned 270": _copied("-metadata:s:v rotate=270", "VP101 VP113 VP120", ".mov"),
    "cut by copy": _cut("", "VP120 VP122", CLOSED),
    "cut by copy at both ends": _cut("-t 0.7", "VP120 VP122", CLOSED),
    # Its first sample is no keyframe: the header counts a frame that nothing shows.
    "open gop cut by copy": _cut("", "VP120 VP122", OPEN),
    "delayed": _copied("", "VP120 VP122", before="-itsoffset 0.4"),
    "variable": Variant(".mp4", f"{DROPPED} {H264}", "VP117 VP120", whole=False),
    "variable in matroska": Variant(".mkv", f"{DROPPED} {H264}", "VP101 VP117", whole=False),
    "from milliseconds": Variant(
        ".mp4", "-c copy", "VP120", first=("a.mkv", H264), rate=Fraction(30000, 1001), whole=False
    ),
    "sound": Variant(".mp4", f"{H264} -c:a aac", "VP120 VP123", inputs=SINE),
    "sound in fragments": Variant(
        ".mp4", f"{H264} -c:a aac {FRAGMENTS}", "VP121 VP123", inputs=SINE
    ),
    "sound in matroska": Variant(".mkv", f"{H264} -c:a aac", "VP101 VP123", inputs=SINE),
    "sound in a stream": Variant(".ts", f"{H264} -c:a aac", "VP101 VP123", inputs=SINE),
    "sound in flash": Variant(".flv", f"{H264} -c:a aac -ar 44100", "VP101 VP123", inputs=SINE),
    "sound in avi": Variant(".avi", "-c:v mpeg4 -c:a mp2", "VP101 VP111 VP123", inputs=SINE),
    "raw sound": Variant(".mov", f"{H264} -c:a pcm_s16le", "VP101 VP120 VP123", inputs=SINE),
    "timecode": Variant(".mp4", f"{H264} -timecode 01:00:00:00", "VP120 VP123"),
    "two video tracks": Variant(".mp4", H264, "VP120 VP123", inputs=SECOND),
    "cover picture": Variant(
        ".mp4",
        f"{H264} -c:v:1 png -frames:v:1 1 -disposition:v:1 attached_pic",
        "VP120 VP123",
        inputs=COVER,
    ),
}
