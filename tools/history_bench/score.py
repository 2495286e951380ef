"""How good a detector is. This module compares what was found with what is there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

__all__ = ["Score", "hits"]

REACH = 3  # Points by which a detection may miss the labelled change.


@dataclass
class Score:
    """Counts over many series.

    Attributes:
        hit: changes found.
        found: detections.
        there: labelled changes.
    """

    hit: int = 0
    found: int = 0
    there: int = 0

    def add(self, found: Sequence[int], there: Sequence[int]) -> None:
        """Count one series."""
        self.hit += hits(found, there)
        self.found += len(found)
        self.there += len(there)

    @property
    def precision(self) -> float:
        """Share of the detections that are changes; 1 where there is none."""
        return self.hit / self.found if self.found else 1.0

    @property
    def recall(self) -> float:
        """Share of the changes that were found."""
        return self.hit / self.there if self.there else 1.0

    @property
    def f1(self) -> float:
        """Harmonic mean of precision and recall."""
        return 2 * self.hit / (self.found + self.there) if self.found + self.there else 1.0


def hits(found: Sequence[int], there: Sequence[int], reach: int = REACH) -> int:
    """Return how many of *there* have a detection of their own within *reach*, nearest first."""
    pairs = sorted(
        (abs(f - t), f, t) for f in set(found) for t in set(there) if abs(f - t) <= reach
    )
    used_found: set[int] = set()
    used_there: set[int] = set()
    for _, f, t in pairs:
        if f not in used_found and t not in used_there:
            used_found.add(f)
            used_there.add(t)
    return len(used_there)
