"""The gate of regressions: what got worse, for certain, and enough to matter.

``examine`` reads the results and returns a report; the formats are in
:mod:`hwperf.history.gate.formats`.
"""

from __future__ import annotations

from hwperf.history.gate.examine import Inputs, examine, inputs_of
from hwperf.history.gate.findings import Finding, Report

__all__ = ["Finding", "Inputs", "Report", "examine", "inputs_of"]
