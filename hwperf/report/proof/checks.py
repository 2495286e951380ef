"""Whether what was measured agrees with itself and with physics. This module makes the checks.

A check holds, does not, or could not be made: then it says why, and is no failure. Whoever reads an
old proof can make them again from its JSON.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from hwperf.report.proof.evidence import Evidence, name_of, number_of
from hwperf.report.proof.plan import LARGE, TWIN
from hwperf.report.proof.typical import below_typical
from hwperf.units import format_bytes, format_quantity

__all__ = ["Check", "checks"]

EVENTS_MOST = 1.05
"""Times the host's seconds that the device's own may be, as `hwperf.domains.transfer.timing`."""

BOUND_MOST = 1.02
"""Times a data sheet's rate that may be measured: clocks differ by as much."""

_AGREE = 0.10  # Relative difference of two ways to measure one thing.
_PINNED_LEAST = 0.97  # Of pageable memory's bandwidth: they can be alike, and each has its noise.
_GROWS = {"pinned": 0.90, "pageable": 0.50}
"""Part of the best bandwidth of smaller copies that a larger one reaches at least. Pageable memory
is staged in another way from some size on, and what no cache of the host holds is slower."""
_INSIDE = (0.60, 1.02)  # Of the memory's bandwidth, for copies within it.
_WAYS = ("host_to_device", "device_to_host")

# Types that are multiplied faster than others, where the data sheet says so by this much, or where
# nothing is known: every accelerator with matrix units multiplies 16 bits faster than 32.
_FASTER = (("bf16", "f32"), ("f16", "f32"), ("tf32", "f32"), ("fp8", "bf16"))
_FASTER_ELSE = _FASTER[:2]
_CLEARLY = 1.5
_LARGE_N = 4096


@dataclass(frozen=True)
class Check:
    """One check.

    Attributes:
        what: what should be, in a few words.
        holds: whether it is; None where that could not be seen.
        is_: what is.
        should: what should be, with the limit.
        why: what that means, or why it could not be seen.
    """

    what: str
    holds: bool | None
    is_: str = ""
    should: str = ""
    why: str = ""

    def to_json(self) -> dict[str, Any]:
        """Return it as the proof has it."""
        return {
            "what": self.what, "holds": self.holds, "is": self.is_, "should": self.should,
            "why": self.why,
        }  # fmt: skip


def checks(proof: Mapping[str, Any]) -> list[Check]:
    """Return every check of a *proof*, as its JSON is read."""
    seen = Evidence(proof)
    return [check for make in _CHECKS for check in make(seen)]


def _verified(seen: Evidence) -> Iterator[Check]:
    what, should = "every point was verified", "none failed, none above its limit"
    beside = seen.beside["points"] if seen.beside else ()
    points = [*seen.points, *beside]
    bad = [p for p in points if p["verdict"] in ("failed", "impossible")]
    if not any(p["verdict"] != "n/a" for p in points):
        yield Check(what, None, should=should, why="nothing was measured")
        return
    is_ = f"{len(bad)} of {len(points)} points"
    why = "; ".join(f"{name_of(p)}: {p['verdict']}: {p['reason']}" for p in bad)
    yield Check(what, not bad, is_, should, why)


def _events(seen: Evidence) -> Iterator[Check]:
    what, should = "events agree with the clock", f"at most {EVENTS_MOST} times the host's seconds"
    told = [(f, p) for p in seen.points if (f := number_of(p, "events_over_wall")) is not None]
    if not told:
        yield Check(what, None, should=should, why="no point was timed by events")
        return
    most, point = max(told, key=lambda each: each[0])
    is_ = f"{most:.3f} at most, {name_of(point)}"
    said = "the device was not waited for, or its events are no seconds"
    holds = all(ratio <= EVENTS_MOST for ratio, _ in told)  # The largest is not one that is NaN.
    yield Check(what, holds, is_, should, "" if holds else said)


def _bandwidths(seen: Evidence) -> Iterator[Check]:
    yield _bounded(seen, "bandwidth", "no bandwidth is above its link or memory")


def _products(seen: Evidence) -> Iterator[Check]:
    yield _bounded(seen, "throughput", "no product is above the data sheet", "transfer.gemm")


