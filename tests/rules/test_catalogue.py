"""The catalogue: stable codes and slugs, each rule complete, as the contract lists them."""

from __future__ import annotations

import pkgutil
import re
from dataclasses import replace
from importlib import import_module
from typing import get_args

import pytest

import vaceprep.rules
from vaceprep.contract import Mark, SourceMark
from vaceprep.report.catalogue import SOURCES, explain, markdown, severities, table
from vaceprep.rules import codes
from vaceprep.rules.all import BY_CODE, RULES
from vaceprep.rules.catalogue import Rule
from vaceprep.rules.names import resolve

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
VP413 clips-together error U
VP414 inputs-disagree error/warning UJ
VP415 output-shape warning U
VP416 label-missing advice C
VP501 url-not-ascii error M
VP502 url-scheme error U
VP503 url-not-public error MJ
VP504 url-unreachable error M
VP505 url-type advice J
VP506 url-expires warning J
VP601 shot-change advice JR
VP602 video-still advice J
VP603 black-bars advice J
VP604 frame-mapping advice G
VP605 outpaint-shrinks advice UG
VP606 little-new advice U
VP607 busy-reference advice U
VP608 reference-shape advice G
VP609 prompt-commands advice G
VP610 mask-flicker advice G
VP611 mask-speckle advice GR
VP612 mask-video-doubtful advice UR
""".split("\n")[1:-1]


@pytest.mark.parametrize("line", PROMISED)
def test_each_promised_rule(line: str) -> None:
    code, slug, severity, source = line.split()
    rule = BY_CODE[code]
    said = "/".join(s.value for s in rule.severities)
    assert (rule.slug, said, rule.source.replace(" ", "")) == (slug, severity, source)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.slug)
def test_each_rule_is_complete(rule: Rule) -> None:
    assert re.fullmatch(r"VP[1-6]\d\d", rule.code)
    assert re.fullmatch(r"[a-z]+(-[a-z0-9]+)+", rule.slug)
    assert rule.fires
    assert not rule.fires.endswith(".")
    assert rule.why.endswith(".")
    assert set(rule.source.split()) <= set(SOURCES)
    assert resolve([rule.slug]) == resolve([rule.code]) == {rule.code}
    assert rule.code in "\n".join(explain(rule))


def test_a_source_is_one_mark_or_two_of_those_that_the_reports_explain() -> None:
    pairs = [mark.split(" ") for mark in get_args(SourceMark)]
    assert set(get_args(Mark)) == set(SOURCES)
    assert len({tuple(pair) for pair in pairs}) == len(pairs)
    for pair in pairs:
        assert set(pair) <= set(SOURCES)
        assert len(set(pair)) == len(pair) <= 2
    # The pairs that the contract's tables of rules use.
    used = {"M U", "U J", "M J", "J R", "U G", "G R", "U R"}
    assert used | set(SOURCES) <= set(get_args(SourceMark))


def test_a_source_of_two_marks_is_explained_by_both() -> None:
    rule = replace(BY_CODE["VP416"], source="G R")
    (line,) = (line for line in explain(rule) if "source" in line)
    assert line.endswith(f"G: {SOURCES['G']}; R: {SOURCES['R']}")


def _defined() -> list[Rule]:
    """Every rule that a module of the package defines."""
    names = [module.name for module in pkgutil.iter_modules(vaceprep.rules.__path__)]
    modules = [import_module(f"vaceprep.rules.{name}") for name in names]
    return [
        value
        for module in modules
        for value in vars(module).values()
        if isinstance(value, Rule) and value.check.__module__ == module.__name__
    ]


def test_every_rule_is_in_the_catalogue_once_and_by_code() -> None:
    defined = _defined()
    assert len(defined) == len(RULES) > 50
    assert {id(rule) for rule in defined} == {id(rule) for rule in RULES}
    assert [rule.code for rule in RULES] == sorted(BY_CODE)
    assert len(BY_CODE) == len(RULES)


def test_a_code_s_constant_is_named_by_the_slug() -> None:
    constants = {name: value for name, value in vars(codes).items() if name.isupper()}
    assert constants == {rule.slug.replace("-", "_").upper(): rule.code for rule in RULES}


def test_slugs_are_taken_once() -> None:
    slugs = [rule.slug for rule in RULES]
    assert len(slugs) == len(set(slugs))


def test_prefixes() -> None:
    assert resolve(["VP10"]) == {c for c in BY_CODE if c.startswith("VP10")}
    assert resolve(["VP"]) == set(BY_CODE)
    assert resolve(["", " , "]) == frozenset()


def test_the_printed_table_has_every_rule() -> None:
    listed = "\n".join(table(RULES, None))
    for rule in RULES:
        assert f"{rule.code}  {rule.slug}" in listed
        assert severities(rule) in listed


@pytest.mark.parametrize("width", [30, 60, 200])
def test_a_wrapped_table_keeps_to_the_width(width: int) -> None:
    assert max(map(len, table(RULES, width))) <= max(width, 40)


def test_markdown_has_six_columns_everywhere() -> None:
    for line in markdown(RULES):
        assert len(re.findall(r"(?<!\\)\|", line)) == 7
