"""Kernels whose work is to wait. This module names what they bring about themselves."""

from __future__ import annotations

__all__ = ["WAITING"]

WAITING = ("involuntary_switches", "runqueue_wait_s", "team_wait_s")
"""Causes that say nothing of others where a thread waits for a lock, or for a thread or process
that it wakes: it loses its core to whom it wakes, and waits for it when it is woken."""
