"""Images in the request itself: as long as upstream takes them, else published."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from tests.job.table import minimal
from vaceprep.checks.inputs import Item
from vaceprep.job.model import Job
from vaceprep.publish.publish import Published
from vaceprep.runs import stage
from vaceprep.runs.admit import Ready
from vaceprep.runs.model import Control, RunOptions

BEGIN = "data:image/png;base64,"
LONGEST = 10_485_760
URL = "https://cdn.example.com/red.png"


class Nowhere:
    """A target that publishes nothing itself, and remembers nothing."""

    name = "nowhere"

    def publish(self, asset: Any, **_: Any) -> str:
        raise AssertionError(asset)

    def recall(self, target: str, key: str) -> str | None:
        raise AssertionError(target, key)

    def remember(self, target: str, key: str, url: str) -> None:
        raise AssertionError(target, key, url)


def published(
    folder: Path, characters: int, target: Nowhere | None, monkeypatch: pytest.MonkeyPatch
) -> str:
    """The value of a reference image whose URI has so many characters."""
    path = folder / "red.png"
    Image.new("RGB", (400, 400), "red").save(path)
    job = Job.from_dict({**minimal("image_reference"), "ref_images_url": [str(path)]})
    ready = Ready(Item("job.json", "path"), job, "image_reference", "0" * 64, (), {})
    text = BEGIN + "A" * (characters - len(BEGIN))
    monkeypatch.setattr(stage, "data_uri", lambda asset: text)
    monkeypatch.setattr(stage, "publish", lambda *_, **__: Published(URL, True))
    sent = stage.publish_media(
        ready,
        job,
        target,
        Nowhere(),
        RunOptions(inline_images=True),
        Control(),
        lambda step: None,
    )
    value: str = sent.body()["ref_images_url"][0]
    return value


def test_an_image_of_the_longest_text_travels_inline(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for target in (None, Nowhere()):
        assert len(published(tmp_path, LONGEST, target, monkeypatch)) == LONGEST


def test_a_longer_one_is_published_or_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert published(tmp_path, LONGEST + 1, Nowhere(), monkeypatch) == URL
    with pytest.raises(stage.NeedsTarget, match="10,485,761 characters inline, of at most 10,485"):
        published(tmp_path, LONGEST + 1, None, monkeypatch)
