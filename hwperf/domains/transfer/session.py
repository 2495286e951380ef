"""The device of a point. This module opens it, keeps near it, and sees that there is room."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from hwperf import CheckFailed, Figure, Unsupported
from hwperf.devices import Device, DeviceInfo, chosen, lacking, opened
from hwperf.devices.sound import one_line
from hwperf.domains.transfer.timing import AGREE
from hwperf.host import caches, memory
from hwperf.host.accelerator import known, numa
from hwperf.units import MiB, format_bytes

__all__ = [
    "beyond_cache",
    "device_of_point",
    "info",
    "lacking",
    "named",
    "require_clock",
    "require_room",
]

_UNKNOWN_CACHE_BYTES = 128 * MiB  # More than any accelerator of 2025 but AMD's has (256 MiB).
_TIMES_CACHE = 4
_LEAST_BYTES = 64 * MiB
_LEAST_SIMULATED_BYTES = MiB
_OF_FREE_DEVICE_MEMORY = 0.5
_OF_HOST_MEMORY = 0.25

_CLOCK_S = 2e-3
_TICK_S = 1e-4  # A coarse clock's.

_known: dict[str, DeviceInfo] = {}


@contextmanager
def device_of_point() -> Iterator[Device]:
    """Open the chosen device; the thread keeps to the CPUs that are near it.

    So host memory that is allocated then lies near it, too, as Linux puts pages where they are
    first touched.

    Raises:
        Unsupported: if there is no device, or it cannot be opened.
        CheckFailed: if its clock is not the host's.
    """
    with opened() as device:
        _known[device.info.id] = device.info
        if device.info.kind != "simulated":  # Its time is virtual.
            require_clock(device)
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
    figures = {"device": Figure(one_line(f"{told.name} ({told.id})"))}
    if told.kind == "simulated":
        figures["simulated"] = Figure("yes: says nothing of this machine")
    elif told.is_unified:
        figures["memory"] = Figure("host and device share it: nothing crosses a bus")
    if told.kind == "cpu":
        figures["kind"] = Figure("the host's own processor plays the device")
    if told.kind in ("gpu", "accelerator"):
        row, why = known.lookup(told.name, told.memory_bytes)
        figures["data_sheet"] = Figure(one_line(why) if row is None else row.name)
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


def require_clock(device: Device) -> None:
    """See that the device's clock goes as the host's does, in seconds.

    Nothing else would show one that tells milliseconds, or ticks: its events are held against it.

    Raises:
        CheckFailed: if it does not.
    """
    before = time.perf_counter()
    first = device.clock()
    begun = time.perf_counter()
    time.sleep(_CLOCK_S)
    ended = time.perf_counter()
    took_s = device.clock() - first
    most_s = time.perf_counter() - before
    least_s = ended - begun  # However long the thread was without its core, in between it lies.
    if not least_s / AGREE - _TICK_S <= took_s <= AGREE * most_s + _TICK_S:
        raise CheckFailed(
            f"the device's clock says {took_s:.3g} s of what took {least_s:.3g} s by the host's: "
            "it is another clock, or tells no seconds"
        )


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
