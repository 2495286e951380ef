"""Virtual machines. This module says whether we run in one, and by what sign.

In a guest most facts are what the host chose to tell: cache sizes, siblings, memory modules.
"""

from __future__ import annotations

from pathlib import Path

from hwperf.host.cpu import cpuinfo
from hwperf.host.facts import Unavailable
from hwperf.host.files import HOST, optional

__all__ = ["container", "hypervisor", "is_virtual"]

# What sys_vendor or product_name of the DMI table say, and the hypervisor that says so.
_DMI = {
    "QEMU": "KVM or QEMU",
    "KVM": "KVM",
    "Amazon EC2": "Amazon EC2",
    "Google Compute Engine": "Google Compute Engine",
    "OpenStack": "KVM or QEMU",
    "VMware": "VMware",
    "VirtualBox": "VirtualBox",
    "innotek": "VirtualBox",
    "Virtual Machine": "Hyper-V",
    "Xen": "Xen",
    "Parallels": "Parallels",
    "BHYVE": "bhyve",
    "Apple Virtualization": "Apple Virtualization",
    "Alibaba Cloud ECS": "Alibaba Cloud ECS",
}
# Clock sources that only exist in one hypervisor's guests.
_CLOCKS = {"kvm-clock": "KVM", "hyperv": "Hyper-V", "xen": "Xen"}


def hypervisor(root: Path = HOST) -> tuple[str, str]:
    """Return (name, the sign of it): "none" on bare metal, "unnamed" when only the flag tells.

    Raises:
        Unavailable: when there is no sign either way.
    """
    told = cpuinfo(root)
    flagged = "hypervisor" in told.get("flags", "").split()
    if "flags" in told and not flagged:
        return "none", "no 'hypervisor' flag in /proc/cpuinfo (CPUID.1:ECX[31])"
    named = _named(root)
    if named:
        return named
    if flagged:
        return "unnamed", "the 'hypervisor' flag in /proc/cpuinfo (CPUID.1:ECX[31])"
    vendor = optional(root, "/sys/class/dmi/id/sys_vendor")
    if vendor:
        return "none", f"/sys/class/dmi/id/sys_vendor is {vendor!r}"
    raise Unavailable("no cpuid flag, /sys/hypervisor, device tree or DMI table tells")


def is_virtual(root: Path = HOST) -> bool | None:
    """Return whether we run in a virtual machine, or None when there is no sign either way."""
    try:
        return hypervisor(root)[0] != "none"
    except Unavailable:
        return None


def container(root: Path = HOST) -> tuple[str, str]:
    """Return (kind of container or "none", the sign of it).

    Raises:
        Unavailable: where the system has no /proc to look at.
    """
    for path, name in (("/.dockerenv", "docker"), ("/run/.containerenv", "podman")):
        if (root / path.lstrip("/")).exists():
            return name, path
    managed = optional(root, "/run/systemd/container")
    if managed:
        return managed, "/run/systemd/container"
    groups = optional(root, "/proc/self/cgroup")
    if groups is None:
        raise Unavailable("/proc/self/cgroup cannot be read")
    for name in ("docker", "kubepods", "libpod", "lxc", "containerd"):
        if f"/{name}" in groups:
            return name, "/proc/self/cgroup"
    return "none", "no sign in /.dockerenv, /run or /proc/self/cgroup"


def _named(root: Path) -> tuple[str, str] | None:
    for path in ("/sys/hypervisor/type", "/proc/device-tree/hypervisor/compatible"):
        name = optional(root, path)
        if name:
            return name.rstrip("\0"), path
    for field in ("product_name", "sys_vendor"):
        path = f"/sys/class/dmi/id/{field}"
        value = optional(root, path) or ""
        for sign, name in _DMI.items():
            if sign in value:
                return name, f"{path} is {value!r}"
    path = "/sys/devices/system/clocksource/clocksource0/available_clocksource"
    clocks = optional(root, path) or ""
    for sign, name in _CLOCKS.items():
        if sign in clocks:
            return name, f"{path} has {sign!r}"
    return None
