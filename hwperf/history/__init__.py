"""History: what changed, and when. This package holds what can be said of a series of results.

``steps`` finds the changes of one series; the names are loaded when they are first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from hwperf.history.detection.detector import steps
    from hwperf.history.detection.step import Step

__all__ = ["Step", "steps"]

_HOMES = {
    "Step": "hwperf.history.detection.step",
    "steps": "hwperf.history.detection.detector",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'hwperf.history' has no attribute {name!r}")
    value = getattr(import_module(_HOMES[name]), name)
    globals()[name] = value
    return value
