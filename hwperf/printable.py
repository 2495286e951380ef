"""Text from anywhere, on a terminal. This module writes out what a terminal would obey."""

from __future__ import annotations

__all__ = ["printable"]


def printable(text: str, *, keep: str = "") -> str:
    """Return *text* with what does not print as its escape, ``\\x1b`` for a command.

    Such are controls, half surrogates, and marks that turn the direction of writing.

    Args:
        text: names of files, machines, workloads and parameters are anybody's.
        keep: characters that stay as they are, such as ends of lines.
    """
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() or c in keep else repr(c)[1:-1] for c in text)
