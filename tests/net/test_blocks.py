"""Blocks and holes: whatever comes in which order, what is read is what was put there."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vaceprep.files.source import View
from vaceprep.net.blocks import BLOCK, IN_MEMORY, Part, Store, blocks_of, open_part, runs


def content(size: int) -> bytes:
    return bytes((n // 7) % 251 for n in range(size))


SIZE = 3 * BLOCK + 100
DATA = content(SIZE)


@given(st.sets(st.integers(0, 30)))
def test_runs_are_the_numbers_without_a_gap(numbers: set[int]) -> None:
    found = list(runs(sorted(numbers)))
    assert sorted(n for run in found for n in run) == sorted(numbers)
    assert all(a.stop < b.start for a, b in pairwise(found))


@given(st.integers(0, 10 * BLOCK), st.integers(0, 10 * BLOCK))
def test_blocks_hold_their_bytes(start: int, length: int) -> None:
    numbers = blocks_of(start, start + length)
    if length:
        assert numbers.start * BLOCK <= start < (numbers.start + 1) * BLOCK
        assert (numbers.stop - 1) * BLOCK < start + length <= numbers.stop * BLOCK


@pytest.mark.parametrize("on_disk", [False, True])
def test_what_is_put_is_read(on_disk: bool, tmp_path: Path) -> None:
    path = str(tmp_path / "part") if on_disk else None
    store = Store(path)
    for number in (3, 1):
        store.put(number, DATA[number * BLOCK : (number + 1) * BLOCK])
    assert list(store.missing(0, SIZE)) == [range(1), range(2, 3)]
    assert store.read(BLOCK + 5, 2 * BLOCK) == DATA[BLOCK + 5 : 2 * BLOCK]
    assert store.read(3 * BLOCK + 90, SIZE) == DATA[-10:]
    store.close()
    assert list(tmp_path.iterdir()) == []


def test_much_goes_to_the_disk() -> None:
    store = Store()
    count = IN_MEMORY // BLOCK + 2
    for number in range(count):
        store.put(number, bytes([number % 256]) * BLOCK)
    assert store._file is not None
    for number in range(count):
        assert store.read(number * BLOCK, (number + 1) * BLOCK) == bytes([number % 256]) * BLOCK
    store.close()


def test_a_part_tells_its_holes(tmp_path: Path) -> None:
    store = Store(str(tmp_path / "part"))
    for number in (0, 2):
        store.put(number, DATA[number * BLOCK : (number + 1) * BLOCK])
    store.flush()
    part = Part(str(tmp_path / "part"), SIZE, frozenset(store.present))
    with open_part(part) as (opened, file):
        assert opened.read_at(2 * BLOCK, 10) == DATA[2 * BLOCK : 2 * BLOCK + 10]
        assert file.hole is None
        with pytest.raises(OSError, match="not fetched"):
            opened.read_at(BLOCK - 1, 2)
        assert file.hole == (BLOCK - 1, BLOCK + 1)
        # Whatever was measured after it is worth nothing.
        with pytest.raises(OSError, match="not fetched"):
            opened.read_at(0, 2)
    store.close()


class _Bytes(View):
    def bytes_at(self, start: int, end: int) -> bytes:
        return LINES[start:end]


LINES = b"one\ntwo\n" + b"x" * 5000 + b"\nend"


@given(st.lists(st.tuples(st.sampled_from(["read", "readline", "seek"]), st.integers(-1, 6000))))
def test_it_reads_as_a_file_does(steps: list[tuple[str, int]]) -> None:
    import io

    ours, theirs = _Bytes(len(LINES)), io.BytesIO(LINES)
    for step, number in steps:
        if step == "seek":
            assert ours.seek(max(number, 0)) == theirs.seek(max(number, 0))
        else:
            assert getattr(ours, step)(number) == getattr(theirs, step)(number)
        assert ours.tell() == theirs.tell()
