"""The five functions as models, and the body of the request.

A job is the request's body, with local paths allowed in place of URLs. The models define the
values of each field; conditions between fields are rules (``rules/job.py``), so that all problems
are reported at once. Flags, templates and the JSON Schema are generated from here.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Annotated, Any, Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, PrivateAttr

from vaceprep import contract
from vaceprep.contract import Function
from vaceprep.files.source import is_url
from vaceprep.job.fields import (
    Labels,
    Media,
    OutputSize,
    Scale,
    Seconds,
    SideReferences,
    Unit,
    optional,
)
from vaceprep.job.media import media_of, put, resolve
from vaceprep.limits import CONTRACT, Limits
from vaceprep.rules.catalogue import Finding
from vaceprep.rules.draft import Draft, FieldError


class Job(BaseModel):
    """What all five functions share. Values are JSON's own types: a boolean is no number."""

    model_config = ConfigDict(
        strict=True, extra="forbid", frozen=True, use_attribute_docstrings=False
    )

    model: Literal["wan2.1-vace-plus"] = Field(
        default=contract.MODEL, description="The model; always sent."
    )
    prompt: Annotated[str, Field(min_length=1, max_length=contract.MAX_PROMPT, pattern=r"\S")] = (
        Field(description="What the video shall show, at most 800 characters.")
    )
    negative_prompt: Annotated[str, Field(max_length=contract.MAX_NEGATIVE_PROMPT)] | None = (
        optional("What it shall not show, at most 500 characters.")
    )
    prompt_extend: bool | None = optional(
        "Let the service rewrite the prompt; false is recommended except for image_reference.",
        default=True,
    )
    seed: Annotated[int, Field(ge=0, le=contract.MAX_SEED)] | None = optional(
        "A number from 0 to 2147483647 for repeatable results."
    )
    duration: Seconds | None = optional("Seconds of the result: 5 is the only value.", default=5)
    watermark: bool | None = optional("Put a watermark on the result.", default=False)
    safety_filter: bool | None = optional("Let the service filter unsafe content.")
    extra: dict[str, Any] | None = optional(
        "Fields that vaceprep does not know; they join the body's top level as they are."
    )

    _limits: Limits = PrivateAttr(default=CONTRACT)

    def __init__(self, **data: Any) -> None:
        """Raises InvalidJob with every problem, in the words of the rules."""
        values = dict(data)
        function = type(self).model_fields.get("function")
        given = own = None
        if function is not None:
            own = function.default
            # Validate as this class; another function's name is one wrong value.
            given = values.get("function") or own
            values["function"] = own
        from vaceprep.job.draft import draft_of, errors_of

        draft = draft_of(values)
        if given != own:
            wrong = FieldError(("function",), "choice", given, str(own), (str(own),))
            draft = Draft(draft.values, draft.function, (wrong,), draft.fields)
            raise InvalidJob([f for f in errors_of(draft) if f.pointer == "/function"])
        problems = errors_of(draft)
        if problems:
            raise InvalidJob(problems)
        super().__init__(**draft.values)

    # Validation builds instances itself: only the caller's own calls come through here.
    __init__.__pydantic_base_init__ = True  # type: ignore[attr-defined]

    @classmethod
    def from_dict(
        cls, data: Mapping[str, Any], *, base: str = "", limits: Limits = CONTRACT
    ) -> Job:
        """The job of a mapping, of the class for its ``function``.

        Relative paths are relative to ``base``; ``limits`` apply to prompts. Raises InvalidJob
        with all findings.
        """
        from vaceprep.job.draft import draft_of, errors_of
        from vaceprep.job.read import JobUnreadable, mapping_of

        try:
            draft = draft_of(mapping_of(data), limits)
        except JobUnreadable as error:
            raise unreadable(error) from None
        problems = errors_of(draft)
        if problems or draft.function is None:
            raise InvalidJob(problems)
        values = dict(draft.values)
        for at, path in media_of(values).items():
            put(values, at, resolve(path, base))
        return MODELS[draft.function]._held_to(limits, values)

    @classmethod
    def from_file(cls, path: str | os.PathLike[str], *, limits: Limits = CONTRACT) -> Job:
        """The job of a JSON, YAML or TOML file; relative paths are relative to the file.

        Raises InvalidJob with all findings, VP400 among them.
        """
        from vaceprep.job.read import JobUnreadable, read_job

        source = os.fsdecode(path)
        try:
            values = read_job(source)
        except JobUnreadable as error:
            raise unreadable(error) from None
        return cls.from_dict(values, base=os.path.dirname(source), limits=limits)

    @classmethod
    def _held_to(cls, limits: Limits, values: dict[str, Any]) -> Self:
        """A job of these values under limits other than the class's own. Raises InvalidJob."""
        if limits == CONTRACT:
            return cls(**values)
        from vaceprep.job.draft import draft_of, errors_of

        draft = draft_of(values, limits)
        problems = errors_of(draft)
        if problems:
            raise InvalidJob(problems)
        # The draft is valid except for the length of its texts, which the class would refuse.
        job = cls.model_construct(set(draft.values), **draft.values)
        job._limits = limits
        return job

    def given(self) -> dict[str, Any]:
        """The fields that are set, in the order of the model, without ``None``."""
        return {
            name: list(value) if isinstance(value, list) else value
            for name in type(self).model_fields
            if name in self.model_fields_set and (value := getattr(self, name)) is not None
        }

    def local_paths(self) -> dict[str, str]:
        """The media that are still local, by JSON pointer."""
        return {p: v for p, v in media_of(self.given()).items() if not is_url(v)}

    def body(self) -> dict[str, Any]:
        """The body of the request: ``model`` always, unset fields never.

        Raises NotPublished while a media field has a local path.
        """
        local = self.local_paths()
        if local:
            raise NotPublished(local)
        return wire_body(self.given())

    def replaced(self, media: Mapping[str, str]) -> Self:
        """A copy with other values at JSON pointers such as ``/ref_images_url/1``."""
        values = self.given()
        for at, value in media.items():
            put(values, at, value)
        return self._held_to(self._limits, values)


