"""The file of ``--cuts``: the times of shot cuts, one a line, to be kept and edited."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import TYPE_CHECKING, Final

from vaceprep.report.escape import printable

if TYPE_CHECKING:
    from vaceprep.parts.split import Split

#: What begins a comment, which goes on to the end of its line.
COMMENT: Final = "#"
#: Most bytes of such a file: thousands of cuts.
MOST_BYTES: Final = 1_000_000


def read_cuts(path: str) -> tuple[Fraction, ...]:
    """The times in a file, in seconds. Raises ValueError, a sentence."""
    from vaceprep.cli.window_options import seconds_of
    from vaceprep.files.source import CannotOpen, open_path

    try:
        with open_path(path) as opened:
            if opened.size > MOST_BYTES:
                raise ValueError(f"{path} is too large for a list of times")
            text = opened.read().decode("utf-8-sig")
    except CannotOpen as error:
        if error.fact.reason == "empty":
            return ()
        raise ValueError(f"{path} cannot be read: {error.fact.message}") from None
    except OSError as error:
        raise ValueError(f"{path} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise ValueError(f"{path} is no text; it has one time in seconds a line") from None
    found: list[Fraction] = []
    for number, line in enumerate(text.splitlines(), 1):
        word = line.partition(COMMENT)[0].strip()
        if not word:
            continue
        try:
            found.append(seconds_of(word))
        except ValueError as error:
            raise ValueError(f"{path}, line {number}: {error}") from None
    return tuple(found)


def cut_text(split: Split) -> str:
    """The text of a file with the cuts of a split."""
    lines = [
        f"# The shot cuts of {printable(split.video)}, for --cuts: one time in seconds a line.",
        "# Text after # is ignored. Add, change or delete lines; no line at all means no cut.",
    ]
    begins = {part.part.start: part.part.index for part in split.parts if part.part.after_cut}
    for cut in split.cuts:
        about = f"frame {_frame(split.timeline.times, cut)}"
        if cut in begins:
            about += f", part {begins[cut]} begins here"
        lines.append(f"{_exact(cut)}  # {float(cut):.3f} s, {about}")
    return "\n".join(lines) + "\n"


def write_cuts(path: str, split: Split) -> None:
    """Write the cuts of a split to a new file. Raises Refused."""
    from vaceprep.files.atomic import placing

    with placing(path, force=False, sources=(split.video,), make_folder=True) as place:
        place.fill(cut_text(split).encode())
        place.commit()


def _frame(times: Sequence[Fraction], cut: Fraction) -> int:
    from vaceprep.plans.job import nearest

    return nearest(times, cut) + 1


def _exact(value: Fraction) -> str:
    """The exact time, as ``--cuts`` reads it: 3.2 or 1001/240."""
    text = f"{float(value):.6f}"
    return text.rstrip("0").rstrip(".") if Fraction(text) == value else str(value)
