"""What ``wan2.1-vace-plus`` accepts: every number and enumeration, each with its source.

Nobody else in the package writes such a number. The marks say where a fact comes from:

====  ==========================================================  ==============================
mark  source                                                      weight
====  ==========================================================  ==============================
M     MuleRouter's page for this endpoint                         binding
U     Alibaba Model Studio's API reference for the same model     binding where M is silent
G     other public pages of Alibaba and MuleRouter                a convention to follow
C     what MuleRouter's own public command-line client does       a convention to follow
R     reported by people who integrated the model                 a warning, never an error
J     our judgement                                               a warning or advice, unless a
                                                                  rule says error
====  ==========================================================  ==============================
"""

from __future__ import annotations

from fractions import Fraction
from typing import Final, Literal, get_args

Mark = Literal["M", "U", "G", "C", "R", "J"]
#: One mark, or two of them with a space between.
SourceMark = Literal[
    Mark, "M U", "M C", "M J", "U G", "U R", "U J", "G U", "G R", "C U", "C G", "C J", "J R"
]  # fmt: skip

VideoRole = Literal["video_url", "first_clip_url", "last_clip_url", "mask_video_url"]
ImageRole = Literal["ref_images_url", "first_frame_url", "last_frame_url", "mask_image_url"]
Role = Literal[
    "video_url",
    "first_clip_url",
    "last_clip_url",
    "mask_video_url",
    "ref_images_url",
    "first_frame_url",
    "last_frame_url",
    "mask_image_url",
]

#: The request's fields that carry a video. M
VIDEO_ROLES: Final[tuple[VideoRole, ...]] = get_args(VideoRole)
#: The request's fields that carry an image. M
IMAGE_ROLES: Final[tuple[ImageRole, ...]] = get_args(ImageRole)
ROLES: Final[tuple[Role, ...]] = get_args(Role)
#: The fields whose pixels must be exactly white or exactly black. U
MASK_ROLES: Final[tuple[Role, ...]] = ("mask_image_url", "mask_video_url")
#: What a video or an image is taken for where nobody says. J
DEFAULT_VIDEO_ROLE: Final[VideoRole] = "video_url"
DEFAULT_IMAGE_ROLE: Final[ImageRole] = "ref_images_url"

# --- video ---------------------------------------------------------------------------------

#: Bytes above which a video may be refused: 50 MB read as 50 * 10^6 (warning, prepare's aim). M
VIDEO_BYTES_DECIMAL: Final = 50 * 10**6
#: Bytes above which a video is refused under either reading: 50 * 2^20 (error). M J
VIDEO_BYTES_BINARY: Final = 50 * 2**20
#: Fewest frames a second. M
MIN_FPS: Final = Fraction(16)
#: Longest video, in seconds. M
MAX_SECONDS: Final = Fraction(5)
#: Longest first or last clip, in seconds. U
MAX_CLIP_SECONDS: Final = Fraction(3)
#: Both clips of one request together, in seconds. U
MAX_CLIPS_SECONDS: Final = Fraction(3)
#: Longest video by the field that carries it, in seconds. M U
MAX_SECONDS_BY_ROLE: Final[dict[Role, Fraction]] = {
    "video_url": MAX_SECONDS,
    "mask_video_url": MAX_SECONDS,
    "first_clip_url": MAX_CLIP_SECONDS,
    "last_clip_url": MAX_CLIP_SECONDS,
}

#: Major brands (spaces stripped) of an MP4 file. J
MP4_BRANDS: Final = frozenset(
    "isom iso2 iso3 iso4 iso5 iso6 iso7 iso8 iso9 isoa isob isoc mp41 mp42 avc1 "
    "M4V M4VH M4VP MSNV dash cmfc".split()
)
#: Major brand of QuickTime, which is not MP4. J
QUICKTIME_BRAND: Final = "qt"
#: First letters of 3GPP's brands, which are not MP4. J
THREEGPP_PREFIX: Final = "3g"
#: Major brands of still and animated images that live in the same boxes as MP4. J
IMAGE_BRANDS: Final = frozenset(
    "heic heix heim heis hevc hevx hevm hevs mif1 msf1 mif2 avif avis crx jpeg jpgs jxl "
    "j2ki vvic vvis evbi".split()
)

