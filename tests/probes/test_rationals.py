"""Every rational of PyAV is converted where it is read: PyAV 19 has its own type for them."""

from __future__ import annotations

import ast
from pathlib import Path

import vaceprep

#: Attributes of PyAV's objects that are rationals.
RATIONALS = {
    *("time_base", "average_rate", "base_rate", "guessed_rate", "framerate"),
    *("sample_aspect_ratio", "display_aspect_ratio"),
}
#: Names of objects that are not PyAV's, or whose attribute is an integer (``av.time_base``).
OTHERS = {"facts", "av", "self"}


def pairs(target: ast.expr, value: ast.expr) -> list[tuple[ast.expr, ast.expr]]:
    """Each target of an assignment with its value."""
    if isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple):
        return list(zip(target.elts, value.elts, strict=True))
    return [(target, value)]


def unconverted(source: str) -> list[int]:
    """Lines that read such an attribute, and neither convert it nor only pass it on."""
    tree = ast.parse(source)
    fine: set[ast.AST] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "fraction":
            fine.update(node.args)
        if isinstance(node, ast.Assign):
            # One object of PyAV takes it from another.
            fine.update(
                v for t, v in pairs(node.targets[0], node.value) if isinstance(t, ast.Attribute)
            )
    return [
        node.lineno
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute)
        and node.attr in RATIONALS
        and isinstance(node.ctx, ast.Load)
        and node not in fine
        and ast.unparse(node.value).rpartition(".")[2] not in OTHERS
    ]


def test_every_rational_is_converted_where_it_is_read() -> None:
    root = Path(vaceprep.__file__).parent
    found = {
        str(p.relative_to(root)): unconverted(p.read_text("utf-8")) for p in root.rglob("*.py")
    }
    assert len(found) > 100
    assert {path: lines for path, lines in found.items() if lines} == {}


def test_what_is_not_converted_is_found() -> None:
    assert unconverted("at = frame.pts * frame.time_base") == [1]
    assert unconverted("base = frame.time_base") == [1]
    assert unconverted("a.pts, a.time_base = b.pts, b.time_base") == []
    assert unconverted("at = frame.pts * (fraction(frame.time_base) or 1)") == []
