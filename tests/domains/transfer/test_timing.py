"""Two clocks must agree: the device's events, and the host's."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from hwperf import CheckFailed
from hwperf.devices.simulated import Settings, simulate
from hwperf.domains.transfer.timing import AGREE, Stopwatch

MILLISECOND = 1e-3


class Clocks:
    """A device that has clocks alone: *event_s* of a second of the host's."""

    class info:
        kind = "simulated"

    def __init__(self, event_s: float | None, late_s: float = 0.0) -> None:
        self.capabilities = frozenset() if event_s is None else frozenset({"events"})
        self.event_s, self.late_s = event_s, late_s
        self.now = self.left = 0.0

    def clock(self) -> float:
        return self.now

    def work(self, seconds: float) -> Callable[[], None]:
        def enqueue() -> None:
            self.now += seconds
            self.left = self.late_s

        return enqueue

    def sync(self, stream: Any = None) -> None:
        self.now += 1e-6

    def mark(self, stream: Any = None) -> float:
        return self.now

    def elapsed(self, first: float, second: float) -> float:
        return (second - first) * (self.event_s or 0.0)

    def alloc(self, nbytes: int) -> Any:
        return nbytes

    def checksum(self, buffer: Any) -> tuple[int, int]:
        self.now += 1e-6 + self.left
        self.left = 0.0
        return 0, 0


def watch(*args: Any, by_events: bool = True, **kwargs: Any) -> Stopwatch:
    return Stopwatch(Clocks(*args, **kwargs), by_events=by_events)  # type: ignore[arg-type]


def time(stopwatch: Stopwatch, seconds: float) -> float:
    return stopwatch.time(stopwatch.device.work(seconds))  # type: ignore[attr-defined]


def test_events_that_agree_give_the_time() -> None:
    stopwatch = watch(0.97)
    assert time(stopwatch, MILLISECOND) == pytest.approx(0.97 * MILLISECOND)
    stopwatch.check()
    assert stopwatch.clock == "the device's events"
    assert stopwatch.figures()["timed_by"].value == "events"
    assert stopwatch.figures()["events_over_wall"].value == pytest.approx(0.97, rel=0.01)


@pytest.mark.parametrize("event_s", [1000.0, 1.2, -1.0, float("nan"), float("inf")])
def test_events_longer_than_the_wait_are_refused(event_s: float) -> None:
    stopwatch = watch(event_s)
    with pytest.raises(CheckFailed, match="was not waited for, or they are no seconds"):
        time(stopwatch, MILLISECOND)


def test_events_may_be_as_much_longer_as_clocks_differ() -> None:
    time(watch(AGREE), MILLISECOND)


@pytest.mark.parametrize("event_s", [1e-3, 0.0, 0.4])
@pytest.mark.parametrize("seconds", [MILLISECOND, 50e-6])
def test_events_far_too_short_are_refused_in_the_end(event_s: float, seconds: float) -> None:
    """Also of batches that last 50 µs, where the link is quick and a copy is all that is timed."""
    stopwatch = watch(event_s)
    for _ in range(3):
        time(stopwatch, seconds)
    with pytest.raises(CheckFailed, match="times what the host's clock says: they are no seconds"):
        stopwatch.check()


@pytest.mark.parametrize(("n_late", "is_refused"), [(0, False), (1, False), (2, False), (4, True)])
def test_a_host_that_was_held_up_now_and_then_is_no_fault_of_the_device(
    n_late: int, is_refused: bool
) -> None:
    """Who loses the core after the device has ended finds its seconds too few."""
    stopwatch = watch(0.97)
    for i in range(4):
        stopwatch.device.event_s = 0.05 if i < n_late else 0.97  # type: ignore[attr-defined]
        time(stopwatch, MILLISECOND)
    if is_refused:
        with pytest.raises(CheckFailed, match="times what the host's clock says"):
            stopwatch.check()
    else:
        stopwatch.check()


def test_what_is_shorter_than_a_wait_cannot_be_compared() -> None:
    stopwatch = watch(0.3)
    time(stopwatch, 2e-6)
    stopwatch.check()


def test_events_that_give_no_time_are_still_compared_upwards() -> None:
    stopwatch = watch(0.1, by_events=False)
    assert time(stopwatch, MILLISECOND) == pytest.approx(MILLISECOND, rel=0.01)
    stopwatch.check()
    assert stopwatch.clock.startswith("the host's clock")
    with pytest.raises(CheckFailed, match="no seconds"):
        time(watch(1.2, by_events=False), MILLISECOND)


def test_without_events_the_hosts_clock_gives_the_time() -> None:
    stopwatch = watch(None)
    assert time(stopwatch, MILLISECOND) == pytest.approx(MILLISECOND, rel=0.01)
    stopwatch.check()
    assert stopwatch.figures()["timed_by"].value == "the host's clock; the device has no events"


def test_without_events_a_device_that_was_not_waited_for_is_refused() -> None:
    stopwatch = watch(None, late_s=MILLISECOND)
    for _ in range(3):
        time(stopwatch, MILLISECOND)
    with pytest.raises(CheckFailed, match=r"was not waited for: 0\.001 s were taken, and another"):
        stopwatch.check()


def test_without_events_an_answer_that_is_late_at_times_is_none() -> None:
    """The host is busy, too: only what is late each time is the device's."""
    stopwatch = watch(None)
    for i in range(5):
        stopwatch.device.late_s = 0.0 if i == 2 else MILLISECOND  # type: ignore[attr-defined]
        time(stopwatch, MILLISECOND)
    stopwatch.check()


def test_no_time_at_all_is_refused() -> None:
    stopwatch = watch(0.5)
    stopwatch.device.sync = lambda: None  # type: ignore[method-assign,assignment]
    with pytest.raises(CheckFailed, match=r"clock says that it took 0\.0 s"):
        stopwatch.time(lambda: None)


def test_the_stream_that_takes_longest_counts() -> None:
    device = simulate(Settings())[0]
    streams = [device.stream(), device.stream()]
    host, buffer = device.host(2**16, pinned=True), device.alloc(2**16)
    short, both = (
        Stopwatch(device).time(
            lambda n=n: [device.copy(buffer, host, s) for s in streams[:n]], streams
        )
        for n in (1, 2)
    )
    # One engine copies in one direction: the second stream has to wait for it.
    assert both == pytest.approx(2 * short, rel=0.1)


def test_timing_nothing_leaves_no_lap() -> None:
    stopwatch = watch(1.0)
    time(stopwatch, MILLISECOND)
    stopwatch.check()
    assert len(stopwatch.laps) == 1
