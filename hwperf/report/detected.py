"""What the machine is, by what was measured. This module reads it off curves, beside what is told.

Nothing here is configured, and what the system reports is not used to find a value, only to be set
beside it: a virtual machine may get a share of a cache that is reported whole, hide its topology,
or run wide vectors in halves.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Any

from hwperf.peak import Peak, peak_of
from hwperf.report.hierarchy import levels

__all__ = ["Detected", "Point", "Reported", "detect", "in_flight", "line_bytes"]

_KNEE = 1.25  # Cost of a read at twice the stride over its cost, below which it has stopped rising.
_RISING = 1.5  # The same ratio above which it still rises with the bytes.
_SATURATED = 1.25  # Time per load of half as many chains over that of all: more would not help.
_CHAINS = 16  # The most independent chains that simd.fma measures.
_FMA_CYCLES = (
    4  # That a multiply-add takes on most cores (Fog, Instruction tables): 4 pipes fill 16.
)
_WHOLE = 0.85  # Part of the threads that a speed-up must reach for each to have a core.


@dataclass(frozen=True)
class Point:
    """What one point came to.

    Attributes:
        value: in base units, None where there is none.
        interval: of the value.
        cycles: clock cycles per unit of work.
        ratios: to the other kernels, by name.
        tag: how the CPUs of its threads lay to one another, where it has several.
        reason: why there is no value.
        is_noisy: whether it is not to be trusted on its own.
    """

    value: float | None = None
    interval: tuple[float, float] | None = None
    cycles: float | None = None
    ratios: Mapping[str, float] = field(default_factory=dict)
    tag: str = ""
    reason: str = ""
    is_noisy: bool = False


@dataclass(frozen=True)
class Reported:
    """What the system tells; None or empty where it does not.

    Attributes:
        caches: by level, the bytes of a data cache and how many CPUs share it.
        line_bytes: of a cache line.
        vector_bits: of the widest register.
        threads_per_core: hardware threads.
        cpus: CPUs that the system runs.
        usable: how many of them may work at once, and what says so.
        is_virtual: whether this is a virtual machine.
        has_huge_pages: whether the latency curve is of huge pages.
    """

    caches: Mapping[int, tuple[int, int]] = field(default_factory=dict)
    line_bytes: int | None = None
    vector_bits: int | None = None
    threads_per_core: int | None = None
    cpus: int | None = None
    usable: tuple[int, str] = (1, "affinity")
    is_virtual: bool | None = None
    has_huge_pages: bool = True


@dataclass(frozen=True)
class Detected:
    """One thing that was measured, beside what the system reports of it.

    Attributes:
        name: what it is.
        value: in the base unit or the words of *unit*; None where it could not be measured.
        unit: "B", or the words behind a number.
        interval: where the value lies.
        reported: the same as the system has it, or None.
        note: why they differ, or why there is no value.
        workloads: the ids of what was measured for it.
    """

    name: str
    value: float | None
    unit: str
    interval: tuple[float, float] | None
    reported: float | None
    note: str
    workloads: tuple[str, ...]


Points = Mapping[str, Sequence[tuple[Mapping[str, Any], Point]]]


def detect(points: Points, reported: Reported) -> list[Detected]:
    """Return everything that *points*, by workload id, tell about the machine."""
    found = [
        *_caches(points, reported),
        _line(points, reported),
        *_vectors(points, reported),
        _misses(points),
        _cores(points, reported),
        _siblings(points, reported),
    ]
    return [_doubted(points, each) for each in found]


def _doubted(points: Points, found: Detected) -> Detected:
    """Return *found*, saying where points that it rests on were noisy."""
    rests_on = [point for id in found.workloads[:1] for _, point in points.get(id, ())]
    n_noisy = sum(point.is_noisy for point in rests_on)
    if found.value is None or not n_noisy:
        return found
    note = f"{n_noisy} of {len(rests_on)} points noisy"
    return replace(found, note=f"{found.note}; {note}" if found.note else note)


def line_bytes(strides: Sequence[int], costs_s: Sequence[float]) -> int | None:
    """Return the stride from which each read has a line of its own, or None: there is no knee.

    Up to there the cost of a read doubles with the stride, as the lines that are moved do; from
    there on it stays.

    Args:
        strides: bytes between two reads, each twice the one before.
        costs_s: seconds per read.
    """
    ratios = [later / earlier for earlier, later in pairwise(costs_s)]
    for place in range(1, len(ratios)):
        if ratios[place - 1] >= _RISING and ratios[place] < _KNEE:
            return strides[place]
    return None


def in_flight(costs: Mapping[int, float]) -> tuple[float, bool] | None:
    """Return how many loads were under way at once, and whether more chains would bring no more.

    Args:
        costs: seconds per load, by the number of independent chains.
    """
    if 1 not in costs or len(costs) < 2:
        return None
    most = max(costs)
    before = max(chains for chains in costs if chains <= most / 2)
    return costs[1] / min(costs.values()), costs[before] < _SATURATED * min(costs.values())


def _caches(points: Points, reported: Reported) -> Iterator[Detected]:
    """Yield the capacity of each level, to one step of the curve."""
    workload_id = "memory.latency"
    curve = sorted(
        (int(params["nbytes"]), point.value)
        for params, point in points.get(workload_id, ())
        if point.value is not None
    )
    sizes = [size for size, _ in curve]
    found = levels(sizes, [value for _, value in curve])
    n_levels = max(reported.caches, default=3)
    for number, level in enumerate(found[:n_levels], start=1):
        if level.capacity_bytes is None:
            break
        above = sizes[sizes.index(level.capacity_bytes) + 1]
        told, sharers = reported.caches.get(number, (None, 1))
        yield Detected(
            name=f"L{number} capacity",
            value=level.capacity_bytes,
            unit="B",
            interval=(level.capacity_bytes, above),
            reported=told,
            note=_of_capacity(level.capacity_bytes, above, told, sharers, reported),
            workloads=(workload_id,),
        )
    if len(found) < 2:
        why = _reason(points, workload_id) or "the latency curve has no levels"
        yield Detected("cache capacities", None, "B", None, None, why, (workload_id,))


def _of_capacity(
    measured: int, above: int, told: int | None, sharers: int, reported: Reported
) -> str:
    if told is None or told == measured:
        return ""
    if measured < told <= above:
        return "within one step of the curve: a set as large as the cache shares it with other data"
    if told < measured:
        return "larger than reported: the next level is hardly slower"
    causes = []
    if sharers > 1:
        causes.append(f"{sharers} CPUs share it")
    if reported.is_virtual:
        causes.append("the host's cache is reported to a virtual machine that gets a share of it")
    if not reported.has_huge_pages:
        causes.append("on small pages the reach of the TLB makes steps, too")
    return " and ".join(causes) or "part of it is held by others, or its sets are used unevenly"


def _line(points: Points, reported: Reported) -> Detected:
    workload_id = "memory.stride"
    curve = sorted(
        (int(params["stride_bytes"]), point.value)
        for params, point in points.get(workload_id, ())
        if point.value is not None
    )
    found = line_bytes([stride for stride, _ in curve], [cost for _, cost in curve])
    note = ""
    if found is None:
        note = _reason(points, workload_id) or (
            "the cost of a read does not stop rising: a prefetcher may fetch lines in pairs"
        )
    elif reported.line_bytes not in (None, found):
        note = "a prefetcher may fetch lines in pairs"
    return Detected("cache line", found, "B", None, reported.line_bytes, note, (workload_id,))


def _vectors(points: Points, reported: Reported) -> Iterator[Detected]:
    workload_id = "simd.fma"
    rates: dict[int, float] = {}
    for params, point in points.get(workload_id, ()):
        bits = int(params["width"])
        if point.cycles:
            # Cycles per FLOP, and two FLOP for each lane of 64 bits: instructions per cycle.
            rate = 1 / (point.cycles * 2 * bits / 64)
            rates[bits] = max(rates.get(bits, 0.0), rate)
    if not rates:
        why = _reason(points, workload_id) or "multiply-adds could not be measured"
        yield Detected("vector width", None, "bit", None, reported.vector_bits, why, (workload_id,))
        yield Detected("FMA pipes", None, "", None, None, why, (workload_id,))
        return
    peak = peak_of(rates)
    told = reported.vector_bits
    yield Detected(
        "vector width",
        peak.full_rate_bits,
        "bit",
        None,
        told,
        _of_width(peak, told),
        (workload_id,),
    )
    note = f"{max(rates.values()):.2f} start a cycle"
    if peak.n_pipes * _FMA_CYCLES >= _CHAINS:
        note += ", as many as the chains that were measured can: at least so many"
    yield Detected("FMA pipes", peak.n_pipes, "", None, None, note, (workload_id,))


def _of_width(peak: Peak, told: int | None) -> str:
    if peak.widest_is_halved:
        return (
            f"a {peak.widest_bits}-bit instruction takes the place of two of "
            f"{peak.widest_bits // 2} bits: half-width units"
        )
    if peak.widest_bits > peak.full_rate_bits:
        rate = peak.per_cycle[peak.widest_bits]
        return f"{peak.widest_bits}-bit instructions start {rate:g} a cycle: not on every pipe"
    if told is not None and told > peak.widest_bits:
        return f"no multiply-add of {told} bits could be measured"
    return ""


def _misses(points: Points) -> Detected:
    workload_id = "memory.parallel_latency"
    seen = {
        int(params["chains"]): point
        for params, point in points.get(workload_id, ())
        if point.value is not None
    }
    found = in_flight({chains: point.value for chains, point in seen.items() if point.value})
    if found is None:
        why = _reason(points, workload_id) or "one chain and several were not measured"
        return Detected("misses in flight", None, "", None, None, why, (workload_id,))
    number, is_saturated = found
    best = min(seen.values(), key=lambda point: point.value or 0.0)
    one, interval = seen[1].interval, None
    if one and best.interval:
        interval = (one[0] / best.interval[1], one[1] / best.interval[0])
    note = "" if is_saturated else "more chains may bring more: at least so many"
    return Detected("misses in flight", number, "", interval, None, note, (workload_id,))


def _cores(points: Points, reported: Reported) -> Detected:
    """How many cores' worth of arithmetic the threads that may work at once do."""
    workload_id = "multicore.flops"
    measured = [
        (int(params["threads"]), p) for params, p in points.get(workload_id, ()) if p.ratios
    ]
    usable, source = reported.usable
    if not measured:
        why = _reason(points, workload_id) or f"one CPU may be used ({source})"
        return Detected("cores at work", None, "", None, reported.cpus, why, (workload_id,))
    threads, point = max(measured, key=lambda pair: pair[0])
    speed_up = next(iter(point.ratios.values()))
    notes = []
    if reported.cpus is not None and usable < reported.cpus:
        notes.append(f"{usable} of {reported.cpus} may be used ({source})")
    if threads < usable:
        notes.append(f"measured with {threads} threads")
    if not speed_up >= _WHOLE * threads:
        notes.append(
            "two CPUs lay on one core"
            if "siblings" in point.tag
            else "the clock fell, or the threads did not each have a core"
        )
    return Detected(
        "cores at work", speed_up, "", None, reported.cpus, "; ".join(notes), (workload_id,)
    )


def _siblings(points: Points, reported: Reported) -> Detected:
    workload_id = "multicore.smt"
    for _, point in points.get(workload_id, ()):
        if point.ratios:
            benefit = next(iter(point.ratios.values())) - 1
            return Detected(
                "SMT benefit", benefit, "", None, None,
                f"{reported.threads_per_core} threads per core reported", (workload_id,),
            )  # fmt: skip
    why = _reason(points, workload_id) or "not measured"
    tags = {p.tag for _, p in points.get("multicore.flops", ()) if p.tag}
    if reported.is_virtual and tags:
        why += f"; meanwhile two CPUs of this virtual machine lay {' or '.join(sorted(tags))}"
    return Detected("SMT benefit", None, "", None, None, why, (workload_id, "multicore.flops"))


def _reason(points: Points, workload_id: str) -> str:
    """Return the first reason for which a point of the workload has no value."""
    return next((point.reason for _, point in points.get(workload_id, ()) if point.reason), "")
