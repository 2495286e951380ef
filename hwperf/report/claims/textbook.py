"""What the lecture says. This module reads the claims from ``hwperf/report/data/textbook.toml``."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

__all__ = ["KINDS", "Claim", "claims"]

KINDS = ("value", "range", "ratio", "trend")

_FILE = Path(__file__).parents[1] / "data" / "textbook.toml"


@dataclass(frozen=True)
class Claim:
    """One claim.

    Attributes:
        id: e.g. ``dram.bandwidth``.
        origin: where it stands, by the letters that the data file explains.
        kind: value, range, ratio or trend.
        says: the claim in words.
        unit: base unit of what is compared; "x" for a ratio and for a trend.
        value: of a value or ratio.
        low: lower end of a range.
        high: upper end of a range.
        needs: what the machine must have, in the lecture's words; "" for any machine.
    """

    id: str
    origin: str
    kind: str
    says: str
    unit: str = "x"
    value: float | None = None
    low: float | None = None
    high: float | None = None
    needs: str = ""

    @property
    def textbook(self) -> float | tuple[float, float] | None:
        """The number or the range, None for a trend."""
        if self.low is not None and self.high is not None:
            return self.low, self.high
        return self.value


@lru_cache(maxsize=1)
def claims() -> tuple[Claim, ...]:
    """Return every claim, in the order of the file."""
    with _FILE.open("rb") as stream:
        found = tomllib.load(stream)["claim"]
    return tuple(Claim(**each) for each in found)
