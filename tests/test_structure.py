"""Limits on the size of files and functions, and no import for its side effect alone."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Final

PACKAGE: Final = Path(__file__).parent.parent / "vaceprep"
#: Most lines of a file.
FILE_LINES: Final = 400
#: Most lines of a function: decorators are not counted, the signature is.
FUNCTION_LINES: Final = 60

#: What is still to be divided. An entry that no longer applies fails the test: remove it.
LONG_FILES: Final[set[str]] = set()
LONG_FUNCTIONS: Final[set[str]] = set()
SIDE_EFFECT_IMPORTS: Final[set[str]] = set()


def _files() -> Iterator[tuple[str, str]]:
    """Each file's path below the package, and its text."""
    for path in sorted(PACKAGE.rglob("*.py")):
        yield path.relative_to(PACKAGE).as_posix(), path.read_text(encoding="utf-8")


def _long_functions(text: str) -> Iterator[str]:
    """Names of functions that take more lines than allowed."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            assert node.end_lineno is not None
            if node.end_lineno - node.lineno + 1 > FUNCTION_LINES:
                yield node.name


def _imports_for_side_effect(text: str) -> bool:
    """Whether a line imports a module of the package and uses nothing of it."""
    return any(
        "noqa" in line and "F401" in line and "vaceprep" in line.partition("#")[0]
        for line in text.splitlines()
    )


def test_files_are_short() -> None:
    """No file of the package has more than 400 lines."""
    found = {name for name, text in _files() if len(text.splitlines()) > FILE_LINES}
    assert found == LONG_FILES


def test_functions_are_short() -> None:
    """No function of the package has more than 60 lines, nested functions included."""
    found = {f"{name} {function}" for name, text in _files() for function in _long_functions(text)}
    assert found == LONG_FUNCTIONS


def test_no_import_for_its_side_effect() -> None:
    """No module is imported so that it fills a list of another module."""
    found = {name for name, text in _files() if _imports_for_side_effect(text)}
    assert found == SIDE_EFFECT_IMPORTS


def test_the_measures_notice() -> None:
    """A function of 61 lines and an import that fills a catalogue are found; 60 lines are not."""
    lines = "    pass\n"
    assert list(_long_functions("def f():\n" + lines * 59)) == []
    assert list(_long_functions("def f():\n" + lines * 60)) == ["f"]
    assert list(_long_functions("async def g():\n" + lines * 60)) == ["g"]
    assert _imports_for_side_effect("from vaceprep.rules import every  # noqa: F401  (fills)\n")
    assert not _imports_for_side_effect("import starlette  # noqa: F401\n")
