"""All rules, by code. Importing this module imports every rule module; a check needs only some."""

from __future__ import annotations

from operator import attrgetter
from typing import Final

from vaceprep.rules import (
    advice_job,
    advice_mask,
    advice_video,
    advise,
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
            *advice_video.RULES,
            *advise.RULES,
            *advice_mask.RULES,
            *advice_job.RULES,
        ),
        key=attrgetter("code"),
    )
)
BY_CODE: Final = {rule.code: rule for rule in RULES}
