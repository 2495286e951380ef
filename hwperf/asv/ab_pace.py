"""How far a series of visits is. This module estimates the time that is left of it."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

__all__ = ["Pace", "Progress"]


@dataclass(frozen=True)
class Progress:
    """What is told while rounds go on.

    Attributes:
        words: what is being done.
        done: visits done, with the part of the one that is going on.
        total: visits to do.
        left_s: seconds left, None while nothing is known of the pace.
    """

    words: str
    done: float = 0.0
    total: int = 0
    left_s: float | None = None


class Pace:
    """Follows visits and tells of them.

    Args:
        total: visits to do.
        tell: told of each step.
        expected_s: seconds that one visit is expected to take, if that is known.
        clock: seconds.
    """

    def __init__(
        self,
        total: int,
        tell: Callable[[Progress], None],
        *,
        expected_s: float | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.total = total
        self._tell, self._clock = tell, clock
        self._expected_s = expected_s
        self._begin: float | None = None
        self._done = 0

    def start(self, words: str) -> Callable[[float], None]:
        """Tell that a visit begins; return what is to be told its share, from 0 to 1."""
        if self._begin is None:
            self._begin = self._clock()

        def share(part: float) -> None:
            done = self._done + part
            self._tell(Progress(words, done, self.total, self._left(done)))

        share(0.0)
        return share

    def end(self) -> None:
        """Say that the visit is done."""
        self._done += 1

    def _left(self, done: float) -> float | None:
        elapsed = 0.0 if self._begin is None else self._clock() - self._begin
        rest = max(0.0, self.total - done)
        if self._done == 0 and self._expected_s is not None:
            return max(0.0, self.total * self._expected_s - elapsed)
        if self._done == 0:
            # What comes first (start, discovery) is no part of any benchmark: a rough guess.
            return elapsed / done * rest if done >= 0.2 else None
        return elapsed / done * rest
