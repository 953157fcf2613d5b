"""What is known is looked at again, all else is sent once."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from tests.publish.known import Memory
from tests.publish.web import Web
from vaceprep.publish.http_put import PutTarget
from vaceprep.publish.publish import publish
from vaceprep.publish.target import Asset, PublishError, Target, pieces, ready


def signed(url: str, left: timedelta) -> str:
    """A URL presigned for a day that is good for ``left`` still."""
    date = datetime.now(UTC) + left - timedelta(days=1)
    return f"{url}?X-Amz-Date={date:%Y%m%dT%H%M%SZ}&X-Amz-Expires=86400"


class Shelf:
    """A target of a user's own, as the protocol asks: it puts files on a shelf of the web."""

    name = "the shelf"

    def __init__(self, web: Web) -> None:
        self.web = web
        self.asked = 0

    def publish(
        self, asset: Asset, *, tell: Callable[[int], None], cancelled: Callable[[], bool]
    ) -> str:
        self.asked += 1
        path = f"/{asset.key}"
        if path not in self.web.files:
            self.web.files[path] = b"".join(pieces(asset, tell=tell, cancelled=cancelled))
        return signed(self.web.url + path, timedelta(days=1))


def test_a_target_of_one_s_own(web: Web, clip_asset: Asset) -> None:
    shelf = Shelf(web)
    assert isinstance(shelf, Target)
    ready(shelf)
    memory = Memory()
    done = publish(clip_asset, shelf, known=memory, allow_hosts=[web.host])
    assert done.sent
    assert memory.urls == {("the shelf", clip_asset.key): done.url}
    again = publish(clip_asset, shelf, known=memory, allow_hosts=[web.host])
    assert (again.url, again.sent, shelf.asked) == (done.url, False, 1)


@pytest.mark.parametrize(
    "left,max_wait,reused",
    [
        (timedelta(hours=2), 900, True),
        (timedelta(minutes=70), 900, False),
        (timedelta(minutes=80), 900, True),
        (timedelta(hours=2), 7200, False),
        (timedelta(hours=-1), 900, False),
    ],
)
def test_a_url_about_to_expire_is_signed_anew_and_nothing_sent(
    left: timedelta, max_wait: float, reused: bool, web: Web, clip_asset: Asset
) -> None:
    shelf, memory = Shelf(web), Memory()
    publish(clip_asset, shelf, known=memory, allow_hosts=[web.host])
    old = signed(f"{web.url}/{clip_asset.key}", left)
    memory.remember(shelf.name, clip_asset.key, old)
    done = publish(clip_asset, shelf, known=memory, allow_hosts=[web.host], max_wait=max_wait)
    assert not done.sent
    assert (done.url == old) is reused
    assert memory.recall(shelf.name, clip_asset.key) == done.url


def test_what_is_known_and_gone_is_sent_again(web: Web, clip_asset: Asset) -> None:
    memory = Memory()
    target = PutTarget(f"{web.url}/{{key}}")
    publish(clip_asset, target, known=memory, allow_hosts=[web.host])
    web.files.clear()
    assert publish(clip_asset, target, known=memory, allow_hosts=[web.host]).sent
    assert web.count("PUT") == 2


def test_what_could_not_be_read_back_is_not_remembered(web: Web, clip_asset: Asset) -> None:
    memory = Memory()
    target = PutTarget(f"{web.url}/{{key}}")
    with pytest.raises(PublishError, match="not public"):
        publish(clip_asset, target, known=memory)
    assert memory.urls == {}


def test_what_is_not_everywhere_yet_is_looked_at_again(web: Web, clip_asset: Asset) -> None:
    # The first answer is to the target, which looks whether the file is there.
    web.faults += [("GET", "404"), ("GET", "404"), ("GET", "503")]
    target = PutTarget(f"{web.url}/{{key}}")
    assert publish(clip_asset, target, allow_hosts=[web.host], pause=0.01).sent
    assert (web.count("PUT"), web.count("GET")) == (1, 4)


def test_read_back_is_given_up_too(web: Web, clip_asset: Asset) -> None:
    web.faults += [("GET*", "404")]
    target = PutTarget(f"{web.url}/{{key}}")
    with pytest.raises(PublishError, match=r"404 Not Found.*\(tried 2 times\)"):
        publish(clip_asset, target, allow_hosts=[web.host], pause=0.01, tries=2)
    assert web.count("PUT") == 1


def test_tries(web: Web, clip_asset: Asset) -> None:
    web.faults += [("PUT*", "503")]
    target = PutTarget(f"{web.url}/{{key}}")
    with pytest.raises(PublishError, match=r"Unavailable\)$"):
        publish(clip_asset, target, allow_hosts=[web.host], tries=1)
    with pytest.raises(ValueError, match="at least"):
        publish(clip_asset, target, tries=0)
