"""How much a remote file asks for at once."""

from __future__ import annotations

from contextlib import closing

from tests.net.server import HOST, serving
from vaceprep.contract import REMOTE_HEAD, REMOTE_JUMP
from vaceprep.net.session import Web

MIB = 2**20
SIZE = 8 * MIB


def test_after_four_jumps_the_rest_is_fetched_at_once() -> None:
    with (
        serving({"/a": bytes(SIZE)}) as site,
        Web([HOST]) as web,
        closing(web.open(site.at("/a"))) as remote,
    ):
        for place in (7, 6, 5, 4, 3):
            remote.bytes_at(place * MIB, place * MIB + 1)
        ranges = [wanted for _, wanted, _ in site.seen]
    assert ranges == [
        f"bytes=0-{REMOTE_HEAD - 1}",
        *(f"bytes={n * MIB}-{n * MIB + REMOTE_JUMP - 1}" for n in (7, 6, 5, 4)),
        # The fifth jump takes everything up to the next part that is there.
        f"bytes={3 * MIB}-{4 * MIB - 1}",
    ]
