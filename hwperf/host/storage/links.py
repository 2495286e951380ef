"""The link between a disk and the rest. This module says what PCIe and SATA links can carry.

What a link carries is the upper bound of what comes from the disk: rate of a lane x lanes x the
part of the bits that are data. Packet headers are not taken off.

Source: of PCIe, see :mod:`hwperf.host.pcie`. Serial ATA Specification 3.5, physical layer: 8b/10b.
Linux, Documentation/ABI/testing/sysfs-ata.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from hwperf.host import pcie
from hwperf.host.files import HOST, listing, optional
from hwperf.host.storage.paths import real

__all__ = ["Link", "link"]

_ATA = re.compile(r"/ata(\d+)/")
_NUMBER = re.compile(r"\d+(?:\.\d+)?")


@dataclass(frozen=True)
class Link:
    """A link as it was negotiated, and at most.

    Attributes:
        kind: "PCIe" or "SATA".
        rate: bits per second and lane, as they are on the wire: 8e9 for 8 GT/s.
        lanes: how many.
        most_rate, most_lanes: what both ends could do. An idle link may have slowed down.
    """

    kind: str
    rate: float
    lanes: int
    most_rate: float
    most_lanes: int

    @property
    def bandwidth(self) -> float:
        """B/s as it was negotiated."""
        return _bandwidth(self.kind, self.rate, self.lanes)

    @property
    def most_bandwidth(self) -> float:
        """B/s at most."""
        return _bandwidth(self.kind, self.most_rate, self.most_lanes)

    def __str__(self) -> str:
        now, most = self._words(self.rate, self.lanes), self._words(self.most_rate, self.most_lanes)
        return now if now == most else f"{now}, at most {most}"

    def _words(self, rate: float, lanes: int) -> str:
        if self.kind == "SATA":
            return f"SATA {rate / 1e9:g} Gbit/s"
        return pcie.words(rate, lanes)


def link(path: str, transport: str | None, root: Path = HOST) -> Link | None:
    """Return the link of the disk whose directory in /sys/devices is *path*, or None: not told."""
    if transport == "sata" and _ATA.search(path):
        return _sata(path, root)
    if transport in ("sata", "sas", "scsi"):
        return _pcie(path, root)  # The adapter's, which all disks behind it share.
    if transport == "nvme":
        return _nvme(path, root)
    return None


def _nvme(path: str, root: Path) -> Link | None:
    """Return the link of the drive's controller; None where several lead to one drive."""
    if "/nvme-subsystem/" not in path:
        return _pcie(path, root)
    # With multipath the disk belongs to the subsystem, which has a link to each controller.
    parent = str(PurePosixPath(path).parent)
    found = [name for name in listing(root, parent) if re.fullmatch(r"nvme\d+", name)]
    return _pcie(real(root, f"{parent}/{found[0]}"), root) if len(found) == 1 else None


def _pcie(path: str, root: Path) -> Link | None:
    """Return the link of the nearest PCI device from *path* upwards that tells one."""
    for directory in (PurePosixPath(path), *PurePosixPath(path).parents):
        rate, lanes = pcie.end(str(directory), "current", root)
        if rate is None or lanes is None:
            continue
        ends = [pcie.end(str(each), "max", root) for each in (directory, directory.parent)]
        rates = [rate for rate, _ in ends if rate is not None]
        widths = [lanes for _, lanes in ends if lanes is not None]
        return Link(
            "PCIe",
            rate,
            lanes,
            max(rate, min(rates, default=0)),
            max(lanes, min(widths, default=0)),
        )
    return None


def _sata(path: str, root: Path) -> Link | None:
    """Return the link of the ATA port that *path* goes through: port N has link N."""
    found = _ATA.search(path)
    directory = f"/sys/class/ata_link/link{found[1]}" if found else ""
    rate, most = (
        _NUMBER.match(optional(root, f"{directory}/{name}") or "")
        for name in ("sata_spd", "hw_sata_spd_limit")
    )
    if not rate or float(rate[0]) <= 0:
        return None  # "<unknown>": a parallel port, an emulated one, or nothing there.
    now = float(rate[0]) * 1e9
    return Link("SATA", now, 1, max(now, float(most[0]) * 1e9 if most else 0), 1)


def _bandwidth(kind: str, rate: float, lanes: int) -> float:
    return rate * lanes * 8 / 10 / 8 if kind == "SATA" else pcie.bandwidth(rate, lanes)