def _bounded(seen: Evidence, metric: str, what: str, id: str = "") -> Check:
    should = f"at most {BOUND_MOST} of the limit"
    of_metric = [
        p for p in seen.points
        if p["metric"] == metric and p["value"] is not None and p["id"].startswith(id)
    ]  # fmt: skip
    parts = [(p["value"] / bound, p) for p in of_metric if (bound := seen.bound(p))]
    if not parts:
        why = f"no limit is known: {seen.why_no_row}" if of_metric else "none was measured"
        return Check(what, None, should=should, why=why)
    most, point = max(parts, key=lambda each: each[0])
    is_ = f"{most:.2f} at most, {name_of(point)}"
    holds = most <= BOUND_MOST
    return Check(what, holds, is_, should, "" if holds else "impossible: it was not measured so")


def _types(seen: Evidence) -> Iterator[Check]:
    what = "small types are multiplied faster"
    if seen.kind == "cpu":
        why = "a processor need not have matrix units"
        yield Check(what, None, should="bf16 above f32", why=why)
        return
    rates = {
        dtype: max((p["value"] for p in seen.some("transfer.gemm", dtype=dtype)
                    if p["params"]["n"] >= _LARGE_N or seen.kind == "simulated"), default=None)
        for pair in _FASTER for dtype in pair
    }  # fmt: skip
    wanted = [pair for pair in _FASTER if _is_faster(seen, *pair)]
    should = ", ".join(f"{fast} above {slow}" for fast, slow in wanted)
    made = [(fast, slow) for fast, slow in wanted if rates[fast] and rates[slow]]
    if not made:
        why = f"no two of them with n >= {_LARGE_N} have a value"
        yield Check(what, None, should=should, why=why)
        return
    known = {dtype: rate for dtype, rate in rates.items() if rate}
    slower = [f"{fast} below {slow}" for fast, slow in made if not known[fast] > known[slow]]
    named = dict.fromkeys(dtype for pair in made for dtype in pair[::-1])
    is_ = ", ".join(f"{dtype} {format_quantity(rates[dtype], 'FLOP/s')}" for dtype in named)
    yield Check(what, not slower, is_, should, ", ".join(slower))


def _is_faster(seen: Evidence, fast: str, slow: str) -> bool:
    sheet = seen.of_row(f"flops.{fast}"), seen.of_row(f"flops.{slow}")
    if seen.row is None or None in sheet:
        return seen.row is None and (fast, slow) in _FASTER_ELSE
    return (sheet[0] or 0.0) >= _CLEARLY * (sheet[1] or 0.0)


def _back_ends(seen: Evidence) -> Iterator[Check]:
    should = f"within {_AGREE:.0%}"
    for id, params in TWIN:
        way = id.partition(".")[2]
        what = f"two back ends agree on {way}"
        if seen.beside is None:
            yield Check(what, None, should=should, why=seen.why_no_beside or "it was left out")
            continue
        other = Evidence({
            "device": seen.beside["device"], "accelerator": None, "beside": None,
            "points": seen.beside["points"], "left_out": seen.left_out,
        })  # fmt: skip
        one, two = seen.value(id, **params), other.value(id, **params)
        if one is None or two is None:
            why = (seen if one is None else other).why_absent(id, **params)
            yield Check(what, None, should=should, why=why)
            continue
        ids = seen.device["id"], other.device["id"]
        is_ = f"{_rate(one)} by {ids[0]}, {_rate(two)} by {ids[1]}"
        holds = abs(one - two) <= _AGREE * max(one, two)
        why = "" if holds else "one of them does not measure the link, or not this device"
        yield Check(what, holds, is_, should, why)


def _pinned(seen: Evidence) -> Iterator[Check]:
    should = "pinned at least as fast"
    for way in _WAYS:
        what, id = f"pinned memory pays, {way}", f"transfer.{way}"
        pinned, pageable = (
            seen.value(id, nbytes=LARGE, memory=memory) for memory in ("pinned", "pageable")
        )
        if seen.why_no_link or pinned is None or pageable is None:
            lacks = "pinned" if pinned is None else "pageable"
            why = seen.why_no_link or seen.why_absent(id, nbytes=LARGE, memory=lacks)
            yield Check(what, None, should=should, why=why)
            continue
        holds = pinned >= _PINNED_LEAST * pageable
        is_ = f"{_rate(pinned)} pinned, {_rate(pageable)} pageable, {format_bytes(LARGE)}"
        why = "" if holds else "the memory was not page-locked, or lies on a far NUMA node"
        yield Check(what, holds, is_, should, why)


