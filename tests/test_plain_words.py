"""The private words of earlier versions stay out of names, docstrings, comments and messages."""

from __future__ import annotations

import io
import re
import tokenize
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.paths import ROOT

#: Packages without private words. The others follow: add each once its words are replaced.
PLAIN = (
    "api",
    "batch",
    "checks",
    "cli",
    "config",
    "editor",
    "files",
    "job",
    "ledger",
    "net",
    "plans",
    "preparation",
    "probes",
    "publish",
    "report",
    "rules",
    "runs",
    "sandbox",
    "workers",
)
#: Words that were private, each with the word to use.
INSTEAD = {
    "abreast": "parallel",
    "anew": "again",
    "bring": "download",
    "bringer": "retriever",
    "brought": "downloaded",
    "hunger": "out of memory",
    "hungry": "out of memory",
    "mend": "fix",
    "mended": "fixed",
    "mending": "fixing",
    "mends": "fixes",
    "nobody": "no process, no terminal",
    "outlive": "limit_cpu_time",
    "patience": "wait policy",
    "tell": "on_progress",
    "teller": "on_progress",
    "tells": "reports",
    "told": "message, text",
    "verdict": "result",
    "verdicts": "results",
    "walk": "run",
    "walker": "runner",
    "walking": "running",
    "walks": "runs",
    "whoever": "the caller, the process",
}
#: Where a word stays, with the reason: (path below vaceprep, word).
KEPT = {
    ("checks/inputs.py", "walk"): "os.walk",
    ("cli/batch.py", "anew"): "a help text",
    ("cli/batch.py", "nobody"): "a message",
    ("cli/batch_loop.py", "walk"): "os.walk",
    ("cli/frame.py", "brought"): "a help text",
    ("cli/selftest.py", "told"): "calls the public method Config.told",
    ("config/model.py", "told"): "a public method",
    ("files/content.py", "tell"): "a method of file objects",
    ("files/source.py", "tell"): "a method of file objects",
    ("job/model.py", "anew"): "its plain meaning, in a description",
    ("net/download.py", "nobody"): "a message",
    ("net/problems.py", "anew"): "a message",
    ("plans/wording.py", "brought"): "its plain meaning, in a message",
    ("plans/wording.py", "tells"): "its plain meaning, in a message",
    ("preparation/video/frame.py", "brought"): "its plain meaning, in a message",
    ("preparation/video/seek.py", "told"): "its plain meaning, in a message",
    ("probes/matroska.py", "tell"): "a method of file objects",
    ("probes/truncation.py", "tell"): "a method of file objects",
    ("publish/http_put.py", "tell"): "a parameter of the public protocol Target",
    ("publish/object_store.py", "tell"): "a parameter of the public protocol Target",
    ("publish/publish.py", "tell"): "passes the parameter of Target on",
    ("publish/target.py", "tell"): "a parameter of the public protocol Target",
    ("publish/upload.py", "tell"): "passes the parameter of Target on",
    ("publish/web_folder.py", "tell"): "a parameter of the public protocol Target",
    ("report/github.py", "told"): "calls the public method Config.told",
    ("report/html/entries.py", "anew"): "a message",
    ("report/html/ssim.py", "brought"): "a message",
    ("report/junit.py", "told"): "calls the public method Config.told",
    ("report/sarif.py", "told"): "calls the public method Config.told",
    ("report/text.py", "told"): "calls the public method Config.told",
    ("runs/stage.py", "tell"): "passes the parameter of Target on",
}
#: The same for the pages: (name, word).
KEPT_IN_PAGES = {
    ("jobs.md", "walks"): "the prompt of an example",
    ("publishing.md", "tell"): "a parameter of the public protocol Target",
}


def words(source: str) -> Iterator[tuple[int, str]]:
    """Each word of the names, comments and texts of a module, with its line."""
    kinds = {tokenize.NAME, tokenize.COMMENT, tokenize.STRING}
    kinds.add(getattr(tokenize, "FSTRING_MIDDLE", tokenize.STRING))
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type in kinds:
            for word in re.findall(r"[A-Z]?[a-z]+", token.string):
                yield token.start[0], word.lower()


def private(path: Path) -> set[tuple[str, int, str]]:
    """The private words of a module: its path, the line and the word."""
    name = path.relative_to(ROOT / "vaceprep").as_posix()
    return {
        (name, line, word)
        for line, word in words(path.read_text("utf-8"))
        if word in INSTEAD and (name, word) not in KEPT
    }


@pytest.mark.parametrize("package", PLAIN)
def test_a_package_has_no_private_words(package: str) -> None:
    found = [p for m in (ROOT / "vaceprep" / package).rglob("*.py") for p in sorted(private(m))]
    assert not found, [f"{n}:{line} {w}: use {INSTEAD[w]}" for n, line, w in found]


def test_the_pages_have_no_private_words() -> None:
    found = []
    for page in [
        ROOT / "README.md",
        ROOT / "CONTRIBUTING.md",
        *sorted((ROOT / "docs").glob("*.md")),
    ]:
        for number, line in enumerate(page.read_text("utf-8").splitlines(), 1):
            for word in re.findall(r"[a-z]+", line.lower()):
                if word in INSTEAD and (page.name, word) not in KEPT_IN_PAGES:
                    found.append(f"{page.name}:{number} {word}: use {INSTEAD[word]}")
    assert not found


def test_every_exception_is_needed() -> None:
    for name, word in KEPT:
        source = (ROOT / "vaceprep" / name).read_text("utf-8")
        assert word in {found for _, found in words(source)}, (name, word)


def test_a_private_word_is_found(tmp_path: Path) -> None:
    source = 'def bring_home(): # walk\n    """It was told."""\n    return f"mend {anew}"\n'
    assert {word for _, word in words(source) if word in INSTEAD} == {
        "bring", "walk", "told", "mend", "anew",
    }  # fmt: skip