#: The codec that every reader of MP4 decodes, by FFmpeg's name. J
VIDEO_CODEC: Final = "h264"
#: Pixel formats that are 8-bit 4:2:0, by FFmpeg's names. J
VIDEO_PIXEL_FORMATS: Final = frozenset(["yuv420p", "yuvj420p", "nv12", "nv21"])
#: Transfer characteristics of high dynamic range, by FFmpeg's names. J
HDR_TRANSFERS: Final = frozenset(["smpte2084", "arib-std-b67"])
#: Colour primaries wider than BT.709, by FFmpeg's names. J
WIDE_PRIMARIES: Final = frozenset(["bt2020"])
#: Shortest and longest side of a video, in pixels as displayed; reported by integrators. R
VIDEO_SIDE: Final = (360, 2000)
#: Pixels that the service keeps: 1280 * 720; larger inputs are scaled down. U
KEPT_PIXELS: Final = 1280 * 720
#: How far the header's claims may lie from what was measured, as a ratio. J
HEADER_TOLERANCE: Final = Fraction(1, 100)

# --- images --------------------------------------------------------------------------------

#: Bytes above which an image may be refused: 10 MB read as 10 * 10^6 (warning). M
IMAGE_BYTES_DECIMAL: Final = 10 * 10**6
#: Bytes above which an image is refused under either reading: 10 * 2^20 (error). M J
IMAGE_BYTES_BINARY: Final = 10 * 2**20
#: Characters of a ``data:`` URI that carries an image above which upstream refuses it. G
IMAGE_INLINE_CHARACTERS: Final = 10_485_760
#: Shortest and longest side of an image, in pixels as displayed. M
IMAGE_SIDE: Final = (360, 2000)
#: Formats of an image, by content (JPG and JPEG are one). M
IMAGE_FORMATS: Final = ("jpeg", "png", "bmp", "tiff", "webp")
#: The same as people write them. M
IMAGE_FORMATS_TEXT: Final = "JPG, JPEG, PNG, BMP, TIFF or WEBP"
#: Declared pixels above which an image is not decoded. J
MAX_IMAGE_PIXELS: Final = 178_956_970

#: Declared pixels up to which ``check`` decodes an image to prove that it is whole; beyond, it is
#: refused for its size alone (VP203). J
MAX_PROVEN_PIXELS: Final = 64_000_000

# --- jobs ----------------------------------------------------------------------------------

#: The only model. M
MODEL: Final = "wan2.1-vace-plus"
#: Its name in Beijing's region, which this service does not take. U
BEIJING_MODEL: Final = "wanx2.1-vace-plus"
Function = Literal[
    "image_reference",
    "video_repainting",
    "video_edit",
    "video_extension",
    "video_outpainting",
]
#: The five functions; the page's schema names the first alone, its text all of them. M
FUNCTIONS: Final[tuple[Function, ...]] = get_args(Function)
#: Longest prompt, in code points; upstream cuts the rest off in silence. M U
MAX_PROMPT: Final = 800
#: Longest negative prompt, in code points. M C
MAX_NEGATIVE_PROMPT: Final = 500
#: Largest seed. M U
MAX_SEED: Final = 2_147_483_647
#: The only length that may be asked for, in seconds. M U
OUTPUT_SECONDS: Final = 5
Size = Literal["1280*720", "720*1280", "960*960", "832*1088", "1088*832"]
#: Output sizes. M U
SIZES: Final[tuple[Size, ...]] = get_args(Size)
#: The output size where a job sets none. M U
DEFAULT_SIZE: Final[Size] = "1280*720"
Label = Literal["obj", "bg"]
#: The label of the only reference image where a job sets none. M U
DEFAULT_LABEL: Final[Label] = "obj"
#: Most reference images for ``image_reference``. M U
MAX_REFERENCES: Final = 3
#: Most reference images for the other functions that take them. U
MAX_SIDE_REFERENCES: Final = 1
#: Most reference images labelled as background. M U
MAX_BACKGROUNDS: Final = 1
RepaintingCondition = Literal["posebodyface", "posebody", "depth", "scribble"]
GuideCondition = Literal["posebodyface", "depth"]
MaskType = Literal["tracking", "fixed"]
#: The type of a mask image where a job sets none. M U
DEFAULT_MASK_TYPE: Final[MaskType] = "tracking"
ExpandMode = Literal["hull", "bbox", "original"]
#: The range of ``strength`` and ``expand_ratio``. M U
UNIT_RANGE: Final = (0.0, 1.0)
#: The range of the four scales of ``video_outpainting``. M U
SCALE_RANGE: Final = (1.0, 2.0)
#: Smallest ``mask_frame_id``; the largest is floor(fps * duration) + 1 of the video. U
FIRST_MASK_FRAME: Final = 1
#: Functions for which upstream recommends ``prompt_extend: false``. U
NO_REWRITE: Final[tuple[Function, ...]] = FUNCTIONS[1:]
#: At least one of them is needed to extend; the order in which they set size and rate. G U
EXTENSION_FIELDS: Final = (
    "first_clip_url",
    "last_clip_url",
    "first_frame_url",
    "last_frame_url",
)
#: The four scales of ``video_outpainting``. M
SCALE_FIELDS: Final = ("top_scale", "bottom_scale", "left_scale", "right_scale")

