"""What the device is: what the system says, what it does, and where these contradict."""

from __future__ import annotations

from pathlib import Path

from hwperf import Figure
from hwperf.host import storage
from hwperf.host.facts import Unavailable

__all__ = ["figures"]


def figures(directory: Path, latency_s: float | None) -> dict[str, Figure]:
    """Return what the storage below *directory* is told to be and what it behaves as.

    Args:
        directory: on it.
        latency_s: of one direct random read of 4 KiB at a time; None where it is not known.
    """
    try:
        file_system = storage.file_system(directory)
    except Unavailable:
        return {"behaves_as": Figure(storage.behaves(latency_s))}
    try:
        chain = storage.chain(file_system.device)
    except Unavailable:
        chain = ()
    told, behaves = storage.told(file_system, chain), storage.behaves(latency_s)
    turning = {disk.rotational for disk in storage.disks(chain)}
    rotational = turning.pop() if len(turning) == 1 else None
    found = {
        "told_to_be": Figure(told),
        "behaves_as": Figure(behaves),
        "counts_as": Figure(", ".join(sorted(storage.needs(told, behaves))) or "none of the table"),
    }
    why = storage.conflict(told, latency_s, rotational)
    if why:
        found["conflict"] = Figure(why)
    return found
