"""The line that stands on a terminal. This module rewrites it; elsewhere it prints each line."""

from __future__ import annotations

from typing import TextIO

from hwperf.cli.layout import columns

__all__ = ["QUIET_S", "StandingLine"]

QUIET_S = 10.0
"""Seconds between two lines where the output is no terminal, e.g. a log of CI."""


class StandingLine:
    """The last line of a stream, replaced by the next where the stream is a terminal.

    Attributes:
        is_terminal: whether lines replace one another.
    """

    def __init__(self, stream: TextIO | None, *, is_quiet: bool = False) -> None:
        self._stream = stream
        self._is_quiet = is_quiet or stream is None  # Python's stderr is None where it is closed.
        self.is_terminal = stream is not None and not self._is_quiet and stream.isatty()
        self._width = 0  # Of the line that stands on the terminal.

    def stand(self, line: str) -> None:
        """Show a line that the next one replaces."""
        if self.is_terminal:
            line = line[: columns() - 1]  # A full line would wrap and could not be rewritten.
            self.write(line)
            self._width = len(line)
        else:
            self.write(f"{line}\n")

    def write(self, text: str) -> None:
        """Replace the line that stands there by *text*, which stays."""
        if self._is_quiet or self._stream is None:
            return
        clear = f"\r{' ' * self._width}\r" if self._width else ""
        self._width = 0
        try:
            self._stream.write(clear + text)
            self._stream.flush()
        except OSError:  # Its reader has gone, which is no reason to stop measuring.
            self._is_quiet = True
