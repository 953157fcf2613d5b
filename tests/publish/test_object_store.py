"""S3 against a server process; Google Cloud Storage and Azure against a stand-in."""

from __future__ import annotations

import json
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from tests.publish.known import Memory
from tests.publish.web import Web, closed_port
from vaceprep.publish.credentials import open_store, parse_place
from vaceprep.publish.publish import publish
from vaceprep.publish.target import Asset, PublishError, Target, parse_target, ready
from vaceprep.rules.url import expires_at

SECRET = "wJalrXUtnFEMI/K7MDENG/secret"


class Store:
    """A moto server in a process of its own."""

    def __init__(self, port: int, log: Path) -> None:
        self.host = f"127.0.0.1:{port}"
        self.url = f"http://{self.host}"
        self._log = log

    def puts(self, bucket: str) -> int:
        return len(re.findall(rf'"(?:\x1b\[\d+m)?PUT /{bucket}/', self._log.read_text()))


@pytest.fixture(scope="session")
def moto(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    port = closed_port()
    log = tmp_path_factory.mktemp("moto") / "log"
    with log.open("wb") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)],
            stdout=out,
            stderr=out,
        )
        try:
            for _ in range(300):
                with socket.socket() as line:
                    if line.connect_ex(("127.0.0.1", port)) == 0:
                        break
                time.sleep(0.1)
            yield Store(port, log)
        finally:
            # It would wait for connections that are kept alive.
            process.kill()
            process.wait(timeout=20)


@pytest.fixture
def keys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)


@pytest.fixture
def bucket(moto: Store, keys: None, request: pytest.FixtureRequest) -> str:
    name = re.sub(r"[^a-z0-9]+", "-", request.node.name.lower())[:50].strip("-")
    assert httpx.put(f"{moto.url}/{name}", trust_env=False).status_code == 200
    return name


def failed(asset: Asset, target: Target) -> str:
    with pytest.raises(PublishError) as caught:
        publish(asset, target, allow_hosts=["127.0.0.1"], pause=0.01, timeout=2)
    message = str(caught.value)
    assert "\n" not in message
    assert SECRET not in message
    assert "X-Amz" not in message and "Signature" not in message.replace("SignatureDoes", "")
    return message


