"""Objects of a store as sources: S3 against a server process."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest

from tests.batch.conftest import MEDIA, Batch, lines
from tests.batch.test_cluster_prepare import FAR, Here, by_source, far, tree
from tests.publish.conftest import nobody_s
from tests.publish.test_object_store import Store, bucket, keys, moto
from vaceprep.publish.credentials import open_store, parse_place

__all__ = ["bucket", "far", "keys", "moto", "nobody_s"]


def put(moto: Store, bucket: str, name: str, path: Path) -> None:
    done = httpx.put(f"{moto.url}/{bucket}/{name}", content=path.read_bytes(), trust_env=False)
    assert done.status_code == 200


def test_a_prefix_is_read_by_ranges_and_known_by_its_tags(
    moto: Store, bucket: str, batch: Batch, here: Path
) -> None:
    for name in MEDIA:
        put(moto, bucket, f"shoot/{name}", here / "in" / name)
    put(moto, bucket, "shoot/read.me", here / "in/a.mp4")
    put(moto, bucket, "other/a.mp4", here / "in/a.mp4")
    source = f"s3://{bucket}/shoot?endpoint={moto.url}"
    code, out, err = batch(source, "-o", "r.jsonl")
    assert (code, out.splitlines()[0]) == (1, "4 sources: 1 with errors")
    assert "skipped 1 file that is neither video nor image" in err
    batch("in", "-o", "own.jsonl")
    found = lines(here / "own.jsonl")
    own = {line["source"].removeprefix("in/"): line["files"][0] for line in found}
    for line in lines(here / "r.jsonl"):
        name = line["source"].removeprefix(f"s3://{bucket}/shoot/")
        (entry,) = line["files"]
        assert entry["source"] == line["source"]
        assert entry["facts"] == own[name]["facts"]
        rules = [f["rule"] for f in entry["findings"] if f["severity"] == "error"]
        assert rules == [f["rule"] for f in own[name]["findings"] if f["severity"] == "error"]
        assert "Signature" not in str(line)
    # Another's object is written with credentials.
    there = open_store(parse_place(source))("PUT", "a.mp4", 60)
    changed = (here / "in/b.mp4").read_bytes()
    assert httpx.put(there, content=changed, trust_env=False).status_code == 200
    code, out, _ = batch(source, "-o", "r.jsonl")
    assert out.splitlines()[0] == "4 sources: 2 with errors, 3 already done"
    assert len(lines(here / "r.jsonl")) == 4


def own_names(batch: Batch, here: Path, source: str, *options: str) -> None:
    """Check a prefix; its lines have the names of the objects, not the signed URLs."""
    code, out, err = batch(source, "-o", "r.jsonl", *options)
    assert (code, out.splitlines()[0]) == (1, f"{len(MEDIA)} sources: 1 with errors"), err
    for line in lines(here / "r.jsonl"):
        assert line["files"][0]["source"] == line["source"]
        assert "Signature" not in str(line)


def test_objects_keep_their_names_without_isolation(
    moto: Store, bucket: str, batch: Batch, here: Path
) -> None:
    for name in MEDIA:
        put(moto, bucket, f"shoot/{name}", here / "in" / name)
    own_names(batch, here, f"s3://{bucket}/shoot?endpoint={moto.url}", "--no-isolate")


def test_what_cannot_be_listed_is_said(moto: Store, keys: None, batch: Batch) -> None:
    code, _, err = batch(f"s3://no-such-bucket/x?endpoint={moto.url}", "-o", "r.jsonl")
    assert code == 1
    assert "S3 does not list the prefix" in err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["s3://b/x", "--no-remote"], "--no-remote connects nowhere"),
        (["prepare", "s3://b/x"], "objects of a store are checked"),
        (["s3:///x"], "does not name a bucket"),
        (["s3://bucket/x"], "no credentials for S3 were found"),
    ],
)
def test_what_cannot_be_meant(batch: Batch, arguments: list[str], said: str) -> None:
    code, _, err = batch(*arguments, "-o", "r.jsonl")
    assert code == 2
    assert said in err


def test_a_cluster_puts_outputs_into_a_store(
    moto: Store, bucket: str, batch: Batch, here: Path, far: Here
) -> None:
    put(moto, bucket, "ready/a.mp4", here / "in/b.mp4")
    store = f"s3://{bucket}/ready"
    command = ("prepare", "in", "--output-dir", f"{store}?endpoint={moto.url}", "-o", "r.jsonl")
    code, out, err = batch(*command, *FAR)
    assert (code, out.splitlines()[0]) == (1, "4 sources: 1 with errors"), err
    found = {name: line["files"][0] for name, line in by_source(here / "r.jsonl").items()}
    assert found["in/a.mp4"]["error"] == f"{store}/a.mp4 exists already; --force writes over it"
    # No record is kept of files that were moved.
    assert not (here / ".state/prepared").exists()
    batch("prepare", "in", "--output-dir", "ready", "-o", "own.jsonl")
    own = tree(here / "ready")
    sign = open_store(parse_place(command[3]))
    for name in ("b.mp4", "deep/c.jpg", "deep/same.jpg"):
        assert found[f"in/{name}"]["output"] == f"{store}/{name}"
        assert httpx.get(sign("GET", name, 60), trust_env=False).content == own[name]
    # What is there is not made again, and what was lost is.
    gone = sign("DELETE", "b.mp4", 60)  # type: ignore[arg-type]
    assert httpx.delete(gone, trust_env=False).status_code == 204
    out = batch(*command, *FAR)[1]
    assert out.splitlines()[0] == "4 sources: 1 with errors, 2 already done"
    assert httpx.get(sign("GET", "b.mp4", 60), trust_env=False).content == own["b.mp4"]
