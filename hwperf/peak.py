"""The peak of a core's multiply-adders. This module derives it from instructions per cycle.

They are measured, for each width of vectors, not read from a table.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

__all__ = ["Peak", "peak_of"]


@dataclass(frozen=True)
class Peak:
    """What the multiply-adders of a core can do.

    Attributes:
        measured: instructions that start per cycle, by the bits of a vector.
        per_cycle: the same, as a multiple of one half: an instruction every second cycle is 0.5.
    """

    measured: Mapping[int, float]
    per_cycle: Mapping[int, float]

    @property
    def n_pipes(self) -> int:
        """Pipes that carry out a multiply-add: the most instructions per cycle of any width."""
        return math.ceil(max(self.per_cycle.values()))

    @property
    def full_rate_bits(self) -> int:
        """The widest vector that each of the pipes takes."""
        most = max(self.per_cycle.values())
        return max(bits for bits, rate in self.per_cycle.items() if rate == most)

    @property
    def widest_bits(self) -> int:
        """The widest vector that the core has."""
        return max(self.per_cycle)

    @property
    def widest_is_halved(self) -> bool:
        """Whether the widest vector takes the place of two of half its width."""
        half = self.per_cycle.get(self.widest_bits // 2)
        return half is not None and half == 2 * self.per_cycle[self.widest_bits]

    def flop_per_cycle(self, bits: int) -> float:
        """Return the FLOP per cycle of numbers of so many *bits*: 2 for each multiply-add."""
        return max(2 * (width // bits) * rate for width, rate in self.per_cycle.items())


def peak_of(measured: Mapping[int, float]) -> Peak:
    """Return what *measured*, instructions per cycle by the bits of a vector, comes to."""
    rounded = {bits: max(round(2 * rate) / 2, 0.5) for bits, rate in measured.items()}
    return Peak(MappingProxyType(dict(measured)), MappingProxyType(rounded))