# --- the service ---------------------------------------------------------------------------

Site = Literal["mulerouter", "mulerun"]
#: The base URL of each site, by the site's name (compared without regard to case). C
BASE_URLS: Final[dict[Site, str]] = {
    "mulerouter": "https://api.mulerouter.ai",
    "mulerun": "https://api.mulerun.com",
}
#: The site where nobody names one; MuleRouter's own client refuses then. J
DEFAULT_SITE: Final[Site] = "mulerouter"
#: The endpoint below the base URL: POST makes a task, GET with ``/{id}`` tells of it. M C
TASKS_PATH: Final = "/vendors/alibaba/v1/wan2.1-vace-plus/generation"
#: Another path that takes the same body. M
OTHER_TASKS_PATH: Final = "/vendors/alibaba/v1/wan2/video/edit"
#: Codes of a failed task: the provider could not finish it. G
PROVIDER_CODES: Final = (3001, 3002, 3003, 3004, 3005)
#: Code of a failed task: often a missing or wrong field. G
FIELD_CODE: Final = 4002
#: Code of a failed task: the error is MuleRouter's own. G
SERVICE_CODE: Final = 4008
#: Environment variables, and the only names that a ``.env`` file may set. C
KEY_VARIABLE: Final = "MULEROUTER_API_KEY"
SITE_VARIABLE: Final = "MULEROUTER_SITE"
BASE_URL_VARIABLE: Final = "MULEROUTER_BASE_URL"
VARIABLE_PREFIX: Final = "MULEROUTER_"
#: Statuses, in lower case; any other value means that the task goes on. C U
RUNNING_STATUSES: Final = frozenset(["pending", "queued", "running", "processing"])
DONE_STATUSES: Final = frozenset(["completed", "succeeded"])
FAILED_STATUSES: Final = frozenset(["failed"])
CANCELLED_STATUSES: Final = frozenset(["canceled", "cancelled"])
#: Seconds between two questions for a task's status. C
POLL_SECONDS: Final = 20.0
#: Seconds that a task is waited for; running out of them is no failure of the task. C
MAX_WAIT_SECONDS: Final = 900.0
#: Seconds after which a task and its result are gone. U
RESULT_SECONDS: Final = 24 * 60 * 60
#: Submissions a second, and tasks at once, that upstream allows an account. G
SUBMISSIONS_PER_SECOND: Final = 2.0
TASKS_AT_ONCE: Final = 2
#: List price of a second of output, in US dollars. G
PRICE_PER_SECOND: Final = Fraction(1, 10)
#: Functions billed as long as ``video_url``, up to ``OUTPUT_SECONDS``. U
BILLED_BY_INPUT: Final = frozenset(["video_repainting", "video_edit", "video_outpainting"])
#: Of these, functions that caps and budgets count with ``OUTPUT_SECONDS``. R J
BILLED_AT_MOST: Final = frozenset(["video_edit"])
#: Seconds to wait after a 429 that does not say how long: doubled each time, up to the second. J
BACKOFF_SECONDS: Final = (2.0, 60.0)
#: Seconds that making a connection may take, to the service or for a transfer. J
CONNECT_SECONDS: Final = 15.0
#: Seconds of silence after which the answer to a new task is given up: many, for a task whose
#: answer is lost may have been paid for. J
CREATE_SECONDS: Final = 120.0
#: The same for questions, which can be asked again. J
ASK_SECONDS: Final = 30.0
#: Times that a new task is sent where no connection comes about, and that a question is asked. J
CONNECT_TRIES: Final = 4
ASK_TRIES: Final = 3
#: The longest that ``Retry-After`` is believed, in seconds. J
MAX_RETRY_AFTER: Final = float(RESULT_SECONDS)
#: Bytes of an answer above which the rest is not read. J
MAX_ANSWER_BYTES: Final = 8 * 2**20
#: Characters of the service's words that are kept. J
MAX_WORDS: Final = 2000
#: Videos of a task that are brought home; a task makes one. J
MAX_VIDEOS: Final = 100
#: Characters of a task id, and of a key. J
MAX_TASK_ID: Final = 200
MAX_KEY: Final = 8192
#: The results: frames a second, and pixels at the most. G U
OUTPUT_FPS: Final = 30
OUTPUT_PIXELS: Final = KEPT_PIXELS

