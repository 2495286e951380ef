"""Messages to a second host: on the loopback, to one that fails, in namespaces of the tests."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from peer.conftest import Session, answers, serving

from hwperf import CheckFailed, Workload, peer
from hwperf.asv import variants
from hwperf.domains.network.host import host, line_rate
from hwperf.host.network import Interface
from hwperf.measure import QUICK, Result, measure
from hwperf.measure.contract import violations
from hwperf.measure.stage import set_up
from hwperf.peer.channel import Channel

__all__ = ["serving"]

MODULE = sys.modules["hwperf.domains.network.host"]
Serving = Callable[..., Session]
SMALL: dict[str, Any] = {"nbytes": 4096, "in_flight": 1}


@pytest.fixture
def session(serving: Serving, monkeypatch: pytest.MonkeyPatch) -> Session:
    """Return a session that the environment names."""
    started = serving(timeout_s=30.0)
    name(started, monkeypatch)
    monkeypatch.setattr(MODULE, "CALL_S", 0.002)
    return started


def name(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HWPERF_HOST", str(session.address))
    monkeypatch.setenv("HWPERF_HOST_TOKEN", session.token.secret)


@pytest.fixture(autouse=True)
def nothing_named(monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in ("HOST", "HOST_TOKEN", "HOST_TOKEN_FILE", "HOST_NAME"):
        monkeypatch.delenv(f"HWPERF_{variable}", raising=False)


@pytest.mark.parametrize("in_flight", [1, 16])
@pytest.mark.usefixtures("session")
def test_it_keeps_the_contract(in_flight: int) -> None:
    assert isinstance(host, Workload)
    assert violations(host, {"nbytes": 4096, "in_flight": in_flight}) == ()


def test_every_point_has_a_value_and_is_counted_once(
    serving: Serving, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rehearsals are no points; the session leaves after the last one."""
    points = [params for params in host.points() if params["nbytes"] < 2**20]
    session = serving(timeout_s=10.0, points=len(points))
    name(session, monkeypatch)
    monkeypatch.setattr(MODULE, "CALL_S", 0.002)
    for params in points:
        result = measure(host, params, profile=QUICK.with_budget(0.02))
        assert result.verdict in ("ok", "noisy"), result.reason
        assert result.amounts == {"ops": 1, "bytes": params["nbytes"]}
        assert result.percentiles["p50"]
    assert session.over().points == len(points)


def test_what_goes_where_is_said(session: Session) -> None:
    result = measure(host, SMALL, profile=QUICK.with_budget(0.02))
    assert result.figures["interface"].value == ("lo" if sys.platform == "linux" else "lo0")
    assert result.figures["mtu"].value
    assert session.token.secret not in str(result) + str(result.to_json())


def test_no_second_host_is_no_failure() -> None:
    result = measure(host, SMALL)
    assert result.verdict == "n/a"
    assert result.reason == (
        "no second host is named: run 'hwperf serve --once --bind ADDRESS' there and set "
        "HWPERF_HOST here"
    )


