"""How long the device was at it. This module times by its events and by the host's clock at once.

The two must agree: a device that is not waited for, and milliseconds that are taken for seconds,
show in nothing else.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from hwperf import CheckFailed, Figure
from hwperf.devices import Device, DeviceBuffer
from hwperf.work import Timing

__all__ = ["AGREE", "Stopwatch"]

AGREE = 1.05
"""Times the host's seconds that the device's may be."""

_TICK_S = 2e-6  # Resolution of events: 0.5 µs by CUDA's documentation, and the two ends of both.
_LEAST = 0.5  # Part of the host's seconds that the device's must be, of what takes long enough.
_TIMES_IDLE = 10  # Times what timing nothing takes: long enough.
_TIMES_ANSWER = 10  # Times what an answer takes when nothing is under way, and all is in caches,
_MOST_LEFT = 0.5  # and part of what was timed, that may pass before the device answers.
_FEWEST_LAPS = 3
_TRIALS = 5
_MOST_LAPS = 1000


class Lap(NamedTuple):
    """What one timing gave, in seconds.

    Attributes:
        wall_s: by the host's clock.
        event_s: by the device's events, or None where it has none.
        late_s: until a device without events answered afterwards.
    """

    wall_s: float
    event_s: float | None
    late_s: float


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
        self.laps: list[Lap] = []
        # Its sum waits for all that was put into the stream before: see `_require_waited`.
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
        event_s = max(
            (float(device.elapsed(*ends)) for ends in zip(first, second, strict=True)),
            default=None,
        )
        late_s = 0.0 if self.word is None else self._answers_after(self.word)
        if not wall_s > 0:
            raise CheckFailed(f"the host's clock says that it took {wall_s!r} s")
        if event_s is not None and not 0 <= event_s <= AGREE * wall_s + _TICK_S:
            raise CheckFailed(
                f"the device's events say {event_s:.3g} s of what took {wall_s:.3g} s by the "
                "host's clock: the device was not waited for, or they are no seconds"
            )
        self.laps = [*self.laps[-_MOST_LAPS:], Lap(wall_s, event_s, late_s)]
        return event_s if self.by_events and event_s is not None else wall_s

    def check(self) -> None:
        """See that what was timed by events took about as long by the host's clock.

        Of a device without events: that it was waited for.

        Raises:
            CheckFailed: if the device's seconds are less than half of the host's in three quarters
                of the laps and more, or much remained to be waited for when the device had been
                waited for.
        """
        if self.word is not None:
            self._require_waited()
        if not self.by_events:
            return
        idle_s = statistics.median(lap.wall_s for lap in self._idle())
        parts = [
            lap.event_s / lap.wall_s
            for lap in self.laps
            if lap.event_s is not None and lap.wall_s >= _TIMES_IDLE * max(idle_s, _TICK_S)
        ]
        if not parts:
            return
        # What delays the host makes its seconds more, never the device's: the better laps count.
        part = sorted(parts)[-1 - len(parts) // 4]
        if not part >= _LEAST:
            raise CheckFailed(
                f"the device's events say {part:.3g} times what the host's clock says: they are "
                "no seconds, or do not stand around the work"
            )

    def figures(self) -> dict[str, Figure]:
        """Return what the events say beside the host's clock."""
        parts = [lap.event_s / lap.wall_s for lap in self.laps if lap.event_s is not None]
        if not parts:
            return {"timed_by": Figure("the host's clock; the device has no events")}
        return {
            "timed_by": Figure("events" if self.by_events else "the host's clock"),
            "events_over_wall": Figure(statistics.median(parts)),
        }

    def _idle(self) -> list[Lap]:
        """Return what timing nothing gives."""
        before = self.laps
        for _ in range(_TRIALS):
            self.time(lambda: None)
        found, self.laps = self.laps[-_TRIALS:], before
        return found

    def _answers_after(self, word: DeviceBuffer) -> float:
        begin = self.device.clock()
        self.device.checksum(word)
        return self.device.clock() - begin

    def _require_waited(self) -> None:
        if len(self.laps) < _FEWEST_LAPS:
            return
        # The longest: others were single operations, to find out how many make a batch.
        n = max(_FEWEST_LAPS, len(self.laps) // 3)
        longest = sorted(self.laps, key=lambda lap: lap.wall_s)[-n:]
        # What is left to do is left each time; whatever else delays an answer is not.
        late_s = min(lap.late_s for lap in longest)
        idle_s = statistics.median(lap.late_s for lap in self._idle())
        took_s = statistics.median(lap.wall_s for lap in longest)
        if not late_s <= _TIMES_ANSWER * idle_s + _MOST_LEFT * took_s:
            raise CheckFailed(
                f"the device was not waited for: {took_s:.3g} s were taken, and another "
                f"{late_s:.3g} s passed before it answered"
            )


def _switches() -> int:
    """Return how often the scheduler has taken the core from this thread; 0 where not told."""
    try:
        import resource
    except ImportError:  # Windows.
        return 0
    return resource.getrusage(getattr(resource, "RUSAGE_THREAD", resource.RUSAGE_SELF)).ru_nivcsw
