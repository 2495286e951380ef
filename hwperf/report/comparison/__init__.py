"""Two runs, point by point. This package says what differs, and what is within the noise."""

from __future__ import annotations

from hwperf.report.comparison.judged import Comparison, compare
from hwperf.report.comparison.naming import named
from hwperf.report.comparison.pairs import Compared, Kind
from hwperf.report.comparison.surroundings import Difference

__all__ = ["Compared", "Comparison", "Difference", "Kind", "compare", "named"]
