"""``vaceprep mask``: make a mask from shapes, fix one, or preview one over its frame."""

from __future__ import annotations

from types import ModuleType
from typing import TYPE_CHECKING, Final

import click

from vaceprep.cli import options

if TYPE_CHECKING:
    from PIL.Image import Image

    from vaceprep.preparation.image.shapes import Shape
    from vaceprep.rules.catalogue import Finding

EPILOG: Final = """\b
Examples:
  vaceprep mask make --size-of clip.mp4 --rect 25%,25%,50%,50% -o mask.png
  vaceprep mask make --size 1280x720 --ellipse 400,200,300,300 -o mask.png
  vaceprep mask fix drawn.jpg --size-of clip.mp4 -o mask.png
  vaceprep mask fix painted.png --over frame.png -o mask.png
  vaceprep mask preview mask.png clip.mp4 -o look.png

Exit codes: 0 the file is written; 1 refused; 2 wrong usage."""


MAKE: Final = """\b
Examples:
  vaceprep mask make --size-of clip.mp4 --rect 25%,25%,50%,50% -o mask.png
  vaceprep mask make --size 1280x720 --polygon "0,0 640,0 320,360" -o mask.png"""
FIX: Final = """\b
Examples:
  vaceprep mask fix drawn.jpg --size-of clip.mp4 -o mask.png
  vaceprep mask fix drawn.png --size 1280x720 --threshold 200 -o mask.png
  vaceprep mask fix painted.png --over frame.png --clean -o mask.png"""
PREVIEW: Final = """\b
Examples:
  vaceprep mask preview mask.png clip.mp4 -o look.png
  vaceprep mask preview mask.png clip.mp4 --frame-id 25 -o look.png"""


@click.group("mask", epilog=EPILOG)
def command() -> None:
    """Masks for mask_image_url: white is edited, black is kept, nothing between."""


def _shapes() -> ModuleType:
    """The parsers of shapes and sizes, imported only if there is one to parse."""
    from vaceprep.preparation.image import shapes

    return shapes


def _png(text: str) -> str:
    from vaceprep.probes.measure import ending

    if ending(text) != ".png":
        raise ValueError(f"{text} does not end in .png, the one format written here")
    return text


output = click.option(
    "-o",
    "--output",
    "target",
    required=True,
    metavar="FILE.png",
    shell_complete=options.complete_files,
    callback=options.parsed(_png),
    help="The PNG to write.",
)
force_option = click.option("--force", is_flag=True, help="Write over an existing file.")
size_of = click.option(
    "--size-of",
    metavar="FILE",
    shell_complete=options.complete_files,
    help="A video or image whose displayed size the mask gets.",
)
size = click.option(
    "--size",
    metavar="WxH",
    callback=options.parsed(lambda text: _shapes().parse_size(text)),
    help="The mask's size in pixels instead.",
)
invert_option = click.option("--invert", is_flag=True, help="Swap white and black at the end.")


def _due_size(named: str | None, given: tuple[int, int] | None) -> None:
    if (named is None) == (given is None):
        raise click.UsageError("Give either --size-of FILE or --size WxH.")


def _resolved(named: str | None, given: tuple[int, int] | None) -> tuple[int, int]:
    from vaceprep.preparation.read import displayed_size

    if given is not None:
        return given
    return displayed_size(named or "")


def _remarks(findings: list[Finding]) -> list[str]:
    return [f"warning: {f.message} ({f.code} {f.rule})" for f in findings]


@command.command("make", epilog=MAKE)
@size_of
@size
@click.option(
    "--rect",
    "rectangles",
    multiple=True,
    metavar="X,Y,W,H",
    callback=options.parsed(lambda text: _shapes().parse_box("rectangle", text)),
    help="A rectangle, in pixels or percent (25%,0,50%,100). Repeatable, as all shapes are.",
)
@click.option(
    "--ellipse",
    "ellipses",
    multiple=True,
    metavar="X,Y,W,H",
    callback=options.parsed(lambda text: _shapes().parse_box("ellipse", text)),
    help="The ellipse inside such a rectangle.",
)
@click.option(
    "--polygon",
    "polygons",
    multiple=True,
    metavar='"X,Y X,Y X,Y..."',
    callback=options.parsed(lambda text: _shapes().parse_polygon(text)),
    help="A polygon by its corners.",
)
@invert_option
@output
@force_option
def make(
    size_of: str | None,
    size: tuple[int, int] | None,
    rectangles: tuple[Shape, ...],
    ellipses: tuple[Shape, ...],
    polygons: tuple[Shape, ...],
    invert: bool,
    target: str,
    force: bool,
) -> int:
    """Draw shapes white on black, at the displayed size of a video or image."""
    _due_size(size_of, size)

    def work() -> list[str]:
        from vaceprep.files.atomic import check_target
        from vaceprep.preparation.image.mask import made, write_mask

        sources = [] if size_of is None else [size_of]
        check_target(target, force=force, sources=sources)
        shapes = (*rectangles, *ellipses, *polygons)
        image = made(shapes, _resolved(size_of, size), invert=invert)
        return _remarks(write_mask(image, target, force=force, sources=sources))

    return options.refusing(work, target)


