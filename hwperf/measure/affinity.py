"""Which core a measurement runs on. This module pins the calling thread and gives it back."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from hwperf.host import cpu

__all__ = ["Core", "pinned"]


@dataclass
class Core:
    """The core that the thread is pinned to; None where the system cannot pin."""

    number: int | None
    candidates: tuple[int, ...]
    moves: int = 0

    def move(self) -> bool:
        """Pin to the next candidate, because somebody else keeps taking this one.

        Returns:
            False if there is nowhere to go.
        """
        if self.number is None or len(self.candidates) < 2:
            return False
        place = self.candidates.index(self.number) + 1
        number = self.candidates[place % len(self.candidates)]
        try:
            os.sched_setaffinity(0, {number})
        except OSError:  # Taken from us meanwhile, by a cpuset or by hotplug.
            return False
        self.number = number
        self.moves += 1
        return True


@contextmanager
def pinned(cpus: Sequence[int] | None = None) -> Iterator[Core]:
    """Pin the calling thread to one of the cores that it may use, the fastest kind first.

    The scheduler has just put the thread somewhere quiet, so the core that it is on is taken if it
    is among the fastest. The former affinity is restored at the end.
    """
    if not hasattr(os, "sched_setaffinity"):
        yield Core(None, ())
        return
    allowed = os.sched_getaffinity(0)
    candidates = tuple(sorted(cpus or cpu.fastest_cpus(tuple(sorted(allowed)))))
    here = cpu.current_cpu()
    number = here if here in candidates else candidates[0]
    try:
        os.sched_setaffinity(0, {number})
    except OSError:
        yield Core(None, ())
        return
    try:
        yield Core(number, candidates)
    finally:
        with suppress(OSError):  # Where all of them were taken away, the kernel has moved us.
            os.sched_setaffinity(0, allowed)