def test_s3(moto: Store, bucket: str, clip_asset: Asset, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", moto.url)
    target = parse_target(f"s3://{bucket}/some/prefix")
    ready(target)
    memory = Memory()
    told: list[int] = []
    before = datetime.now(UTC)
    done = publish(clip_asset, target, known=memory, allow_hosts=[moto.host], tell=told.append)
    assert done.sent
    assert told[-1] == clip_asset.size
    assert done.url.isascii()
    parts = urlsplit(done.url)
    assert parts.path == f"/{bucket}/some/prefix/{clip_asset.key}"
    assert parse_qs(parts.query)["X-Amz-Expires"] == ["86400"]
    end = expires_at(done.url)
    assert end is not None
    assert timedelta(hours=24, seconds=-1) <= end - before <= timedelta(hours=24, seconds=60)
    assert SECRET not in done.url
    answer = httpx.get(done.url, trust_env=False)
    assert answer.content == Path(clip_asset.path).read_bytes()
    assert answer.headers["Content-Type"] == "video/mp4"
    # Known; not known, but there; and there under another name of the same content.
    again = publish(clip_asset, target, known=memory, allow_hosts=[moto.host])
    assert (again.url, again.sent) == (done.url, False)
    assert not publish(clip_asset, target, allow_hosts=[moto.host]).sent
    assert not publish(
        clip_asset, parse_target(f"s3://{bucket}/some/prefix/"), allow_hosts=[moto.host]
    ).sent
    assert moto.puts(bucket) == 1
    assert target.name == f"s3://{bucket}/some/prefix"


def test_s3_prefixes_are_encoded(moto: Store, bucket: str, picture_asset: Asset) -> None:
    target = parse_target(f"s3://{bucket}/Zürich 한/a+b?endpoint={moto.url}")
    done = publish(picture_asset, target, allow_hosts=[moto.host])
    assert done.url.isascii() and " " not in done.url
    assert httpx.get(done.url, trust_env=False).headers["Content-Type"] == "image/png"


def test_s3_half_an_object_is_sent_again(moto: Store, bucket: str, clip_asset: Asset) -> None:
    path = f"{moto.url}/{bucket}/{clip_asset.key}"
    assert httpx.put(path, content=b"half", trust_env=False).status_code == 200
    target = parse_target(f"s3://{bucket}?endpoint={moto.url}")
    assert publish(clip_asset, target, allow_hosts=[moto.host]).sent


def test_s3_with_a_public_base(
    moto: Store, bucket: str, web: Web, keys: None, clip_asset: Asset
) -> None:
    base = f"{web.url}/bucket/x"
    target = parse_target(f"s3://bucket/x?endpoint={web.url}", base)
    assert publish(clip_asset, target, allow_hosts=[web.host]).url == f"{base}/{clip_asset.key}"
    # A bucket that only seems public is found out.
    base = f"{moto.url}/{bucket}"
    target = parse_target(f"s3://{bucket}?endpoint={moto.url}", base)
    assert "403 Forbidden when it is read back: the public may not" in failed(clip_asset, target)


def test_s3_by_a_profile(
    moto: Store, bucket: str, clip_asset: Asset, nobody_s: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    (nobody_s / "aws-config").write_text(
        f"[profile r2]\nregion = auto\nendpoint_url = {moto.url}\n"
        f"aws_access_key_id = FROMPROFILE\naws_secret_access_key = {SECRET}\n"
    )
    by_name = parse_target(f"s3://{bucket}?profile=r2")
    monkeypatch.setenv("AWS_PROFILE", "r2")
    for target in (by_name, parse_target(f"s3://{bucket}")):
        url = publish(clip_asset, target, allow_hosts=[moto.host]).url
        assert url.startswith(f"{moto.url}/{bucket}/")
        assert "FROMPROFILE" in url and "%2Fauto%2Fs3%2F" in url
    assert moto.puts(bucket) == 1


def test_s3_no_bucket(moto: Store, keys: None, clip_asset: Asset) -> None:
    target = parse_target(f"s3://no-such-bucket?endpoint={moto.url}")
    assert failed(clip_asset, target) == f"there is no bucket no-such-bucket at {moto.host}"


def test_s3_no_endpoint(keys: None, clip_asset: Asset) -> None:
    host = f"127.0.0.1:{closed_port()}"
    message = failed(clip_asset, parse_target(f"s3://bucket?endpoint=http://{host}"))
    assert message.startswith(f"no connection to {host}: ")
    assert message.endswith("(tried 3 times)")


@pytest.mark.parametrize("silent", [False, True])
def test_s3_no_credentials(
    silent: bool, clip_asset: Asset, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where something at the metadata service's address listens and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as metadata:
        if silent:
            port = metadata.getsockname()[1]
            monkeypatch.setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", f"http://127.0.0.1:{port}")
        target = parse_target("s3://bucket")
        with pytest.raises(PublishError, match="no credentials for S3 were found: set AWS_ACC"):
            ready(target)
        if not silent:
            assert "AWS_PROFILE" in failed(clip_asset, target)


def test_s3_credentials_that_cannot_be_used(
    nobody_s: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(PublishError, match=r"profile \(nobody\) could not be found"):
        ready(parse_target("s3://bucket?profile=nobody"))
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAEXAMPLE")
    with pytest.raises(PublishError, match=r"Partial credentials.*AWS_SECRET_ACCESS_KEY"):
        ready(parse_target("s3://bucket"))
    (nobody_s / "aws-config").write_text("nonsense")
    with pytest.raises(PublishError, match="cannot be used"):
        ready(parse_target("s3://bucket?profile=x"))


@pytest.mark.parametrize(
    "place,config,start",
    [
        ("s3://bucket/p", "", "https://bucket.s3.amazonaws.com/p/k.mp4?"),
        ("s3://bucket?region=eu-west-1", "", "https://bucket.s3.eu-west-1.amazonaws.com/k.mp4?"),
        (
            "s3://bucket?region=cn-north-1",
            "",
            "https://bucket.s3.cn-north-1.amazonaws.com.cn/k.mp4?",
        ),
        ("s3://b.ucket?region=eu-west-1", "", "https://s3.eu-west-1.amazonaws.com/b.ucket/k.mp4?"),
        (
            "s3://bucket?region=eu-west-1",
            "s3 =\n  addressing_style = path\n",
            "https://s3.eu-west-1.amazonaws.com/bucket/k.mp4?",
        ),
        (
            "s3://bucket?endpoint=https://acc.r2.cloudflarestorage.com&region=auto",
            "",
            "https://acc.r2.cloudflarestorage.com/bucket/k.mp4?",
        ),
        (
            "s3://bucket?endpoint=https://oss-cn-hangzhou.aliyuncs.com&region=oss-cn-hangzhou",
            "",
            "https://bucket.oss-cn-hangzhou.aliyuncs.com/k.mp4?",
        ),
        (
            "s3://bucket?endpoint=https://s3.example.com",
            "s3 =\n  addressing_style = virtual\n",
            "https://bucket.s3.example.com/k.mp4?",
        ),
    ],
)
def test_s3_where_a_bucket_is(
    place: str, config: str, start: str, keys: None, nobody_s: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (nobody_s / "aws-config").write_text(f"[default]\n{config}")
    # What boto3 does not read for this place must not come in by obstore either.
    monkeypatch.setenv("AWS_ENDPOINT", "http://elsewhere.example.com")
    monkeypatch.setenv("AWS_SKIP_SIGNATURE", "true")
    url = open_store(parse_place(place))("GET", "k.mp4", 60)
    assert url.startswith(start)
    assert "X-Amz-Signature=" in url and "X-Amz-Expires=60" in url


def test_s3_region_from_the_environment(keys: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    assert ".eu-west-1." in open_store(parse_place("s3://bucket"))("GET", "k", 60)
    monkeypatch.setenv("AWS_REGION", "eu-west-2")
    assert ".eu-west-2." in open_store(parse_place("s3://bucket"))("GET", "k", 60)


def test_s3_temporary_credentials(keys: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_SESSION_TOKEN", "temporary")
    url = open_store(parse_place("s3://bucket"))("GET", "k", 60)
    assert "X-Amz-Security-Token=temporary" in url


@pytest.mark.parametrize(
    "code,words",
    [
        ("AccessDenied", "the credentials may not write to the bucket bucket"),
        ("InvalidAccessKeyId", "rejects the credentials"),
        ("SignatureDoesNotMatch", "rejects the credentials"),
        ("ExpiredToken", "have expired; sign in again"),
        ("RequestTimeTooSkewed", "the clock of this machine is wrong"),
        ("PermanentRedirect", "is in another region: set AWS_REGION"),
        ("NoSuchBucket", "there is no bucket bucket"),
        ("QuotaExceeded", "(403 Forbidden, QuotaExceeded)"),
    ],
)
def test_s3_says_no(code: str, words: str, web: Web, keys: None, clip_asset: Asset) -> None:
    body = f"<Error><Code>{code}</Code><StringToSign>{SECRET}</StringToSign></Error>"
    web.faults.append(("PUT*", body))
    message = failed(clip_asset, parse_target(f"s3://bucket?endpoint={web.url}"))
    assert words in message
    assert web.count("PUT") == 1


@pytest.mark.parametrize("fault", ["drop", "503", "stall"])
def test_s3_is_tried_again(fault: str, web: Web, keys: None, big_asset: Asset) -> None:
    web.faults += [("PUT", fault)] * 2
    target = parse_target(f"s3://bucket?endpoint={web.url}", stall=0.4 if fault == "stall" else 10)
    assert publish(big_asset, target, allow_hosts=[web.host], pause=0.01).sent
    assert (web.count("PUT"), web.stored) == (3, 1)


def test_s3_is_asked_before_anything_is_sent(web: Web, keys: None, clip_asset: Asset) -> None:
    web.faults += [("GET*", "301")]
    target = parse_target(f"s3://bucket?endpoint={web.url}")
    assert "the bucket bucket is in another region" in failed(clip_asset, target)
    web.faults[:] = [("GET*", "503")]
    assert "(503 Service Unavailable) (tried 3 times)" in failed(clip_asset, target)
    assert web.count("PUT") == 0
    # Who may not list a bucket hears 403 of what is not there.
    web.faults[:] = [("GET", "403")]
    assert publish(clip_asset, target, allow_hosts=[web.host]).sent


@pytest.fixture
def google(nobody_s: Path, monkeypatch: pytest.MonkeyPatch, web: Web) -> None:
    """The key of a service account that nobody has."""
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import rsa

    key = rsa.generate_private_key(65537, 2048).private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    account = {
        "type": "service_account",
        "client_email": "nobody@example.iam.gserviceaccount.com",
        "private_key_id": "x",
        "private_key": key.decode(),
        "gcs_base_url": web.url,
    }
    path = nobody_s / "account.json"
    path.write_text(json.dumps(account))
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(path))


def test_google(google: None, web: Web, clip_asset: Asset, monkeypatch: pytest.MonkeyPatch) -> None:
    signed = open_store(parse_place("gs://bucket/a/ü"))("PUT", clip_asset.key, 3600)
    query = parse_qs(urlsplit(signed).query)
    assert query["X-Goog-Expires"] == ["3600"]
    assert query["X-Goog-SignedHeaders"] == ["host"]
    assert len(query["X-Goog-Signature"][0]) == 512
    # By an account that names its host, the stand-in is asked.
    account = str(Path.home() / "account.json")
    monkeypatch.setenv("GOOGLE_SERVICE_ACCOUNT", account)
    monkeypatch.delenv("GOOGLE_APPLICATION_CREDENTIALS")
    target = parse_target("gs://bucket/a/ü")
    done = publish(clip_asset, target, allow_hosts=[web.host])
    assert done.url.startswith(f"{web.url}/bucket/a/%C3%BC/{clip_asset.key}?X-Goog-Algorithm=")
    assert "X-Goog-Expires=86400&" in done.url
    assert not publish(clip_asset, target, allow_hosts=[web.host]).sent
    assert web.count("PUT") == 1


def test_google_without_credentials(
    clip_asset: Asset, nobody_s: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(PublishError, match="no credentials for Google Cloud Storage were found"):
        ready(parse_target("gs://bucket"))
    for text in ("nonsense", "{}", json.dumps({"type": "service_account", "private_key": SECRET})):
        (nobody_s / "broken.json").write_text(text)
        monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(nobody_s / "broken.json"))
        assert "for Google Cloud Storage cannot be used" in failed(
            clip_asset, parse_target("gs://bucket")
        )


_KEY = "c2VjcmV0c2VjcmV0"


@pytest.mark.parametrize(
    "environment,start",
    [
        (
            {"AZURE_STORAGE_ACCOUNT_NAME": "me", "AZURE_STORAGE_ACCOUNT_KEY": _KEY},
            "https://me.blob.core.windows.net/box/a/k.mp4?",
        ),
        (
            {"AZURE_STORAGE_ACCOUNT": "me", "AZURE_STORAGE_KEY": _KEY},
            "https://me.blob.core.windows.net/box/a/k.mp4?",
        ),
        (
            {
                "AZURE_STORAGE_CONNECTION_STRING": "DefaultEndpointsProtocol=https;"
                "AccountName=me;AccountKey=c2VjcmV0cw==;EndpointSuffix=core.chinacloudapi.cn"
            },
            "https://me.blob.core.chinacloudapi.cn/box/a/k.mp4?",
        ),
        (
            {
                "AZURE_STORAGE_CONNECTION_STRING": f"AccountName=dev;AccountKey={_KEY};"
                "BlobEndpoint=http://127.0.0.1:10000/dev"
            },
            "http://127.0.0.1:10000/dev/box/a/k.mp4?",
        ),
    ],
)
def test_azure_signs(
    environment: dict[str, str], start: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    for method, permission in (("GET", "r"), ("PUT", "w")):
        sign = open_store(parse_place("az://box/a"))
        url = sign("GET" if method == "GET" else "PUT", "k.mp4", 86400)
        assert url.startswith(start)
        query = parse_qs(urlsplit(url).query)
        assert (query["sp"], query["sr"]) == ([permission], ["b"])
        end = expires_at(url)
        assert end is not None
        assert timedelta(hours=23) < end - datetime.now(UTC) <= timedelta(hours=24)


def test_azure(web: Web, clip_asset: Asset, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AZURE_STORAGE_ACCOUNT_KEY", _KEY)
    monkeypatch.setenv("AZURE_STORAGE_ENDPOINT", web.url)
    target = parse_target("az://box/a?account=me")
    assert publish(clip_asset, target, allow_hosts=[web.host]).sent
    assert not publish(clip_asset, target, allow_hosts=[web.host]).sent
    (headers,) = (h for m, _, h in web.seen if m == "PUT")
    assert headers["x-ms-blob-type"] == "BlockBlob"
    assert headers["Content-Type"] == "video/mp4"
    web.files.clear()
    web.faults += [("PUT", "<Error><Code>ContainerNotFound</Code></Error>")]
    assert failed(clip_asset, target) == f"there is no container box at {web.host}"


def test_azure_without_credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(PublishError, match="no credentials for Azure were found: set AZURE_STOR"):
        ready(parse_target("az://box"))
    with pytest.raises(PublishError, match="no credentials for Azure were found"):
        ready(parse_target("az://box?account=me"))
    monkeypatch.setenv("AZURE_STORAGE_SAS_TOKEN", "sv=2021&sig=secret")
    with pytest.raises(PublishError, match="a SAS token cannot sign") as caught:
        ready(parse_target("az://box?account=me"))
    assert "secret" not in str(caught.value)
    monkeypatch.setenv("AZURE_STORAGE_ACCOUNT_KEY", "not base64 !")
    with pytest.raises(PublishError, match="for Azure cannot be used") as caught:
        ready(parse_target("az://box?account=me"))
    assert "not base64" not in str(caught.value)
