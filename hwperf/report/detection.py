"""What ``hwperf info --measured`` measures. This module lists the points, and what is reported."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from hwperf.host import caches, cpu, simd, topology, virtualization
from hwperf.host import pages as working_memory
from hwperf.measure import Profile, Result, measure
from hwperf.plugins import Registry
from hwperf.report.detected import Point, Reported
from hwperf.units import KiB, MiB

__all__ = ["measured", "reported", "wanted"]

# Of the latency curve: beyond the caches of most machines, and quick to set up.
_LEAST = 128 * MiB
_STRIDED = 256 * KiB  # In L2: prefetching from there does not hide the line.
_PROFILE = Profile("measured", budget_s=0.15, rehearsal_s=-1.0)


def wanted(registry: Registry) -> list[tuple[str, dict[str, Any]]]:
    """Return the points to measure, by workload id and parameters, quick ones."""
    pages = "small" if working_memory.lacking("huge") else "huge"
    threads = topology.most_threads()[0]
    # Two steps and more beyond the last-level cache, so that what comes after it is seen, too.
    largest = max(_LEAST, 8 * caches.last_level_bytes())
    chosen: Mapping[str, Callable[[Mapping[str, Any]], bool]] = {
        "memory.latency": lambda p: (
            p["pages"] == pages and p["order"] == "whole" and p["nbytes"] <= largest
        ),
        "memory.stride": lambda p: p["nbytes"] == _STRIDED,
        "simd.fma": lambda p: p["dtype"] == "f64" and p["width"] != "scalar" and p["chains"] >= 12,
        "memory.parallel_latency": lambda p: p["pages"] == pages,
        "multicore.flops": lambda p: 1 < p["threads"] <= threads,
        "multicore.smt": lambda p: p["kernel"] == "flops",
    }
    return [
        (id, params)
        for id, is_chosen in chosen.items()
        if id in registry.workloads
        for params in registry.workloads[id].points()
        if is_chosen(params)
    ]


def measured(
    registry: Registry, points: list[tuple[str, dict[str, Any]]]
) -> Iterator[tuple[str, dict[str, Any], Point]]:
    """Measure *points* one after the other, in this process."""
    for id, params in points:
        yield id, params, _point(measure(registry.workloads[id], params, profile=_PROFILE))


def _point(result: Result) -> Point:
    return Point(
        value=result.value,
        interval=result.interval,
        cycles=result.cycles,
        ratios={name: ratio.value for name, ratio in result.against.items()},
        tag=str(result.tags.get("placement", "")),
        reason="" if result.is_measured else result.reason,
        is_noisy=result.verdict == "noisy",
    )


def reported() -> Reported:
    """Return what the system tells about the same things."""
    allowed = cpu.allowed_cpus()
    here = allowed[0] if allowed else None
    data = [each for each in caches.caches(cpu=here) if each.kind != "instruction"]
    sets = simd.simd_sets()
    widest = simd.sve_bits() if "sve" in sets else 8 * (simd.widest_bytes(sets) or 0)
    online = cpu.online_cpus()
    return Reported(
        caches={c.level: (c.size_bytes, len(c.shared_cpus)) for c in data if c.size_bytes},
        line_bytes=next((c.line_bytes for c in data if c.line_bytes), None),
        vector_bits=widest or None,
        threads_per_core=max((len(cpu.siblings(each)) for each in online), default=None),
        cpus=len(online) or None,
        usable=topology.most_threads(),
        is_virtual=virtualization.is_virtual(),
        has_huge_pages=working_memory.lacking("huge") is None,
    )
