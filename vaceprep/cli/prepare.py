"""``vaceprep prepare``: fix files with the least change, in new files."""

from __future__ import annotations

from contextlib import closing
from itertools import islice
from typing import TYPE_CHECKING, Final, Literal

import click

from vaceprep.cli import config_options, html_report, options
from vaceprep.cli.option_groups import OptionGroup, group, option, takes
from vaceprep.cli.split_options import SplitGroup, missing_cut_file, need_one_job, split_options
from vaceprep.cli.window_options import FIT_MODEL, Window, with_window
from vaceprep.contract import Role
from vaceprep.report.escape import printable

if TYPE_CHECKING:
    from collections.abc import Collection

    from vaceprep.checks.inputs import Item
    from vaceprep.config.model import Config
    from vaceprep.parts.expanded import Expanded
    from vaceprep.plans.model import Colour, Options
    from vaceprep.plans.parts import SplitOptions
    from vaceprep.preparation.file import Work
    from vaceprep.preparation.outputs import Output
    from vaceprep.preparation.report import Prepared

EPILOG: Final = """\b
Examples:
  vaceprep prepare clip.mov                    writes prepared/clip.mp4
  vaceprep prepare shoot/ -o ready/ --dry-run  shows the plan, writes nothing
  vaceprep prepare long.mp4 --start 1:02.5 --duration 4
  vaceprep prepare edit.vace.yaml --start 2    a job and its media
  vaceprep prepare long.vace.yaml --split      a job for each part of it
  vaceprep prepare --role mask_image_url mask.jpg -o mask.png

Exit codes: 0 all are ready; 1 something failed; 2 wrong usage."""


def _colour(_: click.Context, __: click.Parameter, text: str | None) -> Colour | None:
    if text is None:
        return None
    from PIL import ImageColor

    try:
        red, green, blue, *_rest = ImageColor.getrgb(text)
    except ValueError:
        raise click.BadParameter(
            f"{printable(text)} is not a colour; write it as black, #ffffff or rgb(255,255,255)"
        ) from None
    return red, green, blue


class Changes(OptionGroup):
    """How files are changed, how much is verified, and whether existing files are replaced."""

    force: bool = option(
        "--force", is_flag=True, help="Write over existing files (never over a source)."
    )
    only_errors: bool = option("--only-errors", is_flag=True, help="Fix errors only, not warnings.")
    fit_720p: bool = option(
        "--fit-720p", is_flag=True, help="Scale videos down to what the service keeps."
    )
    fit_model: bool = FIT_MODEL
    crop_bars: bool = option(
        "--crop-bars", is_flag=True, help="Crop black bars that stay through the kept part."
    )
    fps_mode: Literal["repeat", "blend"] = option(
        "--fps-mode",
        type=click.Choice(["repeat", "blend"]),
        default="repeat",
        show_default=True,
        help="How frames are made where there are too few.",
    )
    pad: bool = option(
        "--pad/--crop",
        default=True,
        show_default=True,
        help="What is done where no scale fits both sides.",
    )
    background: Colour | None = option(
        "--background",
        metavar="COLOUR",
        callback=_colour,
        help="Beside padded pictures and behind transparent ones (black and white without it).",
    )
    keep_audio: bool = option("--keep-audio", is_flag=True, help="Keep one sound track.")
    salvage: bool = option(
        "--salvage", is_flag=True, help="Encode what still decodes of a damaged video."
    )
    deep: bool = option(
        "--deep", is_flag=True, help="Decode every frame of what is only copied, too."
    )


class PrepareIsolation(options.Isolation):
    """The same for ``prepare``, whose time limit starts again with each progress."""

    timeout: float | None = options.timeout(
        "Seconds without progress after which an isolated file is given up (120)."
    )


class PrepareOptions(OptionGroup):
    """The command line of ``prepare``."""

    sources: tuple[str, ...] = options.sources("FILE|DIR|JOB|-...")
    where: str | None = option(
        "-o",
        "--output",
        metavar="DIR|FILE",
        shell_complete=options.complete_files,
        help="Where outputs go; without it, prepared/ beside each source.",
    )
    role: Role | None = options.ROLE
    window: Window = group(Window)
    how: SplitGroup = group(SplitGroup)
    dry_run: bool = option("--dry-run", is_flag=True, help="Show the plan and write nothing.")
    changes: Changes = group(Changes)
    isolation: PrepareIsolation = group(PrepareIsolation)
    report: str | None = html_report.REPORT
    configuration: config_options.Configuration = group(config_options.Configuration)
    output: str = options.FORMAT


