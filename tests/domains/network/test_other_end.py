"""The other process answers, and nothing of it is left: not after a fault, not after an end."""

from __future__ import annotations

import contextlib
import errno
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from hwperf import CheckFailed, Unsupported, Workload
from hwperf.domains.network import bandwidth, channels, other_end, round_trip
from hwperf.measure import QUICK, measure
from hwperf.measure.stage import Stage, set_up

pytestmark = pytest.mark.skipif(bool(channels.lacking()), reason=str(channels.lacking()))

SMALL: list[tuple[Workload, dict[str, Any]]] = [
    *((round_trip, {"transport": each, "nbytes": 1}) for each in round_trip.params["transport"]),
    *(
        (bandwidth, {"transport": each, "nbytes": 1024, "zero_copy": "off"})
        for each in bandwidth.params["transport"]
    ),
]
POINTS = pytest.mark.parametrize(
    ("workload", "params"), SMALL, ids=[f"{w.id}-{p['transport']}" for w, p in SMALL]
)


def children() -> set[int]:
    """Return the processes that this one has started and not waited for."""
    tasks = Path(f"/proc/{os.getpid()}/task").iterdir()
    return {int(each) for task in tasks for each in (task / "children").read_text().split()}


def run_for_ever(stage: Stage) -> None:
    while True:
        stage.run()


def descriptors() -> set[str]:
    return {
        f"{each.name} {os.readlink(each)}"
        for each in Path("/proc/self/fd").iterdir()
        if each.exists()
    }


@pytest.fixture(autouse=True)
def nothing_is_left() -> Iterator[None]:
    """No process, descriptor or thread is left of any of these tests."""
    for workload, params in SMALL[::6]:  # What is loaded for the first time may keep files open.
        with set_up(workload, params) as stage:
            stage.run()
    before = children(), descriptors(), threading.active_count()
    yield
    assert (children(), descriptors(), threading.active_count()) == before


def other_of(stage: Stage) -> int:
    """Return the number of the process at the other end."""
    owner: Any = stage.kernel.__self__  # type: ignore[attr-defined]
    return int(owner.other.number)


@POINTS
def test_nothing_is_left_after_an_exception(workload: Workload, params: dict[str, Any]) -> None:
    with contextlib.suppress(KeyboardInterrupt), set_up(workload, params) as stage:
        stage.run()
        assert other_of(stage) in children()
        raise KeyboardInterrupt


@POINTS
def test_a_process_that_ends_is_a_failed_point(workload: Workload, params: dict[str, Any]) -> None:
    with set_up(workload, params) as stage:
        stage.run()
        os.kill(other_of(stage), signal.SIGKILL)
        start = time.monotonic()
        with pytest.raises(CheckFailed, match=r"ended in the middle: killed by signal 9$"):
            stage.run()
        assert time.monotonic() - start < 4


@POINTS
def test_a_process_that_ends_during_a_call(workload: Workload, params: dict[str, Any]) -> None:
    with set_up(workload, params) as stage:
        number = other_of(stage)
        end = threading.Timer(0.05, os.kill, (number, signal.SIGKILL))
        end.start()
        with pytest.raises(CheckFailed, match="ended in the middle: killed by signal 9"):
            run_for_ever(stage)
        end.join()


@pytest.mark.parametrize("transport", round_trip.params["transport"])
def test_a_process_that_hangs_is_ended(transport: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(other_end, "ANSWER_S", 0.2)
    monkeypatch.setattr(other_end, "_LOOK_S", 0.1)
    with set_up(round_trip, {"transport": transport, "nbytes": 1}) as stage:
        os.kill(other_of(stage), signal.SIGSTOP)
        with pytest.raises(CheckFailed, match="has not answered for 0 s, and was ended"):
            stage.run()


def test_where_nobody_need_wait_for_processes_it_still_works() -> None:
    before = signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    try:
        with set_up(round_trip, {"transport": "unix", "nbytes": 1}) as stage:
            stage.run()
            number = other_of(stage)
            stage.check()
        assert not Path(f"/proc/{number}").exists()
    finally:
        signal.signal(signal.SIGCHLD, before)


PROGRAM = """
import signal, sys
from hwperf.domains.network import round_trip
from hwperf.measure.stage import set_up
signal.signal(signal.SIGINT, signal.default_int_handler)
with set_up(round_trip, {"transport": sys.argv[1], "nbytes": 1}) as stage:
    stage.run()
    print(stage.kernel.__self__.other.number, flush=True)
    while True:
        stage.run()
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_it_ends_with_its_parent(number: int) -> None:
    """Whatever ends that: Ctrl-C, a request, or force."""
    parent = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, "udp"], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert parent.stdout is not None
    other = int(parent.stdout.readline())
    parent.send_signal(number)
    _, said = parent.communicate(timeout=20)
    assert parent.returncode != 0
    assert number != signal.SIGINT or b"KeyboardInterrupt" in said
    deadline = time.monotonic() + 2
    while Path(f"/proc/{other}").exists() and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not Path(f"/proc/{other}").exists()


@pytest.mark.parametrize("transport", ["tcp", "udp"])
def test_nothing_listens_and_all_is_on_the_loopback(
    transport: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of the sockets of both processes none listens, and none has another address."""
    with channels.opened(transport, 1) as channel, socket.socket(fileno=channel.there) as near:
        try:
            assert near.getsockname()[0] == near.getpeername()[0] == channels.HOST
            assert not near.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN)
        finally:
            near.detach()


@pytest.mark.parametrize("number", [errno.EADDRNOTAVAIL, errno.EACCES, errno.EADDRINUSE])
def test_what_cannot_be_bound_is_no_failure(number: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """A name space without a loopback, or a port that is refused, is the host's: n/a."""

    class Refusing(socket.socket):
        def bind(self, address: object) -> None:
            raise OSError(number, os.strerror(number))

    monkeypatch.setattr(channels.socket, "socket", Refusing)
    for transport in ("tcp", "udp"):
        result = measure(round_trip, {"transport": transport, "nbytes": 1}, profile=QUICK)
        assert result.verdict == "n/a"
        assert result.reason.startswith(f"{transport} cannot be opened here: {os.strerror(number)}")
        is_missing = "The interface lo is down" in result.reason
        assert is_missing == (number == errno.EADDRNOTAVAIL)


def test_a_stranger_who_connects_is_turned_away(monkeypatch: pytest.MonkeyPatch) -> None:
    """The socket that listens takes who is expected, and nobody who came before."""
    strangers: list[socket.socket] = []

    class Open(socket.socket):
        def listen(self, backlog: int = 0) -> None:
            super().listen(8)
            strangers.append(socket.create_connection(self.getsockname()))

    monkeypatch.setattr(channels.socket, "socket", Open)
    with channels.opened("tcp", 1) as channel:
        assert channel.near is not None
        (stranger,) = strangers
        assert channel.near.getsockname() != stranger.getsockname()
        os.write(channel.far_out, b"x")
        assert channel.near.recv(1) == b"x"
        stranger.settimeout(5)
        assert stranger.recv(1) == b""
        stranger.close()


def test_a_system_without_room_for_a_process_says_so() -> None:
    with (
        pytest.raises(Unsupported, match=r"refuses to start another process \(ulimit -u, memory\)"),
        channels.opened("pipe", 1) as channel,
        other_end.started(lambda *_: -1, channel, (0,)),
    ):
        pass


def test_other_systems_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(channels.sys, "platform", "darwin")
    assert str(channels.lacking()).endswith("for which hwperf asks Linux; this is darwin")
