"""What is measured of ``preview`` and ``pick``, and what is asked of them (issue 16, "Speed")."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from functools import partial
from typing import Final

from tests.bench.measure import cpu, in_turns, ratio, run, warm
from tests.bench.prepare_rows import NO_YARDSTICK
from tests.bench.rows import Bench, Row, times, vaceprep


def film(bench: Bench) -> Iterator[Row]:
    """The film of a clip, against ``ffmpeg`` decoding it into nothing."""
    name = "preview of a 5 s 1080p clip: time, over ffmpeg's to decode it"
    if bench.ffmpeg is None:
        yield Row(name, None, "x", at_most=4, note=NO_YARDSTICK)
        return
    source = bench.clips / "hd.mp4"
    warm(source)
    target = str(bench.scratch / "preview.mp4")
    ours = vaceprep("preview", "--force", str(source), "-o", target)
    theirs = [bench.ffmpeg, "-v", "error", "-i", str(source), "-f", "null", "-"]
    made, decoded = in_turns([partial(run, ours), partial(run, theirs)], bench.rounds(4), warm=True)
    yield Row(name, ratio(made, decoded), "x", at_most=4, note=times(made, decoded))
    name = name.replace("time", "processor time")
    yield Row(name, ratio(made, decoded, cpu), "x", at_most=None, note=times(made, decoded))


def pick(bench: Bench) -> Iterator[Row]:
    """The windows of a clip, against ``ffmpeg`` decoding and scaling it on as many threads."""
    name = "pick of a 1080p clip: processor time, over ffmpeg's to decode and scale it to 640x360"
    if bench.ffmpeg is None:
        yield Row(name, None, "x", at_most=1.3, note=NO_YARDSTICK)
        return
    source = bench.clips / "twenty.mp4"
    warm(source)
    ours = vaceprep("pick", str(source))
    threads = ["-threads", str(os.cpu_count() or 1)]
    scaled = ["-vf", "scale=640:360", "-f", "null", "-"]
    theirs = [bench.ffmpeg, "-v", "error", *threads, "-i", str(source), *scaled]
    found, decoded = in_turns(
        [partial(run, ours), partial(run, theirs)], bench.rounds(4), warm=True
    )
    yield Row(name, ratio(found, decoded, cpu), "x", at_most=1.3, note=times(found, decoded))
    name = name.replace("processor time", "time")
    yield Row(name, ratio(found, decoded), "x", at_most=None, note=times(found, decoded))


PREVIEWS: Final[tuple[Callable[[Bench], Iterator[Row]], ...]] = (film, pick)
