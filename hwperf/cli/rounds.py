"""What aa and ab have in common. This module shows their progress and reads a change in percent."""

from __future__ import annotations

import math
import re
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, TextIO

from hwperf.cli.standing import QUIET_S, StandingLine
from hwperf.errors import UsageError
from hwperf.units import format_duration

if TYPE_CHECKING:
    from hwperf.asv.ab_pace import Progress

__all__ = ["Teller", "as_percent", "counted", "parse_change", "shortened"]

_LONGEST = 160  # Characters of a name; the JSON has all of them.
_PERCENT = re.compile(r"\s*(\d+(?:\.\d+)?)\s*%\s*")


class Teller:
    """A line that is rewritten on a terminal, and a line now and then elsewhere."""

    def __init__(self, stream: TextIO, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._line = StandingLine(stream)
        self._clock = clock
        self._last: tuple[str, float] | None = None

    def __enter__(self) -> Teller:
        return self

    def __exit__(self, *_: object) -> None:
        self._line.write("")

    def show(self, progress: Progress) -> None:
        """Show how far it is."""
        left = "" if progress.left_s is None else f", {format_duration(progress.left_s)} left"
        line = f"{progress.words}{left}"
        now = self._clock()
        if self._line.is_terminal:
            self._line.stand(line)
        elif self._last is None or (
            self._last[0] != progress.words
            and (progress.total == 0 or now - self._last[1] >= QUIET_S)
        ):
            self._last = (progress.words, now)
            self._line.stand(line)

    def warn(self, sentence: str) -> None:
        """Show a sentence that stays."""
        self._line.write(f"hwperf: {sentence}\n")


def parse_change(text: str) -> float:
    """Return the relative change that *text* says: 0.01 for ``1%``.

    Raises:
        UsageError: if it is no percentage above 0.
    """
    found = _PERCENT.fullmatch(text)
    value = float(found[1]) / 100.0 if found else math.nan
    if not 0.0 < value <= 10.0:
        raise UsageError(f"{text!r} is no change: expected a percentage above 0, e.g. 1% or 0.5%.")
    return value


def as_percent(change: float | None, *, sign: bool = False) -> str:
    """Return a relative change as people read it: ``1.2 %``, ``+34 %``; ``n/a`` for None."""
    if change is None or not math.isfinite(change):
        return "n/a"
    percent = change * 100.0
    size = abs(percent)
    digits = 0 if size >= 99.5 else 1 if size >= 9.95 else 2
    return f"{percent:{'+' if sign else ''}.{digits}f} %"


def counted(count: int, noun: str) -> str:
    """Return ``1 round``, ``6 rounds``."""
    return f"{count} {noun}{'' if count == 1 else 's'}"


def shortened(name: str) -> str:
    """Return *name* fit for a terminal: printable, and no longer than a few lines."""
    plain = "".join(c if c.isprintable() else "?" for c in name)
    if len(plain) <= _LONGEST:
        return plain
    return f"{plain[: _LONGEST // 2]}...{plain[-_LONGEST // 2 + 3 :]}"
