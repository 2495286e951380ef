"""What bounds a transfer physically: the link of the device."""

from __future__ import annotations

from hwperf import limits

__all__ = ["operations"]


def operations(block_bytes: int) -> float | None:
    """Return the transfers of *block_bytes* per second that the link can carry, or None."""
    bandwidth = limits.storage_bandwidth()
    return None if bandwidth is None else bandwidth / block_bytes
