"""``vaceprep preview``: what the model takes of a video or of a job, made visible."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import click

from vaceprep.cli import options
from vaceprep.model_view import CAVEAT
from vaceprep.report.escape import printable

if TYPE_CHECKING:
    from vaceprep.preparation.model_input.assets import Taken
    from vaceprep.preparation.model_input.read import Preview

EPILOG = """\b
Examples:
  vaceprep preview clip.mp4
  vaceprep preview edit.vace.yaml -o seen.html
  vaceprep preview --format json clip.mp4 | jq '.files[].used'

Exit codes: 0 done; 1 refused; 2 wrong usage."""

#: The endings of what is written.
ENDINGS: Final = (".mp4", ".html")


def _output(text: str) -> str:
    from vaceprep.probes.measure import ending

    if ending(text) not in ENDINGS:
        raise ValueError(f"{text} ends in none of {' '.join(ENDINGS)}")
    return text


@click.command("preview", epilog=EPILOG)
@click.argument("source", metavar="JOB|VIDEO", shell_complete=options.complete_files)
@click.option(
    "-o",
    "--output",
    "target",
    metavar="FILE.mp4|FILE.html",
    shell_complete=options.complete_files,
    callback=options.parsed(_output),
    help="A film, or a page that needs no network (default: STEM-preview.mp4 beside the source).",
)
@click.option(
    "--format",
    "output",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="What to print on standard output; with json, nothing is written without -o.",
)
@click.option("--force", is_flag=True, help="Write over an existing file.")
def command(source: str, target: str | None, output: str, force: bool) -> int:
    """Show what the model takes of JOB or VIDEO: its frames as it scales and crops them.

    The skipped frames are marked, the mask is laid over, and what is to be invented is grey. This
    is after the published code of the open model; the service may differ.
    """
    from vaceprep.errors import Refused

    try:
        with options.terminable():
            return _shown(source, target, output, force)
    except Refused as error:
        options.say(str(error))
        return 1


def _shown(source: str, target: str | None, output: str, force: bool) -> int:
    from vaceprep.files.atomic import check_target
    from vaceprep.preparation.model_input.read import default_target, preview_of
    from vaceprep.report.json import dump

    wanted = target
    if target is None and output == "text":
        wanted = default_target(source)
    if wanted is not None:
        check_target(wanted, force=force, sources=[source])
    found = preview_of(source)
    for remark in found.remarks():
        options.say(remark)
    if wanted is not None:
        for note in _written(found, source, wanted, force):
            options.say(note)
    if output == "json":
        options.write(dump(found.model.to_dict()) + "\n")
    else:
        options.write_lines([*map(_line, found.model.files), CAVEAT, printable(wanted or "")])
    return 0


def _written(found: Preview, source: str, target: str, force: bool) -> list[str]:
    """Write the film or the page. Return what is not shown."""
    sources = [source, *(file.source for file in found.model.files)]
    if target.lower().endswith(".html"):
        from vaceprep.report.html.preview_page import write_page

        return write_page(found, target, force=force, sources=sources)
    from vaceprep.preparation.model_input.film import write_film

    return write_film(found.model, target, force=force, sources=sources)


def _line(file: Taken) -> str:
    """One file in a line of the text output."""
    frames = getattr(file.facts, "frames", None) if file.facts.kind == "video" else None
    of = "" if frames is None else f", {len(file.used)} of {frames} frames"
    return (
        f"{printable(file.source)}  {file.role}{of}, scaled to {file.scaled[0]}x{file.scaled[1]}, "
        f"{file.width}x{file.height} from {file.crop[0]},{file.crop[1]}"
    )
