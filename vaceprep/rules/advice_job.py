"""VP605 to VP609 and VP612: what the model makes of a job that is accepted. Pure.

All are advice. The rules compare only measured facts: a file without facts has its own finding.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from fractions import Fraction
from typing import Final

from vaceprep.contract import MAX_CLIP_SECONDS, OUTPUT_SECONDS, SCALE_FIELDS, SIZES
from vaceprep.contract_advice import BUSY_SHARE, KEPT_LINEAR, NEW_SECONDS, WHITE_SHARE
from vaceprep.facts import ImageFacts
from vaceprep.model_view import CAVEAT
from vaceprep.model_view.canvas import Scales, outpainted, white_share
from vaceprep.rules import codes
from vaceprep.rules.catalogue import Finding, Rule, Severity, rule, rules_of, run_all
from vaceprep.rules.draft import Draft, Findings, pointer
from vaceprep.rules.job_media import Together
from vaceprep.wording import decimal

ADVICE: Final = Severity.ADVICE
#: Words that begin an order rather than a description.
ORDERS: Final = (
    "replace remove make change add delete erase turn convert transform swap edit modify put give "
    "keep extend expand generate create please"
).split()
#: The same in Chinese. 将军 (a general) and 把手 (a handle) are no orders, 将来 is the future.
CHINESE_ORDERS: Final = (
    "把(?!手)", "将(?!军|来|领|士)", "替换", "换成", "删除", "去掉", "去除", "移除", "添加", "加上",
    "修改", "请", "让",
)  # fmt: skip
_ORDER: Final = re.compile(
    rf"[\s\"'“‘「]*(?:(?P<word>{'|'.join(ORDERS)})(?=[\s,:])|(?P<sign>{'|'.join(CHINESE_ORDERS)}))",
    re.IGNORECASE,
)


def _scales(draft: Draft) -> Scales | None:
    """The four scales of an outpainting; None if one is invalid."""
    given = {name.partition("_")[0]: draft.values.get(name, 1.0) for name in SCALE_FIELDS}
    if any(map(draft.failed, SCALE_FIELDS)):
        return None
    return Scales(**given)


@rule(
    codes.OUTPAINT_SHRINKS,
    ADVICE,
    "U G",
    fires="an outpainted video keeps under half of its linear size in the result",
    why="The result has 720p at most, so the more is added around it, the smaller the original "
    "becomes. Expand by smaller scales, or in fewer directions.",
    subject="job",
)
def outpaint_shrinks(rule: Rule, job: Together) -> Findings:
    video = job.video("video_url")
    scales = _scales(job.draft)
    if job.draft.function != "video_outpainting" or video is None or scales is None:
        return
    width, height = video.width, video.height
    if min(width, height) < 1 or scales == Scales():
        return
    result = outpainted(width, height, scales, video.frames or 1)
    if result.kept >= KEPT_LINEAR:
        return
    yield rule.found(
        f"the original's {width}x{height} px become {result.original.width}x"
        f"{result.original.height} of {result.width}x{result.height}; expand by less ({CAVEAT})",
        measured=round(result.kept, 4),
        allowed=float(KEPT_LINEAR),
        unit="of its size",
        pointer=f"/{_largest(scales)}",
    )


def _largest(scales: Scales) -> str:
    """The field of the largest scale."""
    name = max(scales._fields, key=lambda field: float(getattr(scales, field)))
    return f"{name}_scale"


@rule(
    codes.LITTLE_NEW,
    ADVICE,
    "U",
    fires="the given clips leave under 3 s of new video",
    why="An extension costs 5 s, and the clips that are given are part of them. "
    "Give a shorter clip: its end, or a frame, is enough to go on from.",
    subject="job",
)
def little_new(rule: Rule, job: Together) -> Findings:
    if job.draft.function != "video_extension":
        return
    given = [(name, job.video(name)) for name in ("first_clip_url", "last_clip_url")]
    # Longer clips are cut before they are sent (VP104).
    lengths = {
        name: min(video.duration, MAX_CLIP_SECONDS)
        for name, video in given
        if video is not None and video.duration is not None
    }
    new = OUTPUT_SECONDS - sum(lengths.values(), Fraction(0))
    if not lengths or new >= NEW_SECONDS:
        return
    yield rule.found(
        f"only {decimal(max(new, Fraction(0)), NEW_SECONDS)} s of the {OUTPUT_SECONDS} s are new "
        "video; give a shorter clip",
        measured=float(max(new, Fraction(0))),
        allowed=float(NEW_SECONDS),
        unit="s",
        pointer=f"/{max(lengths, key=lambda name: lengths[name])}",
    )


def _canvas(job: Together) -> tuple[int, int] | None:
    """The size of the result, where references are laid on a canvas of it; None if unknown."""
    draft = job.draft
    if draft.function in ("image_reference", "video_edit"):
        size = draft.values.get("size", SIZES[0])
        if draft.failed("size") or size not in SIZES:
            return None
        width, _, height = str(size).partition("*")
        return int(width), int(height)
    video = job.video("video_url") if draft.function == "video_repainting" else None
    if video is None or min(video.width, video.height) < 1:
        return None
    return video.width, video.height


def _references(job: Together) -> Iterator[tuple[int, str, ImageFacts]]:
    """The numbers, pointers and facts of the reference images that are measured."""
    for number in range(job.draft.references() or 0):
        at = pointer("ref_images_url", number)
        facts = job.media.get(at)
        if isinstance(facts, ImageFacts) and min(facts.width, facts.height) > 0:
            yield number, at, facts


@rule(
    codes.BUSY_REFERENCE,
    ADVICE,
    "U",
    fires="the border (outer 5 %) of an obj reference is not plain (where it is decoded: --deep)",
    why="A reference shall show one subject, and what is around it is taken for a part of it. "
    "Put the subject on a plain background, or label the image bg.",
    subject="image",
)
def busy_reference(rule: Rule, job: Together) -> Findings:
    labels = job.draft.values.get("obj_or_bg")
    for number, at, facts in _references(job):
        named = labels[number] if isinstance(labels, list) and number < len(labels) else "obj"
        if named == "obj" and facts.busy_border is not None and facts.busy_border > BUSY_SHARE:
            yield rule.found(
                f"{100 * facts.busy_border:.0f} % of this reference's border is not plain; put "
                "the subject on a plain background",
                measured=round(facts.busy_border, 4),
                allowed=float(BUSY_SHARE),
                unit="of the border",
                pointer=at,
            )


@rule(
    codes.REFERENCE_SHAPE,
    ADVICE,
    "G",
    fires="over a third of the canvas stays white around a reference image",
    why="A reference is scaled to fit a white canvas of the result's size, and the white is seen "
    "too. Crop it to about the result's shape, or ask for another size.",
    subject="job",
)
def reference_shape(rule: Rule, job: Together) -> Findings:
    canvas = _canvas(job)
    if canvas is None:
        return
    for _, at, facts in _references(job):
        share = white_share((facts.width, facts.height), canvas)
        if share > WHITE_SHARE:
            yield rule.found(
                f"{float(100 * share):.0f} % of the canvas ({canvas[0]}x{canvas[1]}) stays white "
                f"around this {facts.width}x{facts.height} image; crop it to the canvas's shape "
                f"({CAVEAT})",
                measured=round(float(share), 4),
                allowed=round(float(WHITE_SHARE), 4),
                unit="of the canvas",
                pointer=at,
            )


@rule(
    codes.PROMPT_COMMANDS,
    ADVICE,
    "G",
    fires="the prompt begins with an order (replace, remove, make, ...; 把, 将, 替换)",
    why="The model was taught with descriptions, and an order is a poor one. "
    "Describe the result: “A woodcut of a harbour”, not “Make it a woodcut”.",
    subject="job",
)
def prompt_commands(rule: Rule, job: Together) -> Findings:
    prompt = job.draft.values.get("prompt")
    found = _ORDER.match(prompt) if isinstance(prompt, str) else None
    if found:
        word = found.group("word") or found.group("sign")
        yield rule.found(
            f"the prompt begins with an order (“{word}”); describe the result instead",
            measured=word,
            allowed="a description",
            pointer="/prompt",
        )


@rule(
    codes.MASK_VIDEO_DOUBTFUL,
    ADVICE,
    "U R",
    fires="mask_video_url is used",
    why="Integrators saw it wipe the foreground, and upstream recommends an image. "
    "Use mask_image_url with mask_type: tracking where one object is to be followed.",
    subject="job",
)
def mask_video_doubtful(rule: Rule, job: Together) -> Findings:
    draft = job.draft
    if draft.function == "video_edit" and draft.has("mask_video_url"):
        yield rule.found(
            "upstream recommends mask_image_url with mask_type: tracking",
            measured="mask_video_url",
            allowed="mask_image_url",
            pointer="/mask_video_url",
        )


RULES: Final = rules_of(globals())


def advise(job: Together) -> list[Finding]:
    """Return the advice on a job and its media; none if the job cannot be read."""
    return [] if job.draft.broken is not None else run_all(RULES, job)
