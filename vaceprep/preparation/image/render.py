"""Execute the plan of an image: cut out metadata, or decode, change and encode it.

This module changes no global state, so it is safe in threads.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any, Final, cast

from PIL import Image as Pillow
from PIL.Image import Image, Resampling

from vaceprep.errors import Refused
from vaceprep.facts import ImageFacts
from vaceprep.files.source import HEAD_BYTES
from vaceprep.formats import shown_format
from vaceprep.plans.model import BLACK, Colour, Edit, ImageRecipe, Plan
from vaceprep.plans.size import Fit
from vaceprep.preparation.image import encode
from vaceprep.preparation.image.colours import plain
from vaceprep.preparation.image.decode import Still, turned
from vaceprep.preparation.image.decode import still as decode
from vaceprep.preparation.image.mask import black_and_white, displayed_grey
from vaceprep.preparation.image.strip import first_picture
from vaceprep.preparation.read import Read
from vaceprep.probes.sniff import sniff_image
from vaceprep.wording import megabytes

#: Orientations that swap width and height.
_ON_ITS_SIDE: Final = (5, 6, 7, 8)
_LONGEST_DETAIL: Final = 120
#: Pillow's numbers of 4:4:4 and 4:2:2. Rotated 4:2:2 is 4:4:0, for which Pillow has none.
_FULL, _HALF_WIDTH = 0, 1


def make_image(read: Read, plan: Plan) -> bytes:
    """Return the bytes of the output of ``plan_image``; without a recipe, the file's own.

    At most ``recipe.limit`` bytes. The format is the recipe's, or WEBP or JPEG if that takes too
    many bytes. Raises Refused in one sentence.
    """
    recipe, facts = plan.recipe, read.facts
    if not plan.possible or not isinstance(facts, ImageFacts):
        raise Refused("it cannot be prepared")
    try:
        if not isinstance(recipe, ImageRecipe):
            return _own(read)
        data = _cut_out(read, facts, recipe) if _may_cut(facts, recipe) else None
        return data or _encoded(read, facts, recipe)
    except Refused:
        raise
    except MemoryError:
        raise Refused("it cannot be prepared: there is not enough memory") from None
    except Exception as error:  # Pillow raises nearly everything
        detail = " ".join(str(error).split())[:_LONGEST_DETAIL] or type(error).__name__
        raise Refused(f"it cannot be prepared: its pixels do not convert ({detail})") from None


def _own(read: Read) -> bytes:
    return read.opened.read_at(0, read.opened.size)


# --- what needs no new pixels --------------------------------------------------------------


def _may_cut(facts: ImageFacts, recipe: ImageRecipe) -> bool:
    """Whether removing everything but the coded image may suffice."""
    if recipe.pixels_kept:
        return True
    if not recipe.recompress or recipe.size or recipe.threshold or recipe.flatten:
        return False
    # A smaller JPEG may have more bytes of metadata, or of other images, than of pixels.
    same = facts.format == recipe.format and facts.format in ("jpeg", "webp", "png")
    return same and facts.orientation == 1 and facts.mode == recipe.mode and _is_plain(facts)


def _is_plain(facts: ImageFacts) -> bool:
    return facts.bit_depth == 8 and facts.srgb and facts.has_alpha is False


def _cut_out(read: Read, facts: ImageFacts, recipe: ImageRecipe) -> bytes | None:
    data = first_picture(_own(read), facts.format)
    if recipe.pixels_kept or data is None or len(data) <= recipe.limit:
        return data
    return None


# --- new pixels ----------------------------------------------------------------------------


def _encoded(read: Read, facts: ImageFacts, recipe: ImageRecipe) -> bytes:
    source = None if recipe.threshold else decode(read)
    if source is None:
        image = _mask(read, recipe)
    else:
        tables = _tables(source.image, facts) if recipe.own_tables else None
        image = _picture(source, facts, recipe)
        if tables is not None:
            data = encode.saved(image, "jpeg", **tables)
            if len(data) <= recipe.limit:
                return data
    for attempt in _ladder(read, image, recipe):
        found = attempt()
        if found is not None and len(found) <= recipe.limit:
            return found
    raise Refused(
        f"it cannot be prepared: nothing brings its {image.width}x{image.height} "
        f"pixels under {megabytes(recipe.limit)}"
    )


def _picture(source: Still, facts: ImageFacts, recipe: ImageRecipe) -> Image:
    image = plain(
        source.image,
        source.profile,
        recipe.mode,
        to_srgb=recipe.to_srgb,
        flatten=recipe.flatten,
        depth=facts.bit_depth,
    )
    image = turned(image, facts)
    return image if recipe.size is None else placed(image, recipe.size, recipe.padding)


def _mask(read: Read, recipe: ImageRecipe) -> Image:
    image = black_and_white(displayed_grey(read))
    if recipe.size is not None:
        image = placed(image, recipe.size, recipe.padding, Resampling.NEAREST)
    if image.getbbox() is None:
        raise Refused(
            "it comes out all black, so there is nothing to edit: no pixel of it is half bright "
            "and opaque; look at the mask"
        )
    image.info = {}
    return image


def placed(
    image: Image, how: Fit, padding: Colour = BLACK, filtered: Resampling = Resampling.LANCZOS
) -> Image:
    """Scale the image and centre it on its canvas, padded or cropped.

    Only the part that is kept is scaled, so an image of 1x20000 pixels needs only its canvas.
    """
    inner = cast("tuple[int, int]", tuple(map(min, how.scaled, how.canvas)))
    if how.scaled == image.size:
        left, top = ((a - b) // 2 for a, b in zip(image.size, inner, strict=True))
        if inner != image.size:
            image = image.crop((left, top, left + inner[0], top + inner[1]))
    else:
        image = image.resize(inner, filtered, box=_middle(image.size, how.scaled, inner))
    if not how.padded:
        return image
    ground: Any = padding if image.mode == "RGB" else (*padding, 255)
    canvas = Pillow.new(image.mode, how.canvas, padding[0] if image.mode == "L" else ground)
    left, top = ((a - b) // 2 for a, b in zip(how.canvas, inner, strict=True))
    canvas.paste(image, (left, top))
    return canvas


def _middle(
    size: tuple[int, int], scaled: tuple[int, int], inner: tuple[int, int]
) -> tuple[float, float, float, float]:
    """Return the part of an image of ``size`` that fills ``inner`` after scaling to ``scaled``."""
    width, height = (s * i / f for s, i, f in zip(size, inner, scaled, strict=True))
    left, top = (size[0] - width) / 2, (size[1] - height) / 2
    return left, top, min(left + width, size[0]), min(top + height, size[1])


# --- the file ------------------------------------------------------------------------------


def _ladder(read: Read, image: Image, recipe: ImageRecipe) -> Iterator[Callable[[], bytes | None]]:
    """Yield functions that encode the image, least lossy first."""
    fmt, limit = recipe.format, recipe.limit
    webp = max(image.size) <= encode.WEBP_SIDE
    exact = recipe.pixels_kept or not recipe.may_lose
    if fmt == "jpeg":
        yield lambda: encode.lossy(image, "jpeg", limit)
        return
    if fmt != "webp":
        yield lambda: encode.lossless(image, fmt, limit)
    if webp and (fmt != "webp" or exact or _is_lossless_webp(read)):
        yield lambda: encode.lossless(image, "webp", limit)
    if exact:
        return
    if webp and (fmt == "webp" or image.mode == "RGBA"):
        yield lambda: encode.lossy(image, "webp", limit)
    if image.mode != "RGBA":
        yield lambda: encode.lossy(image, "jpeg", limit)


def _is_lossless_webp(read: Read) -> bool:
    """Whether the first image of a WEBP is lossless."""
    at, end = 12, read.opened.size
    while at + 8 <= end:
        head = read.opened.read_at(at, 8)
        if head[:4] in (b"VP8L", b"VP8 "):
            return head[:4] == b"VP8L"
        length = int.from_bytes(head[4:], "little")
        # The image data of a frame follows the frame's own header.
        at += 8 + (16 if head[:4] == b"ANMF" else length + (length & 1))
    return False


def _tables(image: Image, facts: ImageFacts) -> dict[str, Any] | None:
    """Return a JPEG's quantization tables and subsampling, rotated with the image.

    None where the decoder does not supply them.
    """
    layers: Any = getattr(image, "layer", None)
    tables: Any = getattr(image, "quantization", None)
    if not layers or not tables or any(layer[3] not in tables for layer in layers):
        return None
    used = [list(tables[layer[3]]) for layer in layers]
    if used[1:2] == used[2:3]:
        used = used[:2]
    from PIL.JpegImagePlugin import get_sampling

    # Pillow returns -1 for a subsampling that it cannot write.
    sampling = max(get_sampling(cast("Any", image)), _FULL)
    if facts.orientation in _ON_ITS_SIDE:
        used = [[table[8 * (i % 8) + i // 8] for i in range(64)] for table in used]
        sampling = _FULL if sampling == _HALF_WIDTH else sampling
    return {"qtables": used, "subsampling": sampling}


def made_format(data: bytes) -> str:
    """Return the format of the output of ``make_image``, which may differ from the recipe's."""
    return sniff_image(data[:HEAD_BYTES]) or ""


def as_made(plan: Plan, facts: ImageFacts, data: bytes) -> Plan:
    """Return the plan with the actual output format, where the recipe's did not fit."""
    recipe, fmt = plan.recipe, made_format(data)
    if not isinstance(recipe, ImageRecipe) or fmt == recipe.format:
        return plan
    edits = [edit for edit in plan.edits if edit.edit != "convert-format"]
    if fmt != facts.format:
        names = [shown_format(one) for one in (facts.format, fmt, recipe.format)]
        text = f"{names[0]} to {names[1]}, since as {names[2]} it would be too large"
        last = next((e for e in edits if e.edit == "recompress"), None)
        reason = ("limit",) if last is None else last.reason
        edits.insert(
            len(edits) if last is None else edits.index(last), Edit("convert-format", reason, text)
        )
    return replace(plan, edits=tuple(edits))
