"""Structure-aware mutations of MP4 sample tables: what ffprobe decodes is the truth.

No file that ``check`` passes, with every frame decoded or not, is one that ffprobe shows to be
longer than 5 s, slower than 16 FPS, or empty.
"""

from __future__ import annotations

import json
import random
import subprocess
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import accumulate
from pathlib import Path

import pytest

import vaceprep
from tests.media import Hand, coded, ftyp, full, needs_ffprobe, u32
from vaceprep.contract import MAX_SECONDS, MIN_FPS
from vaceprep.probes.timing import NORMAL_RATE

#: Seeds of the ordinary part, and of the items of the long one, so that workers share them.
QUICK, LONG = range(12), [range(12, 212), range(212, 412)]
#: ffprobe prints microseconds.
PRINTED = Fraction(1, 500)
PER_CHUNK = 8
#: Frames from one keyframe of the coded clip to the next.
KEYFRAMES = 4
WORDS = (0, 1, 2, 3, 7, 8, 255, 256, 0x7FFF, 0x10000, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF)
#: Frames and rate of what is mutated: in the middle, at both limits, and a rate of 1001.
BASES = ((48, 24000, 1000), (80, 16, 1), (80, 12800, 800), (120, 24000, 1001), (16, 16, 1))


@dataclass
class Tables:
    """The tables as lists of rows."""

    frames: int
    timescale: int
    step: int
    stts: list[list[int]] = field(default_factory=list)
    ctts: list[list[int]] = field(default_factory=list)
    stsc: list[list[int]] = field(default_factory=list)
    stsz: list[list[int]] = field(default_factory=list)
    #: Length in movie ticks, media time, rate.
    elst: list[list[int]] = field(default_factory=list)
    #: Whether the samples' sizes or places were changed.
    moved: bool = False

    def __post_init__(self) -> None:
        _, parts = coded()
        self.stts = [[self.frames, self.step]]
        self.stsc = [[1, PER_CHUNK, 1]]
        self.stsz = [[len(parts[n % len(parts)])] for n in range(self.frames)]
        self.places = self._places()

    def _places(self) -> list[int]:
        starts = accumulate((size for (size,) in self.stsz), initial=len(ftyp()) + 8)
        return list(starts)[: self.frames : PER_CHUNK]

    def data(self) -> bytes:
        sizes = [size for (size,) in self.stsz]
        chunks = full("stsc", u32(len(self.stsc)), *(u32(*row) for row in self.stsc))
        keys = range(1, self.frames + 1, KEYFRAMES)
        tables = {
            "stsc": chunks,
            "stsz": full("stsz", u32(0, len(sizes), *sizes)),
            "stco": full("stco", u32(len(self.places), *self.places)),
            "stss": full("stss", u32(len(keys), *keys)),
        }
        edits = [(a % 2**64, b, c) for a, b, c in self.elst]
        return Hand(
            frames=self.frames,
            timescale=self.timescale,
            movie_timescale=self.timescale,
            stts=[(a, b) for a, b in self.stts],
            ctts=[(a, b) for a, b in self.ctts] or None,
            edits=edits or None,
            media_duration=self.frames * self.step,
            tables=tables,
        ).data()


