"""Publish to object stores: S3 and compatible ones, Google Cloud Storage, Azure."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from typing import Final
from urllib.parse import quote

from vaceprep.contract import PRESIGNED_SECONDS, STALL_SECONDS
from vaceprep.net.http import RETRYABLE
from vaceprep.publish.credentials import Place, Sign, open_store
from vaceprep.publish.target import Asset, PublishError
from vaceprep.publish.upload import ServerResponse, first_byte, host_of, put

#: Headers of an upload besides its length and type.
PUT_HEADERS: Final[dict[str, dict[str, str]]] = {
    "s3": {},
    "gs": {},
    "az": {"x-ms-blob-type": "BlockBlob"},
}
#: Seconds for which upload URLs are valid. S3 checks when a request begins.
UPLOAD_SECONDS: Final = 60 * 60
_CODE: Final = re.compile(rb"<Code>([A-Za-z0-9]{1,64})</Code>")
_ABSENT: Final = frozenset(["NoSuchKey", "BlobNotFound", "ResourceNotFound", "AccessDenied"])
_NO_BUCKET: Final = frozenset(["NoSuchBucket", "ContainerNotFound", "InvalidBucketName"])
_STALE: Final = frozenset(["ExpiredToken", "TokenRefreshRequired", "InvalidToken"])
_WRONG_KEY: Final = frozenset(
    ["InvalidAccessKeyId", "SignatureDoesNotMatch", "AuthenticationFailed", "InvalidSecurity"]
)
_ELSEWHERE: Final = frozenset(
    "PermanentRedirect TemporaryRedirect AuthorizationHeaderMalformed "
    "AuthorizationQueryParametersError IllegalLocationConstraintException".split()
)


class ObjectTarget:
    """Uploads files into a bucket and returns URLs presigned for a day.

    With ``public_base``, the URL at which ``place`` is public, files are read from there instead.
    """

    def __init__(
        self, place: Place, public_base: str | None = None, *, stall: float = STALL_SECONDS
    ) -> None:
        self.place = place
        self._public_base = public_base.rstrip("/") if public_base else None
        self._stall = stall
        self._opening = threading.Lock()
        self._sign: Sign | None = None

    @property
    def name(self) -> str:
        return self.place.name + (f" at {self._public_base}" if self._public_base else "")

    def __repr__(self) -> str:
        return f"ObjectTarget({self.name!r})"

    def _opened(self) -> Sign:
        with self._opening:
            if self._sign is None:
                self._sign = open_store(self.place)
            return self._sign

    def ready(self) -> None:
        """Raises PublishError if there are no credentials that can sign."""
        self._opened()("GET", "ready", PRESIGNED_SECONDS)

    def publish(
        self, asset: Asset, *, tell: Callable[[int], None], cancelled: Callable[[], bool]
    ) -> str:
        """See Target.publish."""
        sign = self._opened()
        if not self._is_there(sign, asset):
            url = sign("PUT", asset.key, UPLOAD_SECONDS)
            self.upload(url, asset, tell=tell, cancelled=cancelled)
        if self._public_base:
            return f"{self._public_base}/{quote(asset.key)}"
        return sign("GET", asset.key, PRESIGNED_SECONDS)

    def upload(
        self,
        url: str,
        asset: Asset,
        *,
        tell: Callable[[int], None] = lambda _: None,
        cancelled: Callable[[], bool] = lambda: False,
    ) -> None:
        """Upload to a signed URL of this place. Raises PublishError and Cancelled."""
        headers = PUT_HEADERS[self.place.cloud]
        answer = put(url, asset, stall=self._stall, tell=tell, cancelled=cancelled, headers=headers)
        if not 200 <= answer.status < 300:
            raise self._refused(answer, url)

    def _is_there(self, sign: Sign, asset: Asset) -> bool:
        url = sign("GET", asset.key, UPLOAD_SECONDS)
        answer = first_byte(url, stall=self._stall)
        if answer.status in (200, 206):
            return answer.total == asset.size
        code = _code(answer)
        # S3 reports AccessDenied for an absent object if the bucket may not be listed. The upload
        # shows whether these credentials may write.
        if code in _ABSENT or (not code and answer.status in (403, 404)):
            return False
        raise self._refused(answer, url)

    def _refused(self, answer: ServerResponse, url: str) -> PublishError:
        code = _code(answer)
        container_word = "container" if self.place.cloud == "az" else "bucket"
        host, named = host_of(url), f"the {container_word} {self.place.bucket}"
        region = answer.headers.get("x-amz-bucket-region")
        if code in _NO_BUCKET:
            return PublishError(f"there is no {container_word} {self.place.bucket} at {host}")
        if code in _STALE:
            return PublishError(f"the credentials for {named} have expired; sign in again")
        if code in _WRONG_KEY:
            reason = f"{host} rejects the credentials for {named} ({code})"
            return PublishError(f"{reason}: the key is wrong, or does not belong to this service")
        if code == "RequestTimeTooSkewed":
            return PublishError(f"{host} reports that the clock of this machine is wrong ({code})")
        if code in _ELSEWHERE or 300 <= answer.status < 400 or (region and answer.status == 400):
            where = f"in {region}: set AWS_REGION={region}" if region else "in another region"
            hint = "" if region else ": set AWS_REGION, or the endpoint"
            return PublishError(f"{named} is {where}{hint}")
        reason = f"{answer.words}{', ' if code else ''}{code}"
        if answer.status in (401, 403):
            return PublishError(
                f"{host} refuses the upload ({reason}): the credentials may not write to {named}"
            )
        return PublishError(
            f"{host} refuses the upload to {named} ({reason})", transient=answer.status in RETRYABLE
        )


def _code(answer: ServerResponse) -> str:
    """The error code that all these clouds return; empty if there is none."""
    found = _CODE.search(answer.body)
    return found[1].decode("ascii") if found else answer.headers.get("x-ms-error-code", "")
