"""Run the product on a row's source, and hold what comes out against what was drawn."""

from __future__ import annotations

import contextlib
import io
import json
import math
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, Final

from tests.truth import mosaic, read
from tests.truth.model import Made, Row, Shown, Truth
from tests.truth.mosaic import RGB
from vaceprep.cli.main import run

#: The longest output, in seconds.
LIMIT: Final = Fraction(5)
#: The slowest output, in frames a second.
SLOWEST: Final = 16
#: Levels by which a corner's colour may be off: it only has to tell the orientation.
CORNER_LEVELS: Final = 40


class Wrong(AssertionError):
    """The output does not show what the source shows."""


@dataclass(frozen=True)
class Output:
    """What the product made."""

    path: Path
    entry: dict[str, Any]


def prepared(row: Row, made: Made, folder: Path) -> Output:
    """Run the command line in this process. Raises Wrong where it refuses."""
    if row.command == "frame":
        path = folder / "out.png"
        code, out, err = _run(["frame", str(made.path), *row.options, "-o", str(path)])
        if code != 0:
            raise Wrong(f"exit {code}: {out.strip()} {err.strip()}")
        return Output(path, {})
    target = folder / "out"
    code, out, err = _run(
        ["prepare", str(made.path), "-o", str(target), "--format", "json", *row.options]
    )
    if not out.strip():
        raise Wrong(f"exit {code}: {err.strip()}")
    entries = json.loads(out)["files"]
    entry: dict[str, Any] = next(
        e for e in entries if e["role"] == row.role or (row.role is None and e["role"])
    )
    if code != 0 or entry["output"] is None:
        left = "; ".join(f["message"] for f in entry["remaining"])
        raise Wrong(f"exit {code}: {entry['error']}; {left}")
    return Output(Path(entry["output"]), entry)


def _run(arguments: list[str]) -> tuple[int, str, str]:
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = run(arguments)
    return code, out.getvalue(), err.getvalue()


def judge(row: Row, made: Made, output: Output) -> tuple[RGB, ...]:
    """The patches' colours. Raises Wrong with all that is wrong; read.Unread."""
    if output.path.suffix == ".png":
        shown = read.still(output.path)
        return _done(_pictures(row, made.truth, shown, Fraction(1, 1000)), shown)
    film = read.film(output.path)
    if not film.seen:
        raise Wrong("the output has no pictures")
    wrong = compared(row, made.truth, film)
    if row.copied is not None and output.entry["lossless"] is not row.copied:
        wrong.append(f"lossless is {output.entry['lossless']}")
    if "--keep-audio" in row.options:
        heard = read.beeps(output.path)
        wrong += sound_wrong(row, made.truth, film, heard)
    return _done(wrong, film)


def compared(row: Row, truth: Truth, film: read.Film) -> list[str]:
    """What is wrong with the pictures: their times, numbers, orientation, colours and size."""
    wrong = _clock(row, truth, film)
    wrong += _pictures(row, truth, film, _interval(film))
    wrong += _lost(row, truth, film)
    if film.aspect != 1:
        wrong.append(f"its pixel aspect is {film.aspect}")
    return wrong


