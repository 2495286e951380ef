"""Two revisions beside each other. This package judges rounds in which they took turns."""

from __future__ import annotations

from hwperf.history.ab.paired import FEWEST, Pair, Ratio, ratio_of, rounds_for
from hwperf.history.ab.verdict import Comparison, Row, Side, judge

__all__ = [
    "FEWEST",
    "Comparison",
    "Pair",
    "Ratio",
    "Row",
    "Side",
    "judge",
    "ratio_of",
    "rounds_for",
]
