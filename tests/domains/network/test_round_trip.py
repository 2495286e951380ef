"""A round trip counts when the message came, and the answer is the one to that very message."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from hwperf import CheckFailed, Work
from hwperf.domains.network import channels, other_end, round_trip
from hwperf.domains.network.channels import Channel
from hwperf.kernels import echo, sockets
from hwperf.measure import QUICK, measure
from hwperf.measure.contract import violations
from hwperf.measure.stage import set_up

from .between import Change, cut_out, double, flip, insert

pytestmark = pytest.mark.skipif(bool(channels.lacking()), reason=str(channels.lacking()))

TRANSPORTS = round_trip.params["transport"]


@pytest.mark.parametrize("transport", TRANSPORTS)
@pytest.mark.parametrize("nbytes", [1, 3, 4097])
def test_odd_sizes_keep_the_contract(transport: str, nbytes: int) -> None:
    assert violations(round_trip, {"transport": transport, "nbytes": nbytes}) == ()


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_one_cpu_is_enough_for_both(transport: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither end keeps the CPU from the other while it waits."""
    monkeypatch.setattr(other_end, "cpus", lambda: other_end.topology.spread(1))
    with set_up(round_trip, {"transport": transport, "nbytes": 4096}) as stage:
        assert len(stage.work.team.cpus) == 1  # type: ignore[union-attr]
        assert "involuntary_switches" in stage.work.own_causes
        for _ in range(3):
            stage.run()
        stage.check()


def test_a_call_returns_the_latency_of_every_round_trip() -> None:
    with set_up(round_trip, {"transport": "pipe", "nbytes": 1}) as stage:
        timing = stage.run()
        assert len(timing.latencies) >= 100
        assert min(timing.latencies) <= timing.seconds <= max(timing.latencies)
        assert stage.work.latencies
        stage.check()


def test_a_point_says_where_both_ends_ran() -> None:
    result = measure(round_trip, {"transport": "unix", "nbytes": 1}, profile=QUICK)
    assert result.verdict in ("ok", "noisy"), result.reason
    cpus = ", ".join(map(str, other_end.cpus()))
    assert result.figures["on_cpus"].value == cpus
    assert set(result.percentiles) == {"p50", "p99", "p99.9"}


NBYTES = 64
MIDDLE = 100 * NBYTES
FAULTS: dict[str, tuple[Change, str]] = {
    "a bit of the first byte": (flip(MIDDLE), "checksum of what it has received"),
    "a bit of the last byte": (flip(MIDDLE + NBYTES - 1), "checksum of what it has received"),
    "a lost message": (cut_out(MIDDLE, MIDDLE + NBYTES), "has not answered for"),
    "a lost byte": (cut_out(MIDDLE, MIDDLE + 1), "has not answered for"),
    "a message twice": (double(MIDDLE, MIDDLE + NBYTES), "checksum of what it has received"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_on_the_way_is_refused(fault: str, monkeypatch: pytest.MonkeyPatch) -> None:
    change, sentence = FAULTS[fault]
    monkeypatch.setattr(other_end, "ANSWER_S", 1.0)
    insert(monkeypatch, change)
    result = measure(round_trip, {"transport": "unix", "nbytes": NBYTES}, profile=QUICK)
    assert result.verdict == "failed"
    assert sentence in result.reason


def test_who_sends_back_what_came_has_not_answered(monkeypatch: pytest.MonkeyPatch) -> None:
    """The answer is made of the message, and is not the message: an echo in the way is seen."""
    monkeypatch.setattr(other_end, "ANSWER_S", 1.0)

    @contextmanager
    def reflecting(transport: str, nbytes: int) -> Iterator[Channel]:
        back, there = os.pipe()
        channel = Channel(sockets.PIPE, there, back, *os.pipe())
        try:
            yield channel
        finally:
            channel.close_far()
            os.close(there)
            os.close(back)

    monkeypatch.setattr(channels, "opened", reflecting)
    with (
        set_up(round_trip, {"transport": "pipe", "nbytes": NBYTES}) as stage,
        pytest.raises(CheckFailed),
    ):
        stage.run()


def test_datagrams_of_another_length_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    for change in (lambda data, _: [data + b"\0"], lambda data, _: [data[:-1]]):
        with monkeypatch.context() as patch:
            insert(patch, change, kind=sockets.DATAGRAM)
            result = measure(round_trip, {"transport": "udp", "nbytes": NBYTES}, profile=QUICK)
        assert result.verdict == "failed"
        assert "has not the length of what was sent" in result.reason


def test_what_the_other_end_says_must_be_right_in_every_word() -> None:
    for word in (echo.COUNT, echo.BYTES, echo.CHECKSUM):
        with set_up(round_trip, {"transport": "pipe", "nbytes": 8}) as stage:
            work: Work = stage.work
            stage.run()
            asker: Any = work.kernel.__self__  # type: ignore[attr-defined]
            asker.other.report[word] += 1
            with pytest.raises(CheckFailed, match="received"):
                stage.check()
