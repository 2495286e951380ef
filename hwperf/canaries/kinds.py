"""Which canaries there are. This module names them, what each feels, and how one is recognised.

A canary is a short benchmark of the hardware that rides in somebody else's asv suite. In any
directory of results it is known by its version, which asv keeps with every number.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from hwperf.metrics import BANDWIDTH, CLOCK, LATENCY, Metric
from hwperf.units import KiB, MiB

__all__ = ["BY_NAME", "CANARIES", "RESOURCES", "Canary", "recognised"]

RESOURCES: Mapping[str, str] = MappingProxyType(
    {
        "processor": "the core: its clock, and how much of its time one gets",
        "memory": "the caches that cores share, and main memory",
        "storage": "the disk below the suite",
        "device": "the way to the accelerator",
    }
)
"""What a canary may feel, with what it means."""

_VERSION = re.compile(r"hwperf-canary-(?P<name>[a-z0-9_]+)-\d+")


@dataclass(frozen=True)
class Canary:
    """One canary.

    Attributes:
        name: stable for ever.
        resource: what it feels, one of :data:`RESOURCES`.
        workload: the id of the workload that it runs.
        params: the one point of it.
        metric: what people read in place of the cost.
        revision: counts up when what is timed changes; numbers of two revisions are never compared.
        words: what it is, for people.
    """

    name: str
    resource: str
    workload: str
    metric: Metric
    words: str
    params: Mapping[str, Any] = field(default_factory=dict)
    revision: int = 1

    @property
    def domain(self) -> str:
        """The part of the workload's id before the dot."""
        return self.workload.partition(".")[0]

    @property
    def version(self) -> str:
        """The version that asv keeps: the mark by which a canary is recognised."""
        return f"hwperf-canary-{self.name}-{self.revision}"


CANARIES: tuple[Canary, ...] = (
    Canary("core_clock", "processor", "core.clock", CLOCK, "core clock"),
    Canary(
        # Above the first level of every current core (Apple's of 128 KiB apart), within the second.
        "l2_latency", "processor", "memory.latency", LATENCY, "L2 latency",
        {"nbytes": 128 * KiB, "pages": "small", "order": "whole"},
    ),
    Canary(
        "system_call", "processor", "multicore.system", LATENCY, "system call",
        {"what": "syscall"},
    ),
    Canary(
        # Above the 2 MiB of the largest second level, within the share of one core of the third.
        "l3_latency", "memory", "memory.latency", LATENCY, "L3 latency",
        {"nbytes": 4 * MiB, "pages": "small", "order": "local"},
    ),
    Canary(
        "memory_latency", "memory", "memory.latency", LATENCY, "memory latency",
        {"nbytes": 256 * MiB, "pages": "small", "order": "whole"},
    ),
    Canary(
        "memory_bandwidth", "memory", "memory.read", BANDWIDTH, "memory bandwidth",
        {"nbytes": 256 * MiB, "pages": "small"},
    ),
    Canary(
        "file_sync", "storage", "storage.fsync", LATENCY, "file sync",
        {"how": "fdatasync"},
    ),
    Canary(
        "host_to_device", "device", "transfer.host_to_device", BANDWIDTH, "host to device",
        {"nbytes": 4 * MiB, "memory": "pinned"},
    ),
)  # fmt: skip
"""Every canary, in the order in which results are shown."""

BY_NAME: Mapping[str, Canary] = MappingProxyType({each.name: each for each in CANARIES})
"""Every canary by its name."""


def recognised(version: str | None) -> Canary | None:
    """Return the canary that asv's *version* of a benchmark marks, None where it is none.

    A revision that this hwperf does not know is a canary all the same: its series is its own.
    """
    found = _VERSION.fullmatch(version or "")
    return None if found is None else BY_NAME.get(found["name"])