def plan_options(window: Window, changes: Changes) -> tuple[Options, dict[str, Options]]:
    """The options for every file, and those for single fields of jobs by field name."""
    from vaceprep.plans.model import Options

    plan = Options(
        only_errors=changes.only_errors,
        fit_720p=changes.fit_720p,
        fit_model=changes.fit_model,
        crop_bars=changes.crop_bars,
        fps_mode=changes.fps_mode,
        shape="pad" if changes.pad else "crop",
        background=changes.background,
        keep_audio=changes.keep_audio,
        salvage=changes.salvage,
    )
    return with_window(plan, window)


@click.command("prepare", epilog=EPILOG)
@takes(PrepareOptions)
def command(given: PrepareOptions) -> int:
    """Make videos, images and jobs compliant, with the least change, in new files.

    Packets are copied where that is enough, and a frame of a copy is decoded; what is encoded is
    decoded again and compared with its source. Sources are never changed; every output is checked
    before it gets its name.
    """
    from vaceprep.preparation.report import summarise

    plan, by_field = plan_options(given.window, given.changes)
    how = split_options(given.how, dry_run=given.dry_run)
    cut_file = missing_cut_file(given.how)
    html_report.ready(given.report, given.sources, force=given.changes.force)
    find = config_options.finder(given.configuration)
    where = config_options.output_of(find, given.where, given.sources)
    to, items = _items(given, where, by_field)
    if plan.best_start and any(item.kind == "job" for item in items):
        raise click.UsageError("--start auto is for videos; give a job's start as a time.")
    if how is not None:
        _need_jobs(given, to, items)
    configs = {id(item): config_options.config_of(find, item) for item in items}
    options.collect_garbage()
    sources = _sources(items, how, (plan, by_field), configs, given)
    items, groups = _prepare(sources, to, (plan, by_field), configs, given)
    kept = cut_file is None or _cuts_kept(cut_file, sources)
    entries = [entry for group in groups for entry in group]
    summary = summarise(entries)
    shown = config_options.in_force(c and c.judging_nothing() for c in configs.values())
    if given.output == "json":
        from vaceprep.report.json import files_json

        for piece in files_json((entry.to_dict() for entry in entries), shown):
            options.write(piece)
    else:
        from vaceprep.report.prepare import summary_line
        from vaceprep.report.text import config_lines

        style = options.style()
        options.write_lines((*config_lines(shown, style), summary_line(summary, style)))
    reported = html_report.written(
        given.report, "prepare", items, groups, given.sources, force=given.changes.force
    )
    return int(summary.failed > 0 or not reported or not kept)


def _items(
    given: PrepareOptions, where: str | None, by_field: Collection[str]
) -> tuple[Output, list[Item]]:
    """Where outputs go, and the inputs; prints what was skipped, and if none is left.

    Exits with 2 if ``by_field``, the fields with their own options, is used with a file.
    """
    from vaceprep.checks.inputs import Skipped, collect
    from vaceprep.preparation.outputs import fitting, parse_output, skipped_paths

    skipped = Skipped()
    with options.usage_errors(ValueError, limit=400):
        to = parse_output(where)
        own = skipped_paths(to, given.sources) | html_report.skipped(given.report)
        items = fitting(to, collect(given.sources, skipped, own))
    if by_field and not all(item.kind == "job" for item in items):
        raise click.UsageError(
            f"{next(iter(by_field))}= is for jobs; for a file give the time alone."
        )
    options.say_skipped(skipped)
    if not items:
        options.say("no video, image or job was found")
    return to, items