@pytest.mark.parametrize(
    ("environ", "why"),
    [
        ({"HWPERF_HOST": "10.0.0.7"}, "HWPERF_HOST='10.0.0.7' is no ADDRESS:PORT"),
        ({"HWPERF_HOST": "127.0.0.1:9"}, "HWPERF_HOST is set, and no token: set HWPERF_HOST_TOKEN"),
        ({"HWPERF_HOST": "127.0.0.1:9", "HWPERF_HOST_TOKEN": "x"}, "a token has 16 to 1024"),
        ({"HWPERF_HOST": "127.0.0.1:9", "HWPERF_HOST_TOKEN_FILE": "/none"}, "No such file"),
    ],
)
def test_what_is_missing_is_said_before_anything_is_sent(
    environ: dict[str, str], why: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for variable, value in environ.items():
        monkeypatch.setenv(variable, value)
    assert why in (host.unsupported(SMALL) or "")


def test_a_second_host_that_has_left_is_not_available(
    session: Session, serving: Serving, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = serving(timeout_s=0.01)
    gone.over()
    name(gone, monkeypatch)
    result = measure(host, SMALL)
    assert result.verdict == "n/a"
    assert f"no 'hwperf serve' answers at {gone.address}: Connection refused" in result.reason


def test_a_wrong_token_is_said(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HWPERF_HOST_TOKEN", 32 * "0")
    result = measure(host, SMALL)
    assert result.verdict == "n/a"
    assert "refuses: the token is not the one that it was started with" in result.reason
    assert session.said == ["127.0.0.1: a wrong token, 1 of 3"]


def test_a_disconnect_in_the_middle_fails_the_point(session: Session) -> None:
    with set_up(host, SMALL) as stage:
        stage.run()
        stage.run()
        session_ends(stage.kernel)
        with pytest.raises(CheckFailed, match=r"^the connection is gone|^it closed the connection"):
            stage.run()


def session_ends(kernel: Any) -> None:
    """Cut the connection of a point that runs, as a cable would."""
    import socket

    kernel.__self__.connection.channel.socket.shutdown(socket.SHUT_RDWR)


def test_a_second_host_that_dies_in_a_batch_fails_the_point(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    sends = [0]
    original = Channel.send

    def send(self: Channel, frame: bytes | memoryview) -> None:
        if threading.current_thread() is session.thread:
            sends[0] += 1
            if sends[0] > 100:
                self.socket.close()
        original(self, frame)

    with monkeypatch.context() as patch:
        patch.setattr(Channel, "send", send)
        result = measure(host, SMALL)
    assert result.verdict == "failed"
    assert re.search(r"the second host failed after \d+ of \d+ messages: ", result.reason)


def test_a_wrong_checksum_fails_the_point(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    original = peer.protocol.digest

    def digest(words: Any, nbytes: int) -> int:
        wrong = threading.current_thread() is session.thread and int(words[0]) % 1000 == 37
        return original(words, nbytes) ^ wrong

    monkeypatch.setattr("hwperf.peer.protocol.digest", digest)
    result = measure(host, SMALL)
    assert result.verdict == "failed"
    assert "it did not get what was sent" in result.reason


def port(nature: Any, speed: int | None) -> Interface:
    return Interface("eth0", nature, "Ethernet", speed=speed, is_up=True)


@pytest.mark.parametrize(
    ("way", "rate"),
    [
        (port("physical", 10**10), 1.25e9 / 4096),
        (port("paravirtual", 10**10), None),
        (port("virtual", 10**10), None),
        (port("physical", None), None),
        (None, None),
    ],
)
def test_only_a_port_of_this_machine_bounds_the_rate(
    way: Interface | None, rate: float | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HWPERF_HOST", "127.0.0.1:9")
    monkeypatch.setattr("hwperf.host.network.towards", lambda address: way)
    assert line_rate(4096) == rate
    assert host.limit_at(SMALL) == rate


def test_another_second_host_is_another_series_and_another_port_is_not() -> None:
    one, later, other = (
        variants.of({"HWPERF_HOST": where, "HWPERF_HOST_TOKEN": 32 * "0"})
        for where in ("10.0.0.7:40123", "10.0.0.7:50999", "[fd00::7]:40123")
    )
    assert one == later == {"HWPERF_HOST_NAME": "10.0.0.7"}
    assert other == {"HWPERF_HOST_NAME": "fd00__7"}
    assert variants.of({"HWPERF_HOST": "nonsense"}) == {}


def unable() -> str:
    """Return why no network namespace can be made here, or nothing."""
    if sys.platform != "linux" or os.geteuid() != 0 or not shutil.which("ip"):
        return "needs Linux, root and ip(8)"
    tried = subprocess.run(["unshare", "-n", "true"], capture_output=True)
    return "" if tried.returncode == 0 else "no network namespace may be made here"


@pytest.fixture
def two_hosts() -> Iterator[tuple[str, str]]:
    """Yield two namespaces with an Ethernet of MTU 1500 between them; nothing else is reached."""
    if why := unable():
        pytest.skip(why)
    left, right = (f"hwperf-{os.getpid()}-{side}" for side in "ab")
    with contextlib.ExitStack() as stack:
        for namespace in (left, right):
            ip("netns", "add", namespace)
            stack.callback(ip, "netns", "del", namespace)
            ip("-n", namespace, "link", "set", "lo", "up")
        try:
            ip("-n", left, "link", "add", "veth0", "mtu", "1500", "type", "veth",
               "peer", "name", "veth0", "mtu", "1500", "netns", right)  # fmt: skip
        except subprocess.CalledProcessError as error:
            pytest.skip(f"no veth pair can be made here: {error.stderr.strip()}")
        for namespace, own in ((left, "198.51.100.1"), (right, "198.51.100.2")):
            ip("-n", namespace, "addr", "add", f"{own}/24", "dev", "veth0")
            ip("-n", namespace, "link", "set", "veth0", "up")
        yield left, right


def ip(*arguments: str) -> None:
    subprocess.run(["ip", *arguments], check=True, capture_output=True, text=True, timeout=30)


def test_two_hosts_with_an_ethernet_between_them(two_hosts: tuple[str, str]) -> None:
    here, there = two_hosts
    hwperf = [sys.executable, "-m", "hwperf"]
    served = subprocess.Popen(
        ["ip", "netns", "exec", there, *hwperf, "serve", "--once", "--bind", "198.51.100.2",
         "--timeout", "60s", "--points", "2"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        assert served.stdout is not None
        said = dict(served.stdout.readline().strip().split(": ", 1) for _ in range(2))
        environ = {
            **os.environ, "HWPERF_HOST": said["address"], "HWPERF_HOST_TOKEN": said["token"]
        }  # fmt: skip
        measured = subprocess.run(
            ["ip", "netns", "exec", here, *hwperf, "measure", "network.host", "-p", "nbytes=4KiB",
             "--budget", "100ms"],
            env=environ, capture_output=True, text=True, timeout=120,
        )  # fmt: skip
        rest, told = served.communicate(timeout=60)
    finally:
        served.kill()
        served.wait()
    assert measured.returncode == 0, measured.stderr
    assert measured.stdout.count("interface veth0") == 2
    assert measured.stdout.count("mtu 1500 bytes") == 2
    assert served.returncode == 0
    assert rest == ""
    assert "leaves: 198.51.100.1 measured 2 points over" in told
    assert said["token"] not in told + measured.stdout + measured.stderr


def test_the_point_says_what_it_is() -> None:
    result = measure(host, SMALL)
    assert isinstance(result, Result)
    assert result.metric.name == "latency"
    assert not answers(peer.Address("127.0.0.1", 9))
