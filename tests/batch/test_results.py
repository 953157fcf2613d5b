"""The index and the lines: whatever sources are called, and wherever a file ends."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vaceprep.batch.content import END, WHOLE, Content, content_of
from vaceprep.batch.results import BEGIN, Results, ResultsError, line_of
from vaceprep.batch.results_index import Done, Index
from vaceprep.batch.resume import Tally
from vaceprep.cli.batch_loop import line_of as shown
from vaceprep.cli.progress import clock

NAMES = st.text(st.characters(codec=None), max_size=40)


@given(st.lists(NAMES, max_size=20))
@settings(max_examples=50)
def test_every_name_has_its_newest_result(names: list[str]) -> None:
    index = Index()
    for number, name in enumerate(names):
        done = Done(number, f"c{number}", None, "m", ok=bool(number % 2))
        assert index.put(name, done) is (name in names[:number])
    for name in set(names):
        last = len(names) - 1 - names[::-1].index(name)
        found = index.get(name)
        assert found is not None
        assert (found.at, found.content, found.ok) == (last, f"c{last}", bool(last % 2))
        assert index.first_time(name)
        assert not index.first_time(name)
    assert index.get("other" * 20) is None
    index.close()


@given(st.lists(NAMES, min_size=1, max_size=8, unique=True), st.data())
@settings(max_examples=40, deadline=None)
def test_wherever_a_file_ends_whole_lines_count(names: list[str], data: st.DataObject) -> None:
    with TemporaryDirectory() as folder:
        path = str(Path(folder, "r.jsonl"))
        ends = [0]
        with Results(path) as results:
            for name in names:
                results.add(line_of("check", name, True, Content("d", "s"), "m", {"files": []}))
                ends.append(Path(path).stat().st_size)
        cut = data.draw(st.integers(0, ends[-1]))
        Path(path).write_bytes(Path(path).read_bytes()[:cut])
        whole = sum(end <= cut for end in ends) - 1
        if 0 < cut < len(BEGIN):
            # So few bytes alone may be anybody's.
            with pytest.raises(ResultsError), Results(path):
                pass
            assert Path(path).stat().st_size == cut
            return
        with Results(path) as results:
            for number, name in enumerate(names):
                known = results.known(name)
                assert (known is not None) is (number < whole)
                if known is not None:
                    assert results.line(known)["source"] == name
        assert Path(path).stat().st_size == ends[whole]


def test_up_to_the_limit_every_byte_counts_and_beyond_it_both_ends(tmp_path: Path) -> None:
    path = tmp_path / "a"
    for size, whole in ((WHOLE, True), (WHOLE + 1, False)):
        with path.open("wb") as file:
            file.truncate(size)
        before = content_of(str(path)).digest
        for at, told in ((size // 2, whole), (END - 1, True), (size - END, True)):
            with path.open("r+b") as file:
                file.seek(at)
                file.write(b"x")
                file.flush()
                assert (content_of(str(path)).digest != before) is told
                file.seek(at)
                file.write(b"\0")
    assert content_of(str(tmp_path / "none")).digest is None


@pytest.mark.parametrize(("seconds", "told"), [(0, "00:00"), (61, "01:01"), (7322, "2:02:02")])
def test_the_clock(seconds: float, told: str) -> None:
    assert clock(seconds) == told


def test_the_line_of_a_batch_on_its_way() -> None:
    tally = Tally(done=300, skipped=1000, refused=7, rules=Counter(a=9, b=3, c=2, d=1))
    assert shown(tally, 2.0, 2000) == (
        "1,300 of 2,000  1,000 already done  150/s  00:04 left  7 with errors  a 9  b 3  c 2"
    )
    assert shown(Tally(), 0.0, None) == "0  0.0/s  0 with errors"