def _need_jobs(given: PrepareOptions, to: Output, items: list[Item]) -> None:
    """Exits with 2 where there is no job to split, or no folder for the parts."""
    jobs = sum(item.kind == "job" for item in items)
    if items and not jobs:
        raise click.UsageError(
            "--split is for jobs; write a job for the video (see vaceprep init), and name it."
        )
    need_one_job(given.how, jobs)
    if to.kind == "file":
        raise click.UsageError("--split writes several jobs: name a folder with -o.")


def _work(given: PrepareOptions, plan: Options, items: list[Item]) -> Work:
    """How all items are prepared, without their progress."""
    from vaceprep.preparation.file import Work

    return Work(
        plan,
        given.role,
        given.changes.force,
        given.dry_run,
        sources=tuple(item.source for item in items),
        deep=given.changes.deep,
    )


def _sources(
    items: list[Item],
    how: SplitOptions | None,
    plans: tuple[Options, dict[str, Options]],
    configs: dict[int, Config | None],
    given: PrepareOptions,
) -> tuple[Expanded, ...]:
    """Each input, and the jobs of its parts where its video is split.

    Exits with 2 for a job whose video is never split.
    """
    from vaceprep.parts.expanded import Expanded

    if how is None:
        return tuple(Expanded(item) for item in items)
    from vaceprep.cli.progress import preparing
    from vaceprep.parts.prepare import expanded
    from vaceprep.plans.parts import CannotSplit

    plan, by_field = plans
    with (
        options.usage_errors(CannotSplit),
        options.terminable(),
        preparing("looking") as line,
    ):
        found = expanded(
            items,
            how,
            _work(given, plan, items),
            by_field,
            lambda item: configs[id(item)],
            begun=lambda item: line.start(item.source),
            step=line.advance,
        )
    for source in found:
        configs |= {id(item): configs[id(source.item)] for item in source.items}
    return found


def _cuts_kept(path: str, sources: tuple[Expanded, ...]) -> bool:
    """Write the cuts that were found to a file. Returns False, after a message, if that fails."""
    from vaceprep.cli.cut_file import write_cuts
    from vaceprep.errors import Refused

    split = next((source.split for source in sources if source.split is not None), None)
    if split is None:
        return True
    try:
        write_cuts(path, split)
    except Refused as error:
        options.say(f"vaceprep: --cuts: {printable(str(error), limit=4000)}")
        return False
    options.say(f"cuts: {printable(path, limit=4000)}")
    return True


def _prepare(
    sources: tuple[Expanded, ...],
    to: Output,
    plans: tuple[Options, dict[str, Options]],
    configs: dict[int, Config | None],
    given: PrepareOptions,
) -> tuple[list[Item], list[tuple[Prepared, ...]]]:
    """Prepare each input and print its entries as they come.

    Returns the inputs, jobs before their parts, and the entries of each.
    """
    from vaceprep.cli.progress import preparing
    from vaceprep.preparation.many import prepare_items
    from vaceprep.records import replace
    from vaceprep.report.prepare import entry_lines

    plan, by_field = plans
    flat = [item for source in sources for item in source.items]
    own = {key: fields for source in sources for key, fields in source.fields().items()}
    items: list[Item] = []
    groups: list[tuple[Prepared, ...]] = []
    style = options.style()

    def show(group: tuple[Prepared, ...]) -> None:
        if given.output == "text":
            for entry in group:
                options.write_lines(entry_lines(entry, style))

    doing = "planning" if given.dry_run else "reading"
    with options.terminable(), preparing(doing) as line:
        prepared = prepare_items(
            flat,
            to,
            replace(
                _work(given, plan, [source.item for source in sources]), on_progress=line.advance
            ),
            by_field,
            lambda item: configs[id(item)],
            isolate=options.apart(given.isolation.isolate, flat),
            seconds=given.isolation.timeout,
            begun=lambda item: line.start(item.source),
            own_fields=lambda item: own.get(id(item)),
        )
        with closing(prepared):
            for source in sources:
                mine: list[tuple[Prepared, ...]] = []
                for group in islice(prepared, len(source.items)):
                    line.clear()
                    mine.append(group)
                    show(group)
                head = source.head(mine)
                if head is not None:
                    line.clear()
                    show((head,))
                    items.append(source.item)
                    groups.append((head,))
                items += source.items
                groups += mine
    return items, groups
