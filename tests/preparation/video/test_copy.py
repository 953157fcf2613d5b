"""Timestamps of copied packets."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from vaceprep.preparation.video.copy import decode_times


@given(st.integers(0, 60).flatmap(lambda n: st.permutations(range(n))))
def test_decode_times(ranks: list[int]) -> None:
    times = decode_times(ranks)
    assert len(times) == len(ranks)
    assert all(a + 1 == b for a, b in pairwise(times))
    assert all(time <= rank for time, rank in zip(times, ranks, strict=True))
    # A smaller delay would decode some frame after it is presented.
    assert not ranks or any(time == rank for time, rank in zip(times, ranks, strict=True))
