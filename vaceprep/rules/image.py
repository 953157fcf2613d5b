"""The rules for images, VP201 to VP216, and the order in which they apply."""

from __future__ import annotations

from typing import Final

from vaceprep.contract import (
    IMAGE_BYTES_BINARY,
    IMAGE_BYTES_DECIMAL,
    IMAGE_FORMATS,
    IMAGE_FORMATS_TEXT,
    IMAGE_INLINE_CHARACTERS,
    IMAGE_SIDE,
    MAX_IMAGE_PIXELS,
)
from vaceprep.facts import ImageFacts, Unreadable, VideoFacts
from vaceprep.formats import ENDINGS, ending, name_disagrees, shown_format
from vaceprep.rules import codes
from vaceprep.rules.catalogue import Asset, Finding, Rule, Severity, rule, rules_of, run
from vaceprep.wording import decimal

ERROR, WARNING, ADVICE = Severity.ERROR, Severity.WARNING, Severity.ADVICE

AnyFacts = ImageFacts | VideoFacts | Unreadable
#: Failures that other rules report: the file is an image or video, and apparently complete.
_NOT_UNREADABLE: Final = ("bomb", "unsupported-image", "moving-image")
#: Failures after which a part may still decode.
_DAMAGED: Final = ("broken", "truncated")
#: Formats of which ``prepare --salvage`` keeps the rows that decode. The decoders of other formats
#: return nothing for a damaged file.
SALVAGED: Final = ("jpeg", "png", "gif", "bmp")
_PLAIN_MODES: Final = frozenset(["RGB", "RGBA", "RGBX", "RGBa", "L", "LA", "La"])
_PLAIN_DEPTH: Final = 8
_MASK: Final = "mask_image_url"


def _is_video(facts: AnyFacts) -> bool:
    moving = isinstance(facts, Unreadable) and facts.reason == "moving-image"
    return moving or isinstance(facts, VideoFacts)


@rule(
    codes.IMAGE_FORMAT,
    ERROR,
    "M",
    fires=f"the bytes are an image, but not {IMAGE_FORMATS_TEXT}; or a video",
    fix="convert to PNG or JPEG; a video where an image is due cannot be fixed",
    why="The service reads six image formats and refuses the rest, whatever the name says.",
)
def image_format(rule: Rule, facts: AnyFacts, asset: Asset) -> Finding | None:
    """M: the format by content."""
    if _is_video(facts):
        found = facts.container if isinstance(facts, VideoFacts) else facts.format
        return rule.found(
            f"it is a video, where {asset.role} takes an image",
            measured=found or "video",
            allowed=IMAGE_FORMATS_TEXT,
            fix="",
        )
    if isinstance(facts, VideoFacts) or facts.format is None or facts.format in IMAGE_FORMATS:
        return None
    return rule.found(
        f"the format is {shown_format(facts.format)}, not {IMAGE_FORMATS_TEXT}",
        measured=facts.format,
        allowed=IMAGE_FORMATS_TEXT,
        # A format that cannot be decoded here cannot be converted either.
        fix="convert to PNG" if isinstance(facts, ImageFacts) else "",
    )


@rule(
    codes.IMAGE_SIZE,
    (ERROR, WARNING),
    "M",
    fires=f"more than 10 MB: over {IMAGE_BYTES_BINARY:,} bytes is an error, over "
    f"{IMAGE_BYTES_DECIMAL:,} a warning; a data: URI over {IMAGE_INLINE_CHARACTERS:,} characters "
    "is an error",
    fix="recompress: without loss first, then WEBP or JPEG at the best quality that fits",
    why="The limit is 10 MB and no source says which megabyte; between the two readings a "
    "file may be refused. Upstream limits a data: URI by its text, which is a third longer than "
    "the image.",
)
def image_size(rule: Rule, facts: AnyFacts, asset: Asset) -> Finding | None:
    """M: at most 10 MB, in both readings of MB; inline, the text counts too."""
    limits = asset.limits
    least, most = limits.image_bytes
    if facts.bytes is None:
        return rule.found("the number of bytes could not be measured", allowed=least, unit="bytes")
    over = facts.bytes > most
    if not over and asset.inline is not None and asset.inline > limits.inline_characters:
        return rule.found(
            f"its data: URI has {asset.inline:,} characters; upstream takes at most "
            f"{limits.inline_characters:,}: publish it, and write its URL",
            measured=asset.inline,
            allowed=limits.inline_characters,
            unit="characters",
            fix="",
        )
    if facts.bytes <= least:
        return None
    return rule.found(
        f"it has {facts.bytes:,} bytes; the limit is {decimal(limits.image_megabytes)} MB"
        f"{'' if over else f', which may mean {least:,} bytes'}{limits.note('image_megabytes')}",
        measured=facts.bytes,
        allowed=most if over else least,
        unit="bytes",
        severity=ERROR if over else WARNING,
    )