def _larger(seen: Evidence) -> Iterator[Check]:
    for way in _WAYS:
        for memory, part in _GROWS.items():
            what = f"larger copies are no slower, {way} {memory}"
            should = f"at least {part} of the best smaller one"
            curve = seen.curve(f"transfer.{way}", memory=memory)
            if seen.why_no_link or len(curve) < 2:
                why = seen.why_no_link or f"{len(curve)} sizes have a value"
                yield Check(what, None, should=should, why=why)
                continue
            yield _grows(what, should, curve, part)


def _grows(what: str, should: str, curve: list[tuple[int, float]], part: float) -> Check:
    best, least, where = curve[0][1], float("inf"), curve[0][0]
    for (_, before), (nbytes, rate) in pairwise(curve):
        best = max(best, before)
        if rate / best < least:
            least, where = rate / best, nbytes
    holds = least >= part
    why = "" if holds else "something else than the link is measured from that size on"
    return Check(what, holds, f"{least:.2f} at least, at {format_bytes(where)}", should, why)


def _inside(seen: Evidence) -> Iterator[Check]:
    low, high = _INSIDE
    what, should = "copies within the device use its memory", f"{low:.0%} to {high:.0%} of it"
    best = seen.value("transfer.device_to_device", size="beyond_cache")
    bandwidth = seen.memory_bandwidth
    if best is None:
        why = seen.why_absent("transfer.device_to_device", size="beyond_cache")
        yield Check(what, None, should=should, why=why)
    elif seen.kind == "simulated":
        why = "the simulated device copies 1 MiB, of which the latency is the larger part"
        yield Check(what, None, should=should, why=why)
    elif bandwidth is None:
        why = f"the bandwidth of its memory is not known: {seen.why_no_row}"
        yield Check(what, None, should=should, why=why)
    else:
        part = best / bandwidth
        is_ = f"{part:.0%}: {_rate(best)} of {_rate(bandwidth)}, read and written"
        why = ""
        if part < low:
            why = "too slow: bytes counted once in place of twice, or a copy by small pieces"
        elif part > high:
            why = "impossible: it stayed in a cache, or was not made"
        yield Check(what, low <= part <= high, is_, should, why)


def _fit(seen: Evidence) -> Iterator[Check]:
    should = f"within {_AGREE:.0%}"
    for way in _WAYS:
        what = f"the latency fit agrees with {format_bytes(LARGE)}, {way}"
        fitted = seen.figure("transfer.fit", "bandwidth", direction=way, memory="pinned")
        copied = seen.value(f"transfer.{way}", nbytes=LARGE, memory="pinned")
        if seen.why_no_link or fitted is None or copied is None:
            why = seen.why_no_link or (
                seen.why_absent("transfer.fit", direction=way, memory="pinned") if fitted is None
                else seen.why_absent(f"transfer.{way}", nbytes=LARGE, memory="pinned")
            )  # fmt: skip
            yield Check(what, None, should=should, why=why)
            continue
        holds = abs(fitted - copied) <= _AGREE * max(fitted, copied)
        why = "" if holds else "the times lie on no line, so the latency is none"
        is_ = f"{_rate(fitted)} fitted, {_rate(copied)} copied"
        yield Check(what, holds, is_, should, why)


def _typical(seen: Evidence) -> Iterator[Check]:
    """Name what is worse than what others measured: no failure, as hosts differ."""
    what, should = "as good as what others measured", "not below their range"
    if seen.row is None:
        yield Check(what, None, should=should, why=seen.why_no_row)
        return
    compared, worse = below_typical(seen)
    if not compared:
        why = f"the row {seen.row['name']!r} has no range of what was measured"
        yield Check(what, None, should=should, why=why)
        return
    is_ = f"{len(worse)} of {len(compared)} worse"
    yield Check(what, None if worse else True, is_, should, "; ".join(worse))


def _rate(value: float) -> str:
    return format_quantity(value, "B/s")


_CHECKS: tuple[Callable[[Evidence], Iterator[Check]], ...] = (
    _verified, _events, _bandwidths, _products, _types, _back_ends, _pinned, _larger, _inside,
    _fit, _typical,
)  # fmt: skip
