"""The rows of the table as tests: some in the ordinary suite, the others marked ``long``."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from tests.truth import judge, mosaic, read
from tests.truth.colour import BT601, BT709, BT2020, Colour
from tests.truth.model import Row, Truth, even
from tests.truth.run import Unmade, check
from tests.truth.table import NOT_YET, ROWS


def _parameter(row: Row) -> Any:
    marks = [] if row.ordinary else [pytest.mark.long]
    if row.name in NOT_YET:
        why = NOT_YET[row.name]
        marks.append(pytest.mark.xfail(strict=True, raises=judge.Wrong, reason=why))
    return pytest.param(row, id=row.name, marks=marks)


@pytest.mark.parametrize("row", [_parameter(row) for row in ROWS])
def test_the_output_shows_the_source(
    row: Row, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VACEPREP_STATE_DIR", str(tmp_path / "state"))
    try:
        check(row, tmp_path, ROWS)
    except (read.Unread, Unmade) as skipped:
        pytest.skip(str(skipped))


def test_names_are_told_apart() -> None:
    names = [row.name for row in ROWS]
    assert len(names) == len(set(names))
    assert all(row.like is None or row.like in names for row in ROWS)
    assert NOT_YET.keys() <= set(names)


def test_bars_tell_their_number() -> None:
    for number in (0, 1, 5, 512, 1023):
        assert mosaic.number_of(mosaic.picture(number)) == number
        assert mosaic.mask_number(mosaic.mask(number)) == number
    mixed = tuple(
        tuple(
            ((a + b) // 2, (c + d) // 2, (e + f) // 2)
            for (a, c, e), (b, d, f) in zip(x, y, strict=True)
        )
        for x, y in zip(mosaic.picture(3), mosaic.picture(4), strict=True)
    )
    assert mosaic.number_of(mixed) is None


@pytest.mark.parametrize("colour", [BT601, BT709, BT2020, Colour(full=True)])
def test_colours_come_back(colour: Colour) -> None:
    for patch in mosaic.PATCHES:
        assert judge.off(colour.to_rgb(*colour.to_yuv(patch)), patch) <= 2


#: Luma, Cb and Cr of 75 % bars as ITU-R BT.601 and BT.709 print them, in 8 bits.
BARS = {
    BT601: {
        (191, 191, 191): (180, 128, 128),
        (191, 0, 0): (65, 100, 212),
        (0, 0, 191): (35, 212, 114),
    },
    BT709: {
        (191, 191, 191): (180, 128, 128),
        (191, 0, 0): (51, 109, 212),
        (0, 0, 191): (28, 212, 120),
    },
}


@pytest.mark.parametrize("colour", BARS)
def test_colours_are_those_of_the_standards(colour: Colour) -> None:
    for rgb, yuv in BARS[colour].items():
        assert judge.off(colour.to_yuv(rgb), yuv) <= 1


def _film(numbers: list[int], rate: int = 24, **changes: Any) -> read.Film:
    cells = [mosaic.picture(number) for number in numbers]
    seen = tuple(
        read.Seen(Fraction(at, rate), cell, mosaic.CORNERS) for at, cell in enumerate(cells)
    )
    return read.Film(
        **{"seen": seen, "size": (480, 384), "aspect": Fraction(1), "pixels": "yuv420p", **changes}
    )


TRUTH = Truth(even(range(24), 24), (480, 384), rate=Fraction(24), beeps=(Fraction(1, 6),))


def _judged(film: read.Film, heard: tuple[Fraction, ...] = ()) -> str:
    row = ROWS[0]
    wrong = judge.compared(row, TRUTH, film)
    return "; ".join(wrong + (judge.sound_wrong(row, TRUTH, film, heard) if heard else []))


def test_the_judge_takes_what_is_right() -> None:
    assert _judged(_film(list(range(24))), (Fraction(17, 100),)) == ""


@pytest.mark.parametrize(
    ("film", "said"),
    [
        (_film([n // 2 for n in range(24)]), "23 of 24 pictures"),
        (_film([*range(20), 19, 19, 19, 19]), "are lost"),
        (_film([*range(1, 24), 23]), "24 pictures"),
        (_film(list(range(24)), 25), "its rate"),
        (_film(list(range(20))), "it lasts"),
        (_film(list(range(24)), size=(384, 480)), "its size"),
        (_film(list(range(24)), aspect=Fraction(4, 3)), "pixel aspect"),
    ],
)
def test_the_judge_refuses_what_is_wrong(film: read.Film, said: str) -> None:
    assert said in _judged(film)


def test_the_judge_hears_a_late_beep() -> None:
    assert "no beep" in _judged(_film(list(range(24))), (Fraction(1, 4),))


def test_the_judge_sees_turned_and_coloured_pictures() -> None:
    turned = mosaic.turned(mosaic.picture(0), 2)
    seen = read.Seen(Fraction(0), turned, mosaic.CORNERS[::-1])
    film = read.Film((seen,), (480, 384), Fraction(1), "yuv420p")
    assert "corner" in _judged(film)
    off = tuple(tuple((r, min(255, g + 9), b) for r, g, b in row) for row in mosaic.picture(0))
    film = read.Film(
        (read.Seen(Fraction(0), off, mosaic.CORNERS),), (480, 384), Fraction(1), "yuv420p"
    )
    assert "patch" in _judged(film)
