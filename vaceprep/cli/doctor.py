"""``vaceprep doctor``: what is installed and configured, and whether it works."""

from __future__ import annotations

import json
from typing import Final

import click

from vaceprep.checks.report import JSON_VERSION
from vaceprep.cli import options
from vaceprep.cli.option_groups import OptionGroup, takes
from vaceprep.report.escape import printable
from vaceprep.report.text import wrapped

EPILOG: Final = """\b
Examples:
  vaceprep doctor
  vaceprep doctor --format json > doctor.json   to go with a report of a fault

Nothing is sent, and the key is never shown.

Exit codes: 0 all that is needed is there and works; 1 something is not; 2 wrong usage."""
COLOURS: Final = {"ok": "green", "note": "cyan", "error": "red"}
#: Width of the column with a check's name.
NAMES: Final = 16


class DoctorOptions(OptionGroup):
    """The command line of ``doctor``."""

    output: str = options.FORMAT


@click.command("doctor", epilog=EPILOG)
@takes(DoctorOptions)
def command(given: DoctorOptions) -> int:
    """Check versions, encoders, the state directory, key and URL; fix a test clip."""
    from vaceprep.cli.selftest import Check, examine

    style = options.style()
    options.collect_garbage()
    checks: list[Check] = []
    for check in examine():
        checks.append(check)
        if given.output == "json":
            continue
        # Print each result at once: if the next check crashes, this one is visible.
        label = style.paint(f"{check.status:<5}", COLOURS[check.status])
        head = f"{label}  {check.name:<{NAMES}}  "
        detail = printable(check.detail, limit=4000)
        options.write_lines(wrapped(head, detail, style, NAMES + 9))
        if check.hint:
            hint = printable(check.hint, limit=1000)
            head = " " * (NAMES + 9)
            options.write_lines(wrapped(head, f"next: {hint}", style, NAMES + 9))
    ok = not any(check.status == "error" for check in checks)
    if given.output == "json":
        document = {"version": JSON_VERSION, "ok": ok, "checks": [c.to_dict() for c in checks]}
        options.write(json.dumps(document, indent=1) + "\n")
    else:
        options.write("everything works\n" if ok else "something needs fixing\n")
    return int(not ok)
