"""The limits of the service as a table, with the source of each number."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from vaceprep import contract


def _half(number: Fraction | int) -> str:
    return f"{float(number):g}"


def rows() -> Iterator[tuple[str, str, str]]:
    """Subject, limit and source marks of each row."""
    yield "video", "MP4", "M"
    yield "video: size", f"at most {contract.VIDEO_BYTES_DECIMAL // 10**6} MB", "M"
    yield "video: frames a second", f"at least {_half(contract.MIN_FPS)}", "M"
    seconds, clip = _half(contract.MAX_SECONDS), _half(contract.MAX_CLIP_SECONDS)
    yield "video: length", f"at most {seconds} s", "M"
    yield "first and last clip: length", f"at most {clip} s, each and together", "U"
    low, high = contract.VIDEO_SIDE
    yield "video: width and height", f"{low} to {high} px (reported: a warning)", "R"
    yield "image", contract.IMAGE_FORMATS_TEXT, "M"
    yield "image: size", f"at most {contract.IMAGE_BYTES_DECIMAL // 10**6} MB", "M"
    low, high = contract.IMAGE_SIDE
    yield "image: width and height", f"{low} to {high} px", "M"
    yield "mask", "pure black and white, as large as the video is shown", "U"
    yield "prompt", f"1 to {contract.MAX_PROMPT} characters", "M"
    yield "negative prompt", f"at most {contract.MAX_NEGATIVE_PROMPT} characters", "M"
    yield "reference images", f"1 to {contract.MAX_REFERENCES}", "M U"
    yield "every URL", "`http` or `https`, public, ASCII alone", "M U"
    yield "result", f"gone after {contract.RESULT_SECONDS // 3600} hours", "U"


def markdown() -> Iterator[str]:
    """The limits as a table, as in the README."""
    yield "| what | is taken | source |"
    yield "|---|---|---|"
    for what, taken, source in rows():
        yield f"| {what} | {taken} | {source} |"
