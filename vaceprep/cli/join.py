"""``vaceprep join``: the results of parts to one video."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from fractions import Fraction
from typing import TYPE_CHECKING, Final

import click

from vaceprep.cli import options, signals
from vaceprep.cli.option_groups import OptionGroup, argument, option, takes
from vaceprep.cli.streams import REMARK
from vaceprep.report.escape import printable

if TYPE_CHECKING:
    from vaceprep.parts.pieces import Joined, Seam

JSON_VERSION: Final = 1
#: The name of the joined video without ``-o``.
NAME: Final = "joined.mp4"
#: The ending of every joined video.
ENDING: Final = ".mp4"

EPILOG = """\b
Examples:
  vaceprep join out/clip-part-*.mp4 -o clip-new.mp4
  vaceprep join out/clip-part-*.mp4 --no-match --force
  vaceprep join one.mp4 two.mp4 -o both.mp4     one after another

Exit codes: 0 the video is written; 1 refused; 2 wrong usage."""


class JoinOptions(OptionGroup):
    """The command line of ``join``."""

    results: tuple[str, ...] = argument(
        nargs=-1, required=True, metavar="RESULT...", shell_complete=options.complete_files
    )
    no_match: bool = option(
        "--no-match", is_flag=True, help="Leave the colours of each result as they are."
    )
    target: str | None = option(
        "-o",
        "--output",
        metavar="FILE",
        shell_complete=options.complete_files,
        help=f"The video, an {ENDING} file (default: {NAME} beside the first result).",
    )
    force: bool = option("--force", is_flag=True, help="Write over an existing file.")
    output: str = options.FORMAT


@click.command("join", epilog=EPILOG)
@takes(JoinOptions)
def command(given: JoinOptions) -> int:
    """Join the results of the parts of a split video to one, with the sound of the source.

    The sidecar beside each result says which part it is, so the order does not matter. Where every
    seam is a shot cut, packets are copied; else the frames are encoded, overlaps are cross-faded,
    and colours are matched to the part before. Results without sidecars are joined in the order
    given.
    """
    from vaceprep.errors import Refused
    from vaceprep.parts.given import given as pieces_of
    from vaceprep.parts.join import join
    from vaceprep.runs.sidecar import read_sidecar

    target = given.target or os.path.join(os.path.dirname(given.results[0]), NAME)
    if not target.lower().endswith(ENDING):
        raise click.BadParameter(
            f"{printable(target)} does not end in {ENDING}; a joined video is an MP4",
            param_hint="'-o'",
        )
    click.get_current_context().with_resource(signals.terminable())
    options.collect_garbage()
    try:
        found = pieces_of(given.results, [read_sidecar(path) for path in given.results])
        with _progress() as step:
            made = join(
                found.pieces,
                target,
                sound=found.sound,
                sound_start=found.sound_start,
                length=found.length,
                match=not given.no_match,
                force=given.force,
                on_progress=step,
                pictures=False,
            )
    except Refused as error:
        options.say(str(error))
        return 1
    _show(made, found.notes, given.output)
    return 0


def _show(made: Joined, notes: tuple[str, ...], output: str) -> None:
    """Print what was written."""
    if output == "json":
        import json

        entry = {
            "version": JSON_VERSION,
            "output": made.path,
            "copied": made.copied,
            "frames": made.frames,
            "seams": [
                {"at": float(seam.at), "matched": seam.matched, "difference": _rounded(seam)}
                for seam in made.seams
            ],
            "notes": [*notes, *made.notes],
        }
        options.write_lines([json.dumps(entry, indent=2)])
        return
    for note in (*notes, *made.notes):
        options.say(note)
    for seam in made.seams:
        if seam.difference is not None:
            colours = "matched" if seam.matched else "not matched"
            options.say(
                f"seam at {float(seam.at):.6g} s: colours {colours}, "
                f"difference {seam.difference:.2f} (CIEDE2000)"
            )
    options.write_lines([printable(made.path, limit=REMARK)])


def _rounded(seam: Seam) -> float | None:
    return None if seam.difference is None else round(seam.difference, 3)


@contextmanager
def _progress() -> Iterator[Callable[[Fraction], None]]:
    """On a terminal, a bar on standard error; else nothing."""
    import sys

    from vaceprep.cli.streams import moves

    if not moves(sys.stderr):
        yield lambda share: None
        return
    from vaceprep.cli.progress import Bar

    with closing(Bar("joining", 1)) as bar:

        def step(share: Fraction) -> None:
            bar.share = float(share)

        yield step
