"""The table of media formats against what Pillow and the IANA names of Python know."""

from __future__ import annotations

import mimetypes
from collections import Counter

import av
import pytest
from PIL import Image

from vaceprep.contract import IMAGE_FORMATS
from vaceprep.formats import (
    ENDINGS,
    FORMATS,
    IMAGE_ENDINGS,
    MEDIA_TYPES,
    SIGNATURES,
    VIDEO_ENDINGS,
    WRITTEN,
    MediaFormat,
)
from vaceprep.probes.sniff import sniff

#: Python's own tables, without those of the system.
PYTHON = mimetypes.MimeTypes()
#: Where Python has an older or another name.
OTHER_NAMES = {"image/x-ms-bmp": "image/bmp", "audio/3gpp": "video/3gpp"}
BY_NAME = {f.name: f for f in FORMATS}


def test_each_format_once() -> None:
    assert max(Counter(f.name for f in FORMATS).values()) == 1
    assert not IMAGE_ENDINGS & VIDEO_ENDINGS


@pytest.mark.parametrize("fmt", FORMATS, ids=[f.name for f in FORMATS])
def test_rows(fmt: MediaFormat) -> None:
    for ending in fmt.endings:
        assert ending.startswith(".") and ending == ending.lower()
    assert set(fmt.rare) <= set(fmt.endings)
    assert set(fmt.written) <= set(fmt.endings)
    assert not fmt.types or fmt.types[0].startswith(f"{fmt.kind}/")


@pytest.mark.parametrize("ending,fmt", WRITTEN.items())
def test_pillow_writes_them(ending: str, fmt: str) -> None:
    assert Image.registered_extensions()[ending] == fmt.upper()
    assert fmt.upper() in Image.SAVE


def test_every_format_of_the_service_is_written() -> None:
    assert set(WRITTEN.values()) == set(IMAGE_FORMATS)


@pytest.mark.parametrize("fmt", ["jpeg", "bmp", "tiff", "webp", "gif", "ico", "psd", "dds", "pcx"])
def test_pillow_s_endings(fmt: str) -> None:
    known = {e for e, name in Image.registered_extensions().items() if name == fmt.upper()}
    assert known <= set(ENDINGS[fmt])


@pytest.mark.parametrize("name,media_type,ending", [(n, *m) for n, m in MEDIA_TYPES.items()])
def test_media_types(name: str, media_type: str, ending: str) -> None:
    found = PYTHON.guess_type(f"a{ending}")[0]
    if found is not None and ending != ".ts":
        assert OTHER_NAMES.get(found, found) in (media_type, *BY_NAME[name].types)
    if fitting := Image.MIME.get(name.upper()):
        assert fitting == media_type


@pytest.mark.parametrize("fmt", FORMATS, ids=[f.name for f in FORMATS])
def test_a_signature_tells_its_format_and_the_demuxer(fmt: MediaFormat) -> None:
    for signature in fmt.signatures:
        assert sniff(signature + bytes(4096)) == (fmt.kind, fmt.name, fmt.demuxer)
        assert [s for s in SIGNATURES if signature.startswith(s)] == [signature]


def test_ffmpeg_has_each_demuxer() -> None:
    for fmt in FORMATS:
        assert fmt.demuxer is None or av.ContainerFormat(fmt.demuxer.split(",")[0], "r").is_input
