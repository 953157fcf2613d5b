"""``--split`` and its options, and the file of ``--cuts``."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import click
import pytest

from vaceprep.checks.inputs import Item
from vaceprep.cli import split_options as cli
from vaceprep.cli.cut_file import MOST_BYTES, read_cuts, write_cuts
from vaceprep.cli.split_options import Cuts, SplitGroup, missing_cut_file, need_one_job
from vaceprep.errors import Refused
from vaceprep.parts.split import PartJob, Split
from vaceprep.plans.parts import MAX_PARTS, Part, SplitOptions, Timeline


def group(text: str | None = None, *, split: bool = True, **values: object) -> SplitGroup:
    cuts = None if text is None else cli._cuts(text)
    usual = dict.fromkeys(("part_length", "overlap", "max_parts"))
    return SplitGroup(**{**usual, "split": split, "cuts": cuts, **values})  # type: ignore[arg-type]


def test_the_numbers_are_those_of_the_documents() -> None:
    assert (cli.USUAL_PARTS, cli.MOST_PARTS, MOST_BYTES) == (MAX_PARTS, 1000, 1_000_000)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("auto", Cuts("auto")),
        ("none", Cuts("none")),
        ("7.5", Cuts("times", (Fraction(15, 2),))),
        ("3.2,1:02,1001/240", Cuts("times", (Fraction(16, 5), Fraction(62), Fraction(1001, 240)))),
        ("cuts.txt", Cuts("file", path="cuts.txt")),
    ],
)
def test_cuts_are_words_times_or_a_file(text: str, expected: Cuts) -> None:
    assert cli._cuts(text) == expected


def test_a_list_with_something_else_in_it_is_refused() -> None:
    with pytest.raises(ValueError, match="'x' is not a time"):
        cli._cuts("3,x")


def test_the_options_need_split() -> None:
    assert cli.split_options(group(split=False)) is None
    assert cli.split_options(group()) == SplitOptions()
    assert cli.split_options(group("none", max_parts=3)) == SplitOptions(cuts=(), max_parts=3)
    with pytest.raises(click.UsageError, match="--overlap is for --split"):
        cli.split_options(group(split=False, overlap=Fraction(1)))
    with pytest.raises(click.UsageError, match="are for one job"):
        need_one_job(group("3"), 2)
    need_one_job(group("auto"), 2)


def divided(path: Path) -> Split:
    times = tuple(Fraction(number * 1001, 30000) for number in range(300))
    timeline = Timeline(times, Fraction(300 * 1001, 30000))
    cuts = (times[100], times[150])
    part = Part(2, 150, 299, times[150], timeline.end, Fraction(0), after_cut=True)
    item = Item("job.yaml", "job")
    parts = (PartJob(part, item, {}),)
    return Split(item, str(path / "clip.mp4"), timeline, cuts, parts, (Fraction(0), timeline.end))


def test_the_file_keeps_the_cuts_and_can_be_edited(tmp_path: Path) -> None:
    path = tmp_path / "cuts.txt"
    given = group(str(path))
    assert missing_cut_file(given) == str(path)
    assert cli.split_options(given, dry_run=True) == SplitOptions()
    with pytest.raises(click.UsageError, match=r"there is no file .*cuts\.txt; write the cuts"):
        cli.split_options(given)
    split = divided(tmp_path)
    write_cuts(str(path), split)
    text = path.read_text()
    assert "1001/300  # 3.337 s, frame 101\n" in text
    assert "5.005  # 5.005 s, frame 151, part 2 begins here\n" in text
    assert cli.split_options(given) == SplitOptions(cuts=split.cuts)
    assert missing_cut_file(given) is None
    path.write_text(f"\ufeff{text}\r\n  9.25 # mine\n")
    assert read_cuts(str(path)) == (*split.cuts, Fraction(37, 4))
    with pytest.raises(Refused):
        write_cuts(str(path), split)
    # As the file says: no line at all means no cut.
    path.write_bytes(b"")
    assert read_cuts(str(path)) == ()


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"1.5\nx\n", "cuts.txt, line 2: 'x' is not a time"),
        (b"\xff\xfe", "is no text"),
        (b" " * (MOST_BYTES + 1), "too large"),
        (None, "cannot be read"),
    ],
)
def test_another_file_is_refused(tmp_path: Path, data: bytes | None, words: str) -> None:
    path = tmp_path / "cuts.txt"
    if data is None:
        path.mkdir()
    else:
        path.write_bytes(data)
    with pytest.raises(ValueError, match=words):
        read_cuts(str(path))
    with pytest.raises(click.UsageError, match=words):
        cli.split_options(group(str(path)))
