"""A file's bytes become a configuration, or one sentence that says what is wrong with them."""

from __future__ import annotations

import pickle
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vaceprep.config import BadConfig
from vaceprep.config.model import Config
from vaceprep.config.read import parse
from vaceprep.config.schema import KEYS
from vaceprep.contract import (
    LIMIT_CHARACTERS,
    LIMIT_FPS,
    LIMIT_MEGABYTES,
    LIMIT_SECONDS,
    LIMIT_SIDE,
)
from vaceprep.limits import CONTRACT, NAMES, Limits, key

RANGES = {
    **dict.fromkeys(("video-seconds", "clip-seconds", "clips-seconds"), LIMIT_SECONDS),
    "video-fps": LIMIT_FPS,
    **dict.fromkeys(("video-megabytes", "image-megabytes"), LIMIT_MEGABYTES),
    **dict.fromkeys(("image-side-min", "image-side-max"), LIMIT_SIDE),
    **dict.fromkeys(("prompt-characters", "negative-prompt-characters"), LIMIT_CHARACTERS),
}


def read(text: str, *, table: bool = False, path: str = "vaceprep.toml") -> Config:
    config = parse(text.encode(), path, table=table)
    assert config is not None
    return config


def wrong(text: str, **more: Any) -> str:
    with pytest.raises(BadConfig) as refusal:
        read(text, **more)
    assert "\n" not in str(refusal.value)
    return str(refusal.value)


def test_every_key() -> None:
    config = read(
        """
        select = ["VP1", "video-fps"]
        ignore = ["video-name"]
        strict = true
        allow-hosts = ["media.lan", "10.0.0.7:8080"]
        publish = "public"
        public-base = "https://cdn.example.com/m"
        output = "ready"
        [roles]
        "masks/**" = "mask_image_url"
        "*.mask.mp4" = "mask_video_url"
        [severity]
        video-codec = "error"
        VP5 = "advice"
        [limits]
        video-seconds = 12.1
        prompt-characters = 2000
        """,
        path="/some/where/vaceprep.toml",
    )
    assert config == Config(
        path="/some/where/vaceprep.toml",
        folder="/some/where",
        roles=(("masks/**", "mask_image_url"), ("*.mask.mp4", "mask_video_url")),
        select=("VP1", "video-fps"),
        ignore=("video-name",),
        strict=True,
        severity=(("video-codec", "error"), ("VP5", "advice")),
        limits=Limits(
            video_seconds=Fraction(121, 10),
            prompt_characters=2000,
            origin="/some/where/vaceprep.toml",
        ),
        allow_hosts=("media.lan", "10.0.0.7:8080"),
        publish="/some/where/public",
        public_base="https://cdn.example.com/m",
        output="/some/where/ready",
    )
    assert set(KEYS) == {
        name.replace("_", "-") for name in vars(config) if name not in ("path", "folder")
    }


def test_a_target_that_is_a_url_stays_as_it_is() -> None:
    assert read('publish = "s3://bucket/vace"').publish == "s3://bucket/vace"


def test_an_empty_file_settles_nothing() -> None:
    assert read("", path="/a/vaceprep.toml") == Config("/a/vaceprep.toml", "/a")
    assert parse(b"\xef\xbb\xbfstrict = true", "v.toml", table=False) is not None


@pytest.mark.parametrize("text", ["", "[tool.ruff]\nx = 1", "tool = 3", "[project]\nname = 'a'"])
def test_a_pyproject_without_the_table_is_no_configuration(text: str) -> None:
    assert parse(text.encode(), "pyproject.toml", table=True) is None


