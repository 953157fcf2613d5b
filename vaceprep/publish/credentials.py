"""Object stores: the bucket, the credentials, and presigned URLs.

Credentials are found as each cloud's own tools find them. obstore signs without a connection,
except where Google or Azure issue tokens to sign with.
"""

from __future__ import annotations

import importlib.util
import os
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final, Literal
from urllib.parse import parse_qsl, unquote, urlsplit

from vaceprep.contract import CONNECT_SECONDS
from vaceprep.publish.target import CLOUDS, PublishError

if TYPE_CHECKING:
    from obstore.store import AzureConfig, AzureStore, ClientConfig, GCSStore, RetryConfig, S3Store

    Objects = S3Store | GCSStore | AzureStore

Method = Literal["GET", "PUT"]
Cloud = Literal["s3", "gs", "az"]
#: Settings that the query of a target may contain.
_SETTINGS: Final = {"s3": ("endpoint", "region", "profile"), "gs": (), "az": ("account",)}
#: S3-compatible stores that only accept bucket.host addresses.
_VIRTUAL_ONLY: Final = (".aliyuncs.com",)
_BUCKET: Final = re.compile(r"[A-Za-z0-9$][A-Za-z0-9._\-]{0,221}")
#: The link-local address at which clouds offer credentials to machines: the last resort.
_METADATA: Final = ("169.254.169.254", "computeMetadata", "metadata/identity")


@dataclass(frozen=True, slots=True)
class Place:
    """A bucket (a container, on Azure) and the prefix under which files are published."""

    cloud: Cloud
    bucket: str
    prefix: str = ""
    endpoint: str | None = None
    region: str | None = None
    profile: str | None = None
    account: str | None = None

    @property
    def name(self) -> str:
        """The target as given, without the profile: a profile names credentials, not a place."""
        given = (("endpoint", self.endpoint), ("region", self.region), ("account", self.account))
        query = "&".join(f"{name}={value}" for name, value in given if value)
        prefix = f"/{self.prefix}" if self.prefix else ""
        return f"{self.cloud}://{self.bucket}{prefix}{'?' if query else ''}{query}"


#: Signs a method and a key for some seconds; returns the URL. Raises PublishError.
Sign = Callable[[Method, str, float], str]


def parse_place(text: str) -> Place:
    """Parse ``s3://bucket/prefix``, with ``?endpoint=...&region=...&profile=...``; gs, az likewise.

    Raises ValueError with a sentence, also where the packages for the cloud are not installed.
    """
    try:
        parts = urlsplit(text)
        query = parse_qsl(parts.query, keep_blank_values=True, strict_parsing=bool(parts.query))
    except ValueError:
        raise ValueError(f"{text.partition('?')[0]} is not a valid URL") from None
    cloud: Cloud = "s3" if parts.scheme == "s3" else "gs" if parts.scheme == "gs" else "az"
    container_word = "container" if cloud == "az" else "bucket"
    if "@" in parts.netloc:
        raise ValueError(f"a {cloud}:// target carries no credentials; set them as the cloud does")
    if _BUCKET.fullmatch(parts.netloc) is None:
        raise ValueError(
            f"{cloud}://{parts.netloc} does not name a {container_word}: {cloud}://{container_word}/prefix"
        )
    prefix = unquote(parts.path).strip("/")
    if prefix and any(part in ("", ".", "..") for part in prefix.split("/")):
        raise ValueError(f"prefix {prefix}: one of its segments is empty, . or ..")
    settings = dict(query)
    unknown = [name for name in settings if name not in _SETTINGS[cloud]]
    if unknown or parts.fragment:
        allowed = ", ".join(_SETTINGS[cloud]) or "nothing"
        raise ValueError(f"the query of a {cloud}:// target may contain: {allowed}")
    endpoint = settings.get("endpoint") or None
    if endpoint is not None:
        at = urlsplit(endpoint)
        if at.scheme not in ("http", "https") or not at.hostname or "@" in at.netloc or at.query:
            raise ValueError("the endpoint of a target is a URL such as https://host:9000")
    needed = ("obstore", "boto3") if cloud == "s3" else ("obstore",)
    if any(importlib.util.find_spec(package) is None for package in needed):
        raise ValueError(
            f"publishing to {CLOUDS[cloud]} needs more packages: pip install 'vaceprep[objects]'"
        )
    return Place(
        cloud,
        parts.netloc,
        prefix,
        endpoint.rstrip("/") if endpoint else None,
        settings.get("region") or None,
        settings.get("profile") or None,
        settings.get("account") or None,
    )


