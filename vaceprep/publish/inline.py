"""Images in the request itself, as ``data:`` URIs: nothing has to be published. C"""

from __future__ import annotations

import base64

from vaceprep.publish.target import Asset, PublishError, pieces


def data_uri(asset: Asset) -> str:
    """``data:image/...;base64,...`` with the bytes of an image.

    Raises PublishError where it is no image, cannot be read, or is no more what it was.
    """
    if not asset.content_type.startswith("image/"):
        raise PublishError(
            f"{asset.path} is no image: only images go into the request itself, a video needs a "
            "target to publish to"
        )
    data = b"".join(pieces(asset, tell=lambda _: None, cancelled=lambda: False))
    return f"data:{asset.content_type};base64,{base64.b64encode(data).decode('ascii')}"
