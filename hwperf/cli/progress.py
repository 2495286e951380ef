"""What a long run shows. This module prints each measured point and the time that is left."""

from __future__ import annotations

import re
import sys
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, TextIO

from hwperf.cli.selection import shown_params
from hwperf.cli.standing import QUIET_S, StandingLine
from hwperf.units import format_duration, format_quantity

if TYPE_CHECKING:
    from hwperf.asv.run import Event

__all__ = ["Progress"]

_TELLING = (  # To pass on.
    "waiting", "Skipping", "damaged", "Error parsing", "is left out", "hwperf's plugin",
)  # fmt: skip
_ASVS_MARK = re.compile(r"^\s*(\[ *[\d.]+%\])?[ ·]*")


class Progress:
    """A line that is rewritten on a terminal, and a line now and then elsewhere.

    Attributes:
        start: the run's first event, with the number of points and the expected seconds.
    """

    def __init__(
        self,
        stream: TextIO = sys.stderr,
        *,
        is_quiet: bool = False,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.start: Event | None = None
        self._line = StandingLine(stream, is_quiet=is_quiet)
        self._clock = clock
        self._last: float | None = None
        self._told: set[str] = set()

    def __enter__(self) -> Progress:
        return self

    def __exit__(self, *_: object) -> None:
        self._line.write("")

    def show(self, event: Event) -> None:
        """Show one event of a run."""
        if event.kind == "start":
            self.start = event
            left = format_duration(event.left_s)
            self._line.write(f"measuring {event.total} points, about {left}\n")
        elif event.kind == "point" and event.record is not None:
            self._point(event, event.record)
        elif event.kind == "log" and any(word in event.text for word in _TELLING):
            self._tell(_ASVS_MARK.sub("", event.text).rstrip())

    def begin(self, done: int, total: int, left_s: float, name: str) -> None:
        """Show what is measured now; :meth:`clear` removes it where results are printed between.

        Args:
            done: points measured.
            total: points to measure.
            left_s: seconds left.
            name: the point.
        """
        now = self._clock()
        if self._last is None:
            self._last = now
        if not (self._line.is_terminal or now - self._last >= QUIET_S):
            return
        self._last = now
        self._line.stand(f"{done}/{total}, {format_duration(left_s)} left  {name}")

    def clear(self) -> None:
        """Remove the line that stands on the terminal."""
        self._line.write("")

    def _tell(self, sentence: str) -> None:
        if sentence not in self._told:  # asv reads each file several times.
            self._told.add(sentence)
            self._line.write(f"{sentence}\n")

    def _point(self, event: Event, record: Mapping[str, Any]) -> None:
        now = self._clock()
        waited = self._last is None or now - self._last >= QUIET_S
        if not (self._line.is_terminal or waited or event.done == event.total):
            return
        self._last = now
        value = (
            format_quantity(record["value"], record["unit"])
            if record["value"] is not None
            else record["verdict"]
        )
        head = f"{event.done}/{event.total}, {format_duration(event.left_s)} left"
        name = f"{record['id']} {shown_params(record['params'])}".rstrip()
        self._line.stand(f"{head}  {name}  {value}")
