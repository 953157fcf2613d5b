"""Choose and write an output format of ``check``."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Final, Literal, get_args

from vaceprep.checks.report import FileReport, Summary
from vaceprep.report.text import Style, config_lines, file_lines, summary_line

if TYPE_CHECKING:
    from vaceprep.config.model import Config

Format = Literal["text", "json", "github", "sarif", "junit"]
FORMATS: Final[tuple[Format, ...]] = get_args(Format)
#: The format by the ending of ``--output-file``, the longest ending first.
ENDINGS: Final[dict[str, Format]] = {
    ".sarif.json": "sarif",
    ".sarif": "sarif",
    ".json": "json",
    ".xml": "junit",
}


def format_of(name: str) -> Format:
    """The format that a file's name asks for."""
    lower = name.lower()
    return next((form for ending, form in ENDINGS.items() if lower.endswith(ending)), "text")


#: The beginnings of vaceprep's reports, and the end of those in text.
_BEGIN: Final = re.compile(
    rb'\{"version": 1, "summary": \{"checked": '
    rb'|<\?xml version="1\.0" encoding="utf-8"\?>\s*<testsuites name="vaceprep"'
    rb'|\{\s*"\$schema": "[^"]*sarif[^"]*",[^{]*\[\s*\{\s*'
    rb'"tool": \{\s*"driver": \{\s*"name": "vaceprep"'
)
_END: Final = re.compile(rb"(?:\A|\n)[0-9][0-9,]* files? checked: [^\n]*\n\Z")
#: Bytes at either end of a file that are read to recognise a report.
_LOOK: Final = 4096


def is_report(path: str) -> bool:
    """Whether a file is a report of ``check`` in any form, or empty. Raises OSError."""
    with open(path, "rb") as file:
        begin = file.read(_LOOK)
        size = file.seek(0, os.SEEK_END)
        file.seek(max(0, size - _LOOK))
        end = file.read(_LOOK)
    return not size or _BEGIN.match(begin) is not None or _END.search(end) is not None


def pieces(
    form: Format,
    files: list[FileReport],
    summary: Summary,
    style: Style,
    configs: Sequence[Config] = (),
) -> Iterator[str]:
    """The report in pieces, each with its line breaks. ``configs`` are those in force."""
    if form == "json":
        from vaceprep.report.json import check_json

        yield from check_json(files, summary, configs)
    elif form == "sarif":
        from vaceprep.report import sarif
        from vaceprep.report.json import dump
        from vaceprep.report.locations import root

        document = sarif.document(files, root(), advice=style.advice, configs=configs)
        yield dump(document, indent=1) + "\n"
    elif form == "junit":
        from vaceprep.report import junit

        yield junit.document(files, advice=style.advice, configs=configs)
    elif form == "github":
        from vaceprep.report.github import commands
        from vaceprep.report.locations import root

        lines = commands(files, root(), advice=style.advice, configs=configs)
        yield from (f"{line}\n" for line in (*lines, summary_line(summary, style)))
    else:
        for entry in files:
            yield from (f"{line}\n" for line in file_lines(entry, style))
        end = (*config_lines(configs, style), summary_line(summary, style))
        yield from (f"{line}\n" for line in end)
