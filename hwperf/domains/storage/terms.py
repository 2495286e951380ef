"""The terms on which a device is measured: what ``Work`` is told by all that transfer."""

from __future__ import annotations

from typing import Any

__all__ = ["CLOCK", "PRECISION", "TERMS", "WAITING"]

CLOCK = "clock_gettime, by the threads that transfer"

PRECISION = 0.05
"""Relative half-width of the 99 % interval of the median at which samples suffice. A device's own
rate moves by 7 to 17 % from second to second (docs/measured.md): 1 % is never reached, and waiting
for it would only cost time and, of writes, wear."""

WAITING = ("involuntary_switches", "runqueue_wait_s", "migrations", "slow_clock")
"""Causes that say nothing of others here. The calling thread sleeps during a call, and the device
does not follow the core's clock; how long the transferring threads waited is counted on its own."""

TERMS: dict[str, Any] = {"clock": CLOCK, "own_causes": WAITING, "precision": PRECISION}
"""What a ``Work`` of an engine has beside its kernel and its amounts."""
