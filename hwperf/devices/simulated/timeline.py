"""A clock that only work moves. This module orders what a simulated device does in virtual time.

Each operation occupies a stream and an engine for its duration. Its effect on memory comes when the
host has waited for it, and not before: whoever forgets to wait finds the old bytes.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

__all__ = ["Stream", "Timeline"]

Effect = Callable[[], None]


@dataclass(eq=False)
class Stream:
    """Operations in order.

    Attributes:
        free_at: when the last one ends.
    """

    free_at: float = 0.0


@dataclass
class Timeline:
    """Virtual time and what is under way.

    Attributes:
        now: the host's time in seconds.
        enqueue_s: what putting an operation into a stream takes of it.
    """

    enqueue_s: float
    now: float = 0.0
    default: Stream = field(default_factory=Stream)
    streams: list[Stream] = field(default_factory=list)
    _engines: dict[str, float] = field(default_factory=dict)
    _pending: list[tuple[float, Effect]] = field(default_factory=list)

    @property
    def is_busy(self) -> bool:
        """Whether anything is yet to have its effect."""
        return bool(self._pending)

    def stream(self) -> Stream:
        """Return a new stream."""
        self.streams.append(Stream(self.now))
        return self.streams[-1]

    def put(self, stream: Stream | None, engine: str, duration_s: float, effect: Effect) -> float:
        """Let *engine* work for *duration_s* in *stream*; return when that ends."""
        self.now += self.enqueue_s
        place = stream or self.default
        begin = max(self.now, place.free_at, self._engines.get(engine, 0.0))
        end = begin + duration_s
        place.free_at = self._engines[engine] = end
        self._pending.append((end, effect))
        return end

    def reached(self, stream: Stream | None) -> float:
        """Return when all that is in *stream* by now will be done."""
        return max(self.now, (stream or self.default).free_at)

    def wait(self, stream: Stream | None, takes_s: float) -> None:
        """Let the host wait for one stream, or for all, and let what is done have its effect."""
        waited = [stream] if stream else [self.default, *self.streams]
        self.now = max(self.now, *(each.free_at for each in waited)) + takes_s
        self.settle()

    def settle(self) -> None:
        """Let what has ended by now have its effect, in the order in which it ended."""
        done = sorted((p for p in self._pending if p[0] <= self.now), key=lambda p: p[0])
        self._pending = [p for p in self._pending if p[0] > self.now]
        before: Effect | None = None
        for _, effect in done:
            # What computes the same again takes over what has just been computed.
            follow = getattr(effect, "follow", None)
            if follow is None or not follow(before):
                effect()
            before = effect
