"""The whole catalogue: importing this module registers every rule."""

from __future__ import annotations

from vaceprep.rules import image, job, job_media, mask, url, video, video_packaging, video_picture

__all__ = ["image", "job", "job_media", "mask", "url", "video", "video_packaging", "video_picture"]
