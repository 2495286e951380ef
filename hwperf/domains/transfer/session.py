"""The device of a point. This module opens it, keeps near it, and sees that there is room."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from hwperf import Figure, Unsupported
from hwperf.devices import Device, DeviceInfo, chosen, lacking, opened
from hwperf.host import caches, memory
from hwperf.host.accelerator import known, numa
from hwperf.units import MiB, format_bytes

__all__ = ["beyond_cache", "device_of_point", "info", "lacking", "named", "require_room"]

_UNKNOWN_CACHE_BYTES = 128 * MiB  # More than any accelerator of 2025 but AMD's has (256 MiB).
_TIMES_CACHE = 4
_LEAST_BYTES = 64 * MiB
_LEAST_SIMULATED_BYTES = MiB
_OF_FREE_DEVICE_MEMORY = 0.5
_OF_HOST_MEMORY = 0.25

_known: dict[str, DeviceInfo] = {}


@contextmanager
def device_of_point() -> Iterator[Device]:
    """Open the chosen device; the thread keeps to the CPUs that are near it.

    So host memory that is allocated then lies near it, too, as Linux puts pages where they are
    first touched.

    Raises:
        Unsupported: if there is no device, or it cannot be opened.
    """
    with opened() as device:
        _known[device.info.id] = device.info
        with _near(device.info.pci):
            yield device


def info() -> DeviceInfo | None:
    """Return what is known of the chosen device, if a point has opened it in this process."""
    try:
        return _known.get(chosen().id)
    except Exception:  # Border: a limit must not fail where the point itself says what is wrong.
        return None


def named(device: Device) -> dict[str, Figure]:
    """Return which device it is, as figures."""
    told = device.info
    figures = {"device": Figure(f"{told.name} ({told.id})")}
    if told.kind == "simulated":
        figures["simulated"] = Figure("yes: says nothing of this machine")
    elif told.is_unified:
        figures["memory"] = Figure("host and device share it: nothing crosses a bus")
    if told.kind == "cpu":
        figures["kind"] = Figure("the host's own processor plays the device")
    if told.kind in ("gpu", "accelerator"):
        row, why = known.lookup(told.name, told.memory_bytes)
        figures["data_sheet"] = Figure(why if row is None else row.name)
    return figures


def require_room(device: Device, device_bytes: int, host_bytes: int = 0) -> None:
    """See that a point leaves half of the device's free memory, and three quarters of the host's.

    Raises:
        Unsupported: if it would not.
    """
    free = device.free_bytes()
    if free is not None and device_bytes > _OF_FREE_DEVICE_MEMORY * free:
        raise Unsupported(
            f"needs {format_bytes(device_bytes)} of the device's memory, and half of what is free "
            f"there is {format_bytes(int(_OF_FREE_DEVICE_MEMORY * free))}"
        )
    total = memory.total_bytes()
    if host_bytes > _OF_HOST_MEMORY * total:
        raise Unsupported(
            f"needs {format_bytes(host_bytes)} of the host's memory, a quarter of which is "
            f"{format_bytes(int(_OF_HOST_MEMORY * total))}"
        )
    memory.require(host_bytes)


def beyond_cache(device: Device) -> int:
    """Return bytes, a power of two, that are four times the device's last-level cache or more."""
    told = device.info
    if told.kind == "cpu":
        cached = caches.last_level_bytes()
    else:
        cached = told.cache_bytes or _UNKNOWN_CACHE_BYTES
    least = _LEAST_SIMULATED_BYTES if told.kind == "simulated" else _LEAST_BYTES
    return 1 << (max(least, _TIMES_CACHE * cached) - 1).bit_length()


@contextmanager
def _near(pci: str | None) -> Iterator[None]:
    cpus = numa.near(pci) if pci else None
    if not cpus or not hasattr(os, "sched_setaffinity"):
        yield
        return
    before = os.sched_getaffinity(0)
    with suppress(OSError):
        os.sched_setaffinity(0, cpus)
    try:
        yield
    finally:
        with suppress(OSError):
            os.sched_setaffinity(0, before)
