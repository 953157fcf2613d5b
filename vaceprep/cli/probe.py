"""``vaceprep probe``: the facts alone."""

from __future__ import annotations

import click

from vaceprep.cli import config_options, options
from vaceprep.contract import Role

EPILOG = """\b
Examples:
  vaceprep probe clip.mp4
  vaceprep probe --format json shoot/ | jq '.files[].facts.fps'

Exit codes: 0 every file was measured; 1 a file could not be read; 2 wrong usage."""


@click.command("probe", epilog=EPILOG)
@options.sources
@options.role
@options.deep
@options.allow_host
@config_options.options
@options.output_format
@options.jobs
def command(
    sources: tuple[str, ...],
    role: Role | None,
    deep: bool,
    allow_host: tuple[str, ...],
    config_file: str | None,
    no_config: bool,
    output: str,
    jobs: int | None,
) -> int:
    """Measure videos and images: what they are, exactly, without judging them."""
    from vaceprep.checks.inputs import Item, Skipped, collect
    from vaceprep.checks.library import default_jobs, spread, spread_far, ways
    from vaceprep.checks.source import Options, probe_item
    from vaceprep.facts import Facts, Unreadable
    from vaceprep.report import json, text

    skipped = Skipped()
    items = list(collect(sources, skipped))
    note = skipped.sentence()
    if note:
        options.say(note)

    settings = Options(role=role, deep=deep, allowed_hosts=allow_host)
    held = config_options.Judging(config_options.finder(config_file, no_config), settings)
    held.settle(items)

    def look(item: Item) -> tuple[str, Facts | None, str | None]:
        if item.kind == "job":
            return item.source, None, "it is a job, not media; vaceprep check judges it"
        facts = probe_item(item, held.of(item)._replace(web=web))[1]
        if isinstance(facts, Unreadable):
            return item.source, None, facts.message
        return item.source, facts, None

    results = []
    options.collect_garbage()
    far = any(item.kind == "url" for item in items)
    with ways(far, held.hosts) as web, options.progress(len(items), "measuring") as step:
        threads = jobs or default_jobs()
        for result in (
            spread(look, items, threads) if web is None else spread_far(look, items, threads, web)
        ):
            results.append(result)
            step()
    if output == "json":
        for piece in json.probe_json([json.probe_entry(*result) for result in results]):
            options.write(piece)
    else:
        style = options.style()
        for result in results:
            for line in text.facts_lines(*result, style):
                options.write(line + "\n")
    return int(any(facts is None for _, facts, _ in results))
