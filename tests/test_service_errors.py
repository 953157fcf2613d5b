"""The service's own words, what they mean, and which rules are about them."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vaceprep.api.model import _ADVICE, Problem
from vaceprep.ledger.row import Row, State
from vaceprep.rules.all import RULES
from vaceprep.service_errors import LOOKED_AT, TABLE, explain, find

#: Whole messages as they are published or were reported, and the rule that each leads to first.
KNOWN = {
    "The size is not match xxxxxx": "mask-dimensions",
    "InvalidParameter: The size is not match": "mask-dimensions",
    "ref_images_url and obj_or_bg must be the same length.": "obj-or-bg",
    "InvalidFile.FPS: Invalid video FPS. The video FPS must be 15 ~ 60.": "video-fps",
    "Invalid file duration. The file duration must be 2 s ~ 10 s.": "video-duration",
    "The image resolution is invalid, make sure that the largest length of image is smaller than "
    "4096, and the smallest length of image is larger than 224.": "image-dimensions",
    "Invalid video resolution. The height or width of video must be 360 ~ 2000.": (
        "image-dimensions"
    ),
    "the size of input image is too small or too large.": "image-dimensions",
    "The size of image is beyond limit.": "image-dimensions",
    "Exceeded limit on max bytes per data-uri item : 10485760": "image-size",
    "Invalid file size. The video/audio/image file size must be less than 50MB.": "video-size",
    "Invalid file format, the request file format is one of the following types: MP4": (
        "video-container"
    ),
    "Input files format not supported.": "video-container",
    "Invalid file, cannot open file as video/audio/image.": "video-unreadable",
    "read video error.": "video-unreadable",
    "Connection to https://h/a.mp4 refused, please provide available URL.": "url-not-public",
    "Download https://h/a.mp4 timeout, please check network connection.": "url-not-public",
    "InvalidParameter.DataInspection: Unable to download the media resource during the data "
    "inspection process.": "url-not-public",
    "download image failed": "url-not-public",
    "Failed to download the input file: x.": "url-not-public",
    "Invalid URL provided in your request.": "url-scheme",
    "Required URL is missing or invalid, check the request URL.": "url-scheme",
    "InvalidURL: url error, please check url!": "url-scheme",
    "RewriteFailed: Failed to rewrite content for prompt.": "prompt-rewrite",
    "mask_frame_id is out of range": "mask-frame-id",
    "mask_image_url is required": "mask-choice",
    "The prompt is too long": "prompt-length",
    "'function' must be one of [...]": "invalid-value",
    "-1 is lesser than the minimum of 0 - 'seed'": "invalid-value",
    "size must be in 1280*720, 720*1280": "invalid-value",
    "the parameters must conform to the specification: xxx.": "missing-field",
    "'images' is a required property": "invalid-value",
    "body.images: Field required": "invalid-value",
    "parameter images is missing": "invalid-value",
    "size must be one of 1280x720, 720x1280": "invalid-value",
    "expand_mode must be hull, bbox or orginal": "invalid-value",
    'Required parameter "model" missing from request.': "missing-field",
    "no words (code 4002)": "missing-field",
    "InvalidParameter: something new": "missing-field",
}
#: The same for what no rule is about, and a word of what helps.
ACCOUNT = {
    "Wrong Content-Type of multimodal url": "--publish TARGET",
    "Missing Content-Length of multimodal url.": "--publish TARGET",
    "DataInspectionFailed: Input data may contain inappropriate content.": "prompt",
    "Output data may contain inappropriate content": "prompt",
    "Input data is suspected of being involved in IP infringement.": "change them",
    "Arrearage: Access denied, please make sure your account is in good standing.": "top it up",
    "The postpaid bill is overdue.": "top it up",
    "Throttling.AllocationQuota: Allocated quota exceeded": "quota",
    "Throttling.RateQuota: Requests rate limit exceeded, please try again later.": "--max-rate",
    "Request rate increased too quickly.": "--max-rate",
    "InvalidApiKey: Invalid API-key provided.": "vaceprep doctor",
    "Model.AccessDenied: Model access denied.": "granted",
    "ModelNotFound: Model can not be found.": "vaceprep doctor",
    "InternalError.Algo: inference internal error.": "again",
    "An internal error has occured, try again later or contact service support.": "again",
    "ModelUnavailable: Model is unavailable, try again later.": "again",
    "no words (code 3001)": "again",
    "no words (code 4008)": "support",
}


@pytest.mark.parametrize(("said", "rule"), KNOWN.items())
def test_what_is_known_leads_to_its_rule(said: str, rule: str) -> None:
    for whole in (said, f"the task failed: Bad Request: {said} (code 400)", said.lower()):
        row = find(whole)
        assert row is not None, whole
        assert row.rules[0] == rule
        assert f"vaceprep rules {rule}" in row.sentence()


@pytest.mark.parametrize(
    "said", [said for said in KNOWN if re.search(r"\bimages\b|1280x|orginal", said)]
)
def test_the_other_client_s_names_are_told_apart(said: str) -> None:
    sentence = explain(f"the service answered 400 (Bad Request): {said}") or ""
    assert "as MuleRouter's command-line client writes it" in sentence


def test_our_own_names_are_not_the_other_client_s() -> None:
    for said in ("size must be in 1280*720", "expand_mode must be original", "download images"):
        assert "command-line client" not in (explain(said) or "")


@pytest.mark.parametrize(
    ("code", "meaning"),
    [
        *((code, "could not finish the task; a failed task costs") for code in range(3001, 3006)),
        (4002, "often a field is missing or has a wrong value"),
        (4008, "the error is MuleRouter's own"),
        *((code, None) for code in (400, 3000, 3006, 4001, 4003, 4007, 4009, 40020, 13001)),
    ],
)
def test_the_codes_of_failed_tasks(code: int, meaning: str | None) -> None:
    for problem in (Problem(None, code), Problem(None, code, "Failed", "so it is", "00-1")):
        found = explain(problem.sentence())
        assert found is None if meaning is None else meaning in (found or "")
    # Words that say more win.
    said = Problem(None, code, "Failed", "The size is not match").sentence()
    assert (explain(said) or "").startswith("the mask")
    # A status is no code of a task.
    assert explain(f"the service answered 400: {code}") is None


@pytest.mark.parametrize(("said", "helps"), ACCOUNT.items())
def test_what_no_rule_is_about_has_its_remedy(said: str, helps: str) -> None:
    row = find(f"the task failed: {said}")
    assert row is not None
    assert (row.rules, helps in row.sentence()) == ((), True)


@pytest.mark.parametrize(
    "said",
    [
        *("", "hello", "the task failed", "the task was cancelled"),
        "the process ended before it was sent",
        "2 tasks of this account are still at work; try again later",
        "the sandbox was asked to let this task fail",
        "a prompt answer, of good size and duration",
    ],
)
def test_what_nobody_knows_stays_as_it_is(said: str) -> None:
    assert explain(said) is None
    assert explain(None) is None


@pytest.mark.parametrize("status", [*_ADVICE, 301, 500, 502, 503, 504])
def test_a_status_that_says_enough_is_not_explained_twice(status: int) -> None:
    assert explain(Problem(status).sentence()) is None


def test_every_row_is_of_a_source_speaks_and_is_reached() -> None:
    slugs = {rule.slug for rule in RULES}
    reached = {find(said) for said in (*KNOWN, *ACCOUNT)}
    for row in TABLE:
        assert row.source in ("U", "G", "C", "R", "J")
        assert set(row.rules) <= slugs
        assert row.sentence().isascii() and "\n" not in row.sentence()
        # Words that match no text at all would match every message.
        assert re.search(row.words, "", re.IGNORECASE) is None
    unreached = [row.words for row in TABLE if row not in reached]
    # Fields that the service may name, each of which its own test would only repeat.
    assert len(unreached) <= 4, unreached


@given(st.text(), st.sampled_from(["", *KNOWN, *ACCOUNT]), st.text())
def test_any_words_are_read(before: str, known: str, after: str) -> None:
    said = f"{before}{known}{after}"
    # Independent of the reading itself: the first row of the table whose words are in the text.
    text = re.sub(r"the service answered [0-9]{3}( \([^)]*\))?", "", said[:LOOKED_AT])
    rows = [row for row in TABLE if re.search(row.words, text, re.IGNORECASE)]
    assert explain(said) == (rows[0].sentence() if rows else None)


@given(st.sampled_from(["invalid ", "download a", "prompt ", "size ", "a1_"]), st.integers(1, 5000))
def test_no_words_take_long(piece: str, times: int) -> None:
    explain(piece * times)


@pytest.mark.parametrize(
    ("state", "explained"),
    [("failed", True), ("refused", True), ("cancelled", True), ("unknown", False)],
)
def test_a_row_explains_what_the_service_refused(state: State, explained: bool) -> None:
    said = "the task failed: The size is not match (code 400)"
    row = Row(1, "j", "s", "a", "video_edit", "j.yaml", state, None, 0.0, 0.0, error=said)
    assert (row.hint is not None) is explained
    assert row.to_dict()["hint"] == row.hint
