"""Bodies that the sandbox refuses: hostile ones, and what the contract forbids."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from tests.sandbox.calls import TOKEN, call, outpainting, submit, tasks_url
from vaceprep.contract import MAX_JOB_BYTES
from vaceprep.sandbox.bodies import BadBody, read_body
from vaceprep.sandbox.server import Sandbox

URL = "http://media.example.invalid/clip.mp4"
GOOD = outpainting(URL)

HOSTILE: dict[str, tuple[bytes, str]] = {
    "empty": (b"", "not valid JSON"),
    "no JSON": (b"prompt=cat", "not valid JSON"),
    "half": (b'{"model": ', "not valid JSON"),
    "array": (b"[1, 2]", "a list, not a mapping"),
    "text": (b'"wan"', "text, not a mapping"),
    "null": (b"null", "empty, not a mapping"),
    "not UTF-8": (b'{"prompt": "\xff"}', "not UTF-8"),
    "twice": (b'{"prompt": "a", "prompt": "b"}', "twice"),
    "deep": (b'{"a":' + b"[" * 100_000 + b"]" * 100_000 + b"}", "nested too deeply"),
    "many": (b'{"a": [' + b"0," * 20_000 + b"0]}", "more than 10,000 values"),
    "digits": (b'{"seed": ' + b"9" * 10_000 + b"}", "digits"),
    "NaN": (json.dumps({**GOOD, "left_scale": float("nan")}).encode(), "/left_scale"),
    "infinite": (json.dumps({**GOOD, "left_scale": float("inf")}).encode(), "/left_scale"),
    "surrogate": (b'{"prompt": "\\ud800"}', "/prompt"),
}
WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "no model": ({"model": None}, "/model"),
    "other model": ({"model": "wan2.2"}, "VP403 invalid-value"),
    "no function": ({"function": None}, "VP402 missing-field"),
    "other function": ({"function": "video_magic"}, "VP403 invalid-value"),
    "no prompt": ({"prompt": " "}, "VP404 prompt-length"),
    "long prompt": ({"prompt": "a" * 801}, "VP404 prompt-length"),
    "no video": ({"video_url": None}, "VP402 missing-field"),
    "wide": ({"left_scale": 2.1}, "VP403 invalid-value"),
    "bool": ({"left_scale": True}, "VP403 invalid-value"),
    "float": ({"duration": 5.0}, "VP403 invalid-value"),
    "unknown": ({"colour": "red"}, "VP401 unknown-field"),
    "extra": ({"extra": {"colour": "red"}}, "VP401 unknown-field"),
    "other's": ({"mask_type": "fixed"}, "VP408 field-not-for-function"),
    "path": ({"video_url": "clip.mp4"}, "local path"),
    "not ASCII": ({"video_url": "https://example.com/ü.mp4"}, "VP501 url-not-ascii"),
    "scheme": ({"video_url": "ftp://example.com/a.mp4"}, "VP502 url-scheme"),
    "inline video": ({"video_url": "data:video/mp4;base64,AAAA"}, "VP502 url-scheme"),
    "private": ({"video_url": "http://10.0.0.1/a.mp4"}, "VP503 url-not-public"),
    "password": ({"video_url": "http://u:p@127.0.0.1/a.mp4"}, "VP503 url-not-public"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_bodies_are_refused_in_a_sentence(sandbox: Sandbox, name: str) -> None:
    raw, words = HOSTILE[name]
    answer = submit(sandbox, raw)
    assert answer.status_code == 400
    assert words in answer.json()["detail"]
    assert answer.headers["traceparent"].startswith("00-")


@pytest.mark.parametrize("name", WRONG)
def test_bodies_are_judged_by_the_rules(sandbox: Sandbox, name: str) -> None:
    change, words = WRONG[name]
    answer = submit(sandbox, {**GOOD, **change})
    assert answer.status_code == 400
    assert words in answer.json()["detail"]


def test_all_that_is_wrong_is_told_at_once() -> None:
    with pytest.raises(BadBody) as refused:
        read_body(b'{"function": "video_outpainting", "prompt": "a", "left_scale": 9}')
    for at in ("/model", "/video_url", "/left_scale"):
        assert f"{at}: " in str(refused.value)


def test_the_size_is_not_normalised_on_the_wire() -> None:
    job: dict[str, Any] = {"model": "wan2.1-vace-plus", "function": "image_reference"}
    job |= {"prompt": "A cat", "ref_images_url": ["https://example.com/a.png"]}
    assert read_body(json.dumps({**job, "size": "720*1280"}).encode())["size"] == "720*1280"
    with pytest.raises(BadBody, match="/size"):
        read_body(json.dumps({**job, "size": "720x1280"}).encode())


def test_fields_beyond_the_contract_pass_where_they_are_named() -> None:
    raw = json.dumps({**GOOD, "colour": {"hue": 3}}).encode()
    assert read_body(raw, extra_fields=["colour"])["colour"] == {"hue": 3}
    with pytest.raises(BadBody, match="JSON cannot say"):
        read_body(raw.replace(b"3}", b"NaN}"), extra_fields=["colour"])


def test_a_private_host_passes_where_it_is_named() -> None:
    raw = json.dumps(outpainting("http://10.0.0.1/a.mp4")).encode()
    assert read_body(raw, allow_hosts=["10.0.0.1"])["left_scale"] == 1.5


def test_null_is_absent() -> None:
    assert read_body(json.dumps({**GOOD, "duration": None}).encode())


def test_a_body_that_is_too_long_is_refused(sandbox: Sandbox) -> None:
    answer = submit(sandbox, b" " * (MAX_JOB_BYTES + 1))
    assert answer.status_code == 413
    assert "bytes" in answer.json()["detail"]


def test_a_body_without_a_length_is_bounded_too(sandbox: Sandbox) -> None:
    block = b" " * (1 << 20)
    with httpx.Client(trust_env=False, timeout=60) as client:
        blocks = (block for _ in range(MAX_JOB_BYTES // len(block) + 1))
        answer = client.post(tasks_url(sandbox), content=blocks, headers=TOKEN)
    assert answer.status_code == 413


@pytest.mark.parametrize("header", ["", "Bearer", "Basic abc", "secret"])
def test_a_token_is_wanted(sandbox: Sandbox, header: str) -> None:
    answer = submit(sandbox, GOOD, headers={"Authorization": header})
    assert answer.status_code == 401
    asked = call("GET", f"{tasks_url(sandbox)}/1", headers={"Authorization": header})
    assert asked.status_code == 401


def test_refusals_are_counted_and_make_no_task() -> None:
    with Sandbox(key="the-only-one") as sandbox:
        assert submit(sandbox, GOOD).status_code == 401
        answer = submit(sandbox, {}, headers={"Authorization": f"Bearer {sandbox.key}"})
        assert answer.status_code == 400
        told = call("GET", f"{sandbox.base_url}/_sandbox").json()
    assert (told["accepted"], told["rejected"], told["tasks"]) == (0, 2, [])
    assert "the-only-one" not in repr(sandbox) + json.dumps(told)


def test_there_is_nothing_elsewhere(sandbox: Sandbox) -> None:
    assert call("GET", f"{tasks_url(sandbox)}/unknown").status_code == 404
    assert call("GET", tasks_url(sandbox)).status_code == 405
    assert call("GET", f"{sandbox.base_url}/videos/unknown.mp4").status_code == 404
    other = sandbox.base_url.rpartition("/")[0]
    answer = call("POST", tasks_url(sandbox).replace(sandbox.base_url, other), json=GOOD)
    assert answer.status_code == 404
    assert answer.json()["detail"]
