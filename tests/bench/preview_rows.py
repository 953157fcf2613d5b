"""What is measured of ``preview``, and what is asked of it (issue 16, "Speed")."""

from __future__ import annotations

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


PREVIEWS: Final[tuple[Callable[[Bench], Iterator[Row]], ...]] = (film,)
