"""An end to all that is done, beside the time-out of each step."""

from __future__ import annotations

import time

import httpx
import pytest

from tests.net.server import HOST, serving
from vaceprep.net.client import MAX_HOSTS, Checked, client
from vaceprep.net.deadline import Deadline


def test_what_is_done_within_a_time_ends_with_it() -> None:
    with serving({"/a": b"hello"}) as site, client(stall=30, allow_hosts=[HOST]) as web:
        site.faults = ["drip"]
        end = Deadline(time.monotonic() + 0.3)
        with pytest.raises(httpx.ReadTimeout):
            web.get(site.at("/a"), extensions=end.extensions)
        site.faults = ["silent"]
        end = Deadline(time.monotonic() + 0.3)
        with pytest.raises(httpx.ReadTimeout):
            web.get(site.at("/a"), extensions=end.extensions)
        end = Deadline(time.monotonic() - 1)
        with pytest.raises(httpx.ConnectTimeout):
            web.get(site.at("/a"), extensions=end.extensions)
        # And outside of it nothing is bounded but by the step.
        site.faults = [""]
        assert web.get(site.at("/a")).text == "hello"


def test_a_kept_connection_forgets_the_deadline_of_the_request_before() -> None:
    with serving({"/a": b"hello"}) as site, client(stall=30, allow_hosts=[HOST]) as web:
        end = Deadline(time.monotonic() + 60, lambda: False)
        assert web.get(site.at("/a"), extensions=end.extensions).text == "hello"
        end.until = time.monotonic() - 1
        assert web.get(site.at("/a")).text == "hello"


def test_a_step_keeps_its_own_time() -> None:
    with serving({"/a": b"hello"}) as site, client(stall=0.2, allow_hosts=[HOST]) as web:
        site.faults = ["silent"]
        end = Deadline(time.monotonic() + 60)
        with pytest.raises(httpx.ReadTimeout):
            web.get(site.at("/a"), extensions=end.extensions)


def test_work_is_called_off_while_an_answer_is_waited_for() -> None:
    with serving({"/a": b"hello"}) as site, client(stall=30, allow_hosts=[HOST]) as web:
        site.faults = ["silent"]
        off = iter([False, True])
        end = Deadline(time.monotonic() + 60, lambda: next(off))
        with pytest.raises(httpx.ReadError):
            web.get(site.at("/a"), extensions=end.extensions)


def test_the_connections_of_many_hosts_are_not_kept() -> None:
    with serving({"/a": b"hello"}) as site:
        port = site.url.rpartition(":")[2]
        names = [f"h{number}.example.com" for number in range(MAX_HOSTS + 2)]
        checked = Checked(names, resolve=lambda host, port: [HOST])
        with httpx.Client(transport=checked) as web:
            for name in names:
                assert web.get(f"http://{name}:{port}/a").text == "hello"
            assert len(checked._inner) == MAX_HOSTS
