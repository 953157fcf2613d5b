"""The facts that a probe measures: plain immutable values, without any check.

No field has a default: a probe must set each one. ``None`` means "could not be measured", and a
rule that needs such a fact reports that instead of passing. Values from the header are kept
beside the measured ones (``declared_*``).
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any, ClassVar, Final, Literal, NamedTuple

from vaceprep.records import Record

#: The text for an edit list that presents nothing: the whole track is then measured.
NO_STRETCH: Final = "it names no stretch of the track to be shown"

#: What measured a video: a reader of boxes or of WEBP's chunks alone, or FFmpeg.
Reader = Literal["mp4", "webp", "ffmpeg"]
#: Why the facts of a file cannot be read. The message beside it is for the user.
UnreadableReason = Literal[
    "missing",
    "folder",
    "permission",
    "special",
    "empty",
    "unavailable",
    "too-large",
    "not-media",
    "still-image",
    "moving-image",
    "no-video",
    "no-frames",
    "encrypted",
    "broken",
    "truncated",
    "bomb",
    "unsupported-image",
    "crashed",
    "too-slow",
]


def shown(value: Fraction | None) -> float | None:
    """A fraction as a float rounded to 8 decimals, for display only."""
    return None if value is None else round(float(value), 8)


def exact(value: Fraction | None) -> str | None:
    """A fraction as ``"30000/1001"``, for scripts that need the exact value."""
    return None if value is None else f"{value.numerator}/{value.denominator}"


class Unreadable(Record):
    """A file whose facts cannot be read, and why.

    ``message`` is a clause that completes "cannot be read: ...". ``format``, ``width`` and
    ``height`` are what the header proved before reading failed, for rules that need no other facts.
    """

    reason: UnreadableReason
    message: str
    bytes: int | None
    format: str | None = None
    width: int | None = None
    height: int | None = None


class Unreached(Record):
    """A URL that cannot be fetched, and why.

    ``message`` is a clause that completes "the service cannot fetch this URL: ..."; ``status`` is
    the response's status, None if there was no response.
    """

    reason: Literal["unreachable", "not-public"]
    message: str
    status: int | None = None


class MaskShape(Record):
    """Parts of a mask under 0.05 % of the picture, in its worst frame, and whether it flickers."""

    islands: int
    holes: int
    #: The number (from 1) of the first frame that undoes what changed a few frames ago.
    flicker: int | None


class MaskFacts(Record, uncompared=("shape",)):
    """The pixels of a mask, over all its frames, as displayed and in RGB.

    ``other`` counts pixels that are neither pure white nor pure black; ``frames`` is the number of
    frames examined, ``first_other`` the number (from 1) of the first frame with such a pixel.
    """

    pixels: int
    white: int
    black: int
    other: int
    frames: int
    first_other: int | None
    #: None where it was not measured.
    shape: MaskShape | None = None


class LookFacts(Record):
    """What the frames look like, over the whole clip."""

    #: Seconds from the first frame at which another shot begins.
    cuts: tuple[Fraction, ...]
    #: Whether nothing moves, and whether each frame is one flat colour.
    still: bool
    flat: bool
    #: Part of the left, top, right and bottom, as displayed, that a black bar takes; 0: no bar.
    bars: tuple[float, float, float, float]


class DecodeFacts(Record):
    """The result of decoding every frame (``--deep``).

    ``frames`` decoded; ``failed_frame`` is the number (from 1, in decoding order) of the first
    packet that did not decode, with the decoder's ``error``; None if all did.
    """

    frames: int
    failed_frame: int | None
    error: str | None
    #: Frames that are counted without decoding but that the decoder never outputs: because their
    #: packets contain no picture to present, and for other reasons.
    never_shown: int
    missing: int


class StreamFacts(Record):
    """A stream beside the video track: its kind (audio, video, data, subtitle, attachment)."""

    kind: str
    codec: str | None
    #: Seconds from its first sample's start to its last one's end; None if unknown.
    duration: Fraction | None


class SampleFacts(Record):
    """The coded frames of a section of a video, in decoding order, without hidden ones.

    Times are presentation timestamps in seconds from the first frame presented.
    """

    times: tuple[Fraction, ...]
    #: Size of each in bytes.
    sizes: tuple[int, ...]
    #: Whether decoding may start there without any earlier frame.
    clean: tuple[bool, ...]
    #: Positions preceded by a hidden frame that later frames may reference.
    breaks: tuple[int, ...]
    #: The rounding error of each time; zero if the time base is exact.
    tick: Fraction
    #: End of the last frame of the video, if the section reaches it; else None.
    end: Fraction | None
    #: Why the packets of these frames cannot be copied, as a clause; None if they can.
    obstacle: str | None


class Crop(NamedTuple):
    """Pixels of the stored picture that are not displayed, on each side."""

    left: int
    top: int
    right: int
    bottom: int


class VideoFacts(Record, uncompared=("reader",)):
    """A video file as measured. Times in seconds, sizes in pixels or bytes, all exact."""

    kind: ClassVar[Literal["video"]] = "video"

    #: ``mp4``, ``mov``, ``3gp``, ``matroska``, ``webm``, ``mpegts``, ``avi``, ``gif``, ...
    container: str
    #: The ``ftyp`` box's major brand without trailing spaces; None outside that family.
    major_brand: str | None
    bytes: int | None
    #: MP4 family: movie fragments are used. None elsewhere.
    fragmented: bool | None
    #: MP4 family: the index (``moov``) precedes the media data. None elsewhere.
    index_first: bool | None
    #: Which of its samples, or which part of its index, lies past the end of the file, in words;
    #: None if there is none.
    truncation: str | None
    #: MP4 family: which box claims more bytes than the file has, although every sample is present,
    #: in words. None if there is none, and elsewhere.
    overrun: str | None

    #: Duration of the video track as presented, edit list applied.
    duration: Fraction | None
    #: Frames presented.
    frames: int | None
    #: ``frames / duration``; for one frame, the rate in the header.
    fps: Fraction | None
    #: One tick of a time base in which the frame interval is not a whole number; else None.
    rounding_tick: Fraction | None
    #: Whether the frames are evenly spaced.
    constant_rate: bool | None
    #: Shortest and longest interval between two presented frames; None for fewer than two frames.
    min_interval: Fraction | None
    max_interval: Fraction | None

    #: The decoder's output size: after the codec's own cropping, before ``crop``.
    stored_width: int
    stored_height: int
    #: As displayed: after ``crop``, rotation and pixel aspect.
    width: int
    height: int
    #: Pixels of the decoded picture that the container hides (``clap``, Matroska PixelCrop), before
    #: rotation and pixel aspect; None if it hides none. PyAV's decoder does not crop them: code
    #: that shows or encodes a frame does. Copied packets would show them.
    crop: Crop | None
    #: Degrees clockwise by which the picture is rotated for display: 0, 90, 180 or 270; None if the
    #: display matrix is not one of the eight right-angle ones.
    rotation: int | None
    #: Whether the picture is mirrored (left and right swapped) before that rotation.
    mirrored: bool
    sample_aspect_ratio: Fraction

    #: FFmpeg's name, as its tools print it.
    codec: str | None
    profile: str | None
    pixel_format: str | None
    bit_depth: int | None
    color_transfer: str | None
    color_primaries: str | None
    color_matrix: str | None
    color_range: str | None
    interlaced: bool | None
    #: The Dolby Vision profile, if only a Dolby Vision decoder knows its colours; else None.
    dolby_vision: int | None

    #: Whether the track has an edit list at all.
    edit_list: bool
    #: The effect of the edit list on what is presented, in words; None if there is none.
    edit_effect: str | None
    #: Which part of the video track is never presented because no keyframe precedes it, in words;
    #: None if there is none.
    unshown: str | None
    #: Whether each packet of the track contains one frame; False if some contain a single field, or
    #: no picture at all.
    packets_are_frames: bool
    #: Every stream but the video track.
    streams: tuple[StreamFacts, ...]
    #: Duration of the whole container: of its longest track, or from its header.
    container_duration: Fraction | None
    #: Names of the metadata with a location or a serial number.
    location: tuple[str, ...]
    declared_duration: Fraction | None
    #: One tick of the time base of durations in the header: the error from rounding alone.
    header_tick: Fraction | None
    declared_frames: int | None

    #: Only after decoding every frame.
    decoded: DecodeFacts | None
    #: Only in a mask's role.
    mask: MaskFacts | None
    #: What measured it. All readers give equal facts.
    reader: Reader
    #: Only after decoding; not shown among the facts.
    look: LookFacts | None = None

    @property
    def has_audio(self) -> bool:
        """Whether any other stream is audio."""
        return any(s.kind == "audio" for s in self.streams)

    def to_dict(self) -> dict[str, Any]:
        """The facts as JSON values: seconds and rates as floats, and exact as text."""
        return {
            "kind": self.kind,
            "container": self.container,
            "major_brand": self.major_brand,
            "duration": shown(self.duration),
            "duration_exact": exact(self.duration),
            "fps": shown(self.fps),
            "fps_exact": exact(self.fps),
            "frames": self.frames,
            "constant_rate": self.constant_rate,
            "width": self.width,
            "height": self.height,
            "stored_width": self.stored_width,
            "stored_height": self.stored_height,
            "rotation": self.rotation,
            "mirrored": self.mirrored,
            "crop": None if self.crop is None else list(self.crop),
            "sample_aspect_ratio": exact(self.sample_aspect_ratio),
            "codec": self.codec,
            "profile": self.profile,
            "pixel_format": self.pixel_format,
            "bit_depth": self.bit_depth,
            "color_transfer": self.color_transfer,
            "color_primaries": self.color_primaries,
            "color_matrix": self.color_matrix,
            "color_range": self.color_range,
            "interlaced": self.interlaced,
            "dolby_vision": self.dolby_vision,
            "bytes": self.bytes,
            "has_audio": self.has_audio,
            "streams": [
                {"kind": s.kind, "codec": s.codec, "duration": shown(s.duration)}
                for s in self.streams
            ],
            "fragmented": self.fragmented,
            "index_first": self.index_first,
            "edit_list": self.edit_list,
            "edit_effect": self.edit_effect,
            "unshown": self.unshown,
            "truncation": self.truncation,
            "overrun": self.overrun,
            "location": list(self.location),
            "container_duration": shown(self.container_duration),
            "declared_duration": shown(self.declared_duration),
            "declared_frames": self.declared_frames,
            "decoded_frames": None if self.decoded is None else self.decoded.frames,
        }


class ImageFacts(Record, uncompared=("busy_border",)):
    """An image file as measured. Sizes in pixels or bytes."""

    kind: ClassVar[Literal["image"]] = "image"

    #: By content: ``jpeg``, ``png``, ``bmp``, ``tiff``, ``webp``, ``gif``, ``heic``, ...
    format: str
    bytes: int | None
    stored_width: int
    stored_height: int
    #: As displayed: after the EXIF orientation.
    width: int
    height: int
    #: EXIF orientation, 1 to 8; 1 if the file has none or an invalid one.
    orientation: int
    #: Pillow's name of the pixel mode (``RGB``, ``L``, ``P``, ``CMYK``, ``I;16``, ...), with
    #: the stored depth if Pillow hides it (``RGB;16``).
    mode: str
    #: Bits of one channel of one pixel as stored (1, 2, 4, 8, 16, 32).
    bit_depth: int | None
    #: Whether there is an alpha channel (or transparent colour) that is not opaque everywhere;
    #: None if the pixels were not decoded.
    has_alpha: bool | None
    #: The ICC profile's description; None if there is no profile.
    icc_profile: str | None
    #: Whether colours are sRGB: True without a profile.
    srgb: bool
    #: Frames or pages.
    frames: int
    #: Names of the metadata with a location or a serial number.
    location: tuple[str, ...]
    #: Whether every pixel was decoded to prove that the file is whole.
    decoded: bool
    #: Only in a mask's role.
    mask: MaskFacts | None
    #: Part of the border that is not plain, where the pixels were decoded; not shown.
    busy_border: float | None = None

    def to_dict(self) -> dict[str, Any]:
        """The facts as JSON values."""
        return {
            "kind": self.kind,
            "format": self.format,
            "width": self.width,
            "height": self.height,
            "stored_width": self.stored_width,
            "stored_height": self.stored_height,
            "mode": self.mode,
            "bit_depth": self.bit_depth,
            "orientation": self.orientation,
            "frames": self.frames,
            "has_alpha": self.has_alpha,
            "icc_profile": self.icc_profile,
            "srgb": self.srgb,
            "bytes": self.bytes,
            "location": list(self.location),
            "decoded": self.decoded,
        }


Facts = VideoFacts | ImageFacts