def open_store(place: Place, environ: Mapping[str, str] | None = None) -> Sign:
    """Find credentials that can sign for a place. Raises PublishError if there are none."""
    return signing(objects(place, environ), place.cloud)


def objects(place: Place, environ: Mapping[str, str] | None = None) -> Objects:
    """The store at a place, with its credentials. Raises PublishError if there are none."""
    environ = os.environ if environ is None else environ
    if place.cloud == "s3":
        return _s3(place, environ)
    return _gs(place) if place.cloud == "gs" else _az(place, environ)


def listing(store: Objects, cloud: Cloud) -> Iterator[tuple[str, str]]:
    """Each object below the prefix, with the size and version that the store reports.

    Lists a few hundred at a time. Raises PublishError.
    """
    import obstore

    try:
        for some in obstore.list(store, chunk_size=500):
            for one in some:
                yield one["path"], f"{one['size']}:{one['e_tag'] or one['last_modified']}"
    except Exception as error:
        reason = str(error).strip().partition("\n")[0]
        if any(word in reason for word in _METADATA):
            raise _no_credentials(cloud, error) from None
        raise PublishError(f"{CLOUDS[cloud]} does not list the prefix: {reason[:300]}") from None


def signing(store: Objects, cloud: Cloud) -> Sign:
    """A function that signs URLs, for readers without credentials. It raises PublishError."""
    import obstore

    def sign(method: Method, key: str, seconds: float) -> str:
        try:
            return obstore.sign(store, method, key, timedelta(seconds=seconds))
        except Exception as error:
            raise _no_credentials(cloud, error) from None

    return sign


def _no_credentials(cloud: Cloud, error: Exception | None = None) -> PublishError:
    reason = str(error or "").strip().partition("\n")[0]
    if error is None or any(word in reason for word in _METADATA):
        advice = {
            "s3": "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE for a profile "
            "of ~/.aws, or sign in with aws sso login",
            "gs": "set GOOGLE_APPLICATION_CREDENTIALS to the key file of a service account",
            "az": "set AZURE_STORAGE_ACCOUNT_NAME and AZURE_STORAGE_ACCOUNT_KEY, or "
            "AZURE_STORAGE_CONNECTION_STRING",
        }[cloud]
        return PublishError(f"no credentials for {CLOUDS[cloud]} were found: {advice}")
    if "SAS tokens" in reason:
        return PublishError(
            "a SAS token cannot sign URLs for Azure: set AZURE_STORAGE_ACCOUNT_KEY, or give "
            "https://ACCOUNT.blob.core.windows.net/CONTAINER/{key}?SAS as the target"
        )
    return PublishError(f"the credentials for {CLOUDS[cloud]} cannot be used: {reason[:300]}")


# One try and a short wait: without credentials, a machine outside a cloud asks an address that
# does not respond.
def _limits() -> tuple[ClientConfig, RetryConfig]:
    wait = timedelta(seconds=CONNECT_SECONDS)
    client: ClientConfig = {"connect_timeout": wait / 2, "timeout": wait, "allow_http": True}
    return client, {"max_retries": 1, "retry_timeout": wait}


