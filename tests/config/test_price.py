"""``[price]`` and ``[budget]``: amounts in US dollars, exact as they are written."""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path

import pytest

from tests.config.test_read import read, wrong
from vaceprep.cli.main import run
from vaceprep.config.find import Finder
from vaceprep.contract import MAX_USD, PRICE_PER_SECOND
from vaceprep.cost import cost_of
from vaceprep.runs.spending import budget_of, price_of

BOTH = "[price]\nusd-per-second = 0.12\n[budget]\nper-day = 5\n"
TABLES = [("price", "usd-per-second"), ("budget", "per-day")]


@pytest.fixture(autouse=True)
def no_budget(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("VACEPREP_BUDGET", raising=False)


def test_amounts_are_exact() -> None:
    config = read(BOTH)
    assert (config.price, config.budget) == (Fraction(12, 100), Fraction(5))
    assert (price_of(config), budget_of(config)) == (Fraction(12, 100), Fraction(5))
    assert price_of(read("[budget]\nper-day = 0.1")) == price_of(None) == PRICE_PER_SECOND
    assert budget_of(read("[price]\nusd-per-second = 1")) is budget_of(None) is None
    assert read("[price]\n[budget]\n") == read("")


@pytest.mark.parametrize(("table", "key"), TABLES)
@pytest.mark.parametrize(
    "value", ["0", "0.0", "-1", "nan", "inf", "true", '"5"', "[5]", str(MAX_USD + 1), "{}"]
)
def test_what_is_no_amount(table: str, key: str, value: str) -> None:
    sentence = wrong(f"[{table}]\n{key} = {value}")
    assert sentence.startswith(f"vaceprep.toml: {table}.{key} is ")
    assert sentence.endswith("it must be a number of US dollars above 0, 1,000,000 at most")


@pytest.mark.parametrize(("table", "key"), TABLES)
def test_what_is_no_key(table: str, key: str) -> None:
    assert f"did you mean {table}.{key}?" in wrong(f"[{table}]\n{key}s = 5")
    assert f"{table} is 5; it must be a table" in wrong(f"{table} = 5")


def test_the_environment_wins(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VACEPREP_BUDGET", "2.50")
    assert budget_of(read(BOTH)) == budget_of(None) == Fraction(5, 2)
    for text in ("0", "-2", "nan", "", " ", "2 USD"):
        monkeypatch.setenv("VACEPREP_BUDGET", text)
        with pytest.raises(ValueError, match="VACEPREP_BUDGET is "):
            budget_of(read(BOTH))


def test_they_count_only_in_a_file_of_the_user(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "got").mkdir()
    (tmp_path / "own").mkdir()
    (tmp_path / "got" / "vaceprep.toml").write_text(BOTH)
    job = {"function": "image_reference", "prompt": "A cat", "ref_images_url": ["cat.png"]}
    (tmp_path / "got" / "job.json").write_text(json.dumps(job))
    monkeypatch.chdir(tmp_path / "own")
    found = Finder().in_folder("../got")
    assert found is not None
    assert (found.price, found.budget, found.left_out) == (None, None, ("price", "budget"))
    run(["check", "../got/job.json", "--format", "json"])
    printed = capsys.readouterr()
    assert json.loads(printed.out)["summary"]["cost"]["usd"] == 0.5
    assert "ignored price" in printed.err
    # From its own folder it is the user's.
    monkeypatch.chdir(tmp_path / "got")
    run(["check", "job.json", "--format", "json"])
    cost = cost_of("image_reference", None, Fraction(12, 100))
    assert cost is not None
    assert json.loads(capsys.readouterr().out)["summary"]["cost"] == cost.to_dict()
    assert run(["config", "--format", "json"]) == 0
    values = json.loads(capsys.readouterr().out)["values"]
    assert values["price"] == {
        "usd-per-second": {"value": 0.12, "origin": "vaceprep.toml", "default": 0.1}
    }
    assert values["budget"] == {"per-day": {"value": 5, "origin": "vaceprep.toml"}}
    monkeypatch.setenv("VACEPREP_BUDGET", "0.5")
    assert run(["config"]) == 0
    shown = capsys.readouterr().out
    assert "price.usd-per-second" in shown
    assert "budget.per-day" in shown
    assert "VACEPREP_BUDGET" in shown
