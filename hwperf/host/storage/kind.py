"""What kind of storage it is: by what the system tells, and by how fast it answers.

The two may differ: a virtual disk says that it turns, a disk of a cloud says NVMe. This module
keeps them apart, says where they contradict each other, and which rows of the lecture's table
apply.
"""

from __future__ import annotations

import math

from hwperf.host.storage.devices import Device, disks
from hwperf.host.storage.mounts import FileSystem
from hwperf.host.storage.transport import NETWORK, VIRTUAL
from hwperf.units import format_quantity

__all__ = [
    "FASTER",
    "FLASH",
    "HARD_DISK",
    "REMOTE",
    "UNKNOWN",
    "behaves",
    "conflict",
    "needs",
    "told",
]

HARD_DISK = "HDD"
REMOTE = "network or cloud disk"
FLASH = "flash"
FASTER = "faster than flash"
UNKNOWN = "unknown"

# s. Between the medians of one direct random read of 4 KiB at a time. A disk at 7,200 rev/min waits
# 4.2 ms for half a turn after about 8 ms for the arm, fast ones at 15,000 rev/min 2 ms for half a
# turn alone. Flash senses a page in 25 to 100 µs; a round trip in a data centre and the servers'
# work on both sides add some hundreds. What needs less than 30 µs is memory: a cache, a RAM disk,
# or phase-change memory such as Optane (about 10 µs).
_HARD_DISK_S = 2e-3
_REMOTE_S = 250e-6
_FLASH_S = 30e-6

# Names that hypervisors give to the disks that they make up, in vendor or model. Amazon's and
# Google's NVMe disks are not among them: to the guest they are NVMe.
_MADE_UP = ("QEMU", "VMware", "VBOX", "Msft", "Google", "PersistentDisk", "Virtual")

_AS = {
    HARD_DISK: "as a hard disk does",
    REMOTE: "as a network or cloud disk does",
    FLASH: "as flash does",
    FASTER: "faster than flash does",
}

# How what is told cannot behave. Phase-change memory is NVMe too, so NVMe may be faster than flash;
# a plain SATA SSD may take half a millisecond.
_NEVER = {
    "HDD": {FLASH, FASTER},
    "SSD": {HARD_DISK, FASTER},
    "SATA SSD": {HARD_DISK, FASTER},
    "NVMe": {HARD_DISK, REMOTE},
    "SD/eMMC": {FASTER},
    "USB disk": {FASTER},
    "network": {FASTER},
}


def told(fs: FileSystem, chain: tuple[Device, ...]) -> str:
    """Return what the system takes the storage for.

    "HDD", "SATA SSD", "SSD" (behind a SAS adapter or a RAID controller), "NVMe", "virtual disk",
    "network", "memory", "SD/eMMC", "USB disk"; "unknown" where it does not tell, or where disks
    of several kinds are below.
    """
    if fs.is_memory:
        return "memory"
    if fs.is_network:
        return "network"
    kinds = {_disk_kind(disk) for disk in disks(chain)}
    return kinds.pop() if len(kinds) == 1 else UNKNOWN


def behaves(latency_s: float | None) -> str:
    """Return what answers like that: "HDD", "network or cloud disk", "flash", "faster than flash".

    Args:
        latency_s: measured median of a direct random read of 4 KiB, one at a time; None gives
            "unknown".
    """
    if latency_s is None or not (math.isfinite(latency_s) and latency_s > 0):
        return UNKNOWN
    if latency_s > _HARD_DISK_S:
        return HARD_DISK
    if latency_s >= _REMOTE_S:
        return REMOTE
    return FLASH if latency_s >= _FLASH_S else FASTER


def conflict(told: str, latency_s: float | None, rotational: bool | None = None) -> str:
    """Return where what is told and what was measured contradict each other, or "".

    Args:
        told: from `told`.
        latency_s: as for `behaves`.
        rotational: whether the system says that the disk turns.
    """
    behaviour = behaves(latency_s)
    if rotational and behaviour in (FLASH, FASTER):
        says = "rotational"
    elif behaviour in _NEVER.get(told, ()):
        says = told
    elif rotational is False and behaviour == HARD_DISK:
        says = "not rotational"
    else:
        return ""
    answer = format_quantity(latency_s, "s", digits=2)
    return f"the system says {says}, and it answers in {answer}, {_AS[behaviour]}"


def needs(told: str, behaves: str) -> frozenset[str]:
    """Return the names of what the lecture's table speaks of that this storage is.

    What is told names the interface, and what was measured the medium: a row applies where both
    allow it. "SSD" is any flash drive; "cloud" is a disk that a hypervisor or a network is in
    front of, which the rows of bare drives do not describe.
    """
    if told in ("network", "memory", "SD/eMMC"):
        return frozenset({"network"} if told == "network" else ())
    if told == "virtual disk":
        return frozenset({"cloud"} | _medium(behaves))
    if told == "NVMe":
        return frozenset({"cloud"} if behaves in (HARD_DISK, REMOTE) else {"SSD", "NVMe"})
    if told == "HDD":
        return frozenset(_medium(behaves) if behaves in (FLASH, FASTER) else {"HDD"})
    if told in ("SSD", "SATA SSD"):
        return frozenset({"SSD", told} if behaves != HARD_DISK else ())
    return frozenset(_medium(behaves))


def _medium(behaves: str) -> set[str]:
    return {FLASH: {"SSD"}, HARD_DISK: {"HDD"}}.get(behaves, set())


def _disk_kind(disk: Device) -> str:
    transport = disk.transport or ""
    if transport in NETWORK:
        return "network"
    if transport in VIRTUAL or any(name in disk.vendor + disk.model for name in _MADE_UP):
        return "NVMe" if transport == "nvme" else "virtual disk"
    kinds = {
        "nvme": "NVMe", "zram": "memory", "brd": "memory", "mmc": "SD/eMMC", "usb": "USB disk",
        "loop": "loop device",
    }  # fmt: skip
    if transport in kinds:
        return kinds[transport]
    if transport not in ("sata", "sas", "scsi") or disk.rotational is None:
        return UNKNOWN
    if disk.rotational:
        return "HDD"
    return "SATA SSD" if transport == "sata" else "SSD"
