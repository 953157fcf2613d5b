"""PUT to a URL pattern, against a server that misbehaves."""

from __future__ import annotations

import base64
import ssl
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from itertools import pairwise
from pathlib import Path

import pytest

from tests.publish.known import never, untold
from tests.publish.web import Web, closed_port
from vaceprep.errors import Cancelled
from vaceprep.net import client
from vaceprep.publish.http_put import PutTarget
from vaceprep.publish.publish import publish
from vaceprep.publish.target import Asset, PublishError

#: Seconds: long where nothing shall stall on a busy machine, short where something does.
STALL = 10.0
SHORT = 0.4


def target_of(web: Web, query: str = "", stall: float = STALL) -> PutTarget:
    return PutTarget(f"{web.url}/up/{{key}}{query}", stall=stall)


def said(caught: pytest.ExceptionInfo[PublishError]) -> str:
    message = str(caught.value)
    assert "\n" not in message
    assert "secret" not in message
    return message


def test_put_and_read_back(web: Web, clip_asset: Asset) -> None:
    target = target_of(web)
    told: list[int] = []
    done = publish(clip_asset, target, allow_hosts=["127.0.0.1"], tell=told.append)
    assert done.sent
    assert done.url == f"{web.url}/up/{clip_asset.key}"
    assert done.url.isascii()
    path = f"/up/{clip_asset.key}"
    with open(clip_asset.path, "rb") as file:
        assert web.files[path] == file.read()
    assert web.types[path] == "video/mp4"
    assert told == [clip_asset.size]
    (headers,) = (h for m, _, h in web.seen if m == "PUT")
    assert headers["Content-Length"] == str(clip_asset.size)
    assert "Transfer-Encoding" not in headers


def test_the_same_content_is_sent_once(web: Web, clip_asset: Asset) -> None:
    target = target_of(web)
    sent = [publish(clip_asset, target, allow_hosts=[web.host]).sent for _ in range(3)]
    assert sent == [True, False, False]
    assert web.count("PUT") == 1


def test_what_is_there_with_another_length_is_sent_again(web: Web, clip_asset: Asset) -> None:
    web.files[f"/up/{clip_asset.key}"] = b"half"
    assert publish(clip_asset, target_of(web), allow_hosts=[web.host]).sent
    assert web.files[f"/up/{clip_asset.key}"] != b"half"


