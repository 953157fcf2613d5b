"""The answer of ``check`` in each form that can be asked for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Final, Literal, get_args

from vaceprep.report.text import Style
from vaceprep.verdict import FileReport, Summary

if TYPE_CHECKING:
    from vaceprep.config.model import Config

Format = Literal["text", "json", "github", "sarif", "junit"]
FORMATS: Final[tuple[Format, ...]] = get_args(Format)
#: What the ending of ``--output-file`` asks for, the longest first.
ENDINGS: Final[dict[str, Format]] = {
    ".sarif.json": "sarif",
    ".sarif": "sarif",
    ".json": "json",
    ".xml": "junit",
}


def format_of(name: str) -> Format:
    """The form that a file's name asks for."""
    lower = name.lower()
    return next((form for ending, form in ENDINGS.items() if lower.endswith(ending)), "text")


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
        from vaceprep.report.places import root

        document = sarif.document(files, root(), advice=style.advice, configs=configs)
        yield dump(document, indent=1) + "\n"
    elif form == "junit":
        from vaceprep.report import junit

        yield junit.document(files, advice=style.advice, configs=configs)
    elif form == "github":
        from vaceprep.report.github import commands
        from vaceprep.report.places import root
        from vaceprep.report.text import summary_line

        for line in commands(files, root(), advice=style.advice, configs=configs):
            yield line + "\n"
        yield summary_line(summary, style) + "\n"
    else:
        from vaceprep.report.text import config_lines, file_lines, summary_line

        for entry in files:
            for line in file_lines(entry, style):
                yield line + "\n"
        for line in config_lines(configs, style):
            yield line + "\n"
        yield summary_line(summary, style) + "\n"