# --- publishing ----------------------------------------------------------------------------

#: Seconds for which a presigned URL is good: as long as the task can be asked for. J
PRESIGNED_SECONDS: Final = RESULT_SECONDS
#: Seconds without progress after which an upload or a download is given up. J
STALL_SECONDS: Final = 60.0
#: Times that an upload or a download is tried. J
TRANSFER_TRIES: Final = 3
#: Seconds between two tries, doubled after each. J
TRANSFER_PAUSE_SECONDS: Final = 1.0
#: A presigned URL that dies within so many seconds is about to expire (VP506). J
EXPIRES_SOON_SECONDS: Final = 60 * 60
#: Seconds that a download may take in all, however steadily it drips. J
TRANSFER_SECONDS: Final = 3600.0
#: Redirects that a download follows. J
MAX_REDIRECTS: Final = 5
#: Bytes of a result above which it is not downloaded: far more than 5 s at 720p can have. J
MAX_RESULT_BYTES: Final = 2**30

# --- masks ---------------------------------------------------------------------------------

#: How far a decoded mask video may lie from 0 or 255 in each of R, G and B. J
MASK_VIDEO_TOLERANCE: Final = 8

# --- bounds on what is read, so that no header's claim is believed before it is paid for ------

#: Samples (frames) in one track above which a file is not measured. J
MAX_SAMPLES: Final = 5_000_000
#: Bytes of the index (``moov``) above which a file is not measured. J
MAX_INDEX_BYTES: Final = 64 * 2**20
#: Tracks or streams above which a file is not measured. J
MAX_STREAMS: Final = 256
#: Pixels of one frame, as coded, above which nothing of a video is decoded: 8K is less. J
MAX_FRAME_PIXELS: Final = 8192 * 4352
#: Seconds that opening or measuring one file may wait for its bytes. J
READ_SECONDS: Final = 10.0
#: Bytes of a JSON job file, ``data:`` URIs included, above which it is not read. J
MAX_JOB_BYTES: Final = 64 * 2**20
#: Bytes of a YAML or TOML job file above which it is not read: their readers are slow. J
MAX_SLOW_JOB_BYTES: Final = 8 * 2**20
#: Bytes and values of a YAML or TOML job file above which it is rewritten without its comments: the
#: libraries that keep them take seconds for a megabyte, and the square of the values. J
MAX_COMMENTED_JOB_BYTES: Final = 256 * 2**10
MAX_COMMENTED_JOB_NODES: Final = 500
#: Values in one job file above which it is not a job. J
MAX_JOB_NODES: Final = 10_000
#: Lists and mappings inside each other in one job file. J
MAX_JOB_DEPTH: Final = 100
#: Parts of a dotted key in TOML, and characters of any key: TOML's reader takes the square of the
#: parts for each key. J
MAX_KEY_PARTS: Final = 16
MAX_KEY_CHARACTERS: Final = 1000
#: Bytes taken from standard input before it is refused. J
MAX_STDIN_BYTES: Final = 2**30

