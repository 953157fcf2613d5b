"""Any job at all: what is valid comes back as it was, what is not is caught where it is."""

from __future__ import annotations

import json
import pickle
import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import vaceprep
from tests.job.generate import Change, changed, jobs, same, sent, with_absent
from tests.job.table import Values
from tests.job.write import ENDINGS, brief, checked, job_file
from vaceprep import InvalidJob, Job

absent_too = jobs().flatmap(with_absent)


@pytest.mark.parametrize("ending", ENDINGS)
@given(job=absent_too)
def test_file_to_model_to_body_to_model(ending: str, job: Values) -> None:
    with tempfile.TemporaryDirectory() as folder:
        if ending == "toml":
            # TOML has no null; an extra's own null is left to the other two.
            job = {k: v for k, v in job.items() if k != "extra" or "null" not in json.dumps(v)}
        read = Job.from_file(job_file(Path(folder), job, ending))
    body = read.body()
    assert same(body, sent(job))
    # It goes over the wire as it is.
    assert same(json.loads(json.dumps(body, allow_nan=False)), body)
    extra = job.get("extra") or {}
    own = {k: v for k, v in body.items() if k not in extra}
    again = Job.from_dict({**own, "extra": extra} if "extra" in read.given() else own)
    assert again.body() == body
    assert {**again.given(), "model": ""} == {**read.given(), "model": ""}
    assert type(again) is type(read)
    assert pickle.loads(pickle.dumps(read)) == read


@given(job=absent_too)
def test_check_finds_no_error_in_a_valid_job(job: Values) -> None:
    with tempfile.TemporaryDirectory() as folder:
        report = vaceprep.check(job_file(Path(folder), job), remote=False)
    own = report.files[0]
    assert own.role is None
    assert own.ok, own.findings
    urls = [v for v in job.values() if isinstance(v, str) and v.startswith(("https://e", "data:"))]
    assert len(report.files) == 1 + len(urls) + len(job.get("ref_images_url") or [])


@given(job=jobs())
def test_the_order_of_the_fields_does_not_matter(job: Values) -> None:
    assert Job.from_dict(job) == Job.from_dict(dict(reversed(job.items())))


@given(job=absent_too)
def test_what_is_made_again_from_what_was_given_is_equal(job: Values) -> None:
    made = Job.from_dict(job)
    assert type(made)(**made.given()) == made
    assert Job.from_dict(made.given()) == made


@given(change=changed())
def test_a_change_that_leaves_the_contract_is_caught_where_it_is(change: Change) -> None:
    job, code, at = change
    with tempfile.TemporaryDirectory() as folder:
        findings = checked(Path(folder), job)
    own = [f for f in findings if not f.code.startswith(("VP1", "VP2", "VP5"))]
    assert brief(own) == [(code, at)]


@given(change=changed())
def test_no_job_is_made_of_it(change: Change) -> None:
    job, code, at = change
    with pytest.raises(InvalidJob) as caught:
        Job.from_dict(job)
    assert brief(caught.value.findings) == [(code, at)]


def test_a_number_beyond_all_floats_is_a_wrong_value_or_no_job(tmp_path: Path) -> None:
    url = "https://example.com/clip.mp4"
    job: Values = {"function": "video_outpainting", "prompt": "x", "video_url": url}
    job["left_scale"] = 10**400
    with pytest.raises(InvalidJob) as caught:
        Job.from_dict(job)
    assert brief(caught.value.findings) == [("VP403", "/left_scale")]
    # In a file it is not even read.
    (finding,) = [f for f in checked(tmp_path, job) if f.code != "VP412"]
    assert finding.code == "VP400"


@given(job=jobs(), change=st.data())
def test_a_job_with_any_two_of_its_fields_swapped_never_crashes(
    job: Values, change: st.DataObject
) -> None:
    one, other = change.draw(st.lists(st.sampled_from(sorted(job)), min_size=2, max_size=2))
    swapped = {**job, one: job[other], other: job[one]}
    try:
        Job.from_dict(swapped).body()
    except InvalidJob as error:
        assert error.findings
        assert all(f.pointer for f in error.findings)
    except vaceprep.NotPublished as error:
        assert error.paths
