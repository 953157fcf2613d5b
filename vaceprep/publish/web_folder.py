"""Publish to a folder that a web server serves."""

from __future__ import annotations

import os
from collections.abc import Callable

from vaceprep.errors import Refused
from vaceprep.files.atomic import placing, sweep
from vaceprep.files.digest import sha256_of
from vaceprep.publish.target import Asset, PublishError, pieces


class WebRoot:
    """Copies files into ``folder``, which a web server serves at ``public_base``.

    Writes a temporary file and renames it, so that the server never serves half a file.
    """

    def __init__(self, folder: str | os.PathLike[str], public_base: str) -> None:
        self.folder = os.path.abspath(folder)
        self.public_base = public_base.rstrip("/")

    @property
    def name(self) -> str:
        return f"{self.folder} at {self.public_base}"

    def __repr__(self) -> str:
        return f"WebRoot({self.folder!r}, {self.public_base!r})"

    def ready(self) -> None:
        """Raises PublishError if the folder is absent or not writable."""
        if not os.path.isdir(self.folder):
            raise PublishError(f"there is no folder {self.folder} to publish to")
        if not os.access(self.folder, os.W_OK | os.X_OK):
            raise PublishError(f"no permission to write in {self.folder}, where to publish")

    def publish(
        self, asset: Asset, *, tell: Callable[[int], None], cancelled: Callable[[], bool]
    ) -> str:
        """See Target.publish."""
        self.ready()
        path = os.path.join(self.folder, asset.key)
        if not _holds(path, asset):
            sweep(self.folder)
            try:
                # A file of this name with other bytes is left by a crash, or is not ours.
                with placing(path, force=True, sources=[asset.path]) as place:
                    with open(place.path, "r+b") as file:
                        for piece in pieces(asset, tell=tell, cancelled=cancelled):
                            file.write(piece)
                    place.commit()
            except Refused as error:
                raise PublishError(str(error)) from None
            except OSError as error:
                reason = error.strerror or type(error).__name__
                raise PublishError(f"{path} cannot be written: {reason}") from None
        return f"{self.public_base}/{asset.key}"


def _holds(path: str, asset: Asset) -> bool:
    """Whether a file with exactly the bytes of ``asset`` exists."""
    try:
        if not os.path.isfile(path) or os.path.getsize(path) != asset.size:
            return False
        with open(path, "rb") as file:
            return sha256_of(file) == (asset.sha256, asset.size)
    except OSError:
        return False
