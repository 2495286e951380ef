"""One accelerator as the data file has it. This module holds its figures, each with its source.

Figures are in base units (B, B/s, FLOP/s, op/s, s), of one device as software sees it, dense, and
per direction where something is transferred.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

__all__ = ["DTYPES", "KINDS", "TYPICAL", "Accelerator", "Figure", "Range", "Source", "plain"]

DTYPES = (
    "f64", "f32", "tf32", "bf16", "f16", "f16_sum16", "fp8", "fp8_sum16", "int8",
)  # fmt: skip
"""Types of operands. Sums are kept in 32 bits (of f64 in 64); ``_sum16``: in 16 bits."""

TYPICAL = {
    "host_to_device": "B/s", "device_to_host": "B/s",
    "host_to_device_pageable": "B/s", "device_to_host_pageable": "B/s",
    "bidirectional": "B/s", "device_copy": "B/s", "stream_scale": "B/s", "stream_triad": "B/s",
    "peer": "B/s", "peer_bidirectional": "B/s", "all_reduce_bus": "B/s",
    "launch": "s", "launch_sync": "s",
    **{f"gemm_{dtype}": "op/s" if dtype == "int8" else "FLOP/s" for dtype in DTYPES},
}  # fmt: skip
"""What others measured, and its unit. Transfers are of pinned memory unless the name says so."""

KINDS = ("vendor", "measured", "derived")
"""vendor: a data sheet; measured: by somebody who says how; derived: calculated, `how` says from
what."""


@dataclass(frozen=True)
class Source:
    """Where a figure comes from.

    Attributes:
        title: who says so, and in what.
        url: where that is, or "".
        kind: one of `KINDS`.
        date: of the reading, YYYY-MM-DD or YYYY-MM, or "".
        via: the copy that was read, where it was not the document itself.
        how: for derived ones the calculation, else "".
    """

    title: str
    url: str = ""
    kind: str = "vendor"
    date: str = ""
    via: str = ""
    how: str = ""

    def __str__(self) -> str:
        details = [
            self.kind,
            *([self.how] if self.how else []),
            *([self.date] if self.date else []),
        ]
        return f"{self.title} ({', '.join(details)})"


@dataclass(frozen=True)
class Figure:
    """A value in its base unit, and where it comes from."""

    value: float
    source: Source


@dataclass(frozen=True)
class Range:
    """What others measured, from *lo* to *hi* in the base unit; they are equal for one figure."""

    lo: float
    hi: float
    source: Source


@dataclass(frozen=True)
class Accelerator:
    """One row of the data file.

    Attributes:
        name: of the row.
        file: that the row stands in.
        vendor, arch, form: e.g. "NVIDIA", "Hopper", "SXM5".
        match: regular expressions for the whole of a reported name.
        match_with_memory: further ones, for names that several devices share: they count only
            where the memory is told, and fits.
        devices_per_card: on how many devices, as software sees them, the card's figures are shared
            out; the row has those of one device.
        link_kind, link_generation, link_lanes: of the link to the host; 0 for what has none.
        peer_kind: of the link to another device, "" where the row has none.
        figures: by key, see :meth:`figure`.
        typicals: by metric, see `TYPICAL`.
    """

    name: str
    file: str
    vendor: str
    arch: str = ""
    form: str = ""
    match: tuple[str, ...] = ()
    match_with_memory: tuple[str, ...] = ()
    devices_per_card: int = 1
    link_kind: str = ""
    link_generation: int = 0
    link_lanes: int = 0
    peer_kind: str = ""
    figures: Mapping[str, Figure] = field(default_factory=dict, hash=False)
    typicals: Mapping[str, Range] = field(default_factory=dict, hash=False)

    @property
    def memory_bytes(self) -> int | None:
        """Bytes of device memory, nominal: the device reports a few per cent less."""
        value = self.value("memory_bytes")
        return None if value is None else int(value)

    @property
    def memory_bandwidth(self) -> float | None:
        """B/s between the device and its memory, reads and writes together."""
        return self.value("memory_bandwidth")

    @property
    def cache_bytes(self) -> int | None:
        """Bytes of the last-level cache."""
        value = self.value("cache_bytes")
        return None if value is None else int(value)

    @property
    def link_bandwidth(self) -> float | None:
        """B/s of the link to the host, per direction, in the best slot."""
        return self.value("link")

    @property
    def peer_bandwidth(self) -> float | None:
        """B/s to one other device, per direction."""
        return self.value("peer")

    @property
    def launch_s(self) -> float | None:
        """Seconds that launching an empty kernel typically takes, others queued behind it."""
        found = self.typical("launch")
        return None if found is None else found.lo

    def flops(self, dtype: str) -> float | None:
        """Return the dense FLOP/s (op/s of int8) of the fastest unit, or None: not in the row.

        Args:
            dtype: one of `DTYPES`. Vector and matrix units count alike: of f64 on an H100 the
                matrix units' 67 TFLOP/s.

        Raises:
            ValueError: for another type.
        """
        if dtype not in DTYPES:
            raise ValueError(f"dtype={dtype!r} is none of {', '.join(DTYPES)}")
        return self.value(f"flops.{dtype}")

    def flops_at_most(self, dtype: str) -> float | None:
        """Return `flops` of *dtype* whatever the sums are kept in: a limit."""
        narrow = f"{dtype}_sum16"
        both = [self.flops(dtype), self.flops(narrow) if narrow in DTYPES else None]
        return max((value for value in both if value is not None), default=None)

    def typical(self, metric: str) -> Range | None:
        """Return what others measured of *metric*, a key of `TYPICAL`, or None.

        Raises:
            ValueError: for another metric.
        """
        if metric not in TYPICAL:
            raise ValueError(f"metric={metric!r} is none of {', '.join(TYPICAL)}")
        return self.typicals.get(metric)

    def figure(self, key: str) -> Figure | None:
        """Return the figure of *key*: "memory_bandwidth", "flops.bf16", "link" ..., or None."""
        return self.figures.get(key)

    def value(self, key: str) -> float | None:
        """Return the value of *key* in its base unit, or None."""
        found = self.figures.get(key)
        return found.value if found else None

    def source_of(self, key: str) -> str:
        """Return who says what the row has of *key* (a figure's, or a typical metric's)."""
        found = self.figures.get(key) or self.typicals.get(key)
        return str(found.source) if found else f"the row {self.name!r} has no {key}"

    def matches(self, name: str, *, with_memory: bool = False) -> bool:
        """Return whether a device that reports *name* is this one, as far as the name tells."""
        patterns = (*self.match, *(self.match_with_memory if with_memory else ()))
        shown = plain(name)
        return any(re.fullmatch(pattern, shown, re.IGNORECASE) for pattern in patterns)


def plain(name: str) -> str:
    """Return *name* without what differs between interfaces: (R), (TM), runs of blanks."""
    return " ".join(re.sub(r"\((?:R|TM)\)|[®™]", "", name, flags=re.IGNORECASE).split())
