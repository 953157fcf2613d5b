"""What a run begins with: its options, its service, its place to publish, its walk."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any, Final

import click

from vaceprep.cli import options, service, signals
from vaceprep.report.escape import printable

if TYPE_CHECKING:
    from fractions import Fraction

    from vaceprep.api.settings import Settings
    from vaceprep.config.model import Config
    from vaceprep.publish.target import Target
    from vaceprep.runs.model import RunOptions
    from vaceprep.runs.runner import Account, Runner

#: Seconds between two looks at a task of the sandbox, which is quick.
SANDBOX_POLL: Final = 0.5


def run_options(
    config: Config | None,
    *,
    publish: str | None,
    public_base: str | None,
    allow_host: tuple[str, ...],
    where: str | None,
    sandbox: bool,
    told: bool = True,
    inline_images: bool,
    again: bool,
    no_wait: bool,
    poll_interval: float | None,
    max_wait: float | None,
    max_tasks: int | None,
    max_rate: float | None,
    restore_audio: bool,
    no_remote: bool,
    start: dict[str, Fraction],
    duration: dict[str, Fraction],
    api_key_file: str | None,
) -> tuple[RunOptions, str | None, str | None]:
    """What is asked of a run, with where to publish and the base of that; ``told``: say whence."""
    from vaceprep import contract
    from vaceprep.cli.window_options import windows
    from vaceprep.plans.model import NOTHING_ASKED, Options
    from vaceprep.runs.hints import Hints
    from vaceprep.runs.model import RunOptions

    if config is not None:
        where = where or config.output
        allow_host = allow_host or config.allow_hosts
        if not sandbox:
            given = publish
            publish, public_base = config.place(publish, public_base)
            if publish != given and told:
                options.say(f"publishing to {printable(publish)}, as {printable(config.path)} says")
    where = where or "."
    if os.path.lexists(where) and not os.path.isdir(where):
        raise click.UsageError(f"-o {printable(where)} is a file; name a folder.")
    prepare = Options(limits=config.limits) if config is not None else NOTHING_ASKED
    prepare, fields = windows(prepare, start, duration)
    going_on = going_on_with(
        where=where,
        restore_audio=restore_audio,
        allow_host=allow_host,
        api_key_file=api_key_file,
        poll_interval=poll_interval,
        max_wait=max_wait,
    )
    asked = RunOptions(
        output=where,
        inline_images=inline_images,
        again=again,
        wait=not no_wait,
        poll_interval=poll_interval or (SANDBOX_POLL if sandbox else contract.POLL_SECONDS),
        max_wait=contract.MAX_WAIT_SECONDS if max_wait is None else max_wait,
        at_once=max_tasks or contract.TASKS_AT_ONCE,
        per_second=max_rate or contract.SUBMISSIONS_PER_SECOND,
        restore_audio=restore_audio,
        allowed_hosts=allow_host,
        remote=not no_remote,
        prepare=prepare,
        fields=fields,
        hints=Hints(sandbox, going_on, own_service=sandbox),
    )
    return asked, publish, public_base


def going_on_with(
    *,
    where: str,
    restore_audio: bool,
    allow_host: Sequence[str],
    api_key_file: str | None,
    poll_interval: float | None,
    max_wait: float | None,
) -> tuple[str, ...]:
    """The options with which ``task wait`` goes on with what a command was at."""
    words: list[str] = []
    if where != ".":
        words += ["-o", where]
    if restore_audio:
        words.append("--restore-audio")
    for host in allow_host:
        words += ["--allow-host", host]
    if api_key_file is not None:
        words += ["--api-key-file", api_key_file]
    if poll_interval is not None:
        words += ["--poll-interval", f"{poll_interval:g}"]
    if max_wait is not None:
        words += ["--max-wait", f"{max_wait:g}"]
    return tuple(words)


#: Names of what ``run_options`` takes.
_ASKED: Final = (
    *("publish", "public_base", "allow_host", "where", "sandbox", "inline_images", "again"),
    *(
        "no_wait",
        "poll_interval",
        "max_wait",
        "max_tasks",
        "max_rate",
        "restore_audio",
        "no_remote",
        "start",
        "duration",
        "api_key_file",
    ),
)


@contextmanager
def walking_alone(
    config: Config | None, given: dict[str, Any]
) -> Iterator[tuple[Runner, Account, Target | None, RunOptions]]:
    """A walk that jobs are given to one by one, by the options of ``run``.

    Exits with 2 where something must be set first, with 1 where the service cannot be asked.
    """
    from vaceprep.api.model import ApiError
    from vaceprep.ledger.store import PAID, SANDBOX, Ledger, LedgerError
    from vaceprep.runs.model import Control
    from vaceprep.runs.preconditions import NotConfigured, account_of, check_key, runner_of

    sandbox = given["sandbox"]
    check_sandbox(given)
    asked, publish, public_base = run_options(config, **{name: given[name] for name in _ASKED})
    target: Target | None
    try:
        with ExitStack() as stack:
            if sandbox:
                settings, target, asked = in_own_sandbox(stack, given["fault"], (), asked)
            else:
                settings = service.settings_of(
                    given["site"], given["base_url"], given["api_key_file"]
                )
                target = target_of(publish, public_base)
            account = account_of(settings)
            ledger = stack.enter_context(Ledger(SANDBOX if sandbox else PAID))
            control = Control()
            stack.enter_context(signals.interruptible(control, sandbox=sandbox))
            runner = stack.enter_context(
                runner_of(settings, account, ledger, target, asked, control, lambda _: None)
            )
            check_key(runner.client, settings)
            yield runner, account, target, asked
    except NotConfigured as error:
        raise click.UsageError(printable(str(error), limit=4000)) from None
    except (LedgerError, ApiError) as error:
        options.say(f"vaceprep: {printable(str(error), limit=4000)}; nothing was sent")
        raise click.exceptions.Exit(1) from None


def check_sandbox(given: dict[str, Any]) -> None:
    """Exits with 2 where the sandbox goes together with what is the real service's."""
    if given["fault"] and not given["sandbox"]:
        raise click.UsageError("--fault is for --sandbox: the real service has faults of its own.")
    real = ("site", "base_url", "publish", "api_key_file")
    if given["sandbox"] and any(given[name] for name in real):
        raise click.UsageError(
            "--sandbox cannot be combined with --publish, --site, --base-url or --api-key-file."
        )


