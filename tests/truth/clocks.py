"""Clocks: variable rates, offsets, negative times, edit lists, wraps, null frames."""

from __future__ import annotations

import struct
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import av

from tests.truth import boxes
from tests.truth.geometry import packets_of
from tests.truth.model import Made, Shown, Source, at_times
from tests.truth.write import Coding, clip


def variable(coding: Coding, gaps: tuple[int, ...], tick: Fraction = Fraction(1, 1000)) -> Source:
    """Pictures that last so many ticks, over and over."""

    def make(folder: Path) -> Made:
        times = []
        at = Fraction(0)
        for number in range(coding.count):
            times.append(at)
            at += gaps[number % len(gaps)] * tick
        return Made(*clip(folder, coding, times=tuple(times), end=at, tick=tick))

    return make


def offset(coding: Coding, seconds: Fraction, tick: Fraction | None = None) -> Source:
    """All times of the file begin so many seconds later, or earlier where negative."""

    def make(folder: Path) -> Made:
        return Made(*clip(folder, coding, offset=seconds, tick=tick))

    return make


def before_zero(coding: Coding, hidden: int) -> Source:
    """MP4 whose first pictures have times before 0, which its edit list hides."""

    def make(folder: Path) -> Made:
        begin = hidden / Fraction(coding.rate)
        path, truth = clip(folder, coding, offset=-begin)
        shown = tuple(
            Shown(s.number, s.begin - begin, s.end - begin) for s in truth.shown if s.begin >= begin
        )
        beeps = tuple(beep - begin for beep in truth.beeps if beep >= begin)
        return Made(path, replace(truth, shown=shown, beeps=beeps))

    return make


def edited(coding: Coding, first: int, count: int, *, later: Fraction = Fraction(0)) -> Source:
    """An edit list shows ``count`` pictures from ``first`` on, after an empty edit of ``later``.

    The file is H.264 without B-frames, so that media time is presentation time.
    """

    def make(folder: Path) -> Made:
        path, truth = clip(folder, replace(coding, options={**coding.options, "bf": "0"}))
        movie, media = _scales(path)
        rate = Fraction(coding.rate)
        length, begin = count / rate, first / rate
        empty = ((int(later * movie), -1),) if later else ()
        boxes.set_edits(path, (*empty, (round(length * movie), round(begin * media))))
        shown = tuple(
            Shown(s.number, s.begin - begin, min(s.end - begin, length))
            for s in truth.shown
            if begin <= s.begin < begin + length
        )
        return Made(path, replace(truth, shown=shown))

    return make


def slowed(coding: Coding, speed: Fraction) -> Source:
    """An edit whose media_rate is not 1 (QuickTime's slow motion)."""

    def make(folder: Path) -> Made:
        path, truth = clip(folder, replace(coding, options={**coding.options, "bf": "0"}))
        movie, _ = _scales(path)
        boxes.set_edits(path, ((round(truth.end / speed * movie), 0),), speed)
        shown = tuple(Shown(s.number, s.begin / speed, s.end / speed) for s in truth.shown)
        return Made(path, replace(truth, shown=shown, rate=Fraction(coding.rate) * speed))

    return make


def _scales(path: Path) -> tuple[int, int]:
    """Ticks a second of the movie and of its first track."""
    movie = dict(boxes.children(dict(boxes.children(path.read_bytes()))["moov"]))
    media = dict(boxes.children(dict(boxes.children(movie["trak"]))["mdia"]))
    return struct.unpack_from(">I", movie["mvhd"], 12)[0], struct.unpack_from(
        ">I", media["mdhd"], 12
    )[0]


def chunk(kind: bytes, body: bytes) -> bytes:
    """A RIFF chunk, padded to an even length."""
    return kind + struct.pack("<I", len(body)) + body + b"\0" * (len(body) % 2)


