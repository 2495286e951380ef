"""The facts of one machine. This package reads what the system tells; it changes nothing.

``collect`` gathers every fact, grouped; the modules hold typed readers for code that needs one
number: ``cpu``, ``caches``, ``memory``, ``pages``, ``cgroup``, ``system``, ``noise``.
"""

from __future__ import annotations

from hwperf.host.facts import Fact, Unavailable

__all__ = ["Fact", "Unavailable"]
