"""Tags and field types of TIFF files, which EXIF uses too.

Specification: TIFF 6.0, BigTIFF, Adobe's TIFF technical notes, CIPA DC-008 (Exif) and DNG 1.7.
"""

from __future__ import annotations


class Tag:
    """Tag numbers of the fields of a directory."""

    SUBFILE_TYPE = 254
    IMAGE_WIDTH = 256
    IMAGE_LENGTH = 257
    BITS_PER_SAMPLE = 258
    COMPRESSION = 259
    PHOTOMETRIC = 262
    THRESHOLDING = 263
    FILL_ORDER = 266
    MAKE = 271
    STRIP_OFFSETS = 273
    ORIENTATION = 274
    SAMPLES_PER_PIXEL = 277
    ROWS_PER_STRIP = 278
    STRIP_BYTE_COUNTS = 279
    PLANAR_CONFIGURATION = 284
    T4_OPTIONS = 292
    T6_OPTIONS = 293
    PREDICTOR = 317
    COLOR_MAP = 320
    TILE_WIDTH = 322
    TILE_LENGTH = 323
    TILE_OFFSETS = 324
    TILE_BYTE_COUNTS = 325
    SUB_IFDS = 330
    INK_SET = 332
    EXTRA_SAMPLES = 338
    SAMPLE_FORMAT = 339
    JPEG_TABLES = 347
    JPEG_PROC = 512
    JPEG_AC_TABLES = 521
    YCBCR_COEFFICIENTS = 529
    YCBCR_SUBSAMPLING = 530
    YCBCR_POSITIONING = 531
    REFERENCE_BLACK_WHITE = 532
    XMP = 700
    EXIF_IFD = 34665
    ICC_PROFILE = 34675
    GPS_IFD = 34853
    BODY_SERIAL_NUMBER = 42033
    LENS_SERIAL_NUMBER = 42037
    DNG_VERSION = 50706
    CAMERA_SERIAL_NUMBER = 50735


class GpsTag:
    """Tag numbers of the fields of Exif's GPS directory."""

    LATITUDE = 2
    LONGITUDE = 4
    ALTITUDE = 6
    DEST_LATITUDE = 20
    DEST_LONGITUDE = 22
    AREA_INFORMATION = 28


class FieldType:
    """Value types of a field."""

    BYTE = 1
    ASCII = 2
    SHORT = 3
    LONG = 4
    RATIONAL = 5
    SBYTE = 6
    UNDEFINED = 7
    SSHORT = 8
    SLONG = 9
    SRATIONAL = 10
    FLOAT = 11
    DOUBLE = 12
    IFD = 13
    LONG8 = 16
    SLONG8 = 17
    IFD8 = 18
