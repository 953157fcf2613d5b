"""Results as Parquet: the same results, and nothing lost on the way."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.batch.conftest import MEDIA, Batch, lines


def test_the_rows_are_the_lines(batch: Batch, here: Path) -> None:
    batch("in", "-o", "r.jsonl")
    assert batch("in", "-o", "r.parquet")[0] == 1
    rows = pq.read_table(here / "r.parquet").to_pylist()
    assert [json.loads(row["line"]) for row in rows] == lines(here / "r.jsonl")
    (long,) = [row for row in rows if row["source"] == "in/b.mp4"]
    assert (long["ok"], long["errors"], long["frames"], long["duration"]) == (
        *(False, ["video-duration"], 81, 5.0625),
    )
    assert not list(here.glob("*journal*"))


def test_it_goes_on_from_the_table_and_from_the_journal(batch: Batch, here: Path) -> None:
    batch("in/deep", "-o", "r.parquet")
    assert "2 already done" in batch("in", "-o", "r.parquet")[1]
    assert pq.read_table(here / "r.parquet").num_rows == len(MEDIA)
    # A kill leaves the journal, with half a line at its end.
    batch("in", "-o", "r.jsonl")
    journal = here / "r.parquet.journal.jsonl"
    journal.write_bytes((here / "r.jsonl").read_bytes()[:-10])
    (here / "r.parquet").unlink()
    assert "3 already done" in batch("in", "-o", "r.parquet")[1]
    assert pq.read_table(here / "r.parquet").num_rows == len(MEDIA)
    assert not journal.exists()


@pytest.mark.parametrize("rows", [None, [{"a": 1}], [{"line": "nonsense"}]])
def test_another_table_is_left_alone(
    batch: Batch, here: Path, rows: list[dict[str, object]] | None
) -> None:
    path = here / "r.parquet"
    if rows is None:
        path.write_bytes(b"PAR1 is no table")
    else:
        pq.write_table(pa.Table.from_pylist(rows), path)
    before = path.read_bytes()
    code, _, err = batch("in", "-o", "r.parquet")
    assert code == 2
    assert "is no results file of batch" in err
    assert path.read_bytes() == before
