"""``vaceprep rules``: print the catalogue of rules."""

from __future__ import annotations

import shutil
import sys

import click

from vaceprep.cli import options
from vaceprep.rules.catalogue import UnknownRule

EPILOG = """\b
Examples:
  vaceprep rules
  vaceprep rules video-fps
  vaceprep rules VP2 --format markdown
  vaceprep rules --schema > vace.schema.json"""


@click.command("rules", epilog=EPILOG)
@click.argument(
    "name", required=False, metavar="[SLUG|CODE]", shell_complete=options.complete_rules
)
@click.option("--schema", is_flag=True, help="Print the JSON Schema of job files instead.")
@click.option(
    "--format",
    "output",
    type=click.Choice(["text", "json", "markdown"]),
    default="text",
    show_default=True,
    help="What to print on standard output.",
)
def command(name: str | None, schema: bool, output: str) -> int:
    """List the rules, or explain one."""
    from vaceprep.report import catalogue, json
    from vaceprep.rules.all import RULES
    from vaceprep.rules.names import containing, resolve

    if schema:
        from vaceprep.job.schema import schema as job_schema

        options.write(json.dump(job_schema(), indent=2) + "\n")
        return 0
    rules = list(RULES)
    if name is not None:
        try:
            codes = resolve([name])
        except UnknownRule as error:
            # "rules fps" matches parts of names; a misspelt name is an error.
            codes = resolve(containing(name)) if len(name) > 1 else frozenset()
            if not codes:
                raise click.UsageError(str(error)) from None
        rules = [rule for rule in rules if rule.code in codes]
    if output == "json":
        options.write(json.dump([catalogue.to_dict(rule) for rule in rules]) + "\n")
        return 0
    if output == "markdown":
        lines = catalogue.markdown(rules)
    elif len(rules) == 1:
        lines = catalogue.explain(rules[0])
    else:
        width = shutil.get_terminal_size().columns if options.is_terminal(sys.stdout) else None
        lines = catalogue.table(rules, width)
    options.write_lines(lines)
    return 0
