"""``vaceprep sandbox``: a local stand-in for the service, until Ctrl-C."""

from __future__ import annotations

import json
import signal
import threading
from typing import TYPE_CHECKING, Final

import click

from vaceprep.cli import options
from vaceprep.cli.option_groups import OptionGroup, option, takes
from vaceprep.report.escape import printable
from vaceprep.sandbox.effects import DESCRIPTIONS as EFFECTS
from vaceprep.sandbox.effects import parse_effect
from vaceprep.sandbox.faults import ALWAYS, DESCRIPTIONS, Fault, parse_fault

if TYPE_CHECKING:
    from vaceprep.sandbox.server import Sandbox

JSON_VERSION: Final = 1

EPILOG: Final = (
    """\b
Examples:
  vaceprep sandbox
  vaceprep sandbox --fault 429:2 --fault drop-after-accept
  vaceprep sandbox --effect identity --effect frame-more
  MULEROUTER_API_KEY=sandbox vaceprep run edit.vace.yaml \\
      --base-url http://127.0.0.1:PORT/... \\
      --publish 'http://127.0.0.1:PORT/.../files/{key}' \\
      --allow-host 127.0.0.1:PORT

\b
Faults (NAME, NAME:COUNT, or NAME:* for every time):
"""
    + "\n".join(f"  {name:<19} {text}" for name, text in DESCRIPTIONS.items())
    + "\n\n\b\nEffects:\n"
    + "\n".join(f"  {name:<19} {text}" for name, text in EFFECTS.items())
    + """

Exit codes: 2 it cannot start; 130 after Ctrl-C."""
)


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


class SandboxOptions(OptionGroup):
    """The command line of ``sandbox``; times in seconds."""

    port: int = option(
        "--port",
        type=click.IntRange(0, 65535),
        default=0,
        metavar="N",
        help="The port on 127.0.0.1; a free one without it.",
    )
    faults: tuple[Fault, ...] = option(
        "--fault",
        multiple=True,
        metavar="NAME[:COUNT]",
        callback=options.parsed(parse_fault),
        help=f"Something to do wrong, once or COUNT times ({ALWAYS}: always).",
    )
    effects: tuple[str, ...] = option(
        "--effect",
        multiple=True,
        metavar="NAME",
        callback=options.parsed(parse_effect),
        help="What is made of a task's media, such as identity.",
    )
    key: str | None = option(
        "--key-file",
        metavar="FILE",
        callback=_key,
        help="Accept only the token in FILE; any token without it.",
    )
    seconds_per_task: float = option(
        "--seconds-per-task",
        type=click.FloatRange(0, 3600),
        default=0.0,
        metavar="S",
        help="How long a task takes at the least.",
    )
    slow_seconds: float | None = option(
        "--slow-seconds",
        type=click.FloatRange(0, 3600),
        metavar="S",
        help="How late the fault slow answers; 75 without it.",
    )
    strict_limits: bool = option(
        "--strict-limits", is_flag=True, help="Refuse a third task at once with 429."
    )
    extra_fields: tuple[str, ...] = option(
        "--extra-field",
        multiple=True,
        metavar="NAME",
        help="Let a body field through that the contract does not have.",
    )
    allow_hosts: tuple[str, ...] = option(
        "--allow-host",
        multiple=True,
        metavar="HOST",
        help="A private host that media may be fetched from, beside the sandbox itself.",
    )
    output: str = options.FORMAT


@click.command("sandbox", epilog=EPILOG)
@takes(SandboxOptions)
def command(given: SandboxOptions) -> int:
    """Run a stand-in for the service on this machine.

    It is as strict as the contract, makes real videos from what a job sends, costs nothing, and
    listens on 127.0.0.1 alone. Its addresses are printed first.
    """
    from vaceprep.sandbox.server import Sandbox, SandboxUnavailable

    ended = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: ended.set())
    options.collect_garbage()
    try:
        with Sandbox(
            given.faults,
            port=given.port,
            key=given.key,
            seconds_per_task=given.seconds_per_task,
            slow_seconds=given.slow_seconds,
            strict_limits=given.strict_limits,
            extra_fields=given.extra_fields,
            allow_hosts=given.allow_hosts,
            effects=given.effects,
        ) as sandbox:
            _show_addresses(sandbox, given.output, any_key=given.key is None)
            ended.wait()
    except SandboxUnavailable as error:
        options.say(f"vaceprep: {error}")
        return 2
    return 0


def _show_addresses(sandbox: Sandbox, output: str, *, any_key: bool) -> None:
    """Print the addresses, and whether a token is needed; the token itself is not printed."""
    if output == "json":
        addresses = {
            "version": JSON_VERSION,
            "base_url": sandbox.base_url,
            "publish_pattern": sandbox.publish_pattern,
            "account_url": f"{sandbox.base_url}/_sandbox",
        }
        click.echo(json.dumps(addresses))
        return
    click.echo(f"base URL         {sandbox.base_url}")
    click.echo(f"publish pattern  {sandbox.publish_pattern}")
    click.echo(f"token            {'any' if any_key else 'the one in the key file'}")
    click.echo(f"what came        {sandbox.base_url}/_sandbox")
    options.say("Ctrl-C stops it, and its files and tasks are gone then.")
