"""Any bytes at all, built bytes and broken ones: facts, or the exception that is documented."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.fuzz.readers import READ, whole
from tests.fuzz.shapes import SHAPES, broken
from vaceprep.contract import ROLES, Role

#: Where they are needed: a reader that loops shows as a test that never ends, not as slow.
SLOW_IS_FINE = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example]
SHORT = settings(max_examples=50, suppress_health_check=SLOW_IS_FINE)
LONG = settings(max_examples=600, suppress_health_check=SLOW_IS_FINE)


@pytest.mark.parametrize("name", READ)
@SHORT
@given(data=st.binary(max_size=400))
def test_any_bytes(name: str, data: bytes) -> None:
    READ[name](data)


@pytest.mark.parametrize("name", SHAPES)
@SHORT
@given(data=st.data())
def test_built_and_broken(name: str, data: st.DataObject) -> None:
    READ[name](data.draw(broken(SHAPES[name])))


@SHORT
@given(data=st.one_of(*(broken(shape) for shape in SHAPES.values())), role=st.sampled_from(ROLES))
def test_the_whole_measurement(data: bytes, role: Role) -> None:
    whole(data, role)


@pytest.mark.long
@pytest.mark.parametrize("name", SHAPES)
@LONG
@given(data=st.data())
def test_built_and_broken_for_long(name: str, data: st.DataObject) -> None:
    made = data.draw(broken(SHAPES[name]))
    READ[name](made)
    READ["kinds"](made)
    READ["codecs"](made)
