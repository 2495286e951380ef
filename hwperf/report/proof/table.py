"""A proof on one screen. This module writes its lines: a name, and what was measured."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from hwperf.devices.sound import one_line
from hwperf.report.proof.evidence import Evidence
from hwperf.report.proof.plan import LARGE, NCCL
from hwperf.units import MiB, format_bytes, format_duration, format_quantity

__all__ = ["MOST_ROWS", "rows"]

MOST_ROWS = 24
_DTYPES = ("f32", "tf32", "bf16", "f16", "fp8", "int8")
_WORDS = {
    "simulated": "simulated: says nothing of this machine",
    "cpu": "the host's own processor plays the device",
}

Row = tuple[str, list[str]]


def rows(proof: Mapping[str, Any]) -> list[Row]:
    """Return at most :data:`MOST_ROWS` rows, each a name and parts, of a proof's JSON."""
    seen = Evidence(proof)
    found = [*_device(proof), *_copies(seen), *_latency(seen), *_inside(seen), *_launches(seen)]
    found += [*_products(seen), *_at_once(seen), *_peers(seen)]
    return [(name, parts) for name, parts in found if parts][:MOST_ROWS]


def _device(proof: Mapping[str, Any]) -> Iterator[Row]:
    device, row = proof["device"], proof["accelerator"]
    parts = [one_line(f"{device['name']} ({device['id']})")]
    if device["kind"] in _WORDS:
        parts.append(_WORDS[device["kind"]])
    if device["memory_bytes"]:
        parts.append(format_bytes(device["memory_bytes"]))
    parts += [told for told in (device["runtime"], device["driver"]) if told]
    yield "device", parts
    yield "data file", [row["name"] if row else one_line(f"no row: {proof['accelerator_why']}")]
    verdicts = Counter(point["verdict"] for point in proof["points"])
    counts = ", ".join(f"{n} {verdict}" for verdict, n in verdicts.most_common())
    left_out = f"{len(proof['left_out'])} left out"
    told = f"{counts}, {left_out}" if counts else left_out
    yield "points", [told, format_duration(proof["took_s"])]


def _copies(seen: Evidence) -> Iterator[Row]:
    for way in ("host_to_device", "device_to_host"):
        parts = [
            f"{memory} {shown}"
            for memory in ("pinned", "pageable")
            if (shown := _shown(seen, f"transfer.{way}", nbytes=LARGE, memory=memory))
        ]
        yield way.replace("_", " "), parts


def _latency(seen: Evidence) -> Iterator[Row]:
    for way in ("host_to_device", "device_to_host"):
        for memory in ("pinned", "pageable"):
            point = {"direction": way, "memory": memory}
            latency = seen.value("transfer.fit", **point)
            bandwidth = seen.figure("transfer.fit", "bandwidth", **point)
            half = seen.figure("transfer.fit", "half_bandwidth_size", **point)
            if latency is None or bandwidth is None:
                continue
            told = [f"{_seconds(latency)} + n / {format_quantity(bandwidth, 'B/s')}, {memory}"]
            if half is not None:
                told.append(f"half of it at {format_bytes(round(half))}")
            yield f"fit, {'in' if way == 'host_to_device' else 'out'}", told
            break
    trip = seen.value("transfer.round_trip")
    yield "round trip", [] if trip is None else [f"4 B {_seconds(trip)}"]


def _inside(seen: Evidence) -> Iterator[Row]:
    sizes = ("beyond_cache", "256MiB", "16MiB")
    yield (
        "within device",
        [
            f"{size.replace('_', ' ')} {shown}"
            for size in sizes
            if (shown := _shown(seen, "transfer.device_to_device", size=size))
        ],
    )
    yield (
        "stream f32",
        [
            f"{op} {shown}"
            for op in ("copy", "scale", "add", "triad", "dot")
            if (shown := _shown(seen, "transfer.stream", op=op, dtype="f32"))
        ],
    )
    yield (
        "load",
        [
            f"{where} {_seconds(value)}"
            for where in ("global", "local")
            if (value := seen.value("transfer.latency", where=where)) is not None
        ],
    )


def _launches(seen: Evidence) -> Iterator[Row]:
    yield (
        "launch",
        [
            f"{how.replace('_', ' ')} {_seconds(value)}"
            for how in ("queued", "waited", "graph", "wait_alone")
            if (value := seen.value("transfer.launch", how=how)) is not None
        ],
    )


def _products(seen: Evidence) -> Iterator[Row]:
    for dtype in _DTYPES:
        points = list(seen.some("transfer.gemm", dtype=dtype))
        if points:
            best = max(points, key=lambda point: float(point["value"]))
            yield f"product {dtype}", [f"{_with_part(seen, best)}, n={best['params']['n']}"]


def _at_once(seen: Evidence) -> Iterator[Row]:
    both = _shown(seen, "transfer.bidirectional")
    efficiency = seen.figure("transfer.bidirectional", "overlap_efficiency")
    if both:
        yield "both ways", [both, *([] if efficiency is None else [f"overlap {efficiency:.2f}"])]
    names = ("copy_and_kernel", "pipeline_1", "pipeline_4", "pipeline_16")
    yield (
        "overlap",
        [
            f"{how.replace('_', ' ')} {value:.2f}"
            for how in names
            if (value := seen.figure("transfer.overlap", "overlap_efficiency", how=how)) is not None
        ],
    )


def _peers(seen: Evidence) -> Iterator[Row]:
    yield (
        "peer",
        [
            f"{words} {shown}"
            for ways, words in (("one", "one way"), ("both", "both ways, each"))
            if (shown := _shown(seen, "transfer.peer", ways=ways))
        ],
    )
    yield "all-reduce", [
        f"{ranks} ranks {format_quantity(value, 'B/s')} on the bus"
        for ranks in (2, 4)
        if (value := seen.figure(NCCL, "bus_bandwidth", op="all_reduce", ranks=ranks,
                                 nbytes=64 * MiB, backend="nccl")) is not None
    ]  # fmt: skip


def _shown(seen: Evidence, id: str, **params: Any) -> str:
    point = next(seen.some(id, **params), None)
    return "" if point is None else _with_part(seen, point)


def _with_part(seen: Evidence, point: Mapping[str, Any]) -> str:
    """Return the value, and which part of its limit that is."""
    bound = seen.bound(point)
    shown = format_quantity(point["value"], point["unit"])
    return shown if bound is None else f"{shown} ({point['value'] / bound:.0%})"


def _seconds(value: float) -> str:
    return format_quantity(value, "s")
