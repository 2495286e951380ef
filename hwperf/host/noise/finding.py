"""One disturber and what shows it. This module holds what every check looks at and returns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from hwperf.host.load import Load

__all__ = ["SEVERITIES", "Finding", "View"]

SEVERITIES = ("high", "medium", "low")
"""high: numbers can be wrong by tens of per cent; medium: they scatter; low: know it and go on."""


@dataclass(frozen=True)
class Finding:
    """One disturber: what it is, what shows it, how bad, and what to do about it."""

    what: str
    evidence: str
    severity: str
    advice: str

    def __post_init__(self) -> None:
        if self.severity not in SEVERITIES:
            raise ValueError(f"severity={self.severity!r} is none of {', '.join(SEVERITIES)}")


@dataclass(frozen=True)
class View:
    """What a check looks at: a root, one look at the load, the environment, our CPUs."""

    root: Path
    load: Load
    environment: Mapping[str, str]
    cpus: tuple[int, ...]
