"""Tables that are read with few steps give what one step for each entry gives."""

from __future__ import annotations

from array import array

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vaceprep.probes.mp4 import tables
from vaceprep.probes.mp4.tables import SLICE, end_of_data

OFFSETS = st.lists(st.integers(0, 5000), min_size=1, max_size=40)
RUNS = st.lists(st.tuples(st.integers(1, 12), st.integers(1, 3)), min_size=1, max_size=6)
SIZES = st.lists(st.integers(1, 900), min_size=120, max_size=120)


def slow_end(chunks: list[int], runs: list[tuple[int, int]], sizes: list[int]) -> int:
    """The end of the chunk that ends last; ``runs`` has the first chunk and samples of each."""
    sample, end = 0, 0
    for number, start in enumerate(chunks, 1):
        count = next(count for first, count in reversed(runs) if first <= number)
        end = max(end, start + sum(sizes[sample : sample + count]))
        sample += count
    return end


@given(OFFSETS, RUNS, SIZES, st.sampled_from([1, 3, SLICE]))
def test_the_end_of_any_chunks(
    chunks: list[int], lengths: list[tuple[int, int]], sizes: list[int], piece: int
) -> None:
    runs, first = [], 1
    for length, count in lengths:
        runs.append((first, count))
        first += length
    flat = array("I", [number for first, count in runs for number in (first, count, 1)])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tables, "SLICE", piece)
        found = end_of_data(array("I", chunks), flat, array("I", sizes), 0)
        equal = end_of_data(array("I", chunks), flat, None, 7)
    assert found == slow_end(chunks, runs, sizes)
    assert equal == slow_end(chunks, runs, [7] * len(sizes))


def test_a_chunk_of_the_first_slice_may_end_last() -> None:
    chunks = array("I", [10**6, *range(SLICE + 5)])
    sizes = array("I", [9] * len(chunks))
    assert end_of_data(chunks, array("I", [1, 1, 1]), sizes, 0) == 10**6 + 9


@pytest.mark.parametrize("firsts", [(2, 3), (1, 1), (1, 3, 2)])
def test_a_table_that_runs_back_is_refused(firsts: tuple[int, ...]) -> None:
    flat = array("I", [number for first in firsts for number in (first, 1, 1)])
    with pytest.raises(tables.BoxError):
        end_of_data(array("I", [0] * 9), flat, None, 1)
