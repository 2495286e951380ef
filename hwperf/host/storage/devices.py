"""The devices below a file system. This module follows them down to the disks and describes each.

Source: Linux, Documentation/ABI/stable/sysfs-block and testing/sysfs-block-dm,
Documentation/admin-guide/md.rst.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from hwperf.host.files import HOST, listing, optional
from hwperf.host.storage.links import Link, link
from hwperf.host.storage.origin import origins
from hwperf.host.storage.paths import exists, real
from hwperf.host.storage.transport import transport

__all__ = ["BLOCK", "Device", "chain", "disks"]

BLOCK = "/sys/class/block"
_SECTOR_BYTES = 512  # In "size", whatever the device's blocks are.

# What device-mapper's users put before the uuid of their devices.
_MAPPED = (
    ("CRYPT-LUKS", "LUKS"), ("CRYPT-", "dm-crypt"), ("LVM-", "LVM"), ("mpath-", "multipath"),
    ("VDO-", "VDO"),
)  # fmt: skip


@dataclass(frozen=True)
class Device:
    """One block device; None and "" stand for what the system does not tell.

    A partition has the queue of its disk. Disks are those that lie on no other device; only they
    have a model, a vendor, a transport and a link.

    Attributes:
        name: as in /sys/class/block.
        kind: "partition", "LUKS", "dm-crypt", "LVM", "multipath", "VDO", "device mapper",
            "md raid1" and its like, or "disk".
        transport: see `hwperf.host.storage.transport`.
        rotational: whether the system takes it for one that turns.
        scheduler: of the requests.
        queue_depth: requests that the kernel queues (nr_requests).
        device_queue_depth: commands that the device takes at once.
        write_cache: "write back" or "write through".
        size_bytes, logical_block_bytes, physical_block_bytes, read_ahead_bytes: in bytes.
    """

    name: str
    kind: str
    size_bytes: int | None = None
    rotational: bool | None = None
    scheduler: str | None = None
    queue_depth: int | None = None
    logical_block_bytes: int | None = None
    physical_block_bytes: int | None = None
    write_cache: str | None = None
    read_ahead_bytes: int | None = None
    device_queue_depth: int | None = None
    model: str = ""
    vendor: str = ""
    transport: str | None = None
    link: Link | None = None

    @property
    def is_disk(self) -> bool:
        """It lies on no other device."""
        return self.kind == "disk"

    @property
    def link_bandwidth(self) -> float | None:
        """B/s of the link as it was negotiated."""
        return self.link.bandwidth if self.link else None


def chain(device: str, root: Path = HOST) -> tuple[Device, ...]:
    """Return the devices from that of a file system down to the disks, each once.

    Args:
        device: "MAJOR:MINOR" of the file system. Major 0 is of no device: then what was mounted
            is followed, where that is one.

    Raises:
        Unavailable: where the system does not tell; the text says why.
    """
    names: dict[str, None] = {}
    waiting = list(origins(device, root))
    while waiting:
        name = waiting.pop(0)
        if name not in names:
            names[name] = None
            waiting = [*_below(name, root), *waiting]
    return tuple(_device(name, root) for name in names)


def disks(devices: tuple[Device, ...]) -> tuple[Device, ...]:
    """Return those of *devices* that lie on no other."""
    return tuple(device for device in devices if device.is_disk)


def _below(name: str, root: Path) -> tuple[str, ...]:
    """Return the names of the devices that *name* lies on."""
    if exists(root, f"{BLOCK}/{name}/partition"):
        parent = _disk_of(name, root)
        return (parent,) if parent != name else ()
    return listing(root, f"{BLOCK}/{name}/slaves")


def _disk_of(partition: str, root: Path) -> str:
    """Return the name of the disk: a partition's directory lies in that of its disk."""
    parent = PurePosixPath(real(root, f"{BLOCK}/{partition}")).parent.name
    return parent if exists(root, f"{BLOCK}/{parent}") else partition


def _device(name: str, root: Path) -> Device:
    directory = f"{BLOCK}/{name}"
    kind = _kind(name, root)
    queue = f"{BLOCK}/{_disk_of(name, root) if kind == 'partition' else name}/queue"
    sectors = _number(root, f"{directory}/size")
    kibibytes = _number(root, f"{queue}/read_ahead_kb")
    turns = optional(root, f"{queue}/rotational")
    found = Device(
        name=name,
        kind=kind,
        size_bytes=None if sectors is None else sectors * _SECTOR_BYTES,
        rotational=turns == "1" if turns in ("0", "1") else None,
        scheduler=_chosen(optional(root, f"{queue}/scheduler")),
        queue_depth=_number(root, f"{queue}/nr_requests"),
        logical_block_bytes=_number(root, f"{queue}/logical_block_size"),
        physical_block_bytes=_number(root, f"{queue}/physical_block_size"),
        write_cache=optional(root, f"{queue}/write_cache") or None,
        read_ahead_bytes=None if kibibytes is None else kibibytes * 1024,
    )
    return _with_hardware(found, root) if found.is_disk else found


def _with_hardware(disk: Device, root: Path) -> Device:
    """Return *disk* with what only the hardware below it has."""
    path = real(root, f"{BLOCK}/{disk.name}")
    hardware = f"{BLOCK}/{disk.name}/device"
    attached = transport(disk.name, path, root)
    vendor = optional(root, f"{hardware}/vendor") or ""
    return replace(
        disk,
        device_queue_depth=_number(root, f"{hardware}/queue_depth"),
        # An SD card has a name instead of a model.
        model=optional(root, f"{hardware}/model") or optional(root, f"{hardware}/name") or "",
        vendor="" if vendor.startswith("0x") else vendor,  # The number of a bus, as virtio's.
        transport=attached,
        link=link(path, attached, root),
    )


def _kind(name: str, root: Path) -> str:
    directory = f"{BLOCK}/{name}"
    if exists(root, f"{directory}/partition"):
        return "partition"
    level = optional(root, f"{directory}/md/level")
    if level is not None:
        return f"md {level}".strip()
    uuid = optional(root, f"{directory}/dm/uuid")
    if uuid is None:
        return "disk"
    return next((kind for start, kind in _MAPPED if uuid.startswith(start)), "device mapper")


def _chosen(told: str | None) -> str | None:
    """Return the word in brackets of "none [mq-deadline] bfq", or the only word."""
    return None if not told else told.partition("[")[2].partition("]")[0] or told


def _number(root: Path, path: str) -> int | None:
    told = optional(root, path)
    return int(told) if told and told.isdecimal() and len(told) < 20 else None
