"""The whole catalogue: importing this module registers every rule."""

from __future__ import annotations

from vaceprep.rules import image, job, mask, packaging, picture, together, url, video

__all__ = ["image", "job", "mask", "packaging", "picture", "together", "url", "video"]
