"""How much of a change is noise. This package learns it from runs of the same code."""

from __future__ import annotations

from hwperf.history.floor.floors import Floor, by_metric, floor_of
from hwperf.history.floor.power import detectable, rounds_needed
from hwperf.history.floor.store import FILE, Kept, Key, keep, load

__all__ = [
    "FILE",
    "Floor",
    "Kept",
    "Key",
    "by_metric",
    "detectable",
    "floor_of",
    "keep",
    "load",
    "rounds_needed",
]
