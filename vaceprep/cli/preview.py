"""``vaceprep preview``: what the model takes of a video or of a job, made visible."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from vaceprep.cli import options
from vaceprep.report.escape import printable

if TYPE_CHECKING:
    from vaceprep.preparation.model_input.assets import Taken

EPILOG = """\b
Examples:
  vaceprep preview --format json clip.mp4 | jq '.files[].used'
  vaceprep preview --format json edit.vace.yaml

Exit codes: 0 done; 1 refused; 2 wrong usage."""


@click.command("preview", epilog=EPILOG)
@click.argument("source", metavar="JOB|VIDEO", shell_complete=options.complete_files)
@click.option(
    "--format",
    "output",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="What to print on standard output.",
)
def command(source: str, output: str) -> int:
    """Show what the model takes of JOB or VIDEO: frames, size and crop.

    This is after the published code of the open model; the service may differ.
    """
    from vaceprep.errors import Refused
    from vaceprep.model_view import CAVEAT
    from vaceprep.preparation.model_input.read import preview_of
    from vaceprep.report.json import dump

    try:
        found = preview_of(source)
    except Refused as error:
        options.say(str(error))
        return 1
    for remark in found.remarks():
        options.say(remark)
    if output == "json":
        options.write(dump(found.model.to_dict()) + "\n")
        return 0
    options.write_lines([*map(_line, found.model.files), CAVEAT])
    return 0


def _line(file: Taken) -> str:
    """One file in a line of the text output."""
    frames = getattr(file.facts, "frames", None)
    of = "" if frames is None else f", {len(file.used)} of {frames} frames"
    return (
        f"{printable(file.source)}  {file.role}{of}, scaled to {file.scaled[0]}x{file.scaled[1]}, "
        f"{file.width}x{file.height} from {file.crop[0]},{file.crop[1]}"
    )
