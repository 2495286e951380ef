"""PCI Express links. This module says what the two ends of a link tell, and what it can carry.

What a link carries is the upper bound of what crosses it, per direction: rate of a lane x lanes x
the part of the bits that are data. Packet headers are not taken off: 20 to 24 B for each payload of
128 or 256 B, so that 84 to 92 % is left for the payload.

Source: PCI-SIG, PCI Express Base Specification 6.0, physical layer: 8b/10b at 2.5 and 5 GT/s,
128b/130b at 8, 16 and 32 GT/s; at 64 GT/s flits of 256 B, of which 236 are data and 6 belong to the
link layer, the rest are check bytes. Linux, Documentation/ABI/testing/sysfs-bus-pci.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Literal

from hwperf.host.files import optional

__all__ = ["GENERATIONS", "bandwidth", "end", "words"]

GENERATIONS = {1: 2.5e9, 2: 5e9, 3: 8e9, 4: 16e9, 5: 32e9, 6: 64e9}
"""Bits per second and lane on the wire, by generation."""

_MOST_LANES = 32  # The widest that the specification has; the kernel gives 63 or 255 for unknown.
_NUMBER = re.compile(r"\d+(?:\.\d+)?")


def bandwidth(rate: float, lanes: int) -> float:
    """Return the B/s that *lanes* lanes carry in one direction.

    Args:
        rate: bits per second and lane on the wire, 8e9 for 8 GT/s.
        lanes: how many.
    """
    if rate < 8e9:
        data = 8 / 10
    elif rate < 64e9:
        data = 128 / 130
    else:
        data = 242 / 256
    return rate * lanes * data / 8


def end(
    directory: str, which: Literal["current", "max"], root: Path
) -> tuple[float | None, int | None]:
    """Return (bits/s and lane, lanes) that one end of a link tells; None for what it does not.

    Args:
        directory: of the PCI device or port, in /sys.
        which: "current" as it was negotiated, "max" what this end could do.
        root: the running system, or a recorded tree.
    """
    rate = _NUMBER.match(optional(root, f"{directory}/{which}_link_speed") or "")
    lanes = optional(root, f"{directory}/{which}_link_width") or ""
    width = int(lanes) if lanes.isdecimal() and len(lanes) < 4 else 0
    return (
        float(rate[0]) * 1e9 if rate and float(rate[0]) > 0 else None,
        width if 1 <= width <= _MOST_LANES else None,
    )


def words(rate: float, lanes: int) -> str:
    """Return a link as people write it: ``PCIe 16 GT/s x16``."""
    return f"PCIe {rate / 1e9:g} GT/s x{lanes}"
