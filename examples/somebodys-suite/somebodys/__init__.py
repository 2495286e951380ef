"""Somebody's project: it counts words, adds vectors and keeps a journal."""

import os

__all__ = ["add", "count", "record"]


def count(words):
    """Return how often each word occurs."""
    counts = {}
    for word in words:
        counts[word] = counts.get(word, 0) + 1
    return counts


def add(total, values):
    """Add *values* to *total*, both arrays of one shape."""
    total += values


def record(journal, line):
    """Append *line* to the open file *journal*, so that it survives a power cut."""
    journal.write(line)
    journal.flush()
    os.fsync(journal.fileno())