def target_of(publish: str | None, public_base: str | None) -> Target | None:
    """Where to publish. Exits with 2 where that cannot be meant."""
    from vaceprep.publish.target import parse_target

    if publish is None:
        if public_base is not None:
            raise click.UsageError("--public-base says where --publish TARGET is read.")
        return None
    try:
        return parse_target(publish, public_base)
    except ValueError as error:
        raise click.UsageError(printable(str(error), limit=4000)) from None


def in_own_sandbox(
    stack: ExitStack,
    faults: Sequence[str],
    extra_fields: Sequence[str],
    asked: RunOptions,
) -> tuple[Settings, Target, RunOptions]:
    """A service of its own for this run. Exits with 2 where it cannot start."""
    from vaceprep.sandbox.server import SandboxUnavailable

    try:
        return _sandbox(stack, faults, extra_fields, asked)
    except (SandboxUnavailable, ValueError) as error:
        raise click.UsageError(printable(str(error), limit=4000)) from None


def _sandbox(
    stack: ExitStack, faults: Sequence[str], extra_fields: Sequence[str], asked: RunOptions
) -> tuple[Settings, Target, RunOptions]:
    """A service of its own for this run."""
    from dataclasses import replace

    from vaceprep.api.settings import read_settings
    from vaceprep.publish.target import parse_target
    from vaceprep.sandbox.server import ANY_KEY, Sandbox

    # Hosts that the user vouches for are reached by the rehearsed service as well.
    box = stack.enter_context(
        Sandbox(
            faults,
            extra_fields=extra_fields,
            allow_hosts=asked.allowed_hosts,
            limits=asked.prepare.limits,
        )
    )
    settings = read_settings(api_key=box.key or ANY_KEY, base_url=box.base_url)
    hosts = (*asked.allowed_hosts, *box.own_hosts)
    return settings, parse_target(box.publish_pattern), replace(asked, allowed_hosts=hosts)
