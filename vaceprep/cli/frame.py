"""``vaceprep frame``: one exact frame as an image that passes the image rules."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Literal

import click

from vaceprep.cli import options
from vaceprep.report.escape import printable

if TYPE_CHECKING:
    from vaceprep.preparation.read import Read
    from vaceprep.preparation.video.frame import Shown

EPILOG = """\b
Examples:
  vaceprep frame clip.mp4 --at last -o next-first.png
  vaceprep frame clip.mp4 --at 1:02.5 -o first.jpg
  vaceprep frame clip.mp4 --at 3003/1000 -o frame.webp

Exit codes: 0 the image is written; 1 refused; 2 wrong usage."""


@click.command("frame", epilog=EPILOG)
@click.argument("video", metavar="VIDEO", shell_complete=options.complete_files)
@click.option(
    "--at",
    "instant",
    required=True,
    metavar="TIME|first|last",
    help="Seconds from the first frame shown (1.5), MM:SS.mmm, HH:MM:SS or a fraction (3003/1000).",
)
@click.option(
    "-o",
    "--output",
    "target",
    required=True,
    metavar="FILE",
    shell_complete=options.complete_files,
    help="The image; its ending is its format: .png .jpg .jpeg .webp .bmp .tif .tiff.",
)
@click.option("--force", is_flag=True, help="Write over an existing file.")
def command(video: str, instant: str, target: str, force: bool) -> int:
    """Take one exact frame of VIDEO for first_frame_url or last_frame_url.

    It is the frame shown at that instant, as displayed: turned, with square pixels, HDR brought
    down. Where a side is outside the accepted sizes it is scaled, or padded where no scale helps.
    """
    from vaceprep.cli.times import parse_instant
    from vaceprep.files.atomic import check_target
    from vaceprep.formats import WRITTEN
    from vaceprep.probes.measure import ending

    try:
        at = parse_instant(instant)
    except ValueError as error:
        raise click.BadParameter(printable(str(error)), param_hint="'--at'") from None
    fmt = WRITTEN.get(ending(target))
    if fmt is None:
        known = ", ".join(WRITTEN)
        raise click.BadParameter(
            f"{printable(target)} has none of the endings {known}", param_hint="'-o'"
        )

    def work() -> list[str]:
        check_target(target, force=force, sources=[video])
        _take(video, at, target, fmt, force)
        return []

    return options.refusing(work, target)


def _take(
    video: str, at: Fraction | Literal["first", "last"], target: str, fmt: str, force: bool
) -> None:
    from vaceprep.plans.size import fit
    from vaceprep.preparation.image.encode import encode
    from vaceprep.preparation.image.render import placed
    from vaceprep.preparation.read import reading
    from vaceprep.preparation.verify import write_verified
    from vaceprep.preparation.video.frame import frame_at

    with reading(video, "video_url") as read:
        shown = frame_at(read, at)
        notes = _which(read, shown, at)
    notes += shown.notes
    how = fit(shown.image.size)
    if how.scaled != shown.image.size:
        notes.append(f"scaled from {_size(shown.image.size)} to {_size(how.scaled)}")
    if how.padded:
        notes.append(f"padded with black to {_size(how.canvas)}, since no scale fits both sides")
    for note in notes:
        options.say(note)
    data = encode(placed(shown.image, how), fmt)
    write_verified(data, target, force=force, role="first_frame_url", sources=[video])


def _which(read: Read, shown: Shown, at: Fraction | Literal["first", "last"]) -> list[str]:
    """The frame's number: the ``mask_frame_id`` for a mask painted on this frame."""
    from vaceprep.preparation.read import video_of
    from vaceprep.preparation.video.frame import number_of

    number, frames = number_of(read, shown, at), video_of(read).frames
    if number is None:
        return []
    of = "" if frames is None else f" of {frames}"
    when = "" if shown.at is None else f", shown from {float(shown.at):.6g} s on"
    return [f"frame {number}{of}{when} (mask_frame_id: {number})"]


def _size(size: tuple[int, int]) -> str:
    return f"{size[0]}x{size[1]}"
