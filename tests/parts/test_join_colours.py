"""Results whose colours drift are joined without a visible step."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import pytest
from PIL import Image

from tests.parts.counted import SIZE, decoded, picture, write
from vaceprep.parts.colours import difference
from vaceprep.parts.join import join
from vaceprep.parts.pieces import Joined, Piece

#: What may be seen between two neighbouring frames; the clip itself has steps of 1 at most.
VISIBLE = 1.5
#: The frames that begin a piece.
SEAMS = (30, 60)


def drifted(number: int, image: Image.Image) -> Image.Image:
    """The colours of the result of that task: each is brighter, flatter and redder."""
    gain, lift = 1 - 0.05 * number, 10 * number
    levels = [
        min(255, max(0, round(level * gain + shift)))
        for shift in (lift + 5 * number, lift, lift - 4 * number)
        for level in range(256)
    ]
    return image.point(levels)


def steps(path: Path) -> dict[int, float]:
    """The mean CIEDE2000 between each frame and the one before it."""
    found: dict[int, float] = {}
    before: bytes | None = None
    for number, (frame, _) in enumerate(decoded(path)):
        image = frame.to_image().crop((0, 26, *SIZE))  # type: ignore[no-untyped-call]
        now = image.resize((32, 14), Image.Resampling.BOX).tobytes()
        if before is not None and (number in SEAMS or number % 10 == 5):
            found[number] = difference(before, now)
        before = now
    return found


def made(folder: Path, overlap: Fraction, *, after_cut: bool = False) -> list[Piece]:
    """Three results of three tasks for a clip of 3 s."""
    pieces = []
    for number in range(3):
        start = Fraction(number) - (overlap if number else 0)
        frames = range(int(start * 30), 30 * number + 31)
        path = folder / f"{number}.mp4"
        write(path, frames, paint=lambda image, number=number: drifted(number, image))  # type: ignore[misc]
        end = Fraction(number + 1)
        pieces.append(Piece(str(path), start, end, overlap if number else Fraction(0), after_cut))
    return pieces


def joined(pieces: list[Piece], target: Path, *, match: bool) -> Joined:
    return join(pieces, str(target), sound=None, length=Fraction(3), match=match)


def test_the_clip_has_no_steps_of_its_own() -> None:
    one, other = (picture(n).crop((0, 26, *SIZE)).resize((32, 14)).tobytes() for n in (3, 4))
    assert difference(one, other) < 1


@pytest.mark.parametrize(
    "overlap", [Fraction(0), pytest.param(Fraction(1, 3), marks=pytest.mark.long)]
)
def test_a_seam_is_no_step(tmp_path: Path, overlap: Fraction) -> None:
    pieces = made(tmp_path, overlap)
    done = joined(pieces, tmp_path / "matched.mp4", match=True)
    found = steps(tmp_path / "matched.mp4")
    assert max(found.values()) <= VISIBLE
    assert [seam.matched for seam in done.seams] == [True, True]
    assert all(s.difference is not None and s.difference < VISIBLE for s in done.seams)
    # The last piece has the colours of the first, not only of the one before it.
    frames = [frame for frame, _ in decoded(tmp_path / "matched.mp4")]
    last = frames[-1].to_image().crop((0, 26, *SIZE))  # type: ignore[no-untyped-call]
    one, other = (
        image.resize((32, 14)).tobytes() for image in (last, picture(89).crop((0, 26, *SIZE)))
    )
    assert difference(one, other) < 2.5


def test_without_a_match_a_seam_is_a_step(tmp_path: Path) -> None:
    done = joined(made(tmp_path, Fraction(0)), tmp_path / "plain.mp4", match=False)
    found = steps(tmp_path / "plain.mp4")
    assert all(found[seam] > VISIBLE for seam in SEAMS)
    assert [seam.matched for seam in done.seams] == [False, False]
    assert all(seam.difference is not None and seam.difference > VISIBLE for seam in done.seams)


def grey(level: int) -> Image.Image:
    return Image.new("RGB", SIZE, (level, level, level))


def test_the_share_of_the_later_piece_grows_evenly(tmp_path: Path) -> None:
    """Ten frames of overlap, from grey 60 to grey 170: ten steps of 10 levels."""
    dark = write(tmp_path / "dark.mp4", range(40), paint=lambda _: grey(60))
    light = write(tmp_path / "light.mp4", range(30, 61), paint=lambda _: grey(170))
    third = Fraction(1, 3)
    pieces = [
        Piece(str(dark), Fraction(0), Fraction(4, 3)),
        Piece(str(light), Fraction(1), Fraction(2), third),
    ]
    join(pieces, str(tmp_path / "o.mp4"), sound=None, length=Fraction(2), match=False)
    levels = [
        frame.to_image().getpixel((80, 48))[1]  # type: ignore[no-untyped-call]
        for frame, _ in decoded(tmp_path / "o.mp4")
    ]
    expected = [60] * 30 + [60 + 10 * n for n in range(1, 11)] + [170] * 20
    assert all(abs(one - other) <= 3 for one, other in zip(levels, expected, strict=True))


def test_one_frame_does_not_decide_the_match(tmp_path: Path) -> None:
    """The later result begins with a flash; the rest of the overlap is alike."""
    numbers = iter(range(30, 61))
    one = write(tmp_path / "one.mp4", range(45))
    other = write(
        tmp_path / "other.mp4",
        range(30, 61),
        paint=lambda image: grey(250) if next(numbers) == 30 else image,
    )
    pieces = [
        Piece(str(one), Fraction(0), Fraction(3, 2)),
        Piece(str(other), Fraction(1), Fraction(2), Fraction(1, 2)),
    ]
    done = join(pieces, str(tmp_path / "o.mp4"), sound=None, length=Fraction(2))
    assert [seam.matched for seam in done.seams] == [False]
