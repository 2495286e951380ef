"""How text for people is laid out. This module breaks lines to fit the terminal."""

from __future__ import annotations

import shutil
import textwrap
from collections.abc import Iterable

__all__ = ["columns", "flowed", "wrapped"]

_FEWEST = 40  # Narrower, one word per line would be left.
_MOST = 100  # A longer line is harder to read than a wrapped one.


def columns() -> int:
    """Return the width to fill: the terminal's within reason, 80 where there is none."""
    return max(_FEWEST, min(shutil.get_terminal_size((80, 24)).columns, _MOST))


def wrapped(words: str, width: int, *, indent: int = 0, hanging: int = 0) -> list[str]:
    """Return *words* in lines of at most *width*; a longer word is not broken.

    Args:
        words: one paragraph.
        width: columns, the indent included.
        indent: columns left free before each line.
        hanging: columns more before all lines but the first.
    """
    return textwrap.wrap(
        words,
        width,
        initial_indent=" " * indent,
        subsequent_indent=" " * (indent + hanging),
        break_on_hyphens=False,
        break_long_words=False,
    )


def flowed(
    parts: Iterable[str], width: int, *, indent: int = 0, hanging: int = 0, gap: str = "  "
) -> list[str]:
    """Return *parts* in lines of at most *width*, as :func:`wrapped`, broken between parts only."""
    lines: list[str] = []
    for part in parts:
        if lines and len(lines[-1]) + len(gap) + len(part) <= width:
            lines[-1] += gap + part
        else:
            lines.append(" " * (indent + (hanging if lines else 0)) + part)
    return lines
