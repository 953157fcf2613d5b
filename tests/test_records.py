"""Records behave as frozen dataclasses do, for everybody who uses them."""

from __future__ import annotations

import copy
import dataclasses
import inspect
import pickle
from typing import ClassVar

import pytest

from vaceprep.checks.report import Report
from vaceprep.facts import Unreached, VideoFacts
from vaceprep.records import Record, Values, replace


class Point(Record, uncompared=("note",)):
    """A record with all that a record may have."""

    kind: ClassVar[str] = "point"

    x: int
    y: int = 2
    note: str = ""


class Solid(Point):
    """With a further field."""

    z: int = 3


@dataclasses.dataclass(frozen=True)
class Yardstick:
    """The same as a dataclass."""

    kind: ClassVar[str] = "point"

    x: int
    y: int = 2
    note: str = dataclasses.field(default="", compare=False, repr=False)


class Counter(Values):
    """Values that change."""

    files: int = 0
    links: int = 0


def test_values_come_by_position_and_by_name() -> None:
    assert Point(1).to_values() == {"x": 1, "y": 2, "note": ""}
    assert Point(1, 5, "a") == Point(note="b", y=5, x=1)
    assert Solid(1, 2, "", 4).to_values() == {"x": 1, "y": 2, "note": "", "z": 4}
    assert list(Point(note="b", y=5, x=1).to_values()) == ["x", "y", "note"]


@pytest.mark.parametrize(
    ("values", "named"),
    [((), {}), ((1, 2, "", 4), {}), ((1,), {"x": 1}), ((1,), {"w": 1}), ((), {"y": 1})],
)
def test_wrong_values_are_refused_as_by_a_dataclass(
    values: tuple[object, ...], named: dict[str, object]
) -> None:
    for kind in (Point, Yardstick):
        with pytest.raises(TypeError):
            kind(*values, **named)  # type: ignore[arg-type]


@pytest.mark.parametrize("values", [(1, 2, "a"), (1, 2, "b"), (1, 3, "a"), (2,)])
def test_equality_hash_and_text_are_those_of_a_dataclass(values: tuple[int, int, str]) -> None:
    one, other = Point(1, 2, "a"), Point(*values)
    expected = Yardstick(1, 2, "a") == Yardstick(*values)
    assert (one == other) is expected
    assert (hash(one) == hash(other)) is expected
    assert repr(other) == repr(Yardstick(*values)).replace("Yardstick", "Point")
    assert one != Yardstick(1, 2, "a")
    assert Solid(1, 2, "a") != one


def test_nothing_changes_a_record() -> None:
    point = Point(1)
    with pytest.raises(dataclasses.FrozenInstanceError):
        point.x = 2  # type: ignore[misc]
    with pytest.raises(dataclasses.FrozenInstanceError):
        del point.x
    assert point == Point(1)


def test_functions_of_dataclasses_take_records() -> None:
    point = Point(1, note="a")
    assert dataclasses.is_dataclass(point)
    assert dataclasses.asdict(point) == {"x": 1, "y": 2, "note": "a"}
    assert dataclasses.replace(point, y=4) == replace(point, y=4) == Point(1, 4)
    assert replace(point, y=4).note == "a"
    assert replace(Yardstick(1), y=4) == Yardstick(1, 4)
    names = [(f.name, f.compare, f.repr, f.default) for f in dataclasses.fields(Yardstick)]
    assert [(f.name, f.compare, f.repr, f.default) for f in dataclasses.fields(Point)] == names
    with pytest.raises(TypeError):
        replace(point, w=1)  # type: ignore[call-arg]


def test_a_record_survives_copy_and_pickle() -> None:
    point = Point(1, note="a")
    for same in (copy.copy(point), copy.deepcopy(point), pickle.loads(pickle.dumps(point))):
        assert (same, same.note) == (point, "a")


def test_values_may_change_and_defaults_are_not_shared() -> None:
    one, other = Counter(), Counter(links=2)
    one.files += 1
    assert (one.files, one.links, other.files, other.links) == (1, 0, 0, 2)


def test_signatures_are_those_of_the_fields() -> None:
    found = inspect.signature(Unreached)
    assert [*found.parameters] == ["reason", "message", "status"]
    assert found.parameters["status"].default is None
    assert next(iter(inspect.signature(VideoFacts).parameters)) == "container"
    # One of its types is imported for type checkers only.
    assert "Config" in str(inspect.signature(Report))