@rule(
    codes.IMAGE_DIMENSIONS,
    ERROR,
    "M",
    fires=f"a side as displayed is outside {IMAGE_SIDE[0]} to {IMAGE_SIDE[1]} px (masks follow "
    "the video's size instead)",
    fix="scale; where no scale fits both sides, pad or crop",
    why="The service refuses smaller and larger images.",
)
def image_dimensions(rule: Rule, facts: AnyFacts, asset: Asset) -> Finding | None:
    """M: each side 360 to 2000 px, as displayed."""
    if asset.role == _MASK or _is_video(facts) or facts.width is None or facts.height is None:
        # Unmeasured only if the file is unreadable or cannot be decoded: VP204 or VP201 reports it.
        return None
    low, high = asset.limits.image_side
    if low <= min(facts.width, facts.height) and max(facts.width, facts.height) <= high:
        return None
    return rule.found(
        f"it is {facts.width}x{facts.height} px; each side must be {low} to {high} px"
        f"{asset.limits.note('image_side_min', 'image_side_max')}",
        measured=f"{facts.width}x{facts.height}",
        allowed=f"{low} to {high}",
        unit="px",
    )


@rule(
    codes.IMAGE_UNREADABLE,
    ERROR,
    "M",
    fires="it cannot be opened, is no image, ends too early, or its pixels do not decode",
    fix="with prepare --salvage: what still decodes of a JPEG, PNG, GIF or BMP",
    why="What cannot be read here will not be read there; the upload would be wasted.",
)
def image_unreadable(rule: Rule, facts: AnyFacts, asset: Asset) -> Finding | None:
    """M: an image that opens and decodes."""
    if isinstance(facts, Unreadable) and facts.reason not in _NOT_UNREADABLE:
        partly = facts.reason in _DAMAGED and facts.format in SALVAGED
        return rule.found(
            f"cannot be read: {facts.message}",
            measured=facts.reason,
            fix="with prepare --salvage: what still decodes" if partly else "",
        )
    if isinstance(facts, ImageFacts) and not facts.decoded:
        return rule.found(
            f"it is too large to be decoded here ({facts.stored_width}x{facts.stored_height} "
            "pixels), so it could not be proved whole",
            fix="",
        )
    return None


@rule(
    codes.IMAGE_BOMB,
    ERROR,
    "J",
    fires=f"the header claims more than {MAX_IMAGE_PIXELS:,} pixels; it is not decoded",
    why="A few bytes can claim a picture that fills the memory; no accepted image is that large.",
)
def image_bomb(rule: Rule, facts: AnyFacts, asset: Asset) -> Finding | None:
    """J: declared pixels, before decoding any."""
    if not isinstance(facts, Unreadable) or facts.reason != "bomb":
        return None
    pixels = None
    if facts.width is not None and facts.height is not None:
        pixels = facts.width * facts.height
    return rule.found(
        f"it was not decoded: {facts.message}",
        measured=pixels,
        allowed=MAX_IMAGE_PIXELS,
        unit="px",
    )


@rule(
    codes.IMAGE_NAME,
    WARNING,
    "J",
    fires="the ending of the name and the bytes disagree",
    fix="rename on output",
    why="Some readers, and servers that announce a type, go by the name.",
)
def image_name(rule: Rule, facts: AnyFacts, asset: Asset) -> Finding | None:
    """J: the format by content; the name is only compared with it."""
    if asset.name is None or isinstance(facts, VideoFacts) or facts.format is None:
        return None
    if _is_video(facts) or not name_disagrees(asset.name, facts.format):
        return None
    found = ending(asset.name)
    return rule.found(
        f"the name ends in {found}, but the bytes are {shown_format(facts.format)}",
        measured=found,
        allowed=", ".join(ENDINGS.get(facts.format, ())) or None,
    )


@rule(
    codes.IMAGE_ORIENTATION,
    WARNING,
    "J",
    fires="the EXIF orientation is not 1, so the picture is stored turned or mirrored",
    fix="turn the pixels upright",
    why="A reader that ignores the mark sees the picture lying on its side.",
)
def image_orientation(rule: Rule, facts: AnyFacts, asset: Asset) -> Finding | None:
    """J: EXIF orientation 2 to 8."""
    if not isinstance(facts, ImageFacts) or facts.orientation == 1:
        return None
    return rule.found(
        f"the EXIF orientation is {facts.orientation}: stored as {facts.stored_width}x"
        f"{facts.stored_height}, shown as {facts.width}x{facts.height}",
        measured=facts.orientation,
        allowed=1,
    )