def _s3(place: Place, environ: Mapping[str, str]) -> S3Store:
    import boto3
    from botocore.exceptions import BotoCoreError
    from obstore.auth.boto3 import Boto3CredentialProvider
    from obstore.store import S3Store

    # The AWS tools read AWS_REGION, too; boto3 does not.
    region = place.region or environ.get("AWS_REGION") or None
    try:
        session = boto3.Session(profile_name=place.profile, region_name=region)
        credentials = session.get_credentials()
        if credentials is None:
            raise _no_credentials("s3")
        credentials.get_frozen_credentials()
        # boto3 finds the bucket's host by environment, profile and partition.
        meta = session.client("s3", endpoint_url=place.endpoint).meta
        provider = Boto3CredentialProvider(session)
    except (BotoCoreError, ValueError) as error:
        raise PublishError(f"the credentials for S3 cannot be used: {error}") from None
    endpoint: str = meta.endpoint_url
    parts = urlsplit(endpoint)
    host = parts.hostname or ""
    own = host.endswith((".amazonaws.com", ".amazonaws.com.cn"))
    style = (meta.config.s3 or {}).get("addressing_style", "auto")
    if style == "auto":
        # A dot in the name breaks TLS at bucket.host.
        virtual = (own and "." not in place.bucket) or host.endswith(_VIRTUAL_ONLY)
    else:
        virtual = style == "virtual"
    if virtual:
        endpoint = f"{parts.scheme}://{place.bucket}.{parts.netloc}{parts.path}"
    client, retry = _limits()
    return S3Store(
        place.bucket,
        prefix=place.prefix or None,
        # Give both names, so that obstore reads neither from the environment: boto3 has done so.
        endpoint=endpoint,
        aws_endpoint_url_s3=endpoint,
        region=meta.region_name or "us-east-1",
        virtual_hosted_style_request=virtual,
        skip_signature=False,
        credential_provider=provider,
        client_options=client,
        retry_config=retry,
    )


def _gs(place: Place) -> GCSStore:
    from obstore.store import GCSStore

    client, retry = _limits()
    try:
        return GCSStore(
            place.bucket, prefix=place.prefix or None, client_options=client, retry_config=retry
        )
    except Exception as error:
        raise _no_credentials("gs", error) from None


def _az(place: Place, environ: Mapping[str, str]) -> AzureStore:
    from obstore.store import AzureStore

    string = environ.get("AZURE_STORAGE_CONNECTION_STRING", "")
    pairs = (part.partition("=") for part in string.split(";"))
    connection = {name.strip().lower(): value.strip() for name, _, value in pairs}
    # Microsoft's tools and obstore use different names.
    account = (
        place.account
        or environ.get("AZURE_STORAGE_ACCOUNT_NAME")
        or environ.get("AZURE_STORAGE_ACCOUNT")
        or connection.get("accountname")
    )
    if not account:
        raise _no_credentials("az")
    config: AzureConfig = {"account_name": account}
    known = ("AZURE_STORAGE_ACCOUNT_KEY", "AZURE_STORAGE_ACCESS_KEY", "AZURE_STORAGE_MASTER_KEY")
    if not any(environ.get(name) for name in known):
        same = account == connection.get("accountname")
        key = environ.get("AZURE_STORAGE_KEY") or (connection.get("accountkey") if same else None)
        if key:
            config["account_key"] = key
    given = environ.get("AZURE_STORAGE_ENDPOINT") or environ.get("AZURE_ENDPOINT")
    endpoint = given or connection.get("blobendpoint")
    if not endpoint and connection.get("endpointsuffix"):
        scheme = connection.get("defaultendpointsprotocol", "https")
        endpoint = f"{scheme}://{account}.blob.{connection['endpointsuffix']}"
    if endpoint:
        config["endpoint"] = endpoint.rstrip("/")
    client, retry = _limits()
    try:
        return AzureStore(
            place.bucket,
            prefix=place.prefix or None,
            config=config,
            client_options=client,
            retry_config=retry,
        )
    except Exception as error:
        raise _no_credentials("az", error) from None
