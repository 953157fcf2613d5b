"""The layers, modules and words that the pages for developers name exist."""

from __future__ import annotations

import re
import tomllib

import pytest

from tests.paths import ROOT

PAGE = (ROOT / "docs/architecture.md").read_text(encoding="utf-8")
GLOSSARY = [
    *"role asset facts finding rule plan edit recipe entry job draft row target".split(),
    *"part piece seam group".split(),
    "part file",
    "isolation",
]


def test_the_layers_are_those_that_import_linter_holds() -> None:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    (layers,) = (
        contract["layers"]
        for contract in settings["tool"]["importlinter"]["contracts"]
        if contract["type"] == "layers"
    )
    drawn = re.search(r"<!-- layers -->\n```text\n(.*?)```", PAGE, re.DOTALL)
    assert drawn
    assert [re.split(r" {3,}", line)[0] for line in drawn.group(1).splitlines()] == layers


def test_the_glossary_has_its_words() -> None:
    assert re.findall(r"^\| ([a-z ]+) \| (?!meaning)", PAGE, re.MULTILINE) == GLOSSARY


@pytest.mark.parametrize("page", ["docs/architecture.md", "CONTRIBUTING.md"])
def test_each_path_on_the_page_exists(page: str) -> None:
    text = (ROOT / page).read_text(encoding="utf-8")
    paths = set(re.findall(r"`([a-z_.]+(?:/[a-z_0-9.*]+)+)`", text))
    assert len(paths) > 10
    for path in paths:
        found = [*ROOT.glob(path), *ROOT.glob(f"vaceprep/{path}")]
        assert found, path
