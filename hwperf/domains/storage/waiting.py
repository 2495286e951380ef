"""What the calling thread brings about itself: it waits for the threads that transfer."""

from __future__ import annotations

__all__ = ["WAITING"]

WAITING = ("involuntary_switches", "runqueue_wait_s", "migrations", "slow_clock")
"""Causes that say nothing of others here. The calling thread sleeps during a call, and the device
does not follow the core's clock; how long the transferring threads waited is counted on its own."""
