"""What a machine must have. This module looks for it in what the run recorded, and never guesses.

A check raises `Missing` with what the record says instead. What the system calls a virtual disk is
no SSD, however fast it answers; a simulated device is none; two threads on one core are not two.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from hwperf.asv.recorded import Measurement
from hwperf.report.claims.evidence import Evidence
from hwperf.report.claims.quantity import Missing, Quantity

__all__ = [
    "CHECKS", "DISK", "Check", "accelerator", "disk", "global_lock", "gpu", "gpu_on_nvlink",
    "gpu_on_pcie", "own_cores", "second_host",
]  # fmt: skip

Check = Callable[[Evidence, Quantity], None]
"""Raises `Missing` where the quantity was measured on something else than the claim speaks of."""

DISK = ("storage.random_read", {"block_bytes": 4096, "queue_depth": 1})
"""The point that says what the storage is."""

_TOLD: Mapping[str, tuple[str, ...]] = {
    "HDD": ("HDD",),
    "SSD": ("SSD",),
    "SATA SSD": ("SSD", "SATA SSD"),
    "NVMe": ("SSD", "NVMe"),
}
"""What the system says, and the claims' words for it."""


def disk(kind: str) -> Check:
    """Return the check that the storage is *kind*: HDD, SSD, SATA SSD or NVMe.

    It is where the system says so and what it does does not contradict that.
    """

    def check(seen: Evidence, measured: Quantity) -> None:
        workload, params = DISK
        told = str(seen.figure(workload, params, "told_to_be"))
        behaves = str(seen.figure(workload, params, "behaves_as"))
        counts = {name.strip() for name in str(_figure(seen, "counts_as")).split(",")}
        if kind not in _TOLD.get(told, ()):
            raise Missing(f"the storage is no {kind}: the system calls it {told}")
        if kind not in counts:
            raise Missing(f"the system calls the storage {told}, and it answers as {behaves} does")

    return check


def accelerator(seen: Evidence, measured: Quantity) -> None:
    """See that a device of its own was measured, and no stand-in."""
    for point in measured.points:
        if not point.name.startswith("transfer."):
            continue
        device = _said(point, "device") or "the device"
        if _said(point, "simulated"):
            raise Missing(f"{device} is simulated: it says nothing of this machine")
        if _said(point, "kind"):
            raise Missing(f"{device} is the host's own processor, no accelerator")


def gpu(seen: Evidence, measured: Quantity) -> None:
    """See that an accelerator was measured that has its own memory behind a link."""
    accelerator(seen, measured)
    for point in measured.points:
        if point.name.startswith("transfer.") and _said(point, "memory").startswith("host and dev"):
            raise Missing(f"{_said(point, 'device')} shares the host's memory: there is no link")


def gpu_on_pcie(seen: Evidence, measured: Quantity) -> None:
    """See that the data sheet does not tell of another link between host and device."""
    gpu(seen, measured)
    kind = _link_kind(measured)
    if kind and kind != "PCIe":
        raise Missing(f"the device is attached by {kind}, not by PCIe")


def gpu_on_nvlink(seen: Evidence, measured: Quantity) -> None:
    """See that the data sheet says that NVLink joins host and device."""
    gpu(seen, measured)
    kind = _link_kind(measured)
    if not kind.startswith("NVLink"):
        raise Missing(f"the device is attached by {kind or 'a link that is not known'}, not NVLink")


def own_cores(seen: Evidence, measured: Quantity) -> None:
    """See that the threads were not two hardware threads of one core."""
    for point in measured.points:
        if point.placement == "siblings":
            name = point.name
            raise Missing(f"the threads of {name} lay on one core (siblings): hwperf run -k {name}")


def global_lock(seen: Evidence, measured: Quantity) -> None:
    """See that the interpreter has the lock of which the claim speaks."""
    for point in measured.points:
        if _said(point, "interpreter") == "free-threaded":
            raise Missing("this Python is free-threaded: it has no global lock")


def second_host(seen: Evidence, measured: Quantity) -> None:
    """See that the messages left this host."""
    for point in measured.points:
        if _said(point, "interface") == "lo":
            raise Missing("the second host is this one: the messages went over the loopback")


CHECKS = (accelerator, gpu, gpu_on_pcie, gpu_on_nvlink, own_cores, global_lock, second_host)
"""Every check but those of disks, which :func:`disk` makes."""


def _figure(seen: Evidence, name: str) -> Any:
    return seen.figure(*DISK, name)


def _said(point: Measurement, name: str) -> str:
    figures = point.record.get("figures")
    entry = figures.get(name) if isinstance(figures, dict) else None
    value = entry.get("value") if isinstance(entry, dict) else None
    return "" if value is None else str(value)


def _link_kind(measured: Quantity) -> str:
    from hwperf.host.accelerator.known import rows

    names = {_said(point, "data_sheet") for point in measured.points} - {""}
    return next((row.link_kind for row in rows() if row.name in names), "")
