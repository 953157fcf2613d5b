"""``vaceprep probe``: the facts alone."""

from __future__ import annotations

import click

from vaceprep.cli import config_options, options
from vaceprep.cli.option_groups import OptionGroup, group, takes
from vaceprep.contract import Role
from vaceprep.facts import Facts, Unreadable

EPILOG = """\b
Examples:
  vaceprep probe clip.mp4
  vaceprep probe --format json shoot/ | jq '.files[].facts.fps'

Exit codes: 0 every file was measured; 1 a file could not be read; 2 wrong usage."""


class ProbeOptions(OptionGroup):
    """The command line of ``probe``."""

    sources: tuple[str, ...] = options.SOURCES
    role: Role | None = options.ROLE
    deep: bool = options.DEEP
    allow_host: tuple[str, ...] = options.ALLOW_HOST
    configuration: config_options.Configuration = group(config_options.Configuration)
    output: str = options.FORMAT
    jobs: int | None = options.JOBS


@click.command("probe", epilog=EPILOG)
@takes(ProbeOptions)
def command(given: ProbeOptions) -> int:
    """Measure videos and images: what they are, exactly, without judging them."""
    from vaceprep.checks.bytes import Options
    from vaceprep.checks.inputs import Item, Skipped, collect
    from vaceprep.checks.library import default_jobs, spread, ways
    from vaceprep.checks.source import probe_item
    from vaceprep.report import json, text

    skipped = Skipped()
    items = list(collect(given.sources, skipped))
    options.say_skipped(skipped)

    settings = Options(role=given.role, deep=given.deep, allowed_hosts=given.allow_host)
    by_item = config_options.ItemOptions(config_options.finder(given.configuration), settings)
    by_item.settle(items)

    def look(item: Item) -> tuple[str, Facts | None, str | None]:
        if item.kind == "job":
            return item.source, None, "it is a job, not media; vaceprep check judges it"
        facts = probe_item(item, by_item.of(item)._replace(web=web))[1]
        if isinstance(facts, Unreadable):
            return item.source, None, facts.message
        return item.source, facts, None

    results = []
    options.collect_garbage()
    far = any(item.kind == "url" for item in items)
    with ways(far, by_item.hosts) as web, options.progress(len(items), "measuring") as step:
        threads = given.jobs or default_jobs()
        for result in spread(look, items, threads, web):
            results.append(result)
            step()
    if given.output == "json":
        for piece in json.files_json(json.probe_entry(*result) for result in results):
            options.write(piece)
    else:
        style = options.style()
        for result in results:
            options.write_lines(text.facts_lines(*result, style))
    return int(any(facts is None for _, facts, _ in results))
