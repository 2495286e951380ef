"""How an accelerator is attached. This module reads the PCIe links between it and the processor.

The narrowest link on the way up to the root port bounds every transfer with the host: a slot that
is wired for 8 lanes, a switch whose upstream link is older than the card. Ends tell what they were
negotiated to ("current") and what they could do ("max"). An idle link slows down to save power, so
bounds are made of what both ends could do.

Source: Linux, Documentation/ABI/testing/sysfs-bus-pci; PCI Express Base Specification 6.0, section
1.3 (fabric topology): a link joins a port that points down (of the root complex or of a switch)
with an endpoint or a switch's port that points up.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from hwperf.host import pcie
from hwperf.host.cpu import parse_cpu_list
from hwperf.host.facts import Unavailable
from hwperf.host.files import HOST, optional
from hwperf.host.storage.paths import exists, real
from hwperf.host.virtualization import is_virtual

__all__ = ["DEVICES", "Attachment", "Hop", "address", "attachment", "bandwidth"]

DEVICES = "/sys/bus/pci/devices"

# Domain of 4 to 8 digits (NVML has 8), or none (some interfaces leave out 0000).
_TOLD = re.compile(
    r"(?:(?P<domain>[0-9a-f]{1,8}):)?(?P<bus>[0-9a-f]{1,2}):(?P<device>[0-9a-f]{1,2})"
    r"(?:\.(?P<function>[0-7]))?"
)
_ADDRESS = re.compile(r"[0-9a-f]{4,8}:[0-9a-f]{2}:[0-9a-f]{2}\.[0-7]")


@dataclass(frozen=True)
class Hop:
    """One link.

    Attributes:
        lower: address of the end that is farther from the processor.
        upper: address of the port above it, or "" where that does not tell (in virtual machines).
        rate, lanes: as negotiated, bits/s and lane; None where it is not told.
        most_rate, most_lanes: what both ends could do.
        own_rate, own_lanes: what the lower end could do in another slot.
    """

    lower: str
    upper: str
    rate: float | None
    lanes: int | None
    most_rate: float
    most_lanes: int
    own_rate: float
    own_lanes: int

    @property
    def bandwidth(self) -> float | None:
        """B/s per direction as negotiated, or None where it is not told."""
        if self.rate is None or self.lanes is None:
            return None
        return pcie.bandwidth(self.rate, self.lanes)

    @property
    def most_bandwidth(self) -> float:
        """B/s per direction at most."""
        return pcie.bandwidth(self.most_rate, self.most_lanes)

    def __str__(self) -> str:
        most = pcie.words(self.most_rate, self.most_lanes)
        if self.rate is None or self.lanes is None:
            return f"at most {most}"
        now = pcie.words(self.rate, self.lanes)
        return now if now == most else f"{now}, at most {most}"


@dataclass(frozen=True)
class Attachment:
    """Where a PCI device is, and over which links.

    Attributes:
        address: domain:bus:device.function, as in /sys/bus/pci/devices.
        hops: the links from the device up to the root port, where they are told.
        numa_node: the node that it is near to, or None: not told.
        local_cpus: the CPUs that it is near to, as far as told.
    """

    address: str
    hops: tuple[Hop, ...]
    numa_node: int | None
    local_cpus: tuple[int, ...]

    @property
    def narrowest(self) -> Hop | None:
        """The link that carries least of those on the way, the nearest of equals, or None."""
        return min(self.hops, key=lambda hop: hop.most_bandwidth, default=None)

    @property
    def bandwidth(self) -> float | None:
        """B/s per direction that the way to the processor carries at most, or None: not told."""
        narrowest = self.narrowest
        return narrowest.most_bandwidth if narrowest else None


def address(told: str) -> str:
    """Return a PCI address as sysfs writes it: "00000000:17:00.0" is "0000:17:00.0".

    Args:
        told: as torch, NVML, OpenCL or lspci tell it; a missing domain or function is 0.

    Raises:
        ValueError: for what is no PCI address.
    """
    found = _TOLD.fullmatch(told.strip().lower())
    if not found:
        raise ValueError(f"{told!r} is no PCI address: expected e.g. 0000:17:00.0")
    domain, bus, device = (int(found[name] or "0", 16) for name in ("domain", "bus", "device"))
    return f"{domain:04x}:{bus:02x}:{device:02x}.{found['function'] or '0'}"


def attachment(told: str, root: Path = HOST) -> Attachment:
    """Return how the device at the PCI address *told* is attached.

    In a virtual machine only the device itself is asked: the ports above it are made up.

    Raises:
        ValueError: for what is no PCI address.
        Unavailable: where the system has no such device.
    """
    where = address(told)
    if not exists(root, f"{DEVICES}/{where}"):
        raise Unavailable(f"{DEVICES}/{where} does not exist here")
    directory = PurePosixPath(real(root, f"{DEVICES}/{where}"))
    alone = is_virtual(root) is not False
    pairs = _pairs(directory)[:1] if alone else _pairs(directory)
    node = optional(root, f"{directory}/numa_node")
    return Attachment(
        where,
        tuple(hop for ends in pairs if (hop := _hop(*ends, alone, root))),
        int(node) if node and node.isdecimal() else None,  # -1: not told
        parse_cpu_list(optional(root, f"{directory}/local_cpulist") or ""),
    )


def bandwidth(told: str, root: Path = HOST) -> float | None:
    """Return the B/s per direction that the way to the device carries at most, or None: not told.

    Args:
        told: the PCI address; None too for what is none, or of a device that is not here.
        root: the running system, or a recorded tree.
    """
    try:
        return attachment(told, root).bandwidth
    except (ValueError, Unavailable):
        return None


def _pairs(directory: PurePosixPath) -> list[tuple[PurePosixPath, PurePosixPath | None]]:
    """Return (lower end, port above) of each link, from the device's *directory* upwards.

    A switch is two directories, its port that points up and below it the one that points down;
    between them is no link. So links and switches alternate: the ends of links come in pairs.
    """
    ports = [each for each in (directory, *directory.parents) if _ADDRESS.fullmatch(each.name)]
    return [
        (lower, ports[index + 1] if index + 1 < len(ports) else None)
        for index, lower in enumerate(ports)
        if index % 2 == 0
    ]


def _hop(lower: PurePosixPath, upper: PurePosixPath | None, alone: bool, root: Path) -> Hop | None:
    """Return the link between two ends, or None where the lower one tells of none."""
    own_rate, own_lanes = pcie.end(str(lower), "max", root)
    rate, lanes = pcie.end(str(lower), "current", root)
    own_rate, own_lanes = own_rate or rate, own_lanes or lanes
    if own_rate is None or own_lanes is None:
        return None
    port = None if alone else upper
    port_rate, port_lanes = pcie.end(str(port), "max", root) if port else (None, None)
    return Hop(
        lower.name,
        port.name if port else "",
        rate,
        lanes,
        # What was negotiated is possible, whatever "max" says.
        max(rate or 0, min(own_rate, port_rate or own_rate)),
        max(lanes or 0, min(own_lanes, port_lanes or own_lanes)),
        own_rate,
        own_lanes,
    )
