"""What is measured on a device the day it is at hand: all of transfer.*, with cross-checks."""

from hwperf.report.proof.checks import Check, checks
from hwperf.report.proof.measuring import Course, Progressed, Workers
from hwperf.report.proof.plan import Planned, planned
from hwperf.report.proof.record import SCHEMA, Proof
from hwperf.report.proof.table import rows
from hwperf.report.proof.twin import twin_of

__all__ = [
    "SCHEMA",
    "Check",
    "Course",
    "Planned",
    "Progressed",
    "Proof",
    "Workers",
    "checks",
    "planned",
    "rows",
    "twin_of",
]
