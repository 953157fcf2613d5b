"""What a probe measures: plain immutable values, without a verdict.

No field has a default: a probe has to say each one. ``None`` means "could not be measured",
and a rule that needs such a fact says so instead of passing. What a header claims stands beside
what was measured (``declared_*``).
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Any, ClassVar, Final, Literal, NamedTuple

#: Said of an edit list that shows nothing at all: the whole track is measured then.
NO_STRETCH: Final = "it names no stretch of the track to be shown"

#: Why a file gives no facts. The sentence beside it says it to a person.
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
    """A fraction as a float rounded to 8 decimals, for show only."""
    return None if value is None else round(float(value), 8)


def exact(value: Fraction | None) -> str | None:
    """A fraction as ``"30000/1001"``, for scripts that must not lose a digit."""
    return None if value is None else f"{value.numerator}/{value.denominator}"


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A file that gives no facts, and why.

    ``message`` is a clause that completes "cannot be read: ...". ``format``, ``width`` and
    ``height`` are what the header proved before reading failed, so that rules which need no
    more can still speak.
    """

    reason: UnreadableReason
    message: str
    bytes: int | None
    format: str | None = None
    width: int | None = None
    height: int | None = None


@dataclass(frozen=True, slots=True)
class Unreached:
    """A URL that does not give its bytes, and why.

    ``message`` is a clause that completes "the service cannot fetch this URL: ..."; ``status`` is
    the answer's, None where none came.
    """

    reason: Literal["unreachable", "not-public"]
    message: str
    status: int | None = None


@dataclass(frozen=True, slots=True)
class MaskFacts:
    """What a mask's pixels are, over all its frames, as displayed and in RGB.

    ``other`` counts pixels that are neither pure white nor pure black; ``frames`` is how many
    frames were judged, ``first_other`` the number (from 1) of the first frame with such a pixel.
    """

    pixels: int
    white: int
    black: int
    other: int
    frames: int
    first_other: int | None


@dataclass(frozen=True, slots=True)
class DecodeFacts:
    """The outcome of decoding every frame (``--deep``).

    ``frames`` decoded; ``failed_frame`` is the number (from 1, in decoding order) of the first
    packet that did not decode, with the decoder's ``error``; None where all did.
    """

    frames: int
    failed_frame: int | None
    error: str | None
    #: Frames that were counted without decoding and that never come out of the decoder: because
    #: their packets hold no picture to be shown, and for no such reason.
    never_shown: int
    missing: int


@dataclass(frozen=True, slots=True)
class StreamFacts:
    """A stream beside the video track: its kind (audio, video, data, subtitle, attachment)."""

    kind: str
    codec: str | None
    #: Seconds from its first sample's start to its last one's end; None if unknown.
    duration: Fraction | None


@dataclass(frozen=True, slots=True)
class SampleFacts:
    """The coded frames of a stretch of a video, in decoding order, hidden ones left out.

    Times are presentation times in seconds from the first frame that is shown.
    """

    times: tuple[Fraction, ...]
    #: Bytes of each.
    sizes: tuple[int, ...]
    #: Whether decoding may begin there without anything that came before.
    clean: tuple[bool, ...]
    #: Positions before which a hidden frame stands that later ones may lean on.
    breaks: tuple[int, ...]
    #: What rounding may add to each time; zero where the clock is exact.
    tick: Fraction
    #: Where the last frame of the video ends, if the stretch reaches it; else None.
    end: Fraction | None
    #: Why these frames cannot be copied as they are, as a clause; None where they can.
    obstacle: str | None


class Crop(NamedTuple):
    """Pixels of the stored picture that are not shown, on each side."""

    left: int
    top: int
    right: int
    bottom: int


