"""Small texts that their readers take long for, in jobs and in configurations."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from vaceprep.config import BadConfig
from vaceprep.config.find import read_config
from vaceprep.contract import MAX_JOB_NODES, MAX_KEY_CHARACTERS, MAX_KEY_PARTS
from vaceprep.files.toml_bounds import TooMuch, check_toml
from vaceprep.job.read import JobUnreadable, parse

#: Seconds of processor time that a reader may take, all in all; the attacks took from 15 up.
SECONDS = 5
PARTS = 60_000
LONG = {
    "bare": "a." * PARTS + "a = 1",
    "quoted": '"a".' * PARTS + '"a" = 1',
    "literal": "'a'." * PARTS + "'a' = 1",
    "mixed": "a.\"b\".'c'." * (PARTS // 3) + "a = 1",
    "blanks": "a\t . " * PARTS + "a = 1",
    "header": "[" + "a." * PARTS + "a]",
    "tables": "[[" + '"a".' * PARTS + "a]]",
    "inline": "x = {" + "'a'." * PARTS + "a = 1}",
    "in lists": "x = [\n{" + "'a'." * PARTS + "a = 1}]",
    "after a string": 'p = """a\n"""\n' + '"\\"".' * PARTS + "a = 1",
    "many": "".join(f"{'a.' * 60}b{n} = 1\n" for n in range(8000)),
}
#: Runs in a process of its own, with a limit on its processor time.
READ = f"""
import resource, sys
resource.setrlimit(resource.RLIMIT_CPU, ({SECONDS}, {SECONDS}))
from vaceprep.config import BadConfig
from vaceprep.config.find import read_config
from vaceprep.job.read import JobUnreadable, read_job
for path in sys.argv[1:]:
    try:
        read_job(path)
    except JobUnreadable as error:
        print("job", str(error)[:60])
    try:
        read_config(path)
    except BadConfig as error:
        print("config", str(error)[-60:])
"""


def test_long_keys_take_no_time(tmp_path: Path) -> None:
    paths = []
    for name, text in LONG.items():
        paths.append(tmp_path / f"{name}.toml")
        paths[-1].write_text(text)
    done = subprocess.run(
        [sys.executable, "-c", READ, *paths], capture_output=True, text=True, timeout=200
    )
    assert done.returncode == 0, done
    assert len(done.stdout.splitlines()) == 2 * len(LONG)


@pytest.mark.parametrize("name", LONG)
def test_each_is_refused_in_a_sentence(name: str, tmp_path: Path) -> None:
    with pytest.raises(JobUnreadable, match="has a key of more than 16 parts"):
        parse(LONG[name], ".toml")
    (tmp_path / "vaceprep.toml").write_text(LONG[name])
    with pytest.raises(BadConfig, match="has a key of more than 16 parts"):
        read_config(str(tmp_path / "vaceprep.toml"))


def test_what_is_no_key_is_let_through() -> None:
    dots = "a." * 1000 + "a"
    for text in (
        f'prompt = "{dots}"',
        f"prompt = '{dots}'",
        f'prompt = """{dots}\n"quoted" {dots}"""',
        f"prompt = '''{dots}\n'quoted' {dots}'''",
        f"# {dots}\nprompt = 'x' # {dots}",
        f'prompt = """\\"""{dots}""""\nseed = 1',
        "scale = [" + "1.5, " * 1000 + "]",
        ".".join("a" * MAX_KEY_PARTS) + " = 1",
    ):
        check_toml(text)
        parse(text, ".toml")


def test_the_bounds() -> None:
    with pytest.raises(TooMuch, match="parts"):
        check_toml(".".join("a" * (MAX_KEY_PARTS + 1)) + " = 1")
    check_toml("a = 1\n" * MAX_JOB_NODES)
    with pytest.raises(TooMuch, match="values"):
        check_toml("a = 1\n" * (MAX_JOB_NODES + 1))
    with pytest.raises(TooMuch, match="values"):
        check_toml("[[a]]\n" * (MAX_JOB_NODES + 1))
    assert (MAX_KEY_PARTS, MAX_KEY_CHARACTERS) == (16, 1000)


@pytest.mark.parametrize("form", [".json", ".yaml", ".toml"])
def test_one_key_is_bounded_too(form: str, tmp_path: Path) -> None:
    for key, fits in (("k" * MAX_KEY_CHARACTERS, True), ("k" * (MAX_KEY_CHARACTERS + 1), False)):
        text = {
            ".json": json.dumps({"extra": [{key: 1}]}),
            ".yaml": f'extra:\n- ? "{key}"\n  : 1\n',
            ".toml": f'extra = [{{"{key}" = 1}}]',
        }[form]
        if fits:
            assert parse(text, form)["extra"][0][key] == 1
            continue
        with pytest.raises(JobUnreadable, match="a key of 1,001 characters"):
            parse(text, form)


@pytest.mark.parametrize(
    "text",
    [
        "a = " + "[" * 50_000,
        "a = " + "{b = " * 20_000,
        "[" * 50_000,
        "a = " + "[" * 400 + "]" * 400,
    ],
)
def test_deep_configurations(text: str, tmp_path: Path) -> None:
    path = tmp_path / "vaceprep.toml"
    path.write_text(text)
    with pytest.raises(BadConfig):
        read_config(str(path))
