"""Cut metadata and further images out of a file without changing the coded pixels.

Pure: bytes in, bytes out. Only parts that affect pixels or colours are kept: locations can be in
too many places (EXIF, XMP, IPTC, comments, vendor segments) to search for each.
"""

from __future__ import annotations

from typing import Final

from vaceprep.probes.images.jpeg_markers import APPLICATION, END_MARK, FILL, STANDALONE, Marker

#: The application segments that affect pixels: JFIF, the ICC profile, Adobe's transform.
_JPEG_KEPT: Final[dict[int, bytes]] = {
    Marker.APP0: b"JFIF\0",
    Marker.APP2: b"ICC_PROFILE\0",
    Marker.APP14: b"Adobe",
}
#: Markers that may occur between the scans of one image.
_BETWEEN: Final = frozenset(
    [Marker.DHT, Marker.DAC, Marker.SOS, Marker.DQT, Marker.DNL, Marker.DRI, Marker.COM]
) | frozenset(APPLICATION)

_PNG_KEPT: Final = frozenset(
    b"IHDR PLTE tRNS IDAT IEND gAMA cHRM sRGB iCCP cICP mDCV cLLI sBIT bKGD hIST pHYs".split()
)

#: Flags of the VP8X header: metadata, and animation.
_WEBP_METADATA: Final = 0x0C
_WEBP_ANIMATED: Final = 0x02
_WEBP_PICTURE: Final = (b"ALPH", b"VP8 ", b"VP8L")


def first_picture(data: bytes, fmt: str) -> bytes | None:
    """Return the first image of a JPEG, PNG or WEBP without metadata, its pixels unchanged.

    The file must be complete. None if an animation's first frame does not cover the canvas.
    """
    if fmt == "jpeg":
        return _jpeg(data)
    return _png(data) if fmt == "png" else _webp(data)


def _jpeg(data: bytes) -> bytes:
    out = [data[:2]]
    at = 2
    while (at := _next_marker(data, at)) >= 0:
        marker = data[at + 1]
        if marker == Marker.EOI:
            break
        if marker in STANDALONE or marker == Marker.STUFFED:
            at += 2
            continue
        end = at + 2 + int.from_bytes(data[at + 2 : at + 4], "big")
        if _belongs(marker, data[at + 4 : at + 20]):
            out.append(data[at:end])
        at = end
        if marker == Marker.SOS:
            at = _scan_end(data, end)
            out.append(data[end:at])
    return b"".join([*out, END_MARK])


def _next_marker(data: bytes, at: int) -> int:
    """Return the offset of the next marker; -1 at the end. Skips stray bytes and fill bytes."""
    while at >= 0:
        at = data.find(FILL, at)
        if at < 0 or at + 1 >= len(data):
            return -1
        if data[at + 1] != FILL:
            return at
        at += 1
    return -1


def _belongs(marker: int, start: bytes) -> bool:
    if marker == Marker.COM:
        return False
    if marker in APPLICATION:
        kept = _JPEG_KEPT.get(marker)
        return kept is not None and start.startswith(kept)
    return True


def _scan_end(data: bytes, at: int) -> int:
    """Return the end of a scan's coded data: the next marker that is not part of it."""
    while (at := data.find(FILL, at)) >= 0 and at + 1 < len(data):
        following = data[at + 1]
        if following == Marker.EOI or following in _BETWEEN:
            return at
        at += 1 if following == FILL else 2
    return len(data)


def _png(data: bytes) -> bytes:
    out = [data[:8]]
    at = 8
    while at + 12 <= len(data):
        end = at + 12 + int.from_bytes(data[at : at + 4], "big")
        name = data[at + 4 : at + 8]
        if name in _PNG_KEPT:
            out.append(data[at:end])
        at = end
        if name == b"IEND":
            break
    return b"".join(out)


def _chunks(data: bytes, at: int, end: int) -> list[tuple[bytes, bytes]]:
    """Return names and contents of RIFF chunks."""
    found = []
    while at + 8 <= end:
        length = int.from_bytes(data[at + 4 : at + 8], "little")
        found.append((data[at : at + 4], data[at + 8 : at + 8 + length]))
        at += 8 + length + (length & 1)
    return found


def _riff(chunks: list[tuple[bytes, bytes]]) -> bytes:
    body = b"WEBP"
    for name, content in chunks:
        body += name + len(content).to_bytes(4, "little") + content + b"\0" * (len(content) & 1)
    return b"RIFF" + len(body).to_bytes(4, "little") + body


def _webp(data: bytes) -> bytes | None:
    chunks = _chunks(data, 12, min(len(data), 8 + int.from_bytes(data[4:8], "little")))
    frames = [body for name, body in chunks if name == b"ANMF"]
    # A single animation frame may be anywhere on its canvas, so it is kept as it is.
    still = len(frames) != 1
    kept = (b"VP8X", b"ICCP", *_WEBP_PICTURE, *(() if still else (b"ANIM", b"ANMF")))
    out = [(name, body) for name, body in chunks if name in kept]
    if len(frames) > 1:
        picture = _alone(frames[0], dict(chunks).get(b"VP8X", b""))
        if picture is None:
            return None
        out = [(name, body) for name, body in out if name not in _WEBP_PICTURE] + picture
    gone = _WEBP_METADATA | (_WEBP_ANIMATED if still else 0)
    return _riff([(n, _unset(b, gone) if n == b"VP8X" else b) for n, b in out])


def _unset(header: bytes, flags: int) -> bytes:
    return bytes([header[0] & ~flags & 0xFF]) + header[1:]


def _alone(frame: bytes, canvas: bytes) -> list[tuple[bytes, bytes]] | None:
    """Return the chunks of a frame's image; None if it does not cover the canvas."""
    if any(frame[:6]) or frame[6:12] != canvas[4:10]:
        return None
    picture = [(n, b) for n, b in _chunks(frame, 16, len(frame)) if n in _WEBP_PICTURE]
    return picture or None