@rule(
    codes.IMAGE_ALPHA,
    WARNING,
    "J",
    fires="an alpha channel or transparent colour that is not opaque everywhere",
    fix="flatten onto white, or the colour given; masks onto black",
    why="No source says what the service shows behind transparent pixels.",
)
def image_alpha(rule: Rule, facts: AnyFacts, asset: Asset) -> Finding | None:
    """J: alpha that is used; an opaque channel does not count."""
    if not isinstance(facts, ImageFacts) or facts.has_alpha is False:
        return None
    mask = asset.role == _MASK
    fix = "flatten onto black" if mask else "flatten onto white, or the colour given"
    measured = None if facts.has_alpha is None else "transparent"
    unknown = "whether pixels are transparent could not be measured"
    message = unknown if measured is None else "some pixels are transparent"
    return rule.found(message, measured=measured, allowed="opaque", fix=fix)


@rule(
    codes.IMAGE_MODE,
    (WARNING, ADVICE),
    "J",
    fires="the pixels are not 8-bit RGB or grey, alpha apart (for masks: advice)",
    fix="convert to 8-bit RGB",
    why="CMYK, palettes, 16-bit and the like are read differently by different readers.",
)
def image_mode(rule: Rule, facts: AnyFacts, asset: Asset) -> Finding | None:
    """J: a JPEG's own YCbCr counts as RGB."""
    if not isinstance(facts, ImageFacts):
        return None
    severity = ADVICE if asset.role == _MASK else WARNING
    if facts.mode in _PLAIN_MODES:
        if facts.bit_depth == _PLAIN_DEPTH:
            return None
        if facts.bit_depth is None:
            message = f"the pixels are {facts.mode}, but their depth could not be measured"
            return rule.found(message, allowed="8-bit RGB or grey", severity=severity)
    depth = "" if facts.bit_depth is None else f"{facts.bit_depth}-bit "
    return rule.found(
        f"the pixels are {depth}{_mode_in_words(facts.mode)}, not 8-bit RGB or grey",
        measured=facts.mode,
        allowed="8-bit RGB or grey",
        severity=severity,
    )


@rule(
    codes.IMAGE_PROFILE,
    WARNING,
    "J",
    fires="colours other than sRGB, given by an ICC profile, by gAMA, cHRM or cICP (PNG) or nclx "
    "(AVIF, HEIC); PQ and HLG are named as HDR",
    fix="convert the pixels to sRGB",
    why="A reader that ignores what is said of the colours shows others than you see.",
)
def image_profile(rule: Rule, facts: AnyFacts, asset: Asset) -> Finding | None:
    """J: by the numbers of a profile, not by its name."""
    if not isinstance(facts, ImageFacts) or facts.srgb:
        return None
    name = facts.icc_profile
    relation = "could not be measured" if name is None else f"is {name}, not sRGB"
    return rule.found(f"the colour profile {relation}", measured=name, allowed="sRGB")


@rule(
    codes.IMAGE_ANIMATED,
    WARNING,
    "J",
    fires="more than one frame or page",
    fix="keep the first",
    why="One image is asked for; which of several the service takes is not said.",
)
def image_animated(rule: Rule, facts: AnyFacts, asset: Asset) -> Finding | None:
    """J: frames or pages."""
    if not isinstance(facts, ImageFacts) or facts.frames <= 1:
        return None
    kind = "pages" if facts.format == "tiff" else "frames"
    return rule.found(f"it has {facts.frames} {kind}", measured=facts.frames, allowed=1, unit=kind)


@rule(
    codes.IMAGE_LOCATION,
    ADVICE,
    "J",
    fires="the metadata contain a GPS position or a serial number",
    fix="strip them, without loss",
    why="The file is made public to be fetched, and anyone can read where it was taken.",
)
def image_location(rule: Rule, facts: AnyFacts, asset: Asset) -> Finding | None:
    """J: names of the metadata fields, never their values."""
    if not isinstance(facts, ImageFacts) or not facts.location:
        return None
    names = ", ".join(facts.location)
    return rule.found(f"its metadata hold {names}", measured=names)


def _mode_in_words(mode: str) -> str:
    base = mode.partition(";")[0]
    words = {"P": "palette", "PA": "palette", "1": "black and white", "I": "grey", "F": "float"}
    words |= {"L": "grey", "LA": "grey with alpha", "RGBA": "RGB with alpha", "LAB": "Lab"}
    return words.get(base, base)


RULES: Final = rules_of(globals())
#: Rules besides VP204 that a header alone can decide.
_PROVEN_BY_HEADER: Final = (image_format, image_dimensions, image_unreadable)
#: Rules that need no pixels.
_WITHOUT_PIXELS: Final = (image_format, image_size, image_dimensions, image_bomb, image_name)


def judge_image(facts: AnyFacts, asset: Asset) -> list[Finding]:
    """Return all findings of the image rules on one file, by code.

    VP204 suppresses all other image rules, except VP201 and VP203 if the header proves them; a
    video has only VP201.
    """
    if isinstance(facts, VideoFacts):
        return run([image_format], facts, asset)
    if isinstance(facts, ImageFacts):
        return run(RULES, facts, asset)
    by_header = facts.reason not in _NOT_UNREADABLE
    return run(_PROVEN_BY_HEADER if by_header else _WITHOUT_PIXELS, facts, asset)
