"""Set-up shared by run, batch run and demo: options, service, publishing target, runner."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Final, NamedTuple

import click

from vaceprep.cli import options, service, signals
from vaceprep.cli.option_groups import OptionGroup, group, option
from vaceprep.cli.window_options import FIT_MODEL, Window, time_option, with_window
from vaceprep.report.escape import printable

if TYPE_CHECKING:
    from fractions import Fraction

    from vaceprep.api.settings import Settings
    from vaceprep.config.model import Config
    from vaceprep.publish.target import Target
    from vaceprep.runs.model import RunOptions
    from vaceprep.runs.runner import Account, Runner

#: Seconds between two polls of a sandbox task, which ends quickly.
SANDBOX_POLL: Final = 0.5


class Publishing(OptionGroup):
    """Where media are made public, and which hosts are asked for them."""

    publish: str | None = option(
        "--publish",
        metavar="TARGET",
        shell_complete=options.complete_folders,
        help="Where local media are made public: s3://, gs:// or az://, a web folder (with "
        "--public-base), or a URL with {key} to PUT to.",
    )
    public_base: str | None = option(
        "--public-base",
        metavar="URL",
        help="The URL under which what was published there is read.",
    )
    inline_images: bool = option(
        "--inline-images", is_flag=True, help="Send images in the request itself."
    )
    allow_host: tuple[str, ...] = options.ALLOW_HOST
    no_remote: bool = option(
        "--no-remote", is_flag=True, help="Do not read the URLs of jobs before sending."
    )


def _effect(text: str) -> str:
    from vaceprep.sandbox.effects import parse_effect

    return parse_effect(text)


class RunSettings(OptionGroup):
    """How jobs are published, sent and waited for: the options that run and batch run share."""

    publishing: Publishing = group(Publishing)
    sandbox: bool = option(
        "--sandbox", is_flag=True, help="Rehearse against a local stand-in: no key, no cost."
    )
    fault: tuple[str, ...] = option(
        "--fault",
        multiple=True,
        metavar="NAME[:COUNT]",
        help="With --sandbox: a fault to rehearse, such as 429 or drop-after-accept.",
    )
    effect: tuple[str, ...] = option(
        "--effect",
        multiple=True,
        metavar="NAME",
        callback=options.parsed(_effect),
        help="With --sandbox: what is made of the media: identity, drift or frame-more.",
    )
    no_wait: bool = option(
        "--no-wait",
        is_flag=True,
        help="Do not wait for the videos; exit when the tasks are accepted.",
    )
    yes: bool = option("--yes", is_flag=True, help="Do not ask before money is spent.")
    again: bool = option(
        "--again", is_flag=True, help="Send even what was sent within the last 24 hours."
    )
    polling: service.Polling = group(service.Polling)
    max_tasks: int | None = option(
        "--max-tasks",
        type=click.IntRange(min=1, max=64),
        metavar="N",
        help="Tasks of the account at once, over all your processes (2).",
    )
    max_rate: float | None = option(
        "--max-rate",
        type=click.FloatRange(min=0.01, max=100),
        metavar="N",
        help="Submissions a second, over all your processes (2).",
    )
    fit_model: bool = FIT_MODEL
    account: service.Service = group(service.Service)


class RunWindow(Window):
    """The same for ``run``."""

    start: dict[str, Fraction] = time_option(
        "--start",
        "Use the part of video_url (or of the field named) that begins at that time: 1.5, "
        "1:02.5 or a fraction.",
    )
    duration: dict[str, Fraction] = time_option("--duration", "Use at most so many seconds of it.")


RESTORE_AUDIO: Final = option(
    "--restore-audio", is_flag=True, help="Put the source's sound under the result."
)


def _amount(text: str) -> Fraction:
    from vaceprep.cost import read_usd

    try:
        return read_usd(text)
    except ValueError as error:
        raise ValueError(f"{text} {error}") from None


MAX_COST: Final = option(
    "--max-cost",
    metavar="USD",
    callback=options.parsed(_amount),
    help="Prepare and send nothing if the jobs together can cost more.",
)


class Place(NamedTuple):
    """The publishing target as text and its public URL; None if not given."""

    publish: str | None
    public_base: str | None


def run_options(
    config: Config | None,
    given: RunSettings,
    *,
    where: str | None,
    restore_audio: bool,
    window: Window,
    max_cost: Fraction | None = None,
    show_target: bool = True,
) -> tuple[RunOptions, Place]:
    """The options of a run and where to publish: from the command line, then the configuration.

    ``show_target``: print a publishing target that comes from the configuration. Exits with 2
    if the folder for the videos is a file.
    """
    from vaceprep import contract
    from vaceprep.plans.model import NOTHING_ASKED, Options
    from vaceprep.runs.hints import Hints
    from vaceprep.runs.model import RunOptions

    allow_host = given.publishing.allow_host
    if config is not None:
        where = where or config.output
        allow_host = allow_host or config.allow_hosts
    place = _place(config, given, show=show_target)
    where = where or "."
    if os.path.lexists(where) and not os.path.isdir(where):
        raise click.UsageError(f"-o {printable(where)} is a file; name a folder.")
    plan = Options(limits=config.limits) if config is not None else NOTHING_ASKED
    if given.fit_model:
        plan = replace(plan, fit_model=True)
    plan, by_field = with_window(plan, window)
    resumed = wait_arguments(
        where=where,
        restore_audio=restore_audio,
        allow_host=allow_host,
        api_key_file=given.account.api_key_file,
        polling=given.polling,
    )
    polling, poll = given.polling, SANDBOX_POLL if given.sandbox else contract.POLL_SECONDS
    run = RunOptions(
        output=where,
        inline_images=given.publishing.inline_images,
        again=given.again,
        wait=not given.no_wait,
        poll_interval=polling.poll_interval or poll,
        max_wait=contract.MAX_WAIT_SECONDS if polling.max_wait is None else polling.max_wait,
        at_once=given.max_tasks or contract.TASKS_AT_ONCE,
        per_second=given.max_rate or contract.SUBMISSIONS_PER_SECOND,
        restore_audio=restore_audio,
        allowed_hosts=allow_host,
        remote=not given.publishing.no_remote,
        prepare=plan,
        fields=by_field,
        hints=Hints(given.sandbox, resumed, own_service=given.sandbox),
    )
    return with_caps(run, config, max_cost), place


def with_caps(run: RunOptions, config: Config | None, max_cost: Fraction | None) -> RunOptions:
    """The options with the price, the cap and the budget. Exits with 2 for an invalid budget."""
    from vaceprep.runs.spending import capped

    with options.usage_errors(ValueError):
        return capped(run, config, max_cost)


def _place(config: Config | None, given: RunSettings, *, show: bool) -> Place:
    """Where to publish; the sandbox ignores the configuration."""
    own = Place(given.publishing.publish, given.publishing.public_base)
    if config is None or given.sandbox:
        return own
    place = Place(*config.place(*own))
    if place.publish is not None and place.publish != own.publish and show:
        options.say(f"publishing to {printable(place.publish)}, as {printable(config.path)} says")
    return place


def wait_arguments(
    *,
    where: str,
    restore_audio: bool,
    allow_host: Sequence[str],
    api_key_file: str | None,
    polling: service.Polling | None,
) -> tuple[str, ...]:
    """The command-line options with which ``task wait`` resumes a command."""
    words: list[str] = []
    if where != ".":
        words += ["-o", where]
    if restore_audio:
        words.append("--restore-audio")
    for host in allow_host:
        words += ["--allow-host", host]
    if api_key_file is not None:
        words += ["--api-key-file", api_key_file]
    if polling is not None and polling.poll_interval is not None:
        words += ["--poll-interval", f"{polling.poll_interval:g}"]
    if polling is not None and polling.max_wait is not None:
        words += ["--max-wait", f"{polling.max_wait:g}"]
    return tuple(words)


@contextmanager
def nothing_sent() -> Iterator[None]:
    """Exits with 2 if the block finds a setting missing, with 1 if ledger or service fail it."""
    from vaceprep.api.model import ApiError
    from vaceprep.ledger.store import LedgerError
    from vaceprep.runs.preconditions import NotConfigured

    try:
        with options.usage_errors(NotConfigured):
            yield
    except (LedgerError, ApiError) as error:
        raise options.failure(error, "; nothing was sent") from None


@contextmanager
def open_runner(
    given: RunSettings, run: RunOptions, place: Place
) -> Iterator[tuple[Runner, Account, Target | None, RunOptions]]:
    """A runner for single jobs, with its options.

    Exits with 2 if a setting is missing, with 1 if the service cannot be reached.
    """
    from vaceprep.ledger.store import PAID, SANDBOX, Ledger
    from vaceprep.runs.model import Control
    from vaceprep.runs.preconditions import account_of, check_key, runner_of

    target: Target | None
    with nothing_sent(), ExitStack() as stack:
        if given.sandbox:
            settings, target, run = in_own_sandbox(stack, given.fault, (), run, given.effect)
        else:
            settings, target = service.settings_of(given.account), target_of(place)
        account = account_of(settings)
        ledger = stack.enter_context(Ledger(SANDBOX if given.sandbox else PAID))
        control = Control()
        stack.enter_context(signals.interruptible(control, sandbox=given.sandbox))
        runner = stack.enter_context(
            runner_of(settings, account, ledger, target, run, control, lambda _: None)
        )
        check_key(runner.client, settings)
        yield runner, account, target, run


def check_sandbox(given: RunSettings) -> None:
    """Exits with 2 if options of the sandbox and of the real service are combined."""
    if given.fault and not given.sandbox:
        raise click.UsageError("--fault is for --sandbox: the real service has faults of its own.")
    if given.effect and not given.sandbox:
        raise click.UsageError("--effect is for --sandbox: the real service uses its own model.")
    at = given.account
    real = (at.site, at.base_url, given.publishing.publish, at.api_key_file)
    if given.sandbox and any(real):
        raise click.UsageError(
            "--sandbox cannot be combined with --publish, --site, --base-url or --api-key-file."
        )


def target_of(place: Place) -> Target | None:
    """The publishing target. Exits with 2 if it is invalid."""
    from vaceprep.publish.target import parse_target

    if place.publish is None:
        if place.public_base is not None:
            raise click.UsageError("--public-base says where --publish TARGET is read.")
        return None
    with options.usage_errors(ValueError):
        return parse_target(place.publish, place.public_base)


def in_own_sandbox(
    stack: ExitStack,
    faults: Sequence[str],
    extra_fields: Sequence[str],
    run: RunOptions,
    effects: Sequence[str] = (),
) -> tuple[Settings, Target, RunOptions]:
    """A sandbox for this run alone. Exits with 2 if it cannot start."""

    from vaceprep.api.settings import read_settings
    from vaceprep.publish.target import parse_target
    from vaceprep.sandbox.server import ANY_KEY, Sandbox, SandboxUnavailable

    with options.usage_errors(SandboxUnavailable, ValueError):
        # The sandbox, too, may fetch from hosts that the user allows.
        box = stack.enter_context(
            Sandbox(
                faults,
                extra_fields=extra_fields,
                allow_hosts=run.allowed_hosts,
                limits=run.prepare.limits,
                price=run.price,
                effects=effects,
            )
        )
        settings = read_settings(api_key=box.key or ANY_KEY, base_url=box.base_url)
        hosts = (*run.allowed_hosts, *box.own_hosts)
        # A rehearsal costs nothing, so no budget holds.
        run = replace(run, allowed_hosts=hosts, budget=None)
        return settings, parse_target(box.publish_pattern), run
