"""What prepare says of its output beside what it fixed: advice, from the frames it verifies."""

from __future__ import annotations

from pathlib import Path

import vaceprep
from tests import footage
from tests.checks.test_advice import SIZE, letterbox


def test_what_is_encoded_is_looked_at(tmp_path: Path) -> None:
    clip = footage.cut(7)
    source = tmp_path / "cut.mp4"
    footage.write(source, clip.rate, map(letterbox, clip.frames), SIZE, "yuv444p")
    for reused in (False, True):
        (entry,) = vaceprep.prepare(source).files
        assert (entry.status, entry.reused) == ("prepared", reused)
        found = {f.code: f for f in entry.remaining}
        assert set(found) == {"VP601", "VP603", "VP604"}
        assert found["VP601"].measured == len(clip.cuts)
        assert {f.severity.value for f in entry.remaining} == {"advice"}
        assert entry.after is not None
        # The facts of an output say as little of it as those of a source.
        assert entry.after.to_dict()["decoded_frames"] is None
