"""``vaceprep sandbox``: the service's stand-in on this machine, until Ctrl-C."""

from __future__ import annotations

import json
import signal
import threading
from typing import TYPE_CHECKING, Any, Final

import click

from vaceprep.cli import options
from vaceprep.report.escape import printable
from vaceprep.sandbox.faults import ALWAYS, DESCRIPTIONS

if TYPE_CHECKING:
    from vaceprep.sandbox.faults import Fault
    from vaceprep.sandbox.server import Sandbox

JSON_VERSION: Final = 1

EPILOG: Final = (
    """\b
Examples:
  vaceprep sandbox
  vaceprep sandbox --fault 429:2 --fault drop-after-accept
  MULEROUTER_API_KEY=sandbox vaceprep run edit.vace.yaml \\
      --base-url http://127.0.0.1:PORT/... --publish 'http://127.0.0.1:PORT/.../files/{key}' \\
      --allow-host 127.0.0.1:PORT

\b
Faults (NAME, NAME:COUNT, or NAME:* for every time):
"""
    + "\n".join(f"  {name:<19} {text}" for name, text in DESCRIPTIONS.items())
    + """

Exit codes: 2 it cannot start; 130 after Ctrl-C."""
)


def _faults(_: click.Context, __: click.Parameter, texts: tuple[str, ...]) -> tuple[Fault, ...]:
    from vaceprep.sandbox.faults import parse_fault

    try:
        return tuple(parse_fault(text) for text in texts)
    except ValueError as error:
        raise click.BadParameter(printable(str(error))) from None


def _key(_: click.Context, __: click.Parameter, path: str | None) -> str | None:
    if path is None:
        return None
    try:
        with open(path, encoding="utf-8") as file:
            key = file.read(4096).strip()
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or "it is not text"
        raise click.BadParameter(f"{printable(path)} cannot be read: {why}") from None
    if not key or not key.isascii() or not key.isprintable():
        raise click.BadParameter(f"{printable(path)} holds no token")
    return key


@click.command("sandbox", epilog=EPILOG)
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=0,
    metavar="N",
    help="The port on 127.0.0.1; a free one without it.",
)
@click.option(
    "--fault",
    "faults",
    multiple=True,
    metavar="NAME[:COUNT]",
    callback=_faults,
    help=f"Something to do wrong, once or COUNT times ({ALWAYS}: always).",
)
@click.option(
    "--key-file",
    "key",
    metavar="FILE",
    callback=_key,
    help="Accept only the token in FILE; any token without it.",
)
@click.option(
    "--seconds-per-task",
    type=click.FloatRange(0, 3600),
    default=0.0,
    metavar="S",
    help="How long a task takes at the least.",
)
@click.option(
    "--slow-seconds",
    type=click.FloatRange(0, 3600),
    metavar="S",
    help="How late the fault slow answers; 75 without it.",
)
@click.option("--strict-limits", is_flag=True, help="Refuse a third task at once with 429.")
@click.option(
    "--extra-field",
    "extra_fields",
    multiple=True,
    metavar="NAME",
    help="Let a body field through that the contract does not have.",
)
@click.option(
    "--allow-host",
    "allow_hosts",
    multiple=True,
    metavar="HOST",
    help="A private host that media may be fetched from, beside the sandbox itself.",
)
@options.output_format
def command(output: str, **settings: Any) -> int:
    """Run a stand-in for the service on this machine.

    It is as strict as the contract, makes real videos from what a job sends, costs nothing, and
    listens on 127.0.0.1 alone. Its addresses are printed first.
    """
    from vaceprep.sandbox.server import Sandbox, SandboxUnavailable

    ended = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: ended.set())
    options.collect_garbage()
    try:
        with Sandbox(**settings) as sandbox:
            _tell(sandbox, output, any_key=settings["key"] is None)
            ended.wait()
    except SandboxUnavailable as error:
        options.say(f"vaceprep: {error}")
        return 2
    return 0


def _tell(sandbox: Sandbox, output: str, *, any_key: bool) -> None:
    """Where it is, on standard output; the token itself is nobody's to read there."""
    if output == "json":
        told = {
            "version": JSON_VERSION,
            "base_url": sandbox.base_url,
            "publish_pattern": sandbox.publish_pattern,
            "account_url": f"{sandbox.base_url}/_sandbox",
        }
        click.echo(json.dumps(told))
        return
    click.echo(f"base URL         {sandbox.base_url}")
    click.echo(f"publish pattern  {sandbox.publish_pattern}")
    click.echo(f"token            {'any' if any_key else 'the one in the key file'}")
    click.echo(f"what came        {sandbox.base_url}/_sandbox")
    options.say("Ctrl-C stops it, and its files and tasks are gone then.")
