"""Markers of JPEG files.

Specification: ITU-T T.81 (ISO/IEC 10918-1), table B.1.
"""

from __future__ import annotations

from typing import Final

#: The byte before each marker, which may be repeated.
FILL: Final = 0xFF


class Marker:
    """The second byte of a marker."""

    #: In coded data: the byte before it is a value, not the start of a marker.
    STUFFED = 0x00
    #: Temporary use in arithmetic coding.
    TEM = 0x01
    #: Frame headers: baseline, extended sequential and progressive, Huffman-coded.
    SOF0 = 0xC0
    SOF1 = 0xC1
    SOF2 = 0xC2
    #: Huffman tables.
    DHT = 0xC4
    #: Progressive frame headers: hierarchical, arithmetic-coded, both.
    SOF6 = 0xC6
    SOF10 = 0xCA
    SOF14 = 0xCE
    #: Reserved for extensions.
    JPG = 0xC8
    #: Conditioning of arithmetic coding.
    DAC = 0xCC
    #: The first and the last of 8 restart markers.
    RST0 = 0xD0
    RST7 = 0xD7
    #: Start and end of the image.
    SOI = 0xD8
    EOI = 0xD9
    #: Start of a scan.
    SOS = 0xDA
    #: Quantization tables.
    DQT = 0xDB
    #: Number of lines.
    DNL = 0xDC
    #: Restart interval.
    DRI = 0xDD
    #: Application data: the first and the last of 16, and those of known content.
    APP0 = 0xE0
    APP1 = 0xE1
    APP2 = 0xE2
    APP14 = 0xEE
    APP15 = 0xEF
    #: Comment.
    COM = 0xFE


RESTARTS: Final = range(Marker.RST0, Marker.RST7 + 1)
#: Markers without length and content.
STANDALONE: Final = frozenset([Marker.TEM, *RESTARTS, Marker.SOI])
APPLICATION: Final = range(Marker.APP0, Marker.APP15 + 1)
FRAMES: Final = frozenset(range(Marker.SOF0, 0xD0)) - {Marker.DHT, Marker.JPG, Marker.DAC}
#: Frames whose scans can be checked: Huffman-coded, baseline, extended or progressive.
PROVEN: Final = frozenset([Marker.SOF0, Marker.SOF1, Marker.SOF2])
#: Frames whose pixels are refined scan by scan.
PROGRESSIVE: Final = frozenset([Marker.SOF2, Marker.SOF6, Marker.SOF10, Marker.SOF14])
END_MARK: Final = bytes([FILL, Marker.EOI])