@dataclass(frozen=True, slots=True)
class VideoFacts:
    """A video file as measured. Times in seconds, sizes in pixels or bytes, all exact."""

    kind: ClassVar[Literal["video"]] = "video"

    #: ``mp4``, ``mov``, ``3gp``, ``matroska``, ``webm``, ``mpegts``, ``avi``, ``gif``, ...
    container: str
    #: The ``ftyp`` box's major brand without trailing spaces; None outside that family.
    major_brand: str | None
    bytes: int | None
    #: MP4 family: movie fragments are used. None elsewhere.
    fragmented: bool | None
    #: MP4 family: the index (``moov``) stands before the media data. None elsewhere.
    index_first: bool | None
    #: Which of its samples, or which part of its index, lies past the end of the file, in words;
    #: None where none does.
    truncation: str | None
    #: MP4 family: which box claims more bytes than the file has, though every sample is there, in
    #: words. None where none does, and elsewhere.
    overrun: str | None

    #: Of the video track as presented, edit list applied.
    duration: Fraction | None
    #: Frames presented.
    frames: int | None
    #: ``frames / duration``; for one frame, the rate that the header gives.
    fps: Fraction | None
    #: One tick of a time base in which the frame interval is no whole number; else None.
    rounding_tick: Fraction | None
    #: Whether the frames are evenly spaced.
    constant_rate: bool | None
    #: Shortest and longest distance between two presented frames; None below two frames.
    min_interval: Fraction | None
    max_interval: Fraction | None

    #: What a decoder gives: after the codec's own cropping, before ``crop``.
    stored_width: int
    stored_height: int
    #: As displayed: after ``crop``, rotation and pixel aspect.
    width: int
    height: int
    #: Pixels of the decoded picture that the container hides (``clap``, Matroska PixelCrop), before
    #: rotation and pixel aspect; None where it hides none. PyAV's decoder does not crop them: who
    #: shows or encodes a frame does. Copied packets would show them.
    crop: Crop | None
    #: Degrees clockwise by which the picture is turned for display: 0, 90, 180 or 270; None
    #: where the display matrix is none of the eight right-angle ones.
    rotation: int | None
    #: Whether the picture is mirrored (left and right swapped) before that turn.
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
    #: The Dolby Vision profile, where only a decoder of Dolby Vision knows its colours; else None.
    dolby_vision: int | None

    #: Whether the track has an edit list at all.
    edit_list: bool
    #: What the edit list changes in what is presented, in words; None where nothing.
    edit_effect: str | None
    #: What of the video track is never shown for want of a keyframe before it, in words; None
    #: where nothing.
    unshown: str | None
    #: Whether each packet of the track holds one frame; False where some hold a single field, or
    #: no picture at all.
    packets_are_frames: bool
    #: Every stream but the video track.
    streams: tuple[StreamFacts, ...]
    #: Length of the whole container, its longest track or what its header says.
    container_duration: Fraction | None
    #: Names of the metadata that tell a place or a serial number.
    location: tuple[str, ...]
    declared_duration: Fraction | None
    #: One tick of the clock in which the header tells lengths: what rounding alone may add.
    header_tick: Fraction | None
    declared_frames: int | None

    #: Only after decoding every frame.
    decoded: DecodeFacts | None
    #: Only under a mask's role.
    mask: MaskFacts | None

    @property
    def has_audio(self) -> bool:
        """Whether any other stream is sound."""
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


@dataclass(frozen=True, slots=True)
class ImageFacts:
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
    #: EXIF orientation, 1 to 8; 1 where the file has none or an invalid one.
    orientation: int
    #: Pillow's name of the pixel mode (``RGB``, ``L``, ``P``, ``CMYK``, ``I;16``, ...), with
    #: the stored depth where Pillow hides it (``RGB;16``).
    mode: str
    #: Bits of one channel of one pixel as stored (1, 2, 4, 8, 16, 32).
    bit_depth: int | None
    #: Whether there is an alpha channel (or transparent colour) that is not opaque everywhere;
    #: None where the pixels were not decoded.
    has_alpha: bool | None
    #: The ICC profile's description; None where there is no profile.
    icc_profile: str | None
    #: Whether colours are sRGB: true without a profile.
    srgb: bool
    #: Frames or pages.
    frames: int
    #: Names of the metadata that tell a place or a serial number.
    location: tuple[str, ...]
    #: Whether every pixel was decoded to prove that the file is whole.
    decoded: bool
    #: Only under a mask's role.
    mask: MaskFacts | None

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