@command.command("fix", epilog=FIX)
@click.argument("mask", metavar="MASK", shell_complete=options.complete_files)
@size_of
@size
@click.option(
    "--over",
    "frame",
    metavar="FRAME",
    shell_complete=options.complete_files,
    help="MASK is this image painted over: white where the two differ.",
)
@click.option(
    "--threshold",
    type=click.IntRange(1, 255),
    help="Grey level (1 to 255) from which a pixel counts as white (default: 128); with --over, "
    "the difference from which it does (default: 9, or 49 after lossy compression).",
)
@invert_option
@click.option("--stretch", is_flag=True, help="Scale a mask of another shape all the same.")
@click.option(
    "--clean",
    is_flag=True,
    help="Remove small islands and holes, and close and open edges by 2 pixels.",
)
@output
@force_option
def fix(
    mask: str,
    size_of: str | None,
    size: tuple[int, int] | None,
    frame: str | None,
    threshold: int | None,
    invert: bool,
    stretch: bool,
    clean: bool,
    target: str,
    force: bool,
) -> int:
    """Make a strict mask of any image: turned as displayed, black and white, the video's size.

    With --over, MASK is a frame that you painted over, and what you painted is edited. Its size is
    then the frame's, unless --size or --size-of gives another. --clean needs vaceprep[pixels].
    """
    if frame is None or size_of is not None or size is not None:
        _due_size(size_of, size)

    def work() -> list[str]:
        from vaceprep.files.atomic import check_target
        from vaceprep.preparation.image.mask import THRESHOLD, fixed, sized, write_mask

        sources = [mask, *(name for name in (size_of, frame) if name is not None)]
        check_target(target, force=force, sources=sources)
        if clean:
            from vaceprep.preparation.image.clean import check_clean

            check_clean()
        remarks: list[str] = []
        if frame is None:
            image: Image = fixed(
                mask,
                _resolved(size_of, size),
                threshold=threshold or THRESHOLD,
                invert=invert,
                stretch=stretch,
                remarks=remarks,
            )
        else:
            from vaceprep.preparation.image.painted import painted_over

            image, remarks = painted_over(mask, frame, threshold=threshold)
            given = size_of is not None or size is not None
            wanted = _resolved(size_of, size) if given else image.size
            image = sized(image, wanted, invert=invert, stretch=stretch)
        if clean:
            from vaceprep.preparation.image.clean import cleaned

            done = cleaned(image)
            image, remarks = done.image, [*remarks, done.remark]
        return [*remarks, *_remarks(write_mask(image, target, force=force, sources=sources))]

    return options.refusing(work, target)


@command.command("preview", epilog=PREVIEW)
@click.argument("mask", metavar="MASK", shell_complete=options.complete_files)
@click.argument("video", metavar="VIDEO", shell_complete=options.complete_files)
@click.option(
    "--frame-id",
    type=click.IntRange(min=1),
    default=1,
    show_default=True,
    metavar="N",
    help="The frame that the mask belongs to (mask_frame_id), counted from 1.",
)
@output
@force_option
def look(mask: str, video: str, frame_id: int, target: str, force: bool) -> int:
    """Show what MASK edits: tinted and outlined over its frame of VIDEO, with its share."""

    def work() -> list[str]:
        from vaceprep.files.atomic import check_target, write
        from vaceprep.preparation.image.encode import encode
        from vaceprep.preparation.image.preview import preview

        check_target(target, force=force, sources=[mask, video])
        shown = preview(mask, video, frame_id)
        write(encode(shown.image, "png", None), target, force=force, sources=[mask, video])
        return [*_remarks(list(shown.findings)), shown.caption]

    return options.refusing(work, target)
