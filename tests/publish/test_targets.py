"""What --publish may say, and what it is told where nothing can be meant."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vaceprep.publish.http_put import PutTarget
from vaceprep.publish.object_store import ObjectTarget
from vaceprep.publish.target import Target, parse_target
from vaceprep.publish.web_folder import WebRoot


@pytest.mark.parametrize(
    "text,base,kind,name",
    [
        ("s3://bucket", None, ObjectTarget, "s3://bucket"),
        ("S3://bucket/a/b/", None, ObjectTarget, "s3://bucket/a/b"),
        (
            "s3://bucket/a?endpoint=https://minio.example.com:9000/&region=auto&profile=r2",
            None,
            ObjectTarget,
            "s3://bucket/a?endpoint=https://minio.example.com:9000&region=auto",
        ),
        ("gs://my-bucket/ä b", None, ObjectTarget, "gs://my-bucket/ä b"),
        ("az://container/x?account=me", None, ObjectTarget, "az://container/x?account=me"),
        (
            "az://$web",
            "https://me.example.com/",
            ObjectTarget,
            "az://$web at https://me.example.com",
        ),
        ("https://h.example.com/up/{key}", None, PutTarget, "https://h.example.com/up/{key}"),
        (
            "https://me:secret@h.example.com:8443/up?file={key}&token=secret",
            "https://cdn.example.com/x",
            PutTarget,
            "https://h.example.com:8443/up?file={key} at https://cdn.example.com/x",
        ),
        ("http://10.0.0.1/{key}", None, PutTarget, "http://10.0.0.1/{key}"),
        ("/srv/media", "http://nas.local/m", WebRoot, "/srv/media at http://nas.local/m"),
    ],
)
def test_targets(text: str, base: str | None, kind: type, name: str) -> None:
    target = parse_target(text, base)
    assert isinstance(target, kind)
    assert isinstance(target, Target)
    assert target.name == name
    assert "secret" not in repr(target)


@pytest.mark.parametrize(
    "text,base,said",
    [
        ("", None, "empty"),
        ("/srv/media", None, "--public-base"),
        ("media", None, "--public-base"),
        ("C:/media", None, "--public-base"),
        ("https://h.example.com/up", None, "{key}"),
        ("https://{key}.example.com/up", None, "{key}"),
        ("https:///{key}", None, "no host"),
        ("https://h.example.com:99999/{key}", None, "is not a valid URL"),
        ("https://h.example.com/{key}#x", None, "fragment"),
        ("https://h.example.com/ü/{key}", None, "outside ASCII"),
        ("ftp://h.example.com/{key}", None, "only to s3://, gs://, az://, https:// or a folder"),
        ("file:///srv/media", None, "give the folder's path and --public-base"),
        ("data:image/png;base64,AAAA", None, "data: URI"),
        ("s3://", None, "does not name a bucket"),
        ("s3:///x", None, "does not name a bucket"),
        ("az://", None, "does not name a container"),
        ("s3://key:secret@bucket/x", None, "carries no credentials"),
        ("s3://bucket/a//b", None, "one of its segments is empty"),
        ("s3://bucket/../b", None, "one of its segments is empty, . or .."),
        ("s3://bucket/a?secret=x", None, "endpoint, region, profile"),
        ("gs://bucket/a?endpoint=https://x", None, "may contain: nothing"),
        ("s3://bucket?endpoint=host:9000", None, "such as https://host:9000"),
        ("s3://bucket?endpoint=https://me:secret@host", None, "such as https://host:9000"),
        ("s3://bucket?x", None, "is not a valid URL"),
        ("/srv/media", "cdn.example.com/media", "--public-base cannot be used"),
        ("/srv/media", "https://me:secret@cdn.example.com/", "credentials"),
        ("/srv/media", "https://cdn.example.com/?x=1", "no query"),
        ("/srv/media", "https://bücher.example.com/", "outside ASCII"),
        ("/srv/media", "ftp://cdn.example.com/", "scheme is ftp"),
        ("/srv/media", "https://[x/", "--public-base cannot be used"),
    ],
)
def test_what_cannot_be_meant(text: str, base: str | None, said: str) -> None:
    with pytest.raises(ValueError) as caught:
        parse_target(text, base)
    message = str(caught.value)
    assert said in message
    assert "secret" not in message or "?secret" in text
    assert "\n" not in message


@pytest.mark.parametrize(
    "text,package",
    [("s3://b", "obstore"), ("s3://b", "boto3"), ("gs://b", "obstore"), ("az://c", "obstore")],
)
def test_a_missing_extra_is_named(text: str, package: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(ValueError, match=r"pip install 'vaceprep\[objects\]'"):
        parse_target(text)


@given(
    st.text(max_size=40), st.sampled_from(["", "s3://", "gs://", "az://", "https://h/", "http://"])
)
def test_any_text_is_a_target_or_a_sentence(text: str, scheme: str) -> None:
    try:
        assert parse_target(scheme + text, "https://cdn.example.com").name
    except ValueError as error:
        assert len(str(error)) > 20


def test_a_web_root_is_absolute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert parse_target("media", "https://cdn.example.com/").name == (
        f"{tmp_path / 'media'} at https://cdn.example.com"
    )
