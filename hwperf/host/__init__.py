"""The facts of one machine. This package reads what the system tells; it changes nothing.

``collect`` gathers every fact, grouped; the modules hold typed readers for code that needs one
number: ``cpu``, ``caches``, ``memory``, ``pages``, ``cgroup``, ``noise``.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from hwperf.host.facts import Fact, Unavailable

if TYPE_CHECKING:
    from hwperf.host.inventory import collect

__all__ = ["Fact", "Unavailable", "collect"]


def __getattr__(name: str) -> Any:
    if name == "collect":  # most users need one module, not the readers of every fact
        return import_module("hwperf.host.inventory").collect
    raise AttributeError(f"module 'hwperf.host' has no attribute {name!r}")
