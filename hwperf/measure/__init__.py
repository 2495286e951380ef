"""Measuring one point. This package turns a workload and its parameters into a result."""

from __future__ import annotations

from hwperf.measure.point import measure
from hwperf.measure.profile import FULL, PROFILES, QUICK, Profile
from hwperf.measure.result import SCHEMA, Result, Verdict

__all__ = ["FULL", "PROFILES", "QUICK", "SCHEMA", "Profile", "Result", "Verdict", "measure"]
