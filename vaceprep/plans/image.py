"""Plan an image's edits with the least damage: nothing, rename, metadata, pixels.

Pure. A re-encoded image is always upright, without metadata and in sRGB, since a new file has
neither an orientation nor a profile. Sizes are displayed pixels.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from fractions import Fraction
from typing import Final

from vaceprep.contract import IMAGE_FORMATS, Role
from vaceprep.facts import ImageFacts, Unreadable, VideoFacts
from vaceprep.limits import Limits
from vaceprep.plans import wording
from vaceprep.plans.model import (
    BLACK,
    NOTHING_ASKED,
    Colour,
    Edit,
    ImageRecipe,
    Mode,
    Options,
    Plan,
    errors,
    impossible,
    unfixed,
    wanted,
)
from vaceprep.plans.predict import MASK, predict_image
from vaceprep.plans.size import Fit, fit, scaled_to
from vaceprep.rules import codes
from vaceprep.rules.catalogue import Asset, Finding
from vaceprep.rules.judge import judge

#: The rules fixed only if the options give a size.
SIZED: Final = frozenset([codes.MASK_DIMENSIONS, codes.INPUTS_DISAGREE])
#: The rules fixed here.
FIXED: Final = SIZED | {
    codes.IMAGE_FORMAT,
    codes.IMAGE_SIZE,
    codes.IMAGE_DIMENSIONS,
    codes.IMAGE_NAME,
    codes.IMAGE_ORIENTATION,
    codes.IMAGE_ALPHA,
    codes.IMAGE_MODE,
    codes.IMAGE_PROFILE,
    codes.IMAGE_ANIMATED,
    codes.IMAGE_LOCATION,
    codes.MASK_NOT_BINARY,
    codes.MASK_EMPTY,
}
#: Rules that need no new pixels if the format's metadata can be cut out of the file.
WITHOUT_PIXELS: Final = frozenset([codes.IMAGE_ANIMATED, codes.IMAGE_LOCATION])
CUT_OUT: Final = ("jpeg", "png", "webp")
#: Formats that keep every pixel.
LOSSLESS: Final = ("png", "tiff", "bmp")
#: Photographs: as PNG they would be several times as large.
PHOTOGRAPHS: Final = ("heic", "heif", "avif")
#: Formats that cannot hold transparency as written here.
OPAQUE: Final = ("jpeg", "bmp")
PLAIN: Final = frozenset(["RGB", "RGBA", "RGBX", "RGBa", "L", "LA", "La"])
GREY: Final = frozenset(["1", "L", "LA", "La", "I", "F"])
#: Modes for which one byte per pixel is enough without loss.
FEW_COLOURS: Final = frozenset(["1", "P", "L", "LA", "La"])
#: Pixels by which a mask's shape may differ from the video's.
SLACK: Final = 1
#: Reserve for headers and checksums in a file of uncompressed pixels: a share, and bytes.
SPARE: Final = (100, 4096)
HEIC_EXTRA: Final = "pip install 'vaceprep[heic]' lets it be converted"


def plan_image(
    facts: ImageFacts | VideoFacts | Unreadable,
    findings: Sequence[Finding],
    role: Role,
    options: Options = NOTHING_ASKED,
) -> Plan:
    """Return the plan that fixes an image under a role; ``findings`` are the rules' on ``facts``.

    Impossible, with the findings that say why, if an error cannot be fixed.
    """
    if not isinstance(facts, ImageFacts):
        return _unreadable(facts, tuple(findings), role, options.limits)
    planner = _Planner(facts, tuple(findings), role, options)
    hopeless = errors(planner.remaining)
    if hopeless:
        return impossible(role, hopeless)
    plan = planner.plan()
    after = predict_image(plan, facts)
    # The rules may refuse a size that a job asks for. The input findings decide on a plan that
    # changes nothing.
    left = errors(judge(after, Asset(role, limits=options.limits))) if plan.recipe else ()
    return impossible(role, left) if left else plan


def _unreadable(
    facts: VideoFacts | Unreadable, findings: tuple[Finding, ...], role: Role, limits: Limits
) -> Plan:
    left = errors(findings) or errors(judge(facts, Asset(role, limits=limits)))
    if isinstance(facts, Unreadable) and facts.reason == "unsupported-image":
        heic = facts.format in ("heic", "heif")
        left = tuple(
            unfixed(f, HEIC_EXTRA) if heic and f.code == codes.IMAGE_FORMAT else f for f in left
        )
    return impossible(role, left)


def agrees(mask: tuple[int, int], video: tuple[int, int]) -> bool:
    """Return whether a mask scaled to one side of the video has its other side within 1 px."""
    across = Fraction(mask[0] * video[1], mask[1]) - video[0]
    down = Fraction(mask[1] * video[0], mask[0]) - video[1]
    return min(abs(across), abs(down)) <= SLACK


class _Planner:
    """Builds one plan: what is wanted, and whether it needs new pixels."""

    def __init__(
        self, facts: ImageFacts, findings: tuple[Finding, ...], role: Role, options: Options
    ) -> None:
        self.facts, self.role, self.options = facts, role, options
        self.is_mask = role == MASK
        self.shown = (facts.width, facts.height)
        self.target = None if options.size == self.shown else options.size
        fits = self.target is None or not self.is_mask or agrees(self.shown, self.target)
        to_fix = filter(self._wants, findings)
        self.wanted = {f.code: f for f in to_fix if fits or f.code not in SIZED}
        self.remaining = tuple(f for f in findings if f.code not in self.wanted)
        if not fits and not any(f.code == codes.MASK_DIMENSIONS for f in findings):
            self.remaining += (self._misfit(),)
        #: Why new pixels are needed.
        self.forced = self._forced()

    def _wants(self, finding: Finding) -> bool:
        if finding.code not in FIXED or not wanted(finding, self.options):
            return False
        if finding.code in SIZED:
            return self.target is not None
        if finding.code == codes.IMAGE_DIMENSIONS:
            # The image already has the requested size: no other may be set.
            return self.options.size != self.shown
        if finding.code == codes.MASK_EMPTY:
            # Grey pixels may still become white; without any, there is nothing to edit.
            return self.facts.mask is not None and self.facts.mask.other > 0
        return True

    def _misfit(self) -> Finding:
        from vaceprep.rules.job_media import mask_dimensions

        return mask_dimensions.found(
            f"the mask is {wording.px(self.shown)} px, of another shape than "
            f"{wording.px(self.target or self.shown)}",
            measured=wording.px(self.shown),
            allowed=wording.px(self.target or self.shown),
            unit="px",
            fix="",
        )

    def _slugs(self, *rules: str) -> tuple[str, ...]:
        return tuple(self.wanted[code].rule for code in rules if code in self.wanted)

    def _reason(self, *rules: str) -> tuple[str, ...]:
        """Return the rules (slugs) that an edit fixes; if none, those that need new pixels."""
        return self._slugs(*rules) or self.forced

    def _forced(self) -> tuple[str, ...]:
        slugs = self._slugs(*(c for c in sorted(self.wanted) if c != codes.IMAGE_NAME))
        return slugs or (("size",) if self.target is not None else ())

    def plan(self) -> Plan:
        """Return the plan with the least damage."""
        facts, fixed = self.facts, self.wanted.keys() - {codes.IMAGE_NAME}
        size = self._size()
        if not fixed and size is None:
            return Plan(self.role, self._renamed(facts.format), True, None, self.remaining)
        kept = fixed <= WITHOUT_PIXELS and size is None and facts.format in CUT_OUT
        if kept and facts.orientation == 1:
            recipe = ImageRecipe(
                facts.format,
                pixels_kept=True,
                mode="RGBA" if facts.mode in ("RGBA", "RGBa") else "RGB",
                limit=self.options.limits.image_bytes[0],
            )
            return Plan(self.role, self._cut_edits(recipe), True, recipe, self.remaining)
        recipe = self._recipe(size)
        lossless = self._lossless(recipe)
        recipe = replace(recipe, may_lose=not (lossless or self.is_mask))
        return Plan(self.role, self._edits(recipe), lossless, recipe, self.remaining)

    # --- what comes out --------------------------------------------------------------------

    def _size(self) -> Fit | None:
        if self.target is not None:
            if self.is_mask:
                return Fit(self.target, self.target)
            return scaled_to(self.shown, self.target, self.options.shape)
        if codes.IMAGE_DIMENSIONS in self.wanted:
            return fit(self.shown, self.options.limits.image_side, self.options.shape)
        return None

    def _recipe(self, size: Fit | None) -> ImageRecipe:
        facts, options = self.facts, self.options
        fmt, alpha = self._format(), facts.has_alpha is not False
        flatten: Colour | None = None
        if alpha and self.is_mask:
            flatten = BLACK
        elif alpha and (codes.IMAGE_ALPHA in self.wanted or fmt in OPAQUE):
            flatten = options.behind
        mode: Mode = "RGB"
        if self.is_mask:
            mode = "L"
        elif alpha and flatten is None:
            mode = "RGBA"
        elif facts.mode.partition(";")[0] in GREY and fmt != "webp":
            tints = [flatten] if flatten else []
            tints += [options.beside] if size is not None and size.padded else []
            mode = "L" if all(len(set(tint)) == 1 for tint in tints) else "RGB"
        canvas = self.shown if size is None else size.canvas
        limit = options.limits.image_bytes[0]
        if fmt == "bmp" and _bmp_bytes(canvas, mode) > limit:
            fmt = "png"
        turned = self.wanted.keys() <= {
            codes.IMAGE_NAME,
            codes.IMAGE_ORIENTATION,
            codes.IMAGE_ANIMATED,
            codes.IMAGE_LOCATION,
        }
        return ImageRecipe(
            format=fmt,
            mode=mode,
            to_srgb=not facts.srgb and not self.is_mask,
            flatten=flatten,
            size=size,
            padding=BLACK if self.is_mask else options.beside,
            threshold=self.is_mask,
            own_tables=turned and size is None and fmt == facts.format == "jpeg",
            recompress=codes.IMAGE_SIZE in self.wanted,
            limit=limit,
        )

    def _format(self) -> str:
        facts = self.facts
        if self.is_mask:
            return "png"
        if facts.format in IMAGE_FORMATS:
            return facts.format
        return "jpeg" if facts.format in PHOTOGRAPHS and facts.has_alpha is False else "png"

    def _lossless(self, recipe: ImageRecipe) -> bool:
        """Return whether the pixels certainly stay the same."""
        facts, mask = self.facts, self.facts.mask
        if recipe.flatten or recipe.size or facts.has_alpha is not False:
            return False
        if self.is_mask:
            # Pure black and white cannot become another shade.
            return mask is not None and not mask.other
        base = facts.mode.partition(";")[0]
        if recipe.to_srgb or recipe.format not in LOSSLESS or base not in PLAIN | FEW_COLOURS:
            return False
        if facts.bit_depth is None or facts.bit_depth > 8:
            return False
        # Noise does not compress, so require room for the uncompressed pixels.
        room = facts.width * facts.height * (1 if base in FEW_COLOURS else 3)
        return room + room // SPARE[0] + SPARE[1] <= recipe.limit

    # --- in words --------------------------------------------------------------------------

    def _renamed(self, fmt: str) -> tuple[Edit, ...]:
        if codes.IMAGE_NAME not in self.wanted:
            return ()
        return (Edit("rename", self._slugs(codes.IMAGE_NAME), wording.renamed(fmt)),)

    def _cut_edits(self, recipe: ImageRecipe) -> tuple[Edit, ...]:
        edits, facts = list(self._renamed(recipe.format)), self.facts
        if codes.IMAGE_LOCATION in self.wanted:
            text = f"{wording.stripped(facts)}; its pixels stay as they are"
            edits.append(Edit("strip", self._slugs(codes.IMAGE_LOCATION), text))
        if codes.IMAGE_ANIMATED in self.wanted:
            text = f"{wording.first(facts)}, its pixels as they are"
            edits.append(Edit("first-frame", self._slugs(codes.IMAGE_ANIMATED), text))
        return tuple(edits)

    def _edits(self, recipe: ImageRecipe) -> tuple[Edit, ...]:
        edits, facts = list(self._renamed(recipe.format)), self.facts

        def add(name: str, text: str, *rules: str) -> None:
            edits.append(Edit(name, self._reason(*rules), text))

        if facts.location:
            add("strip", wording.stripped(facts), codes.IMAGE_LOCATION)
        if facts.frames > 1:
            add("first-frame", wording.first(facts), codes.IMAGE_ANIMATED)
        if facts.orientation != 1:
            add("orient", wording.turned(facts, recipe.own_tables), codes.IMAGE_ORIENTATION)
        if not facts.srgb:
            add("convert-colours", wording.colours(facts, self.is_mask), codes.IMAGE_PROFILE)
        if recipe.flatten is not None:
            add("flatten", wording.flattened(recipe.flatten), codes.IMAGE_ALPHA)
        if facts.mode not in PLAIN or facts.bit_depth != 8:
            add("convert-mode", wording.mode(facts, recipe.mode), codes.IMAGE_MODE)
        reason = self._slugs(codes.IMAGE_DIMENSIONS, *sorted(SIZED)) or ("size",)
        edits += size_edits(self.shown, recipe, reason)
        if codes.MASK_NOT_BINARY in self.wanted or codes.MASK_EMPTY in self.wanted:
            add("threshold", wording.THRESHOLDED, codes.MASK_NOT_BINARY, codes.MASK_EMPTY)
        if recipe.format != facts.format:
            text = wording.converted(facts.format, recipe.format, self.is_mask)
            add("convert-format", text, codes.IMAGE_FORMAT)
        if recipe.recompress:
            add("recompress", wording.recompressed(recipe.format, recipe.limit), codes.IMAGE_SIZE)
        return tuple(edits)


def size_edits(
    shown: tuple[int, int], recipe: ImageRecipe, reason: tuple[str, ...]
) -> Iterator[Edit]:
    """Yield the edits from the displayed size to that of the recipe."""
    size = recipe.size
    if size is None:
        return
    if size.scaled != shown:
        yield Edit("scale", reason, wording.scaled(shown, size.scaled, recipe.threshold))
    if size.padded:
        yield Edit("pad", reason, wording.padded(size.canvas, recipe.padding))
    if size.cropped:
        yield Edit("crop", reason, wording.cropped(size))


def _bmp_bytes(size: tuple[int, int], mode: Mode) -> int:
    """Return the bytes of an uncompressed BMP: rows in words, two headers and a grey palette."""
    bits, palette = (8, 1024) if mode == "L" else (24, 0)
    return (size[0] * bits + 31) // 32 * 4 * size[1] + 54 + palette
