"""Masks and pictures that the page sends: checked, and kept for the session until the job is saved.

A draft has a name as beside the job, and lies in the session's folder for temporary files.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any, Final

from vaceprep.checks.bytes import Options as Look
from vaceprep.checks.job import check_mapping
from vaceprep.contract import IMAGE_ROLES, Role
from vaceprep.editor.context import Editor
from vaceprep.editor.errors import BadRequest
from vaceprep.errors import Refused
from vaceprep.facts import ImageFacts
from vaceprep.files.atomic import write
from vaceprep.formats import ENDINGS
from vaceprep.job.media import put
from vaceprep.preparation.image.encode import encode
from vaceprep.preparation.image.mask import TOLERATED, fixed
from vaceprep.preparation.image.painted import painted_over
from vaceprep.preparation.read import reading
from vaceprep.preparation.video.frame import frame_at
from vaceprep.rules.catalogue import Finding, Severity

MASK: Final[Role] = "mask_image_url"
VIDEO: Final = "video_url"
PNG: Final = b"\x89PNG\r\n\x1a\n"
#: Fields that a picture can be uploaded for.
PICTURES: Final[Sequence[Role]] = IMAGE_ROLES


def keep_mask(
    editor: Editor, data: bytes, frame: int, part: int | None, remarks: Sequence[str] = ()
) -> dict[str, Any]:
    """Keep a mask drawn on a frame of the video, numbered from 0. Raises BadRequest, Refused."""
    path, role = editor.session.field_path(VIDEO)
    # Raises Refused if there is no such frame.
    editor.timeline(path, role).time(frame)
    if not data.startswith(PNG):
        raise BadRequest("a mask is sent as PNG", 415)
    key = "mask" if part is None else f"mask-part-{part:02d}"
    trial = os.path.join(editor.session.temporary.name, "trial.png")
    with editor.drafting:
        write(data, trial, force=True)
        found = _findings(editor, path, trial, frame)
        grave = [f for f in found if f.severity is Severity.ERROR and f.code not in TOLERATED]
        if grave:
            raise Refused("; ".join(f.message for f in grave))
        name = _draft(editor, key, ".png")
        os.replace(trial, editor.session.drafts[name])
    return {
        "name": name,
        "mask_frame_id": frame + 1,
        "findings": [finding.to_dict() for finding in found],
        "remarks": list(remarks),
    }


def _findings(editor: Editor, video: str, mask: str, frame: int) -> list[Finding]:
    """What ``check`` finds of a mask beside its video."""
    job = {"function": "video_edit", "prompt": "mask", "prompt_extend": False, VIDEO: video}
    job |= {MASK: mask, "mask_frame_id": frame + 1}
    own, *media = check_mapping("mask", job, "", Look(limits=editor.limits))
    of_mask = [f for entry in media if entry.role == MASK for f in entry.findings]
    return of_mask + [f for f in own.findings if f.pointer in (f"/{MASK}", "/mask_frame_id")]


def _draft(editor: Editor, key: str, last: str) -> str:
    """The name of a draft, new or as before; its file is in ``drafts``."""
    session = editor.session
    with session.lock:
        name = session.draft_names.get(key)
        if name is None or not name.endswith(last):
            name = session.new_name(f"{session.stem}-{key}", last)
            session.draft_names[key] = name
            session.drafts[name] = os.path.join(session.temporary.name, name)
        return name


def mask_png(editor: Editor, name: str) -> bytes:
    """A mask as strict PNG at the video's displayed size. Raises BadRequest, Refused."""
    video, role = editor.session.field_path(VIDEO)
    facts = editor.session.media.facts(video, role)
    path = editor.session.path_of(name)
    if path is None:
        raise BadRequest("a URL is not read here", 404)
    return encode(fixed(path, (facts.width, facts.height)), "png")


def upload(editor: Editor, data: bytes, role: Role, number: int) -> dict[str, Any]:
    """Keep a picture for a field; ``number`` distinguishes several of one field.

    Raises Refused for what is no readable picture.
    """
    trial = os.path.join(editor.session.temporary.name, "trial")
    with editor.drafting:
        write(data, trial, force=True)
        facts = _image_facts(trial, role)
        last = ENDINGS[facts.format][0] if facts.format in ENDINGS else ".img"
        key = f"{role.removesuffix('_url').replace('_', '-')}-{number}"
        name = _draft(editor, key, last)
        os.replace(trial, editor.session.drafts[name])
    path = editor.session.drafts[name]
    report = check_mapping("picture", _job_with(role, path), "", Look(limits=editor.limits))
    found = [f for entry in report if entry.role == role for f in entry.findings]
    return {"name": name, "findings": [finding.to_dict() for finding in found]}


def _image_facts(path: str, role: Role) -> ImageFacts:
    try:
        with reading(path, role) as read:
            if isinstance(read.facts, ImageFacts):
                return read.facts
    except Refused as error:
        raise Refused(str(error).replace(path, "the picture")) from None
    raise Refused("the picture is a video; choose one that lies in the job's folder")


def _job_with(role: Role, path: str) -> dict[str, Any]:
    """A job in which a picture alone is judged."""
    function = "image_reference" if role == "ref_images_url" else "video_extension"
    job: dict[str, Any] = {"function": function, "prompt": "picture", role: [path]}
    if role != "ref_images_url":
        put(job, f"/{role}", path)
    return job


def upload_mask(editor: Editor, data: bytes, frame: int, *, painted: bool) -> dict[str, Any]:
    """Make a mask of a picture: black and white as drawn, or where it differs from the frame.

    Raises BadRequest, Refused.
    """
    video, role = editor.session.field_path(VIDEO)
    time = editor.timeline(video, role).time(frame)
    folder = editor.session.temporary.name
    picture, original = os.path.join(folder, "picture"), os.path.join(folder, "frame.png")
    remarks: list[str] = []
    with editor.drafting:
        write(data, picture, force=True)
        _image_facts(picture, MASK)
        facts = editor.session.media.facts(video, role)
        try:
            if painted:
                with editor.session.media.open(video, role) as read:
                    image = frame_at(read, time).image
                write(encode(image, "png"), original, force=True)
                mask, remarks = painted_over(picture, original)
            else:
                mask = fixed(picture, (facts.width, facts.height), remarks=remarks)
        except Refused as error:
            raise Refused(str(error).replace(picture, "the picture")) from None
    return keep_mask(editor, encode(mask, "png"), frame, None, remarks)
