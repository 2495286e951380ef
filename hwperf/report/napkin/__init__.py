"""How long something will take, by a machine's numbers. This package reads and places plans."""

from __future__ import annotations

from hwperf.report.napkin.estimates import Answer, Estimate, answer
from hwperf.report.napkin.grammar import NoPlan, Step, parse
from hwperf.report.napkin.verbs import VERBS, Need, Verb

__all__ = ["VERBS", "Answer", "Estimate", "Need", "NoPlan", "Step", "Verb", "answer", "parse"]
