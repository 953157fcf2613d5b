"""A join that ends early leaves nothing behind."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import pytest

from tests.parts.counted import write
from tests.preparation.conftest import tiny_disk
from vaceprep.errors import Cancelled, Refused
from vaceprep.parts.colour_match import FLAT, KEPT, LEAST, POINTS, SCALES
from vaceprep.parts.join import join
from vaceprep.parts.mixed import LOOK, STEP
from vaceprep.parts.pieces import Piece
from vaceprep.parts.results import SLACK
from vaceprep.parts.sound import OVER

__all__ = ["tiny_disk"]


def pieces(folder: Path, *, cut: bool) -> list[Piece]:
    found = []
    for at in range(2):
        path = write(folder / f"{at}.mp4", range(30 * at, 30 * at + 30), options={"crf": "1"})
        found.append(Piece(str(path), Fraction(at), Fraction(at + 1), after_cut=cut and at > 0))
    return found


@pytest.mark.parametrize("cut", [False, True])
def test_a_cancelled_join_leaves_no_file(tmp_path: Path, cut: bool) -> None:
    def cancel(_: Fraction) -> None:
        raise Cancelled

    given = pieces(tmp_path, cut=cut)
    target = tmp_path / "new" / "o.mp4"
    with pytest.raises(Cancelled):
        join(given, str(target), sound=None, length=Fraction(2), on_progress=cancel)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["0.mp4", "1.mp4"]


@pytest.mark.parametrize("cut", [False, True])
def test_a_full_disk_is_one_sentence(tmp_path: Path, tiny_disk: Path, cut: bool) -> None:
    given = pieces(tmp_path, cut=cut)
    (tiny_disk / "other").write_bytes(bytes(60_000))
    with pytest.raises(Refused, match="No space left on device"):
        join(given, str(tiny_disk / "o.mp4"), sound=None, length=Fraction(2))
    assert [p.name for p in tiny_disk.iterdir()] == ["other"]


def test_a_damaged_result_is_named(tmp_path: Path) -> None:
    given = pieces(tmp_path, cut=False)
    path = Path(given[1].path)
    data = bytearray(path.read_bytes())
    middle = data.index(b"mdat") + 4000
    data[middle : middle + 3000] = bytes(3000)
    path.write_bytes(data)
    with pytest.raises(Refused, match=r"1\.mp4 cannot be joined: a frame"):
        join(given, str(tmp_path / "o.mp4"), sound=None, length=Fraction(2))
    assert not (tmp_path / "o.mp4").exists()


def test_the_private_numbers_are_these() -> None:
    found = [LOOK, STEP, SLACK, OVER, POINTS, FLAT, KEPT, LEAST, SCALES]
    assert found == [15, 4, 2, Fraction(1, 30), 17, 0.5, 0.75, 0.2, (0.5, 2.0)]
