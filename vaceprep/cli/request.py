"""``vaceprep request``: the body as it would go over the wire; nothing is sent.

A job's fields are flags, generated from the models.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

import click

from vaceprep.checks.report import FileReport, summarise
from vaceprep.cli import config_options, options
from vaceprep.cli.option_groups import OptionGroup, argument, group, option, takes, takes_with_rest
from vaceprep.contract import FUNCTIONS, Function
from vaceprep.cost import cost_of
from vaceprep.files.source import CannotOpen, open_stdin
from vaceprep.limits import CONTRACT
from vaceprep.report import text
from vaceprep.report.escape import printable
from vaceprep.report.text import Style, file_lines

if TYPE_CHECKING:
    from fractions import Fraction

    from click.shell_completion import CompletionItem

    from vaceprep.config.model import Config
    from vaceprep.job.model import Job
    from vaceprep.rules.catalogue import Finding

EPILOG = """\b
Examples:
  vaceprep request edit.vace.yaml
  vaceprep request - < job.json
  vaceprep request video_repainting --prompt "As a woodcut" \\
      --video-url https://example.com/clip.mp4 --control-condition depth
  vaceprep request video_repainting --help          every field as a flag

Exit codes: 0 printed; 1 the job is refused; 2 wrong usage."""


EXAMPLE: Final = """\b
Example:
  vaceprep request {} --prompt "As a woodcut" \\
      {}"""
#: The minimum flags of each function.
USES: Final[dict[Function, str]] = {
    "image_reference": "--ref-images-url https://example.com/cat.jpg",
    "video_repainting": "--video-url https://example.com/clip.mp4 --control-condition depth",
    "video_edit": "--video-url https://example.com/clip.mp4 \\\n"
    "      --mask-image-url https://example.com/mask.png",
    "video_extension": "--first-clip-url https://example.com/clip.mp4",
    "video_outpainting": "--video-url https://example.com/clip.mp4 --left-scale 1.5",
}

#: A number in JSON syntax, with no more digits than any field needs.
NUMBER: Final = re.compile(r"-?(0|[1-9][0-9]{0,30})(\.[0-9]{1,30})?([eE][-+]?[0-9]{1,2})?")


class RequestGroup(click.Group):
    """The functions as commands; any other word is a job file."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The five functions."""
        return list(FUNCTIONS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """A function's command, with a flag for each of its fields."""
        function = next((f for f in FUNCTIONS if f == cmd_name), None)
        return None if function is None else function_command(function)

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """The functions and the flags; anything else may be a job file."""
        from click.shell_completion import CompletionItem

        found = super().shell_complete(ctx, incomplete)
        return found or [CompletionItem(incomplete, type="file")]

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Treat a first word that is not a function as a job file."""
        words = [a for a in args if a == "-" or not a.startswith("-")]
        if words and words[0] not in FUNCTIONS:
            ctx.meta["vaceprep.file"] = True
            # A group parses no options after the first word; a command does.
            ctx.allow_interspersed_args = True
            ctx.allow_extra_args = False
            return file_command.parse_args(ctx, args)
        return super().parse_args(ctx, args)

    def invoke(self, ctx: click.Context) -> Any:
        """Run the function's command, or the job file's."""
        if ctx.meta.get("vaceprep.file"):
            return ctx.invoke(file_command, **ctx.params)
        return super().invoke(ctx)


def _placeholder(path: str) -> str:
    name = os.path.basename(path.replace("\\", "/")) or "file"
    # UTF-8, whatever the encoding of this machine's file system.
    return f"https://example.com/{quote(name.encode('utf-8', 'surrogateescape'))}"


def _refuse(findings: tuple[Finding, ...], output: str, source: str) -> int:
    """Print why there is no body."""
    from vaceprep.report.json import check_json

    entry = FileReport(source, None, None, findings)
    if output == "json":
        for piece in check_json([entry], summarise([entry])):
            options.write(piece)
        return 1
    for line in file_lines(entry, Style()):
        options.say(line)
    return 1


def _print(job: Job, placeholder_urls: bool, source: str, price: Fraction) -> int:
    from vaceprep.job.model import NotPublished

    local = job.local_paths()
    if local and placeholder_urls:
        job = job.replaced({at: _placeholder(path) for at, path in local.items()})
    try:
        body = job.body()
    except NotPublished as error:
        for at, path in error.paths.items():
            options.say(f"vaceprep: {at} is a local path: {printable(path)}")
        where = printable(source) if source in ("-",) or os.path.exists(source) else "JOB"
        options.say(
            f"The service takes URLs. To publish them and send the job: "
            f"vaceprep run {where} --publish TARGET. To see the body with made-up URLs: "
            "--placeholder-urls"
        )
        return 1
    options.write(json.dumps(body, indent=2) + "\n")
    # Its media are not opened. The body alone goes to standard output.
    cost = cost_of(body["function"], None, price)
    if cost is not None:
        options.say(f"cost: {cost.text()}")
    return 0


def _show(
    make: Callable[[], Job], given: RequestOptions, source: str, config: Config | None
) -> int:
    """Print the body of a job, or the findings that prevent it; the exit code."""
    from vaceprep.job.model import InvalidJob
    from vaceprep.runs.spending import price_of

    try:
        job = make()
    except InvalidJob as error:
        return _refuse(error.findings, given.output, source)
    return _print(job, given.placeholder_urls, source, price_of(config))


class RequestOptions(OptionGroup):
    """The options of ``request`` that do not depend on the function."""

    placeholder_urls: bool = option(
        "--placeholder-urls", is_flag=True, help="Put example.com URLs in place of local paths."
    )
    extra: tuple[str, ...] = options.EXTRA
    configuration: config_options.Configuration = group(config_options.Configuration)
    output: str = options.FORMAT


class FileOptions(OptionGroup):
    """The command line of ``request`` for a job file."""

    job: str = argument(metavar="JOB", shell_complete=options.complete_files)
    request: RequestOptions = group(RequestOptions)


@click.command("request", context_settings={"help_option_names": ["-h", "--help"]})
@takes(FileOptions)
def file_command(given: FileOptions) -> int:
    """The body of a job file."""
    from vaceprep.job.model import Job

    job = given.job
    added = options.extras(given.request.extra)
    config = _config(given.request.configuration, job)
    limits = CONTRACT if config is None else config.limits

    def make() -> Job:
        values = options.with_extra(_values(job), added)
        base = "" if job == "-" else os.path.dirname(job)
        return Job.from_dict(values, base=base, limits=limits)

    return _show(make, given.request, job, config)


def _config(configuration: config_options.Configuration, source: str) -> Config | None:
    """A job's configuration; prints the limits that differ from the contract's."""

    find = config_options.finder(configuration)
    config = config_options.config_above(find, source, (*config_options.HOSTS, "price"))
    if config is None:
        return None
    for line in text.config_lines([config.judging_nothing()], text.Style()):
        options.say(line)
    return config


def _values(job: str) -> dict[str, Any]:
    """The mapping of a job file or standard input. Raises InvalidJob with VP400."""
    from vaceprep.job.model import unreadable
    from vaceprep.job.read import JobUnreadable, read_job, read_opened

    try:
        if job != "-":
            return read_job(job)
        with open_stdin() as opened:
            return read_opened(opened)
    except CannotOpen as error:
        raise unreadable(error.fact.message) from None
    except JobUnreadable as error:
        raise unreadable(error) from None


def flags(function: Function) -> list[click.Parameter]:
    """One flag per field. The rules validate the values, not click."""
    from vaceprep.job.model import MODELS, fields_in_order, shape_of

    model = MODELS[function]
    made: list[click.Parameter] = []
    for name in fields_in_order(model):
        if name == "extra":
            continue
        shape = shape_of(model, name)
        flag = "--" + name.replace("_", "-")
        about = model.model_fields[name].description or ""
        if model.model_fields[name].is_required():
            about += "  [required]"
        if shape.get("type") == "boolean":
            declaration = [f"{flag}/--no-{flag[2:]}", name]
            made.append(click.Option(declaration, default=None, help=about))
            continue
        kinds = {"integer": "N", "number": "X", "array": "VALUE"}
        words = shape.get("enum") or shape.get("items", {}).get("enum")
        hint = "|".join(map(str, words)) if words else kinds.get(shape.get("type", ""), "TEXT")
        made.append(
            click.Option(
                [flag, name],
                metavar=hint,
                help=about + (" Repeatable." if shape.get("type") == "array" else ""),
                multiple=shape.get("type") == "array",
            )
        )
    return made


def _typed(text: str, kind: str) -> Any:
    """A flag's text as the field's type; invalid text stays text, so that the rules report it."""
    if kind in ("integer", "number") and NUMBER.fullmatch(text):
        number = json.loads(text)
        return float(number) if kind == "number" else number
    return text


def values_of(function: Function, given: dict[str, Any]) -> dict[str, Any]:
    """A job's mapping from the flags that were given."""
    from vaceprep.job.model import MODELS, shape_of

    model = MODELS[function]
    values: dict[str, Any] = {"function": function}
    for name, value in given.items():
        if value is None or value == ():
            continue
        kind = shape_of(model, name).get("type", "string")
        if isinstance(value, tuple):
            values[name] = list(value)
        else:
            values[name] = value if isinstance(value, bool) else _typed(value, kind)
    return values


def function_command(function: Function) -> click.Command:
    """The command of one function; its flags are generated from its model."""

    def run(given: RequestOptions, fields: dict[str, object]) -> int:
        from vaceprep.job.model import Job

        config = _config(given.configuration, "-")
        limits = CONTRACT if config is None else config.limits
        values = values_of(function, fields)
        added = options.extras(given.extra)
        if added:
            values["extra"] = added

        def make() -> Job:
            return Job.from_dict(values, limits=limits)

        return _show(make, given, "JOB", config)

    command = click.command(
        function,
        short_help=f"The body of {function} from flags.",
        epilog=EXAMPLE.format(function, USES[function]),
    )(takes_with_rest(RequestOptions)(run))
    command.help = f"The body of a {function} job, each field given as a flag."
    command.params[:0] = flags(function)
    return command


command = RequestGroup(
    "request",
    epilog=EPILOG,
    no_args_is_help=True,
    subcommand_metavar="JOB|FUNCTION [FLAGS]",
    help="Print the body that a job would send, offline. Nothing is sent and no media is opened.",
    params=[],
)
