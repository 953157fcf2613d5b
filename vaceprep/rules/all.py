"""All rules, by code. Importing this module imports every rule module; a check needs only some."""

from __future__ import annotations

from operator import attrgetter
from typing import Final

from vaceprep.rules import (
    image,
    job,
    job_media,
    mask,
    url,
    video,
    video_packaging,
    video_picture,
)
from vaceprep.rules.catalogue import Rule

RULES: Final[tuple[Rule, ...]] = tuple(
    sorted(
        (
            *video.RULES,
            *video_picture.RULES,
            *video_packaging.RULES,
            *image.RULES,
            *mask.RULES,
            *job.RULES,
            *job_media.RULES,
            *url.RULES,
        ),
        key=attrgetter("code"),
    )
)
BY_CODE: Final = {rule.code: rule for rule in RULES}