class ImageReference(Job):
    """A video from one to three reference images."""

    function: Literal["image_reference"] = Field(default="image_reference", description="")
    ref_images_url: Annotated[list[Media], Field(min_length=1, max_length=3)] = Field(
        description="1 to 3 reference images: paths or URLs."
    )
    obj_or_bg: Labels | None = optional(
        "obj (a thing) or bg (the background) for each image, at most one bg; "
        "needed with 2 or 3 images.",
        default=[contract.DEFAULT_LABEL],
    )
    size: OutputSize | None = optional("Size of the result.", default=contract.DEFAULT_SIZE)


class VideoRepainting(Job):
    """The same motion in another style."""

    function: Literal["video_repainting"] = Field(default="video_repainting", description="")
    video_url: Media = Field(description="The video: a path or URL.")
    control_condition: contract.RepaintingCondition = Field(
        description="What is kept of the video: poses, depth or outlines."
    )
    strength: Unit | None = optional("How strictly it is kept, 0.0 to 1.0.", default=1.0)
    ref_images_url: SideReferences | None = optional("At most one reference image.")
    obj_or_bg: Labels | None = optional("obj or bg for the reference image.")


class VideoEdit(Job):
    """A masked part of the video is made anew."""

    function: Literal["video_edit"] = Field(default="video_edit", description="")
    video_url: Media = Field(description="The video: a path or URL.")
    mask_image_url: Media | None = optional(
        "White where the video is edited, black where it is kept. Exactly one of the two masks."
    )
    mask_video_url: Media | None = optional("The same as a video, frame by frame.")
    mask_type: contract.MaskType | None = optional(
        "Whether the mask image follows the motion or stays.", default=contract.DEFAULT_MASK_TYPE
    )
    mask_frame_id: Annotated[int, Field(ge=contract.FIRST_MASK_FRAME)] | None = optional(
        "The frame that the mask image was drawn on, from 1.", default=contract.FIRST_MASK_FRAME
    )
    expand_ratio: Unit | None = optional(
        "How far a tracking mask grows outwards, 0.0 to 1.0.", default=0.05
    )
    expand_mode: contract.ExpandMode | None = optional(
        "The shape in which a tracking mask grows.", default="hull"
    )
    control_condition: contract.GuideCondition | None = optional(
        "What is kept of the video inside the mask."
    )
    ref_images_url: SideReferences | None = optional("At most one reference image.")
    obj_or_bg: Labels | None = optional("obj or bg for the reference image.")
    size: OutputSize | None = optional("Size of the result.", default=contract.DEFAULT_SIZE)


