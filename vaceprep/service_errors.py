"""The meaning of the service's messages when it refuses a request or a task fails.

Each row has a pattern for the message, its meaning, the rules about it, and advice; the first row
that matches applies. Unknown messages stay as they are. If an HTTP status is sufficient, the
client words the error itself, and there is no row for it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from vaceprep.contract import FIELD_CODE, PROVIDER_CODES, SERVICE_CODE, SourceMark


@dataclass(frozen=True, slots=True)
class Explanation:
    """One row of the table."""

    #: A regular expression for the service's message, searched case-insensitively.
    words: str
    #: The meaning and the advice; each a clause.
    meaning: str
    remedy: str
    #: The source of the message: U the reference of the model, G the list of error codes of
    #: Model Studio (for all its models) and MuleRouter's of failed tasks, C MuleRouter's own
    #: client, R reports, J our reading.
    source: SourceMark
    #: Slugs of the rules about it; for URLs, those that check their text alone.
    rules: tuple[str, ...] = ()

    def sentence(self) -> str:
        """The text for the user."""
        about = f" (vaceprep rules {self.rules[0]}" if self.rules else ""
        if len(self.rules) > 1:
            about += f"; also {', '.join(self.rules[1:])}"
        return f"{self.meaning}; {self.remedy}{about}{')' if about else ''}"


_CHECK: Final = "vaceprep check JOB shows which, and vaceprep prepare JOB fixes it"
_FETCH: Final = "see that anybody can fetch each URL of the job, now and for an hour to come"
_SENT: Final = "vaceprep check JOB judges it, and vaceprep request JOB shows what is sent"
_LATER: Final = "run the same command again in a while"

TABLE: Final = (
    # --- what the media are -----------------------------------------------------------------
    Explanation(
        r"the size is not match",
        "the mask, or a frame or clip, is not of the video's width and height",
        "vaceprep prepare JOB gives local media one size; bring media given as URLs here first",
        "U",
        ("mask-dimensions", "mask-video-mismatch", "inputs-disagree"),
    ),
    Explanation(
        r"InvalidFile\.FPS|invalid video fps",
        "a video's frame rate is outside what is allowed",
        _CHECK,
        "G",
        ("video-fps",),
    ),
    Explanation(
        r"InvalidFile\.Duration|invalid file duration",
        "a video's length is outside what is allowed",
        _CHECK,
        "G",
        ("video-duration", "clips-together"),
    ),
    Explanation(
        r"InvalidFile\.(Resolution|ImageSize|AspectRatio)|InvalidImage(\.ImageSize|Resolution)"
        r"|(image|video) resolution is (invalid|too)|invalid video resolution|invalid file ratio"
        r"|size of (input )?image is (too|beyond)|size of input image",
        "a picture or a video is too small, too large or too long and narrow",
        _CHECK,
        "G",
        ("image-dimensions", "video-dimensions"),
    ),
    Explanation(
        r"max bytes (per data-uri item|to request)",
        "an image that travels in the request has too much text",
        "publish it instead: vaceprep run JOB --publish TARGET without --inline-images",
        "G",
        ("image-size",),
    ),
    Explanation(
        r"InvalidFile\.Size|BadRequest\.TooLarge|invalid file size|file size is larger"
        r"|payload too large",
        "a file has too many bytes",
        _CHECK,
        "G",
        ("video-size", "image-size"),
    ),
    Explanation(
        r"InvalidFile\.Format|InvalidImage(\.File)?Format|UnsupportedFileFormat"
        r"|(invalid|unsupported) (file|image|video) (format|type)|image format error"
        r"|files? format (is )?not supported|file type is not supported|request image format",
        "a file is not of a format that is taken",
        _CHECK,
        "G",
        ("video-container", "image-format"),
    ),
    Explanation(
        r"InvalidFile\.OpenError|cannot open file|read (image|video) error|corrupted file",
        "a file cannot be decoded",
        "vaceprep check --deep JOB decodes every frame; prepare --salvage keeps what still decodes",
        "G",
        ("video-unreadable", "video-truncated", "image-unreadable"),
    ),
    # --- whether they can be fetched ---------------------------------------------------------
    Explanation(
        r"wrong content-type of multimodal url",
        "a URL's server names another kind of file than its bytes are",
        "publish it again: vaceprep run JOB --publish TARGET sets the Content-Type",
        "G",
    ),
    Explanation(
        r"missing content-length of multimodal url",
        "a URL's server does not say how long the file is",
        "publish it elsewhere: vaceprep run JOB --publish TARGET",
        "G",
    ),
    Explanation(
        r"InvalidURL\.(ConnectionRefused|Timeout)|InvalidParameter\.DataInspection\b"
        r"|InputDownloadFailed|InvalidFile\.DownloadFailed|provide available url"
        r"|unable to download|download \S+ (timeout|failed)|failed to download|oss download error"
        r"|(image|video|file) cannot be downloaded",
        "the service could not fetch one of the job's URLs",
        _FETCH,
        "G",
        ("url-not-public",),
    ),
    Explanation(
        r"InvalidURL|invalid url|url is (missing or )?invalid|url error",
        "one of the job's URLs is none that the service can use",
        _FETCH,
        "G",
        ("url-scheme", "url-not-ascii", "url-not-public"),
    ),
    # --- what they show ------------------------------------------------------------------------
    Explanation(
        r"DataInspectionFailed|data_inspection_failed|inappropriate content"
        r"|green network verification|CustomRoleBlocked",
        "the service's inspection of content stopped it",
        "change the prompt, or the picture or video, and send it again",
        "G",
    ),
    Explanation(
        r"IPInfringementSuspect|ip infringement",
        "the service suspects that prompt or media infringe somebody's rights",
        "change them, and send it again",
        "G",
    ),
    # --- what the body says --------------------------------------------------------------------
    Explanation(
        r"['\"`]images['\"`]|\b(body|input|parameters?|fields?)[.:]? *images\b"
        r"|\bimages\b.{0,20}\b(field|is (required|missing)|must be an? )"
        r"|\b(1280x720|720x1280|960x960|832x1088|1088x832|orginal)\b",
        "the service names a field or value as MuleRouter's command-line client writes it "
        "(images, 1280x720, orginal); vaceprep sends those of MuleRouter's page (ref_images_url, "
        "1280*720, original)",
        "vaceprep request JOB shows what is sent, and --extra KEY=VALUE adds a field",
        "C",
        ("invalid-value", "unknown-field"),
    ),
    Explanation(
        r"obj_or_bg",
        "each reference image wants its label, obj or bg",
        "give obj_or_bg as many as ref_images_url, at most one of them bg; upstream has asked for "
        "it with a single image, too",
        "G",
        ("obj-or-bg", "label-missing", "reference-count"),
    ),
    Explanation(
        r"RewriteFailed|failed to rewrite content for prompt",
        "the service could not rewrite the prompt",
        "set prompt_extend to false, or run it again",
        "G",
        ("prompt-rewrite",),
    ),
    Explanation(
        r"\bmask_frame_id\b",
        "mask_frame_id names no frame of the video",
        "count from 1 to the video's last frame",
        "J",
        ("mask-frame-id",),
    ),
    Explanation(
        r"\bmask_(image|video)_url\b",
        "the service does not take the mask",
        "it is exactly one, of the video's size, pure white where to edit, pure black elsewhere: "
        "vaceprep mask fix",
        "J",
        ("mask-choice", "mask-dimensions", "mask-not-binary"),
    ),
    Explanation(
        r"\bref_images_url\b",
        "the service does not take the reference images",
        "give 1 to 3 of them",
        "J",
        ("reference-count", "image-dimensions"),
    ),
    Explanation(
        r"\b(first|last)_(frame|clip)_url\b",
        "the service does not take the frames or clips to extend",
        _CHECK,
        "J",
        ("nothing-to-extend", "clips-together", "inputs-disagree"),
    ),
    Explanation(
        r"\bvideo_url\b",
        "the service does not take the video",
        _CHECK,
        "J",
        ("missing-field", "video-container"),
    ),
    Explanation(
        r"\bnegative_prompt\b",
        "the service does not take the negative prompt",
        "shorten it",
        "J",
        ("negative-prompt-length",),
    ),
    Explanation(
        r"(\bprompt\b.{0,60}\b(length|long|empty|required|missing|invalid|exceed)"
        r"|\b(length of|empty|missing|invalid|no)\b.{0,30}\bprompt\b)",
        "the service does not take the prompt",
        "give one, and not too long a one",
        "J",
        ("prompt-length",),
    ),
    Explanation(
        r"missing required param|BadRequest\.Empty|required (input )?parameter",
        "the request lacks a field",
        _SENT,
        "G",
        ("missing-field",),
    ),
    Explanation(
        r"\b(control_condition|mask_type|expand_(mode|ratio)|prompt_extend|(top|bottom|left|right)_"
        r"scale)\b|\bparameters?\.(function|size|duration|seed|strength)\b"
        r"|['\"`](function|size|duration|seed|strength|model)['\"`]"
        r"|\b(function|size|duration|seed|strength)\b.{0,20}"
        r"\b(must|should|is not|not support|invalid|out of|required|missing)"
        r"|\b(invalid|unsupported|missing)\b.{0,20}\b(function|size|duration|seed|strength)\b",
        "a field's value is not what the service takes",
        "vaceprep request JOB shows what is sent, and vaceprep init FUNCTION what each field takes",
        "J",
        ("invalid-value", "field-not-for-function"),
    ),
    Explanation(
        r"out of definition|conform to the specification|BadRequest\.Illegal|input json error"
        r"|check input data style|request parameter is invalid|InvalidParameter\b",
        "the request lacks a field, or one has a value that the service does not take",
        _SENT,
        "G",
        ("missing-field", "invalid-value"),
    ),
    # --- the account ---------------------------------------------------------------------------
    Explanation(
        r"Arrearage|account is in good standing|BillOverdue|bill is overdue|out of credits"
        r"|insufficient balance",
        "the account that pays for it is in arrears",
        "top it up; where your own balance is good, it is the site's account upstream: ask its "
        "support",
        "G",
    ),
    Explanation(
        r"AllocationQuota|insufficient_quota|quota exceeded|exceeded your current quota",
        "the account's quota is used up",
        "wait, or have the quota raised",
        "G",
    ),
    Explanation(
        r"Throttling|limit_(requests|burst_rate)|LimitRequests|being throttled"
        r"|requests rate limit|exceeded your request limit|rate increased too quickly",
        "too many requests came at once",
        "wait a while; --max-tasks and --max-rate hold back what is sent from here",
        "G",
    ),
    Explanation(
        r"Invalid_?Api_?Key|(invalid|incorrect) api[- ]key|api[- ]key provided",
        "the key is not known",
        "vaceprep doctor tells where the key comes from and which site it is for",
        "G",
    ),
    Explanation(
        r"access_?denied|access denied|AccessDenied\.Unpurchased|CommodityNotPurchased",
        "the key may not use this model",
        "check what the account has been granted",
        "G",
    ),
    Explanation(
        r"Model_?Not_?Found|model can not be found|model \S+ does not exist",
        "there is no such model there",
        "vaceprep doctor tells which service is asked",
        "G",
    ),
    # --- the service itself --------------------------------------------------------------------
    Explanation(
        r"InternalError|internal_error|internal (timeout |server )?error|SystemError"
        r"|ModelServ(ice|ing)|ModelUnavailable|model is unavailable|inference( internal)? error"
        r"|algorithm (process error|execution)|RequestTimeOut|ResponseTimeout"
        r"|failed to upload result",
        "the trouble is the service's own",
        _LATER,
        "G",
    ),
    # --- MuleRouter's codes of failed tasks, where the words say nothing more ------------------
    Explanation(
        rf"\(code ({'|'.join(map(str, PROVIDER_CODES))})\)",
        "the provider behind the service could not finish the task; a failed task costs nothing",
        _LATER,
        "G",
    ),
    Explanation(
        rf"\(code {FIELD_CODE}\)",
        "often a field is missing or has a wrong value",
        _SENT,
        "G",
        ("missing-field", "invalid-value"),
    ),
    Explanation(
        rf"\(code {SERVICE_CODE}\)",
        "the error is MuleRouter's own; a failed task costs nothing",
        f"{_LATER}, and if it fails again ask the service's support, with the Traceparent",
        "G",
    ),
)
#: The part of the service's message that is searched, in characters.
LOOKED_AT: Final = 4000
#: The client's own text about an HTTP status, which precedes the service's message.
_STATUS: Final = re.compile(r"the service answered \d{3}( \([^)]*\))?")
_COMPILED: Final = tuple((re.compile(row.words, re.IGNORECASE), row) for row in TABLE)


def find(message: str | None) -> Explanation | None:
    """The row for the service's message; None if it is unknown."""
    if not message:
        return None
    text = _STATUS.sub("", message[:LOOKED_AT])
    return next((row for words, row in _COMPILED if words.search(text)), None)


def explain(message: str | None) -> str | None:
    """The meaning and the advice, in one sentence; None if the message is unknown."""
    row = find(message)
    return None if row is None else row.sentence()
