"""A sandbox as a client sees it: submissions, questions, files."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import httpx

from tests.paths import ROOT
from vaceprep.contract import TASKS_PATH
from vaceprep.sandbox.server import Sandbox

FIXTURES = ROOT / "fixtures"
TOKEN = {"Authorization": "Bearer anything"}
#: Seconds after which a test gives up; work takes a few.
PATIENCE = 60


def call(method: str, url: str, **more: Any) -> httpx.Response:
    """One request on a connection of its own."""
    headers = {**TOKEN, **more.pop("headers", {})}
    with httpx.Client(trust_env=False, timeout=PATIENCE) as client:
        return client.request(method, url, headers=headers, **more)


def tasks_url(sandbox: Sandbox) -> str:
    """Where submissions go."""
    return sandbox.base_url + TASKS_PATH


def submit(sandbox: Sandbox, body: Any, **more: Any) -> httpx.Response:
    """A submission: a mapping, or bytes as they are."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return call("POST", tasks_url(sandbox), content=content, **more)


def accepted(sandbox: Sandbox, body: Any) -> str:
    """The id of the task that a good body made."""
    answer = submit(sandbox, body)
    assert answer.status_code == 202, answer.text
    made: str = answer.json()["task_info"]["id"]
    return made


def state(sandbox: Sandbox, task: str) -> dict[str, Any]:
    """What a question for a task is answered."""
    answer = call("GET", f"{tasks_url(sandbox)}/{task}")
    assert answer.status_code == 200, answer.text
    told: dict[str, Any] = answer.json()
    return told


def ended(sandbox: Sandbox, task: str) -> dict[str, Any]:
    """The last answer, once the task goes on no more."""
    limit = time.monotonic() + PATIENCE
    while time.monotonic() < limit:
        told = state(sandbox, task)
        if told["task_info"]["status"] not in ("pending", "running"):
            return told
        time.sleep(0.05)
    raise AssertionError(f"the task never ends: {told}")


def published(sandbox: Sandbox, path: Path, key: str | None = None) -> str:
    """A file's URL, after it was put there."""
    url = sandbox.publish_pattern.replace("{key}", key or path.name)
    assert call("PUT", url, content=path.read_bytes()).status_code in (201, 204)
    return url


def outpainting(url: str, **more: Any) -> dict[str, Any]:
    """A body that is quick to work on."""
    return {
        "model": "wan2.1-vace-plus",
        "function": "video_outpainting",
        "prompt": "More of it",
        "video_url": url,
        "left_scale": 1.5,
        **more,
    }
