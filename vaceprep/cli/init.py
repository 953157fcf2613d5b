"""``vaceprep init``: a commented job file to start from."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import click

from vaceprep.cli import options
from vaceprep.contract import FUNCTIONS, Function
from vaceprep.report.escape import printable

if TYPE_CHECKING:
    from vaceprep.job.template import Language

EPILOG = """\b
Examples:
  vaceprep init video_edit -o edit.vace.yaml
  vaceprep init image_reference > cat.vace.yaml

Exit codes: 0 written; 1 the file exists or cannot be written; 2 wrong usage."""

LANGUAGES: dict[str, Language] = {
    **{".yaml": "yaml", ".yml": "yaml"},
    **{".toml": "toml", ".json": "json"},
}


@click.command("init", epilog=EPILOG)
@click.argument("function", type=click.Choice(FUNCTIONS), metavar="FUNCTION")
@click.option(
    "-o",
    "--output",
    metavar="FILE",
    shell_complete=options.complete_files,
    help="Where to write it; else standard output.",
)
@click.option("--force", is_flag=True, help="Write over a file that is there.")
def command(function: Function, output: str | None, force: bool) -> int:
    """Write a job file for FUNCTION with every field it has.

    FUNCTION is image_reference, video_repainting, video_edit, video_extension or
    video_outpainting. The file's ending says YAML, TOML or JSON (which has no comments).
    """
    from vaceprep.errors import Refused
    from vaceprep.files.atomic import write
    from vaceprep.job.template import template

    if output is None:
        options.write(template(function))
        return 0
    language = LANGUAGES.get(os.path.splitext(output)[1].lower())
    if language is None:
        raise click.UsageError(f"a job file ends in {', '.join(LANGUAGES)}; {output} does not")
    try:
        write(template(function, language).encode(), output, force=force)
    except Refused as error:
        options.say(f"vaceprep: cannot write the job file: {printable(str(error))}")
        return 1
    options.say(
        f"{printable(output)} is written; next: put your prompt in, then vaceprep check {output}"
    )
    if language == "json":
        options.say("JSON has no comments: a .yaml or .toml file shows every field with its text")
    return 0