def avi(
    fourcc: bytes,
    size: tuple[int, int],
    rate: Fraction,
    pictures: list[tuple[bytes, bool]],
    *,
    table: bytes = b"",
) -> bytes:
    """An AVI file of one video stream: a chunk and whether it is a keyframe, for each place.

    ``table`` is a palette of four bytes a colour: then pixels have eight bits.
    """
    width, height = size
    largest = max(len(data) for data, _ in pictures)
    main = struct.pack(
        *("<14I", round(1_000_000 / rate), 0, 0, 0x10, len(pictures), 0, 1, largest),
        *(width, height, 0, 0, 0, 0),
    )
    stream = struct.pack(
        *("<4s4sIHHIIIIIIII4H", b"vids", fourcc, 0, 0, 0, 0, rate.denominator, rate.numerator),
        *(0, len(pictures), largest, 0xFFFFFFFF, 0, 0, 0, width, height),
    )
    depth = 8 if table else 24
    form = struct.pack("<IiiHH4s", 40, width, height, 1, depth, fourcc)
    form += struct.pack("<IiiII", width * height * depth // 8, 0, 0, len(table) // 4, 0) + table
    header = chunk(b"avih", main)
    header += chunk(b"LIST", b"strl" + chunk(b"strh", stream) + chunk(b"strf", form))
    movie, index, at = b"movi", b"", 4
    for data, keyframe in pictures:
        index += struct.pack("<4sIII", b"00dc", 0x10 if keyframe else 0, at, len(data))
        part = chunk(b"00dc", data)
        movie += part
        at += len(part)
    body = b"AVI " + chunk(b"LIST", b"hdrl" + header)
    return chunk(b"RIFF", body + chunk(b"LIST", movie) + chunk(b"idx1", index))


def places(path: Path) -> tuple[int, ...]:
    """Which chunks of the first stream of an AVI file are pictures, by its ``idx1``.

    FFmpeg's muxer leaves null chunks where a picture's time, moved with the sound's, is a later
    place.
    """
    data = path.read_bytes()
    index = data[data.rindex(b"idx1") :]
    total = struct.unpack_from("<I", index, 4)[0] // 16
    sizes = [
        struct.unpack_from("<I", index, 8 + 16 * at + 12)[0]
        for at in range(total)
        if index[8 + 16 * at : 12 + 16 * at] == b"00dc"
    ]
    return tuple(at for at, size in enumerate(sizes) if size)


def moved_by_sound(coding: Coding) -> Source:
    """AVI whose sound begins before 0, so that FFmpeg's muxer leaves null chunks."""

    def make(folder: Path) -> Made:
        path, truth = clip(folder, coding)
        found = places(path)
        assert len(found) == coding.count, "another number of pictures than was drawn"
        rate = Fraction(coding.rate)
        shown = at_times(tuple(place / rate for place in found), (found[-1] + 1) / rate)
        return Made(path, replace(truth, shown=shown, rate=None))

    return make


def null_frames(coding: Coding, fourcc: bytes, places: tuple[int, ...]) -> Source:
    """AVI chunks of 0 bytes ("show the last picture again") at all but those places.

    Picture k lies at ``places[k]`` and is shown to the next one's; the last lasts one place.
    """

    def make(folder: Path) -> Made:
        through = replace(coding, container="matroska", ending="first", count=len(places))
        first, truth = clip(folder, through)
        packets, _ = packets_of(first)
        first.unlink()
        held: dict[int, tuple[bytes, bool]] = {
            place: (packet.data, packet.keyframe)
            for place, packet in zip(places, packets, strict=True)
        }
        total = places[-1] + 1
        rate = Fraction(coding.rate)
        chunks = [held.get(place, (b"", False)) for place in range(total)]
        path = folder / "source.avi"
        path.write_bytes(avi(fourcc, coding.size, rate, chunks))
        ends = (*places[1:], total)
        shown = tuple(
            Shown(number, place / rate, until / rate)
            for number, (place, until) in enumerate(zip(places, ends, strict=True))
        )
        return Made(path, replace(truth, shown=shown))

    return make


def reclocked(folder: Path, source: Path, ending: str, container: str, drop: int) -> Path:
    """Packets of a file without the first ones, written again into another container."""
    path = folder / f"source.{ending}"
    with av.open(str(source)) as given, av.open(str(path), "w", format=container) as out:
        stream = given.streams.video[0]
        copy = out.add_stream_from_template(stream, opaque=True)
        for number, packet in enumerate(p for p in given.demux(stream) if p.size):
            if number >= drop:
                packet.stream = copy
                out.mux(packet)
    return path
