"""What others measured of the same accelerator. This module sets a proof beside it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from hwperf.report.proof.evidence import Evidence
from hwperf.report.proof.plan import LARGE
from hwperf.units import format_quantity

__all__ = ["below_typical"]

_NOISE = 0.02  # Of a single figure of others, which has no range of its own.

Ask = Callable[[Evidence], float | None]


def _copy(way: str, memory: str) -> Ask:
    return lambda seen: seen.value(f"transfer.{way}", nbytes=LARGE, memory=memory)


def _stream(op: str) -> Ask:
    return lambda seen: seen.best("transfer.stream", op=op)


def _launch(how: str) -> Ask:
    return lambda seen: seen.value("transfer.launch", how=how)


def _times(factor: float, ask: Ask) -> Ask:
    """Others count one direction of two, or both."""

    def value(seen: Evidence) -> float | None:
        found = ask(seen)
        return None if found is None else factor * found

    return value


def _gemm(dtype: str) -> Ask:
    return lambda seen: seen.best("transfer.gemm", dtype=dtype)


_MEASURED: Mapping[str, Ask] = MappingProxyType(
    {
        "host_to_device": _copy("host_to_device", "pinned"),
        "device_to_host": _copy("device_to_host", "pinned"),
        "host_to_device_pageable": _copy("host_to_device", "pageable"),
        "device_to_host_pageable": _copy("device_to_host", "pageable"),
        # Each of both directions, where transfer.bidirectional counts the two.
        "bidirectional": _times(0.5, lambda seen: seen.value("transfer.bidirectional")),
        "device_copy": lambda seen: seen.value("transfer.device_to_device", size="beyond_cache"),
        "stream_scale": _stream("scale"),
        "stream_triad": _stream("triad"),
        "peer": lambda seen: seen.value("transfer.peer", ways="one"),
        # Both directions, where transfer.peer counts one.
        "peer_bidirectional": _times(2.0, lambda seen: seen.value("transfer.peer", ways="both")),
        "launch": _launch("queued"),
        "launch_sync": _launch("waited"),
        **{
            f"gemm_{dtype}": _gemm(dtype) for dtype in ("f32", "tf32", "bf16", "f16", "fp8", "int8")
        },
    }
)  # fmt: skip


def below_typical(seen: Evidence) -> tuple[list[str], list[str]]:
    """Return which metrics the row has a range of and were measured, and a sentence for each worse.

    The bus bandwidth of all-reduce is not set beside others': theirs is of eight GPUs.
    """
    compared, worse = [], []
    for metric, told in (seen.row or {}).get("typical", {}).items():
        ask = _MEASURED.get(metric)
        value = ask(seen) if ask else None
        if value is None:
            continue
        compared.append(metric)
        unit, low, high = told["unit"], float(told["lo"]), float(told["hi"])
        is_worse = value > (1 + _NOISE) * high if unit == "s" else value < (1 - _NOISE) * low
        if is_worse:
            shown = format_quantity(value, unit)
            reach = " to ".join(dict.fromkeys(format_quantity(end, unit) for end in (low, high)))
            worse.append(f"{metric} {shown}, others {reach} ({told['source']})")
    return compared, worse
