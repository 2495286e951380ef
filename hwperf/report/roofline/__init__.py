"""Where code stands below what the machine can do. This package holds ceilings and placements."""

from __future__ import annotations

from hwperf.report.roofline.ceilings import Ceiling, Ceilings, ceilings
from hwperf.report.roofline.placement import Placement, place
from hwperf.report.roofline.timing import roofline

__all__ = ["Ceiling", "Ceilings", "Placement", "ceilings", "place", "roofline"]
