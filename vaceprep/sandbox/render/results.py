"""Render the result of a task: a real video from its media."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Any, Final

from vaceprep.contract import OUTPUT_FPS, OUTPUT_SECONDS, SCALE_FIELDS, SIZES
from vaceprep.errors import Refused
from vaceprep.plans.encode import BT709
from vaceprep.plans.size import Fit, even, scaled_to
from vaceprep.probes.container import BROKEN, clause
from vaceprep.sandbox.effects import NO_EFFECTS, Effects
from vaceprep.sandbox.errors import Breach
from vaceprep.sandbox.render.clips import clip_of, kept, picture_of
from vaceprep.sandbox.render.effects import outpainted, recoloured, repainted
from vaceprep.sandbox.render.film import Rendered, result_video

#: Frames of a result of the service's full length.
WHOLE: Final = OUTPUT_SECONDS * OUTPUT_FPS


def make(
    body: Mapping[str, Any],
    paths: Mapping[str, str],
    target: str,
    stop: threading.Event,
    effects: Effects = NO_EFFECTS,
) -> None:
    """Write the result of a validated body to ``target``; ``paths`` are its local media.

    Raises Breach if a file does not decode, Stopped once ``stop`` is set.
    """
    makers = {
        "image_reference": _image_reference,
        "video_repainting": _repainting,
        "video_edit": _edit,
        "video_extension": _extension,
        "video_outpainting": _outpainting,
    }
    try:
        same = effects.identity and "/video_url" in paths
        made = _identity(paths) if same else makers[body["function"]](body, paths)
        with result_video(target, made, body["function"], stop, effects) as out:
            for shot in made.shots:
                out.add(shot)
    except Refused as error:
        reason = str(error)
        for at, path in paths.items():
            # Do not reveal local paths.
            reason = reason.replace(path, at)
        raise Breach(f"the media do not decode: {reason}") from None
    except BROKEN as error:
        raise Breach(f"the media do not decode: {clause(error)}") from None


def _identity(paths: Mapping[str, str]) -> Rendered:
    """The video as it is."""
    clip = clip_of(paths["/video_url"], "video_url")
    size = kept(clip.size)
    return Rendered(size, clip.colours, clip.shots(Fit(size, size)))


def _size(text: str) -> tuple[int, int]:
    width, _, height = text.partition("*")
    return int(width), int(height)


def _image_reference(body: Mapping[str, Any], paths: Mapping[str, str]) -> Rendered:
    """A slow pan over the reference images, each shown for the same time."""
    from vaceprep.sandbox.render.pictures import pan, slides

    size = _size(body.get("size") or SIZES[0])
    count = len(body["ref_images_url"])
    images = [picture_of(paths[f"/ref_images_url/{n}"], "ref_images_url") for n in range(count)]
    labels = body.get("obj_or_bg") or ["obj"]
    return Rendered(size, BT709, pan(slides(images, labels, size), size, WHOLE))


def _repainting(body: Mapping[str, Any], paths: Mapping[str, str]) -> Rendered:
    clip = clip_of(paths["/video_url"], "video_url")
    size = kept(clip.size)
    shots = repainted(clip.shots(Fit(size, size)), body["control_condition"])
    return Rendered(size, clip.colours, shots)


def _edit(body: Mapping[str, Any], paths: Mapping[str, str]) -> Rendered:
    from vaceprep.sandbox.render.pictures import grown, repeated

    clip = clip_of(paths["/video_url"], "video_url")
    size = kept(clip.size)
    how = Fit(size, size)
    if body.get("size"):
        how = even(scaled_to(clip.size, _size(body["size"]), "pad"))
    if "/mask_video_url" in paths:
        masks = clip_of(paths["/mask_video_url"], "mask_video_url").masks(how)
    else:
        mask = picture_of(paths["/mask_image_url"], "mask_image_url")
        masks = repeated(grown(mask.convert("L"), body), how)
    return Rendered(how.canvas, clip.colours, recoloured(clip.shots(how), masks))


def _extension(_: Mapping[str, Any], paths: Mapping[str, str]) -> Rendered:
    from vaceprep.sandbox.render.extension import extended

    return extended(paths, WHOLE)


def _outpainting(body: Mapping[str, Any], paths: Mapping[str, str]) -> Rendered:
    clip = clip_of(paths["/video_url"], "video_url")
    top, bottom, left, right = (float(body.get(name) or 1.0) for name in SCALE_FIELDS)
    canvas, inner, corner = expanded(clip.size, (top, bottom, left, right))
    shots = outpainted(clip.shots(Fit(inner, inner)), canvas, corner)
    return Rendered(canvas, clip.colours, shots)


def expanded(
    size: tuple[int, int], scales: tuple[float, float, float, float]
) -> tuple[tuple[int, int], tuple[int, int], tuple[int, int]]:
    """Canvas size, picture size and the picture's corner on it, all even and at most 720p. Pure.

    ``scales`` are upwards, downwards, to the left and to the right, each from the middle of the
    picture: at 2.0 the half on that side becomes twice as long. U
    """
    width, height = size
    top, bottom, left, right = scales
    whole = (round(width * (left + right) / 2), round(height * (top + bottom) / 2))
    canvas = kept(whole)
    factor = canvas[0] / whole[0], canvas[1] / whole[1]
    inner = (
        min(canvas[0], max(2, round(width * factor[0] / 2) * 2)),
        min(canvas[1], max(2, round(height * factor[1] / 2) * 2)),
    )
    corner = (
        min(canvas[0] - inner[0], round(width * (left - 1) / 2 * factor[0] / 2) * 2),
        min(canvas[1] - inner[1], round(height * (top - 1) / 2 * factor[1] / 2) * 2),
    )
    return canvas, inner, corner
