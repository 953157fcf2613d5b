"""Run rows of the table: make the source, let the product work, read and judge."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal

import av

from tests.truth import judge, read
from tests.truth.model import Row
from tests.truth.mosaic import RGB

State = Literal["right", "wrong", "skipped"]


class Unmade(Exception):
    """This machine's PyAV has no such encoder."""


@dataclass(frozen=True)
class Result:
    """What became of a row."""

    row: Row
    state: State
    said: str = ""


def check(row: Row, folder: Path, rows: Iterable[Row]) -> None:
    """Run one row. Raises judge.Wrong, read.Unread and Unmade."""
    if row.command == "prepare" and row.role != "mask_image_url":
        read.need(sound="--keep-audio" in row.options)
    found = _patches(row, folder)
    if row.like is None:
        return
    twin = next(other for other in rows if other.name == row.like)
    beside = folder / "like"
    beside.mkdir()
    expected = _patches(twin, beside)
    for one, other in zip(found, expected, strict=True):
        if judge.off(one, other) > row.levels:
            raise judge.Wrong(f"patch {one}, but {other} in {row.like}")


def _patches(row: Row, folder: Path) -> tuple[RGB, ...]:
    os.environ["VACEPREP_STATE_DIR"] = str(folder / "state")
    try:
        made = row.source(folder)
    except av.codec.codec.UnknownCodecError as missing:
        raise Unmade(f"this PyAV has no encoder {missing}") from None
    return judge.judge(row, made, judge.prepared(row, made, folder))


def results(rows: Iterable[Row]) -> Iterator[Result]:
    """Each row's result, one after the other."""
    rows = tuple(rows)
    for row in rows:
        with TemporaryDirectory() as folder:
            try:
                check(row, Path(folder), _all())
            except (read.Unread, Unmade) as skipped:
                yield Result(row, "skipped", str(skipped))
            except judge.Wrong as wrong:
                yield Result(row, "wrong", str(wrong))
            except Exception as broken:
                yield Result(row, "wrong", f"{type(broken).__name__}: {broken}")
            else:
                yield Result(row, "right")


@cache
def _all() -> tuple[Row, ...]:
    from tests.truth.table import ROWS

    return ROWS
