"""``vaceprep edit``: the local page, until Ctrl-C or until the page ends it."""

from __future__ import annotations

import json
import os
import signal
from typing import Final

import click

from vaceprep.cli import options
from vaceprep.cli.option_groups import OptionGroup, argument, option, takes
from vaceprep.report.escape import printable

JSON_VERSION: Final = 1

EPILOG: Final = """\b
Examples:
  vaceprep edit clip.mp4
  vaceprep edit edit.vace.yaml --no-open
  vaceprep edit clip.mp4 --allow-send --publish s3://bucket/vace -o results/

Exit codes: 0 the page ended it; 1 the source cannot be read; 2 it cannot start, or wrong usage;
130 after Ctrl-C."""


class EditOptions(OptionGroup):
    """The command line of ``edit``."""

    source: str | None = argument(
        required=False, metavar="[JOB|VIDEO]", shell_complete=options.complete_files
    )
    port: int = option(
        "--port",
        type=click.IntRange(0, 65535),
        default=0,
        metavar="N",
        help="The port on 127.0.0.1; a free one without it.",
    )
    no_open: bool = option("--no-open", is_flag=True, help="Print the address and open no browser.")
    where: str | None = options.folder(
        "-o",
        "--output",
        about="Folder for a new job and for the videos (default: beside the source).",
    )
    output: str = options.FORMAT


@click.command("edit", epilog=EPILOG)
@takes(EditOptions)
def command(given: EditOptions) -> int:
    """Edit JOB, or a new job for VIDEO, on a page in the browser.

    The page is served from this machine to this machine alone, and needs no network. Choose the
    part of the video, draw the mask, and see what would be refused and what it costs. Without an
    argument, the page offers the files of the current folder.
    """
    from vaceprep.editor.errors import EditorUnavailable
    from vaceprep.editor.server import EditorServer
    from vaceprep.editor.session import open_session
    from vaceprep.errors import Refused

    if given.where is not None and os.path.lexists(given.where) and not os.path.isdir(given.where):
        raise click.UsageError(f"-o {printable(given.where)} is a file; name a folder.")
    options.collect_garbage()
    try:
        session = open_session(given.source, given.where)
    except Refused as error:
        options.say(str(error))
        return 1
    server = EditorServer(session, given.port)
    signal.signal(signal.SIGTERM, lambda *_: server.ended.set())
    try:
        with server:
            _show(server.address, given)
            server.ended.wait()
    except EditorUnavailable as error:
        session.close()
        options.say(f"vaceprep: {error}")
        return 2
    return 0


def _show(address: str, given: EditOptions) -> None:
    """Print the page's address, and open the browser unless it was not wanted."""
    import sys

    if given.output == "json":
        click.echo(json.dumps({"version": JSON_VERSION, "address": address}))
    else:
        click.echo(address)
    sys.stdout.flush()
    options.say("Ctrl-C ends it; what was not saved is gone then.")
    if not given.no_open:
        import webbrowser

        webbrowser.open(address)
