"""How long the device was at it. This module times by its events and by the host's clock at once.

The two must agree: a device that is not waited for, and milliseconds that are taken for seconds,
show in nothing else.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence
from typing import Any

from hwperf import CheckFailed, Figure
from hwperf.devices import Device
from hwperf.work import Timing

__all__ = ["AGREE", "Stopwatch"]

AGREE = 1.05
"""Times the host's seconds that the device's may be."""

_TICK_S = 2e-6  # Resolution of events: 0.5 µs by CUDA's documentation, and the two ends of both.
_LEAST = 0.5  # Part of the host's seconds that the device's must be, of what takes long enough.
_TIMES_IDLE = 10  # Times what timing nothing takes: long enough.
_TRIALS = 5
_MOST_LAPS = 1000


class Stopwatch:
    """Times what is put into one stream of a device.

    Args:
        device: the device.
        by_events: whether the device's events give the time, where it has them; otherwise the
            host's clock, from before the first operation until the device has ended the last.
    """

    def __init__(self, device: Device, *, by_events: bool = True) -> None:
        self.device = device
        self.has_events = "events" in device.capabilities
        self.by_events = by_events and self.has_events
        self.laps: list[tuple[float, float | None]] = []
        self.late_s: list[float] = []
        # The sum of one word, which waits for all that is before it: see `_see_that_it_waits`.
        self.word = None if self.has_events else device.alloc(4)

    @property
    def clock(self) -> str:
        """What the time is by, for ``Work(clock=)``."""
        return "the device's events" if self.by_events else "the host's clock, until all is done"

    def timing(self, enqueue: Callable[[], Any]) -> Timing:
        """As `time`, with how often the thread lost its core meanwhile.

        One that enqueues too late lets the device wait, so that even its own time is longer.
        """
        before = _switches()
        seconds = self.time(enqueue)
        # Virtual time stands still meanwhile.
        lost = 0 if self.device.info.kind == "simulated" else _switches() - before
        causes = ("involuntary_switches",) if lost else ()
        return Timing(seconds, counts={"switches_while_timed": lost}, causes=causes)

    def time(self, enqueue: Callable[[], Any], streams: Sequence[Any] = (None,)) -> float:
        """Return the seconds that what *enqueue* puts into the *streams* takes.

        By the events of the stream in which it takes longest.

        Raises:
            CheckFailed: if the device says that it took longer than the host has waited.
        """
        device = self.device
        device.sync()
        begin = device.clock()
        first = [device.mark(stream) for stream in streams] if self.has_events else []
        enqueue()
        second = [device.mark(stream) for stream in streams] if self.has_events else []
        device.sync()
        wall_s = device.clock() - begin
        event_s = max(map(device.elapsed, first, second), default=None)
        if self.word is not None:
            self._see_that_it_waits()
        if not wall_s > 0:
            raise CheckFailed(f"the host's clock says that it took {wall_s!r} s")
        if event_s is not None and not 0 <= event_s <= AGREE * wall_s + _TICK_S:
            raise CheckFailed(
                f"the device's events say {event_s:.3g} s of what took {wall_s:.3g} s by the "
                "host's clock: the device was not waited for, or they are no seconds"
            )
        self.laps = [*self.laps[-_MOST_LAPS:], (wall_s, event_s)]
        return event_s if self.by_events and event_s is not None else wall_s

    def check(self) -> None:
        """See that what was timed by events took about as long by the host's clock.

        Of a device without events: that it was waited for.

        Raises:
            CheckFailed: if the median of the device's seconds is less than half of the host's, or
                much remained to be waited for when the device had been waited for.
        """
        if self.word is not None:
            self._require_waited()
        if not self.by_events:
            return
        idle_s = self._idle_s()
        parts = [
            event_s / wall_s
            for wall_s, event_s in self.laps
            if event_s is not None and wall_s >= _TIMES_IDLE * max(idle_s, _TICK_S)
        ]
        if not parts:
            return
        part = statistics.median(parts)
        if not part >= _LEAST:
            raise CheckFailed(
                f"the device's events say {part:.3g} times what the host's clock says: they are "
                "no seconds, or do not stand around the work"
            )

    def figures(self) -> dict[str, Figure]:
        """Return what the events say beside the host's clock."""
        parts = [event_s / wall_s for wall_s, event_s in self.laps if event_s is not None]
        if not parts:
            return {"timed_by": Figure("the host's clock; the device has no events")}
        return {
            "timed_by": Figure("events" if self.by_events else "the host's clock"),
            "events_over_wall": Figure(statistics.median(parts)),
        }

    def _idle_s(self) -> float:
        """Return the host's seconds of timing nothing."""
        before = list(self.laps)
        for _ in range(_TRIALS):
            self.time(lambda: None)
        found = statistics.median(wall_s for wall_s, _ in self.laps[-_TRIALS:])
        self.laps = before
        return found

    def _see_that_it_waits(self) -> None:
        begin = self.device.clock()
        self.device.checksum(self.word)  # type: ignore[arg-type]
        self.late_s.append(self.device.clock() - begin)

    def _require_waited(self) -> None:
        if not self.laps:
            return
        late_s, laps = statistics.median(self.late_s), list(self.laps)
        self._idle_s()
        idle_s = statistics.median(self.late_s[-_TRIALS:])
        took_s = statistics.median(wall_s for wall_s, _ in laps)
        if not late_s <= _TIMES_IDLE * idle_s + took_s:
            raise CheckFailed(
                f"the device was not waited for: after {took_s:.3g} s {late_s:.3g} s more passed "
                "before it answered"
            )


def _switches() -> int:
    """Return how often the scheduler has taken the core from this thread; 0 where not told."""
    try:
        import resource
    except ImportError:  # Windows.
        return 0
    return resource.getrusage(getattr(resource, "RUSAGE_THREAD", resource.RUSAGE_SELF)).ru_nivcsw
