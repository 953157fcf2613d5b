"""What a file is, by its first bytes alone. Pure; imports neither PyAV nor Pillow.

The answer names the only demuxer that may open the file: nothing is left to a library's
guessing, which follows names and playlists to other files.
"""

from __future__ import annotations

from typing import Final, Literal, NamedTuple

from vaceprep.contract import IMAGE_BRANDS, QUICKTIME_BRAND, THREEGPP_PREFIX
from vaceprep.probes.imagesniff import sniff_image

Kind = Literal["video", "image", "audio", "playlist", "text", "unknown"]

#: Boxes that a file of the MP4 family may begin with.
FIRST_BOXES: Final = frozenset(
    b"ftyp moov mdat free skip wide pnot styp moof sidx uuid udta emsg".split()
)
RIFF_FORMS: Final = (b"WEBP", b"AVI ", b"AVIX", b"WAVE")
MOV: Final = "mov,mp4,m4a,3gp,3g2,mj2"
TS_PACKET: Final = 188
BLURAY_PACKET: Final = 192
ASF: Final = bytes.fromhex("3026b2758e66cf11a6d900aa0062ce6c")
#: Images that may move: measured as videos under a video's role.
MOVING: Final = {"gif": "gif", "png": "apng"}


class Sniffed(NamedTuple):
    """``format`` names the container or image format; ``demuxer`` is FFmpeg's name for it."""

    kind: Kind
    format: str
    demuxer: str | None = None


def _playlist(head: bytes) -> str | None:
    text = head.lstrip(b"\xef\xbb\xbf \t\r\n")[:512].lower()
    if text.startswith(b"#extm3u"):
        return "an M3U or HLS playlist"
    if text.startswith(b"ffconcat"):
        return "an ffconcat script"
    if text.startswith((b"v=0\r", b"v=0\n")):
        return "an SDP session description"
    if text.startswith(b"[playlist]"):
        return "a PLS playlist"
    # A picture may hold these words, too.
    if text.startswith(b"<") and (b"<mpd" in text or b"<smoothstreamingmedia" in text):
        return "a streaming manifest"
    if text.startswith((b"#http live", b"[reference]", b"<asx", b"rtsptext")):
        return "a playlist"
    return None


def _boxes(head: bytes) -> Sniffed | None:
    # A RIFF file's size may spell a box's name; its form, eight letters in all, tells more.
    riff = head[:4] == b"RIFF" and head[8:12] in RIFF_FORMS
    if head[4:8] not in FIRST_BOXES or riff:
        return None
    if head[4:8] != b"ftyp":
        return Sniffed("video", "mov", MOV)
    brand = head[8:12].decode("latin-1").strip(" \0")
    if brand in IMAGE_BRANDS:
        return Sniffed("image", sniff_image(head) or "heic")
    return Sniffed("video", family(brand) or "mp4", MOV)


def family(brand: str | None) -> str | None:
    """The container that a major brand names; None without a brand.

    Some writers put another box before ``ftyp``: the brand is known only once the boxes are read.
    """
    if brand is None:
        return None
    if brand == QUICKTIME_BRAND:
        return "mov"
    return "3gp" if brand[:2].lower() == THREEGPP_PREFIX else "mp4"


def _transport_stream(head: bytes) -> bool:
    for size, first in ((TS_PACKET, 0), (BLURAY_PACKET, 4), (204, 0)):
        marks = range(first, min(len(head), first + 8 * size), size)
        if len(marks) >= 3 and all(head[at] == 0x47 for at in marks):
            return True
    return False


def _elementary(head: bytes) -> Sniffed | None:
    start = head.find(b"\0\0\1", 0, 5)
    if start < 0 or len(head) < start + 5:
        return None
    code = head[start + 3]
    if code == 0xBA:
        return Sniffed("video", "mpeg", "mpeg")
    if code == 0xB3:
        return Sniffed("video", "mpegvideo", "mpegvideo")
    if code in (0xB0, 0xB5):
        return Sniffed("video", "m4v", "m4v")
    if code & 0x9F in (7, 9):
        return Sniffed("video", "h264", "h264")
    if code in (0x40, 0x42, 0x44, 0x46):
        return Sniffed("video", "hevc", "hevc")
    return None


def _audio(head: bytes) -> str | None:
    if head[:4] == b"RIFF" and head[8:12] == b"WAVE":
        return "WAVE"
    if head[:4] == b"FORM" and head[8:12] in (b"AIFF", b"AIFC"):
        return "AIFF"
    signatures = (
        *((b"ID3", "MP3"), (b"fLaC", "FLAC"), (b"#!AMR", "AMR"), (b"MThd", "MIDI")),
        *((b"caff", "CAF"), (b".snd", "AU"), (b"wvpk", "WavPack"), (b"MAC ", "Monkey's Audio")),
    )
    for signature, name in signatures:
        if head.startswith(signature):
            return name
    if len(head) > 2 and head[0] == 0xFF and head[1] & 0xE0 == 0xE0 and head[1] != 0xFF:
        # Two layers of MPEG audio and AAC's ADTS; a JPEG has 0xD8 in the second byte.
        return "AAC" if head[1] & 0xF6 == 0xF0 else "MP3"
    return None


def sniff(head: bytes) -> Sniffed:
    """What the first bytes (4096 are plenty) say the file is."""
    playlist = _playlist(head)
    if playlist:
        return Sniffed("playlist", playlist)
    boxes = _boxes(head)
    if boxes:
        return boxes
    image = sniff_image(head)
    if image:
        return Sniffed("image", image, MOVING.get(image))
    if head.startswith(b"\x1a\x45\xdf\xa3"):
        webm = b"webm" in head[:64]
        return Sniffed("video", "webm" if webm else "matroska", "matroska,webm")
    if head[:4] == b"RIFF" and head[8:12] in (b"AVI ", b"AVIX"):
        return Sniffed("video", "avi", "avi")
    signatures = (
        (b"FLV\1", "flv", "flv"),
        (b"OggS", "ogg", "ogg"),
        (ASF, "asf", "asf"),
        (b".RMF", "rm", "rm"),
        (b"DKIF", "ivf", "ivf"),
        (b"YUV4MPEG2", "yuv4mpeg", "yuv4mpegpipe"),
        (bytes.fromhex("060e2b34"), "mxf", "mxf"),
        (b"nut/multimedia container", "nut", "nut"),
    )
    for signature, name, demuxer in signatures:
        if head.startswith(signature):
            return Sniffed("video", name, demuxer)
    if _transport_stream(head):
        return Sniffed("video", "mpegts", "mpegts")
    elementary = _elementary(head)
    if elementary:
        return elementary
    audio = _audio(head)
    if audio:
        return Sniffed("audio", audio)
    return Sniffed("text", "text") if _is_text(head[:1024]) else Sniffed("unknown", "unknown")


def _is_text(sample: bytes) -> bool:
    if b"\0" in sample:
        return False
    try:
        sample.decode()
    except UnicodeDecodeError as error:
        # A multi-byte character may be cut where the sample ends.
        return len(sample) == 1024 and error.start >= len(sample) - 3
    return True
