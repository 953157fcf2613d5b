"""``--start`` and ``--duration``, for a file or for single fields of a job."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any, Final

import click

from vaceprep.cli.option_groups import OptionGroup, option
from vaceprep.contract import VIDEO_ROLES
from vaceprep.records import replace
from vaceprep.report.escape import printable

if TYPE_CHECKING:
    from vaceprep.plans.model import Options

FIT_MODEL: Final = option(
    "--fit-model",
    is_flag=True,
    help="Resample, scale and crop videos so that the model takes every frame and pixel.",
)
#: ``--start`` of ``prepare``: begin with the best window.
AUTO: Final = "auto"
#: The message for an invalid time; ``first`` and ``last`` are not allowed here.
NO_TIME: Final = "{!r} is not a time; write it as 1.5, 1:02.5 or 3003/1000"


def seconds_of(text: str) -> Fraction:
    """An instant in seconds. Raises ValueError, a sentence."""
    from vaceprep.cli.times import parse_instant

    try:
        value = parse_instant(text)
    except ValueError:
        raise ValueError(NO_TIME.format(text)) from None
    if isinstance(value, str):
        raise ValueError(NO_TIME.format(text))
    return value


def times(
    context: click.Context, parameter: click.Parameter, given: tuple[str, ...]
) -> dict[str, Any]:
    """``S`` or ``FIELD=S``, repeated: seconds by field, "" if no field is named."""
    found: dict[str, Any] = {}
    for text in given:
        if text == AUTO and context.info_name == "prepare" and parameter.name == "start":
            if found or len(given) > 1:
                raise click.BadParameter(f"{AUTO} is for all videos; give it alone")
            return {"": AUTO}
        field, equals, value = text.rpartition("=")
        if equals and field not in VIDEO_ROLES:
            raise click.BadParameter(
                f"{printable(field)} is not a field with a video; fields: {', '.join(VIDEO_ROLES)}"
            )
        if field in found:
            raise click.BadParameter(f"it is given twice{f' for {field}' if field else ''}")
        try:
            found[field] = seconds_of(value)
        except ValueError as error:
            raise click.BadParameter(printable(str(error))) from None
        if parameter.name == "duration" and found[field] <= 0:
            raise click.BadParameter(f"{printable(value)} keeps nothing; it must be above zero")
        if found[field] < 0:
            raise click.BadParameter(f"{printable(value)} lies before the start")
    return found


def time_option(name: str, about: str) -> Any:
    """A field with the values of ``--start`` or ``--duration``, with the help of the command."""
    return option(name, multiple=True, metavar="[FIELD=]S", callback=times, help=about)


class Window(OptionGroup):
    """The part of a video that is used, in seconds by field; "" is for unnamed fields."""

    start: dict[str, Any] = time_option(
        "--start",
        "Begin with the frame shown at that time: 1.5, 1:02.5 or a fraction. In a job it "
        "means video_url, or the field named. Only for prepare, and no job: auto, for the best "
        "window of each long video (see vaceprep pick).",
    )
    duration: dict[str, Fraction] = time_option("--duration", "Keep at most so many seconds.")


def with_window(plan: Options, window: Window) -> tuple[Options, dict[str, Options]]:
    """The options with the window for unnamed fields, and those of each named field."""

    start, duration = window.start, window.duration
    if start.get("") == AUTO:
        start, plan = {}, replace(plan, best_start=True)
    plan = replace(plan, start=start.get(""), duration=duration.get(""))
    fields = sorted({name for name in (*start, *duration) if name})
    return plan, {f: replace(plan, start=start.get(f), duration=duration.get(f)) for f in fields}