def _number(dice: random.Random, old: int, step: int) -> int:
    near = (old + 1, old - 1, old * 2, old // 2, old + step, old - step, -old, step, step * 10)
    return dice.choice((*near, *near, *WORDS)) % (1 << 32)


def _row(dice: random.Random, kind: str, tables: Tables) -> list[int]:
    """A row that could be there."""
    frames, step = tables.frames, tables.step
    if kind in ("stts", "ctts"):
        return [dice.choice((1, 2, frames // 2, frames)), dice.choice((0, 1, step, step * 5))]
    if kind == "stsc":
        return [dice.randint(1, 12), dice.randint(0, 16), 1]
    if kind == "stsz":
        return [dice.choice((0, 1, 50, 500))]
    begin = dice.choice((-1, 0, step, step * frames // 2))
    length = dice.choice((0, step, step * frames // 2, step * frames, step * frames * 3))
    return [length, begin, dice.choice((0x10000, 0x10000, 0x10000, 0x8000, 0x20000, 0))]


def mutated(seed: int) -> Tables:
    """Tables with one to three changes in its tables; a split of a run changes no meaning."""
    dice = random.Random(seed)
    tables = Tables(*dice.choice(BASES))
    for _ in range(dice.choice((1, 1, 2, 3))):
        kind = dice.choice(("stts", "stts", "ctts", "stsc", "stsz", "elst", "elst"))
        rows: list[list[int]] = getattr(tables, kind)
        tables.moved = tables.moved or kind in ("stsc", "stsz")
        how = dice.choice(("set", "set", "put", "drop", "split", "swap", "all"))
        if not rows or how == "put":
            rows.insert(dice.randint(0, len(rows)), _row(dice, kind, tables))
            if kind == "ctts" and len(rows) == 1:
                rows[0][0] = tables.frames
            continue
        at = dice.randrange(len(rows))
        if how == "set":
            place = dice.randrange(len(rows[at]))
            rows[at][place] = _number(dice, rows[at][place], tables.step)
        elif how == "drop":
            del rows[at]
        elif how == "split" and kind in ("stts", "ctts") and rows[at][0] > 1:
            first = dice.randrange(1, rows[at][0]) if rows[at][0] < 1 << 20 else 1
            rest = [rows[at][0] - first, _number(dice, rows[at][1], tables.step)]
            rows[at][0] = first
            rows.insert(at + 1, rest)
        elif how == "swap":
            other = dice.randrange(len(rows))
            rows[at], rows[other] = rows[other], rows[at]
        elif how == "all" and kind == "stsz":
            value = _number(dice, rows[at][0], 1)
            tables.stsz = [[value] for _ in rows]
    for row in tables.elst:
        row[1] = row[1] - (1 << 32) if row[1] >= 1 << 31 else row[1]
    return tables


def shown(path: Path) -> list[tuple[Fraction, Fraction]]:
    """Times and lengths of the frames that ffprobe decodes, in seconds."""
    entries = "frame=pts_time,duration_time,pkt_duration_time"
    command = ["ffprobe", "-v", "quiet", "-threads", "1", "-select_streams", "v:0"]
    command += ["-show_entries", entries, "-of", "json", str(path)]
    done = subprocess.run(command, capture_output=True, timeout=60, check=False)
    found = []
    for frame in json.loads(done.stdout or b"{}").get("frames", []):
        length = frame.get("duration_time") or frame.get("pkt_duration_time") or 0
        if "pts_time" in frame:
            found.append((Fraction(frame["pts_time"]), Fraction(length)))
    return sorted(found)


def fault(path: Path) -> str | None:
    """What ffprobe shows against the limits; None where nothing."""
    frames = shown(path)
    if not frames:
        return "empty"
    if len(frames) > 1:
        # FFmpeg lets the last packet last until the media header's duration (``mov_read_packet``),
        # whatever the table of durations says and an edit list leaves out.
        at, lasts = frames[-1]
        frames[-1] = at, min(lasts, at - frames[-2][0])
    length = max(at + lasts for at, lasts in frames) - frames[0][0]
    if length > MAX_SECONDS + PRINTED:
        return f"{float(length)} s"
    if length > PRINTED and len(frames) / (length - PRINTED) < MIN_FPS:
        return f"{len(frames)} frames in {float(length)} s"
    return None


def wrong(seed: int, path: Path) -> str | None:
    """Why a file that passes should not, with its seed; None where all is well."""
    tables = mutated(seed)
    path.write_bytes(tables.data())
    if any(rate != NORMAL_RATE for *_, rate in tables.elst):
        # FFmpeg ignores the rate of an edit and shows the track at its own speed.
        return None
    passes = [deep for deep in (False, True) if not _errors(path, deep)]
    if passes == [False] and tables.moved:
        # Sizes and places that agree with each other and not with the data: only decoding tells.
        return None
    found = fault(path) if passes else None
    return None if found is None else f"{seed}: {found}, passes {passes}"


def _errors(path: Path, deep: bool) -> bool:
    return any(f.severity == "error" for f in vaceprep.check(path, deep=deep).files[0].findings)


@needs_ffprobe
@pytest.mark.parametrize("seeds", [QUICK, *(pytest.param(s, marks=pytest.mark.long) for s in LONG)])
def test_no_table_passes_that_ffprobe_shows_to_break_a_limit(seeds: range, tmp_path: Path) -> None:
    path = tmp_path / "mutated.mp4"
    found = [problem for seed in seeds if (problem := wrong(seed, path)) is not None]
    assert not found


def test_an_edit_list_that_shows_nothing_is_refused_and_left_out(tmp_path: Path) -> None:
    path = tmp_path / "empty.mp4"
    path.write_bytes(Hand(frames=16, timescale=16, edits=[(1000, -1, 0x10000)]).data())
    found = [f.code for f in vaceprep.check(path).files[0].findings]
    assert {"VP105", "VP122"} <= set(found)
    assert vaceprep.prepare(path, tmp_path / "out.mp4").files[0].status == "prepared"