def _done(wrong: list[str], film: read.Film) -> tuple[RGB, ...]:
    if wrong:
        raise Wrong("; ".join(wrong))
    return patches(film.seen[len(film.seen) // 2])


def patches(seen: read.Seen) -> tuple[RGB, ...]:
    """The colours of the four patches."""
    return tuple(seen.cells[mosaic.PATCH_ROW][column] for column in mosaic.PATCH_COLUMNS)


def off(one: RGB, other: RGB) -> int:
    """The largest difference of two colours, in levels."""
    return max(abs(a - b) for a, b in zip(one, other, strict=True))


def _interval(film: read.Film) -> Fraction:
    """Seconds from picture to picture."""
    if len(film.seen) < 2:
        return Fraction(1, SLOWEST)
    return (film.seen[-1].at - film.seen[0].at) / (len(film.seen) - 1)


def _window(row: Row, truth: Truth) -> Fraction:
    """How long the output should be."""
    left = truth.end - row.start
    return min(left, LIMIT, left if row.duration is None else row.duration)


def _clock(row: Row, truth: Truth, film: read.Film) -> list[str]:
    """The output begins at 0, at a constant rate, and is as long as asked."""
    wrong = []
    step = _interval(film)
    if film.seen[0].at != 0:
        wrong.append(f"it begins at {float(film.seen[0].at):.4f} s")
    for number, seen in enumerate(film.seen):
        if abs(seen.at - film.seen[0].at - number * step) > Fraction(1, 500):
            wrong.append(f"frame {number} is at {float(seen.at):.4f} s, not {number} x {step}")
            break
    wanted = _window(row, truth)
    length = step * len(film.seen)
    if not wanted - (1.01 + row.shorter) * step <= length <= wanted + Fraction(101, 100) * step:
        wrong.append(f"it lasts {float(length):.3f} s, not {float(wanted):.3f}")
    rate = row.rate if row.rate is not None else _rate(truth)
    if rate is not None and abs(1 / step - rate) > rate / 500:
        wrong.append(f"its rate is {float(1 / step):.3f}, not {float(rate):.3f}")
    return wrong


def _rate(truth: Truth) -> Fraction | None:
    """The source's rate, or its smallest multiple that is accepted."""
    if truth.rate is None:
        return None
    return truth.rate * max(1, math.ceil(SLOWEST / truth.rate))


def _pictures(row: Row, truth: Truth, film: read.Film, step: Fraction) -> list[str]:
    """Each picture shows the right number, upright and in the source's colours."""
    wrong: list[str] = []
    size = row.size or truth.size
    if film.size != size:
        wrong.append(f"its size is {film.size}, not {size}")
    mistaken = []
    first = film.seen[0].at
    for number, seen in enumerate(film.seen):
        begin = row.start + seen.at - first
        told = _number(truth, seen)
        allowed = _shown_in(truth, begin + step / 10, begin + step * 9 / 10)
        if told not in allowed:
            mistaken.append(f"{number}: {told} for {'/'.join(map(str, sorted(allowed))) or '-'}")
    if mistaken:
        wrong.append(f"{len(mistaken)} of {len(film.seen)} pictures ({', '.join(mistaken[:6])})")
    looked = {0, len(film.seen) // 2, len(film.seen) - 1}
    for number in sorted(looked):
        wrong += [f"frame {number}: {said}" for said in _colours(row, truth, film.seen[number])]
    return wrong


def _colours(row: Row, truth: Truth, seen: read.Seen) -> list[str]:
    if truth.mask:
        expected_row = mosaic.mask(0)[0]
        bad = [c for c, e in zip(seen.cells[0], expected_row, strict=True) if off(c, e) > 8]
        return [f"its first row has {bad[0]}"] if bad else []
    wrong = []
    corners = [seen.cells[r][c] for r, c in mosaic.CORNER_CELLS]
    tolerance = CORNER_LEVELS if truth.patches is not None else 110
    for place, where in (("corner", corners), ("rim", seen.rim)):
        for at, (expected, found) in enumerate(zip(mosaic.CORNERS, where, strict=True)):
            if off(expected, found) > tolerance:
                wrong.append(f"{place} {at} is {found}, not {expected}")
    if truth.patches is not None:
        for expected, found in zip(truth.patches, patches(seen), strict=True):
            if off(expected, found) > row.levels:
                wrong.append(f"patch {found}, not {expected}")
    return wrong


def _number(truth: Truth, seen: read.Seen) -> int | None:
    return (mosaic.mask_number if truth.mask else mosaic.number_of)(seen.cells)


def _shown_in(truth: Truth, begin: Fraction, end: Fraction) -> set[int]:
    return {s.number for s in truth.shown if s.begin < end and s.end > begin}


def _lost(row: Row, truth: Truth, film: read.Film) -> list[str]:
    """Each picture that is shown for at least an output frame inside the window is there."""
    step = _interval(film)
    until = row.start + step * len(film.seen)
    there = {_number(truth, seen) for seen in film.seen}

    def due(shown: Shown) -> bool:
        inside = shown.begin >= row.start and shown.end <= until + step / 10
        return inside and shown.end - shown.begin >= step * Fraction(99, 100)

    lost = [shown.number for shown in truth.shown if due(shown) and shown.number not in there]
    return [f"pictures {lost[:8]} are lost"] if lost else []


def sound_wrong(row: Row, truth: Truth, film: read.Film, heard: tuple[Fraction, ...]) -> list[str]:
    """Beeps are heard where their pictures are seen, within one frame."""
    frame = max(_interval(film), Fraction(1, 30))
    until = _interval(film) * len(film.seen)
    due = [b - row.start for b in truth.beeps if 0 <= b - row.start <= until - Fraction(1, 10)]
    if not truth.beeps:
        return ["the source has no beeps"]
    wrong = [
        f"no beep at {float(beep):.3f} s"
        for beep in due
        if all(abs(beep - other) > frame for other in heard)
    ]
    if wrong:
        wrong.append(f"beeps at {[round(float(other), 3) for other in heard]}")
    return wrong
