"""The terms on which a device is measured: what ``Work`` is told by all that use one."""

from __future__ import annotations

from typing import Any

__all__ = ["BATCH_S", "MOST_IN_BATCH", "OWN_CAUSES", "PRECISION", "TERMS"]

PRECISION = 0.02
"""Relative half-width of the 99 % interval of the median at which samples suffice: a link's rate
moves by 1 to 2 % from copy to copy, a device's clock with its temperature."""

OWN_CAUSES = ("slow_clock", "migrations", "involuntary_switches", "runqueue_wait_s")

TERMS: dict[str, Any] = {
    # The device follows neither the core's clock nor where the thread has been put, and what
    # happens to the thread between what is timed does not count; what happens meanwhile is counted
    # on its own (`hwperf.domains.transfer.timing`).
    "own_causes": OWN_CAUSES,
    "precision": PRECISION,
}
"""What a ``Work`` has beside its kernel, its clock and its amounts."""

BATCH_S = 1.2e-3
"""Seconds that a batch of operations lasts at least: a thousand ticks of the events, and more."""

MOST_IN_BATCH = 512
"""Operations of a batch at most; a stream takes some 1,000 before the host has to wait."""
