"""How a disk is attached. This module tells it by where the disk stands in /sys/devices.

Source: Linux, the drivers that name these directories: drivers/scsi/scsi_scan.c,
drivers/scsi/scsi_transport_{iscsi,fc,sas}.c, drivers/ata/libata-transport.c,
drivers/nvme/host/sysfs.c, drivers/xen/xenbus, drivers/hv/vmbus_drv.c.
"""

from __future__ import annotations

import re
from pathlib import Path

from hwperf.host.files import HOST, listing, optional
from hwperf.host.storage.paths import real

__all__ = ["NETWORK", "VIRTUAL", "transport"]

# Another machine, or a storage network, is at the other end.
NETWORK = frozenset({"nvme-tcp", "nvme-rdma", "nvme-fc", "iscsi", "fc", "nbd", "rbd", "drbd"})
# A hypervisor is at the other end.
VIRTUAL = frozenset({"virtio", "xen", "vmbus"})

# What a path goes through, outermost first: a SCSI disk may be behind any of the others.
_PATHS = (
    (re.compile(r"/usb\d+/"), "usb"),
    (re.compile(r"/virtio\d+/"), "virtio"),
    (re.compile(r"/vmbus", re.IGNORECASE), "vmbus"),
    (re.compile(r"/vbd-\d+/"), "xen"),
    (re.compile(r"/mmc_host/|/mmc\d+/"), "mmc"),
    (re.compile(r"/session\d+/"), "iscsi"),
    (re.compile(r"/rport-"), "fc"),
    (re.compile(r"/end_device-"), "sas"),
    (re.compile(r"/ata\d+/"), "sata"),
    (re.compile(r"/target\d+:"), "scsi"),
)
# Drivers that name their disks by themselves.
_NAMES = (
    ("loop", "loop"), ("zram", "zram"), ("ram", "brd"), ("nbd", "nbd"), ("rbd", "rbd"),
    ("drbd", "drbd"), ("bcache", "bcache"), ("ublkb", "ublk"), ("pmem", "pmem"), ("dm-", "dm"),
    ("md", "md"), ("mmcblk", "mmc"), ("xvd", "xen"), ("vd", "virtio"),
)  # fmt: skip


def transport(name: str, path: str, root: Path = HOST) -> str | None:
    """Return how the disk *name* at *path* in /sys/devices is attached, or None: not told."""
    if name.startswith("nvme"):
        fabric = _fabric(f"/sys/class/block/{name}/device", root)
        return "nvme" if fabric == "pcie" else f"nvme-{fabric}"
    found = next((kind for pattern, kind in _PATHS if pattern.search(path)), None)
    if found in ("sas", "scsi") and _vendor(name, root) == "ATA":
        return "sata"  # Behind a SAS adapter; so the kernel calls the maker of every ATA disk.
    found = found or next((kind for start, kind in _NAMES if name.startswith(start)), None)
    return found or _subsystem(name, root)


def _fabric(device: str, root: Path) -> str:
    """Return what carries NVMe: of the controller, or with multipath of the subsystem's first."""
    controllers = [name for name in listing(root, device) if re.fullmatch(r"nvme\d+", name)]
    names = ["transport", *(f"{name}/transport" for name in controllers)]
    found = (optional(root, f"{device}/{name}") for name in names)
    return next((fabric for fabric in found if fabric), "pcie")


def _vendor(name: str, root: Path) -> str | None:
    return optional(root, f"/sys/class/block/{name}/device/vendor")


def _subsystem(name: str, root: Path) -> str | None:
    start = f"/sys/class/block/{name}/device"
    end = real(root, f"{start}/subsystem")
    return None if end.startswith("/sys/class/block/") else end.rpartition("/")[2]
