"""``vaceprep edit``: the local page, until Ctrl-C or until the page ends it."""

from __future__ import annotations

import json
import os
import signal
import sys
from typing import TYPE_CHECKING, Any, Final

import click

from vaceprep.cli import config_options, options, service, signals
from vaceprep.cli.option_groups import OptionGroup, argument, group, option, takes
from vaceprep.cli.run_setup import Place, Publishing, in_own_sandbox, target_of, with_caps
from vaceprep.report.escape import printable

if TYPE_CHECKING:
    from contextlib import ExitStack

    from vaceprep.api.settings import Settings
    from vaceprep.config.model import Config
    from vaceprep.editor.running import Sending
    from vaceprep.publish.target import Target
    from vaceprep.runs.model import RunOptions

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
    allow_send: bool = option(
        "--allow-send",
        is_flag=True,
        help="Let the page send the job, after it asked with the cost. Without it, the page only "
        "rehearses.",
    )
    publishing: Publishing = group(Publishing)
    where: str | None = options.folder(
        "-o",
        "--output",
        about="Folder for a new job and for the videos (default: beside the source).",
    )
    account: service.Service = group(service.Service)
    configuration: config_options.Configuration = group(config_options.Configuration)
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
    settings = _settings(given)
    options.collect_garbage()
    try:
        session = open_session(given.source, given.where)
    except Refused as error:
        options.say(str(error))
        return 1
    server = EditorServer(session, given.port, **settings)
    for number in signals.ENDING:
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, lambda *_: server.ended.set())
    try:
        with server:
            _show(server.address, given)
            server.ended.wait()
    except EditorUnavailable as error:
        session.close()
        options.say(f"vaceprep: {error}")
        return 2
    return 0


def _settings(given: EditOptions) -> dict[str, Any]:
    """How the editor runs the job. Exits with 2 if a setting for sending is missing or invalid."""
    from vaceprep.plans.model import NOTHING_ASKED, Options
    from vaceprep.runs.model import RunOptions

    find = config_options.finder(given.configuration)
    config = config_options.config_above(find, given.source or os.curdir, config_options.EVERY)
    publishing = given.publishing
    run = RunOptions(
        inline_images=publishing.inline_images,
        allowed_hosts=publishing.allow_host or (() if config is None else config.allow_hosts),
        remote=not publishing.no_remote,
        prepare=NOTHING_ASKED if config is None else Options(limits=config.limits),
    )
    settings: dict[str, Any] = {
        "run": with_caps(run, config, None),
        "run_words": _words(given),
        "rehearsal": _sandbox,
    }
    if given.allow_send:
        settings |= {"allow_send": True, "sending": _sending(given, config)}
    return settings


def _sandbox(stack: ExitStack, run: RunOptions) -> tuple[Settings, Target, RunOptions]:
    return in_own_sandbox(stack, (), (), run)


def _sending(given: EditOptions, config: Config | None) -> Sending:
    """The service and the target. Exits with 2 if the key is missing."""
    from vaceprep.editor.running import Sending
    from vaceprep.runs.preconditions import NotConfigured, account_of

    publishing = given.publishing
    place = Place(publishing.publish, publishing.public_base)
    if config is not None:
        place = Place(*config.place(*place))
    with options.usage_errors(NotConfigured):
        settings = service.settings_of(given.account)
        account_of(settings)
        return Sending(settings, target_of(place))


def _words(given: EditOptions) -> tuple[str, ...]:
    """The options of this command that ``run`` needs as well."""
    named = {
        "--publish": given.publishing.publish,
        "--public-base": given.publishing.public_base,
        "--site": given.account.site,
        "--base-url": given.account.base_url,
        "--api-key-file": given.account.api_key_file,
        "--config": given.configuration.config_file,
    }
    words = [word for name, value in named.items() if value is not None for word in (name, value)]
    flags = {
        "--inline-images": given.publishing.inline_images,
        "--no-remote": given.publishing.no_remote,
        "--no-config": given.configuration.no_config,
    }
    words += [name for name, is_set in flags.items() if is_set]
    for host in given.publishing.allow_host:
        words += ["--allow-host", host]
    return tuple(words)


def _show(address: str, given: EditOptions) -> None:
    """Print the page's address, and open the browser unless it was not wanted."""
    if given.output == "json":
        click.echo(json.dumps({"version": JSON_VERSION, "address": address}))
    else:
        click.echo(address)
    sys.stdout.flush()
    options.say("Ctrl-C ends it; what was not saved is gone then.")
    if not given.no_open and _has_display():
        import webbrowser

        webbrowser.open(address)


def _has_display() -> bool:
    """Whether a browser has a screen: one in the terminal would take the terminal over."""
    if not sys.platform.startswith("linux"):
        return True
    return any(os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY"))