# --- URLs: what is read of them ----------------------------------------------------------------

#: Bytes that one URL may cost: a video of 50 MB, read whole, and a bit. J
REMOTE_BYTES: Final = 64 * 2**20
#: Bytes that are asked for first, and the least that is asked for anywhere. J
REMOTE_HEAD: Final = 64 * 1024
#: Bytes that are asked for where reading goes on elsewhere, such as at an index at the end. J
REMOTE_JUMP: Final = 128 * 1024
#: Jumps after which a file of bearable size is fetched as a whole. J
REMOTE_JUMPS: Final = 4
#: Seconds that all of one URL may take, and that it may be silent. J
REMOTE_SECONDS: Final = 120.0
REMOTE_STALL: Final = 15.0
#: Times that a request is made where the connection breaks or the server is busy. J
REMOTE_TRIES: Final = 2
#: Seconds before the second. J
REMOTE_PAUSE: Final = 0.5
#: URLs that are read side by side: reading waits more than it works. J
REMOTE_AT_ONCE: Final = 8

# --- isolation: what a worker process may take for one file ----------------------------------

#: Bytes of a megabyte, as memory is told. J
BYTES_PER_MEGABYTE: Final = 10**6
#: Seconds that looking at one file may take, and with every frame decoded. J
CHECK_SECONDS: Final = 10.0
DEEP_SECONDS: Final = 300.0
#: Bytes of memory that looking at one file may take beyond the interpreter's own. J
CHECK_MEMORY: Final = 400 * BYTES_PER_MEGABYTE
#: Of these, bytes that an image's pixels and their decoder may take: the rest is our own. J
CHECK_PIXEL_MEMORY: Final = 330 * BYTES_PER_MEGABYTE
#: Seconds without any progress after which preparing one file is given up. J
PREPARE_STALL_SECONDS: Final = 120.0
#: Bytes of memory that preparing one file may take beyond the interpreter's own. J
PREPARE_MEMORY: Final = 1000 * BYTES_PER_MEGABYTE
#: Bytes of the largest file that preparing may write, far above what is ever accepted. J
PREPARE_OUTPUT: Final = 512 * 2**20
#: Processors that preparing uses at most in a worker, since encoders take memory by them. J
PREPARE_CORES: Final = 8

#: Bytes of a configuration file above which it is not read. J
MAX_CONFIG_BYTES: Final = 2**20

# --- between which numbers a configuration may put a limit -----------------------------------

#: Seconds of a video, and frames a second: with both, one frame always fits. J
LIMIT_SECONDS: Final = (1, 3600)
LIMIT_FPS: Final = (1, 240)
#: Megabytes of a file. J
LIMIT_MEGABYTES: Final = (1, 10_000)
#: Pixels of an image's side, up to what JPEG can say. J
LIMIT_SIDE: Final = (1, 65_535)
#: Characters of a prompt. J
LIMIT_CHARACTERS: Final = (1, 1_000_000)
#: US dollars of a price, a cap or a budget, at the most. J
MAX_USD: Final = 1_000_000

# --- the open model's published code: what it takes of its input -----------------------------

#: Cells of 16x16 pixels, over all its steps in time, that the model computes. G
MODEL_CELLS: Final = 75_600
#: Pixels of one frame, and of one side of a cell. G
MODEL_PIXELS: Final = 1280 * 720
MODEL_CELL: Final = 16
#: Frames for each step in time, after the first. G
MODEL_STEP: Final = 4
#: Frames a second of what the model makes. G
MODEL_FPS: Final = 16
#: Shortest side that ``--fit-model`` keeps: the first multiple of 16 above ``IMAGE_SIDE``'s. J
MODEL_SIDE: Final = 368
