"""The catalogue: stable codes and slugs, each rule complete, as the contract lists them."""

from __future__ import annotations

import re

import pytest

import vaceprep.rules.every  # noqa: F401  (fills the catalogue)
from vaceprep.report.catalogue import SOURCES, explain, markdown, severities, table
from vaceprep.rules.catalogue import CHECKS, RULES, Rule, add, in_order, resolve

#: Promised: code, slug, severities, source. Taken from the contract by hand.
PROMISED = """
VP101 video-container error/warning M
VP102 video-size error/warning M
VP103 video-fps error M
VP104 video-duration error MU
VP105 video-unreadable error M
VP106 video-truncated error J
VP107 video-name warning J
VP111 video-codec warning J
VP112 video-pixel-format warning J
VP113 video-rotation warning J
VP114 video-pixel-aspect warning J
VP115 video-interlaced warning J
VP116 video-hdr warning J
VP117 video-variable-rate warning J
VP118 video-odd-size warning J
VP119 video-dimensions warning R
VP120 video-not-faststart advice J
VP121 video-fragmented warning J
VP122 video-edit-list warning J
VP123 video-extra-streams advice U
VP124 video-container-duration warning J
VP125 video-location advice J
VP126 video-above-720p advice U
VP127 video-header-lies warning J
VP201 image-format error M
VP202 image-size error/warning M
VP203 image-dimensions error M
VP204 image-unreadable error M
VP205 image-bomb error J
VP206 image-name warning J
VP211 image-orientation warning J
VP212 image-alpha warning J
VP213 image-mode warning/advice J
VP214 image-profile warning J
VP215 image-animated warning J
VP216 image-location advice J
VP302 mask-not-binary error U
VP303 mask-empty error J
VP304 mask-full warning J
VP501 url-not-ascii error M
VP502 url-scheme error U
VP503 url-not-public error MJ
VP504 url-unreachable error M
VP505 url-type advice J
VP506 url-expires warning J
""".split("\n")[1:-1]


@pytest.mark.parametrize("line", PROMISED)
def test_each_promised_rule(line: str) -> None:
    code, slug, severity, source = line.split()
    rule = RULES[code]
    said = "/".join(s.value for s in rule.severities)
    assert (rule.slug, said, rule.source.replace(" ", "")) == (slug, severity, source)


@pytest.mark.parametrize("rule", in_order(), ids=lambda rule: rule.slug)
def test_each_rule_is_complete(rule: Rule) -> None:
    assert re.fullmatch(r"VP[1-5]\d\d", rule.code)
    assert re.fullmatch(r"[a-z]+(-[a-z0-9]+)+", rule.slug)
    assert rule.fires
    assert not rule.fires.endswith(".")
    assert rule.why.endswith(".")
    assert set(rule.source.split()) <= set(SOURCES)
    assert resolve([rule.slug]) == resolve([rule.code]) == {rule.code}
    assert rule.code in "\n".join(explain(rule))


def test_every_function_belongs_to_a_rule() -> None:
    assert set(CHECKS) <= set(RULES)


def test_codes_and_slugs_are_taken_once() -> None:
    slugs = [rule.slug for rule in in_order()]
    assert len(slugs) == len(set(slugs))
    known = RULES["VP103"]
    with pytest.raises(ValueError, match="already"):
        add(known)
    assert RULES["VP103"] is known


def test_prefixes() -> None:
    assert resolve(["VP10"]) == {c for c in RULES if c.startswith("VP10")}
    assert resolve(["VP"]) == set(RULES)
    assert resolve(["", " , "]) == frozenset()


def test_the_printed_table_has_every_rule() -> None:
    listed = "\n".join(table(in_order(), None))
    for rule in in_order():
        assert f"{rule.code}  {rule.slug}" in listed
        assert severities(rule) in listed


@pytest.mark.parametrize("width", [30, 60, 200])
def test_a_wrapped_table_keeps_to_the_width(width: int) -> None:
    assert max(map(len, table(in_order(), width))) <= max(width, 40)


def test_markdown_has_six_columns_everywhere() -> None:
    for line in markdown(in_order()):
        assert len(re.findall(r"(?<!\\)\|", line)) == 7