def test_two_at_once_send_it_once(web: Web, big_asset: Asset) -> None:
    sent: list[bool] = []

    def one() -> None:
        sent.append(publish(big_asset, target_of(web), allow_hosts=[web.host]).sent)

    threads = [threading.Thread(target=one) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(sent) == [False, False, False, True]
    assert web.count("PUT") == 1


def test_credentials_stay_the_upload_s_own(web: Web, clip_asset: Asset) -> None:
    target = PutTarget(f"http://me:s%3Aecret@{web.host}/up/{{key}}?token=secret", stall=STALL)
    url = publish(clip_asset, target, allow_hosts=[web.host]).url
    assert url == f"{web.url}/up/{clip_asset.key}?token=secret"
    for method, _, headers in web.seen[:2]:
        given = headers["Authorization"].removeprefix("Basic ")
        assert base64.b64decode(given) == b"me:s:ecret", method
    # The service has no credentials: neither has who reads back.
    assert "Authorization" not in web.seen[2][2]


def test_read_from_elsewhere(web: Web, clip_asset: Asset) -> None:
    target = PutTarget(f"{web.url}/up/{{key}}?secret=1", f"{web.url}/up/")
    assert publish(clip_asset, target, allow_hosts=[web.host]).url == (
        f"{web.url}/up/{clip_asset.key}"
    )


@pytest.mark.parametrize(
    "fault,words",
    [
        ("stall", "accepted no more bytes for 0.4 s"),
        ("stall-answer", "did not answer for 0.4 s"),
        ("drop", "closed the connection"),
        ("503", "refuses the upload (503 Service Unavailable)"),
        ("refuse-503", "refuses the upload (503 Service Unavailable)"),
        ("429", "refuses the upload (429 Too Many Requests)"),
    ],
)
def test_three_tries_and_one_sentence(fault: str, words: str, web: Web, big_asset: Asset) -> None:
    web.faults.append(("PUT*", fault))
    with pytest.raises(PublishError) as caught:
        target = target_of(web, "?secret={key}", SHORT if "stall" in fault else STALL)
        publish(big_asset, target, allow_hosts=[web.host], pause=0.01)
    assert said(caught) == f"{web.host} {words} (tried 3 times)"
    assert web.count("PUT") == 3
    assert web.stored == 0


@pytest.mark.parametrize("fault", ["stall", "stall-answer", "drop", "503", "refuse-500"])
def test_the_third_try_counts(fault: str, web: Web, big_asset: Asset) -> None:
    web.faults += [("PUT", fault)] * 2
    told: list[int] = []
    target = target_of(web, stall=SHORT if "stall" in fault else STALL)
    done = publish(big_asset, target, allow_hosts=[web.host], pause=0.01, tell=told.append)
    assert done.sent
    assert (web.count("PUT"), web.stored) == (3, 1)
    assert told[-1] == big_asset.size
    # Each try begins anew.
    assert sum(b < a for a, b in pairwise(told)) <= 2


def test_an_answer_lost_after_the_upload_sends_nothing_again(web: Web, clip_asset: Asset) -> None:
    web.faults.append(("PUT", "drop-answer"))
    assert publish(clip_asset, target_of(web), allow_hosts=[web.host], pause=0.01).sent
    assert web.count("PUT") == 1


def test_a_slow_upload_is_not_given_up(web: Web, big_asset: Asset) -> None:
    """Far longer in all than the stall limit, and never without progress for so long."""
    web.faults.append(("PUT", "slow"))
    assert publish(big_asset, target_of(web, stall=1.0), allow_hosts=[web.host]).sent
    assert web.seconds > 1.0
    assert web.count("PUT") == 1


@pytest.mark.parametrize(
    "fault,words",
    [
        ("401", "check the URL pattern and its credentials"),
        ("refuse-403", "check the URL pattern and its credentials"),
        ("404", "does not accept uploads at"),
        ("405", "does not accept uploads at"),
        ("refuse-413", "too large (413"),
        ("507", "no space left (507"),
        ("418", "refuses the upload (418"),
        ("299", "instead of"),
        (
            "https://other.example.com/up?secret=1",
            "redirects the upload (307 Temporary Redirect) to https://other.example.com/up;",
        ),
        ("http://[", "redirect"),
    ],
)
def test_what_is_settled_is_not_tried_again(
    fault: str, words: str, web: Web, clip_asset: Asset
) -> None:
    if fault == "299":
        # A server that says yes and keeps something else.
        web.faults.append(("GET*", "short"))
        web.files[f"/up/{clip_asset.key}"] = b"another file"
    else:
        web.faults.append(("PUT*", fault))
    with pytest.raises(PublishError) as caught:
        publish(clip_asset, target_of(web, "?secret=1"), allow_hosts=[web.host], pause=0.01)
    assert words in said(caught)
    assert web.count("PUT") == 1


def test_no_server(clip_asset: Asset) -> None:
    host = f"127.0.0.1:{closed_port()}"
    with pytest.raises(PublishError) as caught:
        publish(clip_asset, PutTarget(f"http://me:secret@{host}/{{key}}?x=secret"), pause=0.01)
    assert said(caught).startswith(f"no connection to {host}: ")
    assert "refused" in said(caught)
    assert said(caught).endswith("(tried 3 times)")


def test_a_name_that_does_not_exist(clip_asset: Asset) -> None:
    with pytest.raises(PublishError) as caught:
        publish(clip_asset, PutTarget("http://nobody.invalid/{key}"), pause=0.01)
    assert said(caught).startswith("no connection to nobody.invalid: ")


@pytest.mark.parametrize("fault", ["stall", "stall-answer"])
def test_called_off_while_the_line_stands_still(fault: str, web: Web, big_asset: Asset) -> None:
    """The stall limit is a minute: nobody waits for it."""
    web.faults.append(("PUT", fault))
    with pytest.raises(Cancelled):
        publish(
            big_asset,
            target_of(web, stall=60),
            allow_hosts=[web.host],
            cancelled=web.reading.is_set,
        )
    assert web.stored == 0


def test_called_off_between_pieces_and_tries(web: Web, big_asset: Asset) -> None:
    told: list[int] = []
    with pytest.raises(Cancelled):
        publish(big_asset, target_of(web), tell=told.append, cancelled=lambda: len(told) > 5)
    web.faults.append(("PUT*", "503"))
    tries: list[int] = []
    with pytest.raises(Cancelled):
        publish(
            big_asset,
            target_of(web),
            tell=lambda sent: tries.append(sent) if sent == big_asset.size else None,
            cancelled=lambda: bool(tries),
            pause=60,
        )
    assert web.stored == 0


def test_a_file_that_changed_is_never_stored(web: Web, big_asset: Asset) -> None:
    with open(big_asset.path, "ab") as file:
        file.write(b"more")
    with pytest.raises(PublishError, match="changed while it was being published"):
        target_of(web).publish(big_asset, tell=untold, cancelled=never)
    assert web.stored == 0


def test_a_proxy_of_the_environment_is_not_asked_for_this_machine(
    web: Web, clip_asset: Asset, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("http_proxy", "all_proxy"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{closed_port()}")
    assert publish(clip_asset, target_of(web), allow_hosts=[web.host]).sent
    with pytest.raises(PublishError, match=r"no connection to cdn\.example\.com"):
        target = PutTarget("http://cdn.example.com/{key}", stall=STALL)
        target.publish(clip_asset, tell=untold, cancelled=never)


@pytest.fixture
def tls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Web]:
    """A server with a certificate that uploads trust."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import NameOID

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    alternative = x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))])
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(alternative, critical=False)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path / "server.pem"
    path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + certificate.public_bytes(serialization.Encoding.PEM)
    )
    monkeypatch.setattr(client, "trusted", lambda: ssl.create_default_context(cafile=str(path)))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    with Web(tls=context) as server:
        yield server


def test_over_tls(tls: Web, big_asset: Asset) -> None:
    target = target_of(tls)
    assert publish(big_asset, target, allow_hosts=[tls.host]).url.startswith("https://")
    tls.files.clear()
    tls.faults.append(("PUT", "stall"))
    tls.reading.clear()
    with pytest.raises(Cancelled):
        publish(
            big_asset,
            target_of(tls, stall=60),
            allow_hosts=[tls.host],
            cancelled=tls.reading.is_set,
        )
    assert tls.stored == 1


def test_a_certificate_that_nobody_trusts(
    tls: Web, clip_asset: Asset, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "trusted", ssl.create_default_context)
    with pytest.raises(PublishError, match="CERTIFICATE_VERIFY_FAILED"):
        publish(clip_asset, target_of(tls), allow_hosts=[tls.host], pause=0.01)
    assert tls.seen == []