class VideoExtension(Job):
    """A video of 5 s that begins or ends with what is given."""

    function: Literal["video_extension"] = Field(default="video_extension", description="")
    first_frame_url: Media | None = optional("The image that the video begins with.")
    last_frame_url: Media | None = optional("The image that the video ends with.")
    first_clip_url: Media | None = optional("The clip that the video begins with, at most 3 s.")
    last_clip_url: Media | None = optional(
        "The clip that the video ends with; both together at most 3 s."
    )
    video_url: Media | None = optional("A video that guides the motion.")
    control_condition: contract.GuideCondition | None = optional(
        "What is taken from the guide; needed with video_url."
    )


class VideoOutpainting(Job):
    """The same video on a larger canvas."""

    function: Literal["video_outpainting"] = Field(default="video_outpainting", description="")
    video_url: Media = Field(description="The video: a path or URL.")
    top_scale: Scale | None = optional("Growth upwards, 1.0 to 2.0.", default=1.0)
    bottom_scale: Scale | None = optional("Growth downwards, 1.0 to 2.0.", default=1.0)
    left_scale: Scale | None = optional("Growth to the left, 1.0 to 2.0.", default=1.0)
    right_scale: Scale | None = optional("Growth to the right, 1.0 to 2.0.", default=1.0)


MODELS: Final[dict[Function, type[Job]]] = {
    "image_reference": ImageReference,
    "video_repainting": VideoRepainting,
    "video_edit": VideoEdit,
    "video_extension": VideoExtension,
    "video_outpainting": VideoOutpainting,
}
#: Every field of the models, with the functions that have it.
FIELDS: Final[dict[str, tuple[Function, ...]]] = {
    name: tuple(f for f, model in MODELS.items() if name in model.model_fields)
    for name in dict.fromkeys(n for model in MODELS.values() for n in model.model_fields)
}


@cache
def _properties(model: type[Job]) -> dict[str, Any]:
    properties: dict[str, Any] = model.model_json_schema()["properties"]
    return properties


def shape_of(model: type[Job], name: str) -> dict[str, Any]:
    """The JSON Schema of a field that is set."""
    shape = _properties(model)[name]
    return next((s for s in shape.get("anyOf", ()) if s.get("type") != "null"), shape)


def fields_in_order(model: type[Job]) -> list[str]:
    """The fields in reading order: the prompt, the function's own, the shared ones."""
    own = [n for n in model.model_fields if n not in Job.model_fields and n != "function"]
    shared = [n for n in Job.model_fields if n not in ("model", "prompt")]
    return ["prompt", *own, *shared]


def unreadable(reason: object) -> InvalidJob:
    """The error for data that is not a job (VP400)."""
    from vaceprep.job.draft import errors_of

    return InvalidJob(errors_of(Draft(broken=str(reason))))


def wire_body(values: Mapping[str, Any]) -> dict[str, Any]:
    """The body of set fields: model first, ``extra`` spread over the top level."""
    body = {"model": contract.MODEL}
    body |= {k: values[k] for k in ("function", "prompt") if k in values}
    body |= {k: v for k, v in values.items() if k not in ("extra", "model")}
    return body | dict(values.get("extra") or {})


class NotPublished(ValueError):
    """A body was asked for while media are still local; ``paths`` by JSON pointer."""

    def __init__(self, paths: Mapping[str, str]) -> None:
        first = next(iter(paths.items()))
        more = f" and {len(paths) - 1} more" if len(paths) > 1 else ""
        super().__init__(f"{first[0][1:]} is still a local path ({first[1]}){more}")
        self.paths = dict(paths)

    def __reduce__(self) -> tuple[type[NotPublished], tuple[dict[str, str]]]:
        return type(self), (self.paths,)


class InvalidJob(ValueError):
    """A job that breaks rules; ``findings`` has all of them, each with its pointer."""

    def __init__(self, findings: Sequence[Finding]) -> None:
        lines = [f"{f.pointer or '/'}: {f.message}" for f in findings]
        super().__init__("; ".join(lines) or "the job names no function")
        self.findings = tuple(findings)

    def __reduce__(self) -> tuple[type[InvalidJob], tuple[tuple[Finding, ...]]]:
        return type(self), (self.findings,)
