"""What bounds a device physically. This module asks it, the system and the data of accelerators.

A device that plays another (the host's processor, a simulated one) has the bounds that it says
itself, if any. Each bound is None until a point has opened the device.
"""

from __future__ import annotations

from collections.abc import Callable

from hwperf.devices import DeviceInfo
from hwperf.domains.transfer.session import info
from hwperf.host.accelerator import known, pci

__all__ = ["both_ways", "flops", "link", "memory", "peer_link"]


def link(**params: object) -> float | None:
    """Return the B/s that the link between host and device carries in one direction."""
    return _of(_link)


def both_ways(**params: object) -> float | None:
    """Return the B/s that it carries in both directions at once."""
    bandwidth = _of(_link)
    return None if bandwidth is None else 2 * bandwidth


def memory(**params: object) -> float | None:
    """Return the B/s of the device's own memory."""
    return _of(_memory)


def peer_link(**params: object) -> float | None:
    """Return the B/s of the link from device to device in one direction, if the data tells."""
    return _of(lambda told: None if (row := _known(told)) is None else row.peer_bandwidth)


def flops(dtype: str) -> float | None:
    """Return the FLOP/s of matrix products of *dtype*, dense."""
    return _of(lambda told: None if (row := _known(told)) is None else row.flops_at_most(dtype))


def _of(ask: Callable[[DeviceInfo], float | None]) -> float | None:
    told = info()
    return None if told is None else ask(told)


def _link(told: DeviceInfo) -> float | None:
    if told.link_bandwidth is not None or told.is_unified:
        return told.link_bandwidth
    row = _known(told)
    of_slot = pci.bandwidth(told.pci) if told.pci else None
    if row is not None and (of_slot is None or row.link_kind != "PCIe"):
        return row.link_bandwidth  # NVLink-C2C is wider than the bus beside it.
    return of_slot


def _memory(told: DeviceInfo) -> float | None:
    if told.kind in ("cpu", "simulated"):
        return told.memory_bandwidth
    row = _known(told)
    asked = [None if row is None else row.memory_bandwidth, told.memory_bandwidth]
    return max((each for each in asked if each is not None), default=None)


def _known(told: DeviceInfo) -> known.Accelerator | None:
    if told.kind not in ("gpu", "accelerator"):
        return None
    row, _ = known.lookup(told.name, told.memory_bytes)
    return row