def test_the_table_of_a_pyproject() -> None:
    assert read("[tool.vaceprep]", table=True).told() == ()
    assert read("tool.vaceprep.strict = true", table=True).strict is True
    said = wrong("[tool.vaceprep]\nstrikt = true", table=True, path="pyproject.toml")
    assert said == ("pyproject.toml: [tool.vaceprep] has no key strikt; did you mean strict?")
    assert "must be a table" in wrong("tool.vaceprep = 3", table=True)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("selct = []", "has no key selct; did you mean select?"),
        ("allow_hosts = []", "has no key allow_hosts; did you mean allow-hosts?"),
        ("Strict = true", "did you mean strict?"),
        ("zzz = 1", "has no key zzz; there are roles, select"),
        ("strict = 1", "strict is 1; it must be true or false"),
        ('strict = "yes"', 'strict is "yes"; it must be true or false'),
        ('select = "VP1"', 'select is "VP1"; it must be a list'),
        ("ignore = [1]", "ignore[0] is 1; it must be text"),
        (
            'ignore = ["video-fpx"]',
            "ignore: no rule is called 'video-fpx'; did you mean video-fps?",
        ),
        ('output = ""', 'output is ""; it must be text'),
        ("output = 1979-05-27", "output is 1979-05-27; it must be text"),
        ('output = "a\\u0000b"', "output has a null character in it"),
        ('public-base = "https://a.example"', "publish is missing"),
        ('publish = "p"\npublic-base = "cdn"', 'public-base is "cdn"; it must be a URL'),
        ("roles = []", "roles is []; it must be a table"),
        (
            '[roles]\n"a/*" = "mask_image"',
            "which is not a request field; did you mean mask_image_url?",
        ),
        (
            '[roles]\n"a/*" = 3',
            'roles: "a/*" is 3, which is not a request field; fields: video_url',
        ),
        ('[roles]\n"!a" = "video_url"', 'roles has the glob "!a", which matches nothing'),
        ('[roles]\n"" = "video_url"', "which matches nothing"),
        ('[roles]\n"../a" = "video_url"', "which matches nothing"),
        ('[roles]\n"a\\\\" = "video_url"', "is no glob"),
        ("severity = 3", "severity is 3; it must be a table"),
        ('[severity]\nvideo-fps = "warn"', "must be error or warning or advice; did you mean"),
        ("[severity]\nvideo-fps = 3", "severity.video-fps is 3"),
        ('[severity]\nvideo-fsp = "error"', "did you mean video-fps?"),
        ("[limits]\nvideo-second = 6", "limits.video-second; did you mean limits.video-seconds?"),
        ("[limits]\nvideo_seconds = 6", "did you mean limits.video-seconds?"),
        ('[limits]\nvideo-seconds = "6"', 'limits.video-seconds is "6"; it must be a number'),
        ("[limits]\nvideo-seconds = true", "limits.video-seconds is true"),
        ("[limits]\nvideo-seconds = nan", "limits.video-seconds is nan"),
        ("[limits]\nvideo-seconds = inf", "limits.video-seconds is inf"),
        ("[limits]\nprompt-characters = 8.5", "it must be a whole number from 1 to"),
        ("[limits]\nimage-side-min = 2001", "image-side-min is 2001, above image-side-max"),
        ("limits = 6", "limits is 6; it must be a table"),
        ("strict = ", "it is not valid TOML"),
        ("strict = true\nstrict = false", "it is not valid TOML"),
        ("a = " + "[" * 5000, "it is not valid TOML"),
    ],
)
def test_what_is_wrong_is_said_in_one_sentence(text: str, said: str) -> None:
    assert said in wrong(text)
    assert wrong(text).startswith("vaceprep.toml: ")


def test_what_is_no_text() -> None:
    with pytest.raises(BadConfig, match="not UTF-8"):
        parse(b"strict = \xff", "vaceprep.toml", table=False)


@pytest.mark.parametrize("name", sorted(RANGES))
def test_each_limit_on_both_sides_of_its_range(name: str) -> None:
    least, most = RANGES[name]
    # The other side follows, since the shortest side may not be above the longest.
    other = "image-side-max = 65535\n" if name == "image-side-min" else "image-side-min = 1\n"
    for value in (least, most):
        pair = other if name.startswith("image-side") else ""
        config = read(f"[limits]\n{pair}{name} = {value}")
        assert getattr(config.limits, name.replace("-", "_")) == value
    for value in (least - 1, most + 1):
        assert f"limits.{name} is {value}; it must be" in wrong(f"[limits]\n{name} = {value}")
    assert {key(n) for n in NAMES} == set(RANGES)


def test_a_limit_that_is_the_contract_s_is_no_change() -> None:
    config = read("[limits]\nvideo-seconds = 5\nvideo-megabytes = 50.0")
    assert (config.limits, config.limits.origin, config.told()) == (CONTRACT, None, ())


def test_a_configuration_and_its_refusal_can_be_pickled(tmp_path: Path) -> None:
    config = read('[roles]\n"a/*" = "video_url"', path=str(tmp_path / "vaceprep.toml"))
    assert config.role_of(str(tmp_path / "a" / "b.mp4")) == "video_url"
    again = pickle.loads(pickle.dumps(config))
    assert again == config
    assert again.role_of(str(tmp_path / "a" / "b.mp4")) == "video_url"
    error = pickle.loads(pickle.dumps(BadConfig("v.toml", "it is odd")))
    assert str(error) == "v.toml: it is odd"


@given(st.binary(max_size=60) | st.text(max_size=60).map(lambda t: t.encode("utf-8", "replace")))
def test_any_bytes_give_a_configuration_or_a_sentence(data: bytes) -> None:
    try:
        parse(data, "vaceprep.toml", table=False)
    except BadConfig as error:
        assert str(error).startswith("vaceprep.toml: ")


@given(
    st.dictionaries(
        st.sampled_from([*KEYS, "other"]),
        st.recursive(
            st.booleans() | st.integers(-9, 9) | st.text("ab*/\\!#.", max_size=4),
            lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text("a*"), inner),
            max_leaves=3,
        ),
        max_size=3,
    )
)
def test_any_values_give_a_configuration_or_a_sentence(values: dict[str, Any]) -> None:
    from vaceprep.config.schema import config_of

    try:
        config_of(values, "vaceprep.toml", "/")
    except BadConfig as error:
        assert str(error)
