"""Which CPUs are near an accelerator. This module gives those of its NUMA node that we may use.

A host buffer on another node is copied through the link between processors, which can cost two
thirds of the bandwidth. Threads that touch and copy it belong on the device's own node.
"""

from __future__ import annotations

from pathlib import Path

from hwperf.host import cpu
from hwperf.host.accelerator.pci import attachment
from hwperf.host.facts import Unavailable
from hwperf.host.files import HOST, numbered, optional
from hwperf.host.processor import format_cpu_list

__all__ = ["near", "why_none"]

_NODES = "/sys/devices/system/node"


def near(
    pci_address: str, *, allowed: tuple[int, ...] | None = None, root: Path = HOST
) -> tuple[int, ...] | None:
    """Return the CPUs of the device's NUMA node that this process may use, ascending, or None.

    Args:
        pci_address: as torch, NVML or OpenCL give it.
        allowed: the CPUs that may be used; this process's by default.
        root: the running system, or a recorded tree.
    """
    return _looked_up(pci_address, allowed, root)[0] or None


def why_none(pci_address: str, *, allowed: tuple[int, ...] | None = None, root: Path = HOST) -> str:
    """Return why `near` gives None, "" where it gives CPUs; for the same arguments."""
    return _looked_up(pci_address, allowed, root)[1]


def _looked_up(
    pci_address: str, allowed: tuple[int, ...] | None, root: Path
) -> tuple[tuple[int, ...], str]:
    """Return (the near CPUs that may be used, why there are none)."""
    ours = cpu.allowed_cpus() if allowed is None else allowed
    try:
        where = attachment(pci_address, root)
    except (ValueError, Unavailable) as reason:
        return (), str(reason)
    nodes = numbered(root, _NODES, "node")
    if not nodes:
        return (), f"{_NODES} does not exist here: the kernel tells of no NUMA nodes"
    if where.numa_node is None and len(nodes) > 1:
        return (), f"the firmware does not say on which of {len(nodes)} nodes {where.address} is"
    node = nodes[0] if where.numa_node is None else where.numa_node  # With one it is on that one.
    of_node = cpu.parse_cpu_list(optional(root, f"{_NODES}/node{node}/cpulist") or "")
    if not of_node:
        return (), f"NUMA node {node} of {where.address} has no CPUs"
    usable = tuple(sorted(set(of_node) & set(ours)))
    if usable:
        return usable, ""
    return (), (
        f"this process may use CPUs {format_cpu_list(ours)} only, and {where.address} is on NUMA "
        f"node {node} with CPUs {format_cpu_list(of_node)}"
    )
