"""What accelerators the system has. This module looks at the PCI bus and at device nodes only.

It starts no device and loads no library for one, and takes a millisecond or less: code that asks
it first can leave torch and OpenCL alone where there is nothing for them.

Source: PCI Code and ID Assignment Specification 1.16, base classes 03h and 12h; Linux,
Documentation/admin-guide/devices.txt, drivers/accel.
"""

from __future__ import annotations

import os
import platform
import re
import sys
from dataclasses import dataclass
from pathlib import Path

from hwperf.host.files import HOST, listing, optional

__all__ = ["Found", "present", "why_absent"]

_PCI = "/sys/bus/pci/devices"

_CLASSES = {
    "0x0300": "display controller",  # VGA compatible
    "0x0302": "3D controller",
    "0x0380": "display controller",  # without VGA: Instinct MI200, Data Center GPU Max
    "0x1200": "processing accelerator",
}
# Of these vendors only: a server's own display (ASPEED, Matrox) and an emulated one (QEMU, virtio)
# have the same classes, and compute nothing.
_VENDORS = {"0x10de": "NVIDIA", "0x1002": "AMD", "0x8086": "Intel"}

_NODES = ((re.compile(r"nvidia\d+"), "NVIDIA"), (re.compile(r"kfd"), "AMD"))


@dataclass(frozen=True)
class Found:
    """One accelerator.

    Attributes:
        vendor: "NVIDIA", "AMD", "Intel", "Apple", or "" where nothing tells.
        kind: "3D controller", "display controller" ..., or "device node": only that was seen.
        address: on the PCI bus, or "".
        device_id: "10de:2330", vendor and device in hexadecimal, or "".
        driver: that the kernel bound to it, or "": none.
        node: the device node that programs open, or "": none is here.
    """

    vendor: str
    kind: str
    address: str = ""
    device_id: str = ""
    driver: str = ""
    node: str = ""


def present(root: Path = HOST) -> tuple[Found, ...]:
    """Return the accelerators that the system has, by PCI address; empty where there is none.

    Seen is not usable: without a driver, or in a container that was not given the device node,
    `Found.node` is "".
    """
    if root == HOST and sys.platform == "darwin":
        # Every Apple processor has a GPU that Metal drives; Intel Macs' are not told.
        return (Found("Apple", "Metal"),) if platform.machine() == "arm64" else ()
    found = tuple(each for name in listing(root, _PCI) if (each := _on_bus(name, root)))
    return found or _by_nodes(root)


def why_absent(root: Path = HOST) -> str:
    """Return in one line why `present` finds nothing (or nothing usable), "" where it does."""
    seen = present(root)
    if not seen:
        if root == HOST and sys.platform == "darwin":
            return "no Apple processor: Metal's devices of Intel Macs are not looked for"
        return (
            "no /dev/nvidia0, no /dev/kfd, no /dev/accel, and no display or processing accelerator "
            f"of {', '.join(_VENDORS.values())} on the PCI bus"
        )
    if any(each.node or each.kind == "Metal" for each in seen):
        return ""
    first = seen[0]
    cause = f"its driver is {first.driver}" if first.driver else "no driver is bound to it"
    return (
        f"{first.address} ({first.vendor}) has no device node here, {cause}: load the driver, "
        "or give the container the device"
    )


def _on_bus(name: str, root: Path) -> Found | None:
    """Return the accelerator at the PCI address *name*, or None: it is something else."""
    directory = f"{_PCI}/{name}"
    kind = _CLASSES.get((optional(root, f"{directory}/class") or "")[:6])
    if kind is None:
        return None
    vendor_id = optional(root, f"{directory}/vendor") or ""
    vendor = _VENDORS.get(vendor_id)
    if vendor is None and kind != "processing accelerator":
        return None
    device_id = optional(root, f"{directory}/device") or ""
    return Found(
        vendor or "",
        kind,
        name,
        f"{vendor_id.removeprefix('0x')}:{device_id.removeprefix('0x')}",
        _driver(directory, root),
        _node(name, vendor, root),
    )


def _driver(directory: str, root: Path) -> str:
    try:
        return os.path.basename(os.readlink(os.path.join(root, directory[1:], "driver")))
    except OSError:
        return ""


def _node(address: str, vendor: str | None, root: Path) -> str:
    """Return the device node of the device at *address* that is there, or ""."""
    if vendor == "NVIDIA":
        told = optional(root, f"/proc/driver/nvidia/gpus/{address}/information") or ""
        minor = re.search(r"^Device Minor:\s*(\d+)$", told, re.MULTILINE)
        if minor:
            return _there(f"/dev/nvidia{minor[1]}", root)
    if vendor == "AMD" and not _there("/dev/kfd", root):
        return ""  # Every ROCm program opens it; with a render node alone there is only graphics.
    for kind in ("drm", "accel"):
        for name in listing(root, f"{_PCI}/{address}/{kind}"):
            node = f"/dev/dri/{name}" if kind == "drm" else f"/dev/accel/{name}"
            if name.startswith(("renderD", "accel")) and _there(node, root):
                return node
    return ""


def _there(path: str, root: Path) -> str:
    return path if os.path.exists(os.path.join(root, path[1:])) else ""


def _by_nodes(root: Path) -> tuple[Found, ...]:
    """Return what device nodes alone tell, where the PCI bus is hidden."""
    names = listing(root, "/dev")
    found = [
        Found(vendor, "device node", node=f"/dev/{name}")
        for pattern, vendor in _NODES
        for name in names
        if pattern.fullmatch(name)
    ]
    found += [
        Found("", "device node", node=f"/dev/accel/{name}")
        for name in listing(root, "/dev/accel")
        if name.startswith("accel")
    ]
    return tuple(found)
