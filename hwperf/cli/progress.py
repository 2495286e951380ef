"""What a long run shows. This module prints each measured point and the time that is left."""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TextIO

from hwperf.cli.selection import shown_params
from hwperf.units import format_duration, format_quantity

if TYPE_CHECKING:
    from hwperf.asv.run import Event

__all__ = ["Progress"]

_QUIET_S = 10.0  # Between two lines where the output is no terminal, e.g. a log of CI.
_WIDTH = 79


class Progress:
    """A line that is rewritten on a terminal, and a line now and then elsewhere.

    Attributes:
        start: the run's first event, with the number of points and the expected seconds.
    """

    def __init__(self, stream: TextIO = sys.stderr, *, is_quiet: bool = False) -> None:
        self.start: Event | None = None
        self._stream = stream
        self._is_quiet = is_quiet
        self._is_terminal = stream.isatty()
        self._last = -_QUIET_S

    def __enter__(self) -> Progress:
        return self

    def __exit__(self, *_: object) -> None:
        if self._is_terminal and not self._is_quiet:
            self._stream.write("\r" + " " * _WIDTH + "\r")
            self._stream.flush()

    def show(self, event: Event) -> None:
        """Show one event of a run."""
        if event.kind == "start":
            self.start = event
        if self._is_quiet:
            return
        if event.kind == "start":
            left = format_duration(event.left_s)
            self._stream.write(f"measuring {event.total} points, about {left}\n")
        elif event.kind == "point" and event.record is not None:
            self._point(event, event.record)
        elif event.kind == "log" and ("waiting" in event.text or "Skipping" in event.text):
            self._stream.write(f"{event.text.strip()}\n")
        self._stream.flush()

    def _point(self, event: Event, record: Mapping[str, Any]) -> None:
        now = time.monotonic()
        is_due = self._is_terminal or now - self._last >= _QUIET_S or event.done == event.total
        if not is_due:
            return
        self._last = now
        value = (
            format_quantity(record["value"], record["unit"])
            if record["value"] is not None
            else record["verdict"]
        )
        head = f"{event.done}/{event.total}, {format_duration(event.left_s)} left"
        line = f"{head}  {record['id']} {shown_params(record['params'])}  {value}"
        if self._is_terminal:
            self._stream.write("\r" + line[:_WIDTH].ljust(_WIDTH))
        else:
            self._stream.write(line + "\n")
