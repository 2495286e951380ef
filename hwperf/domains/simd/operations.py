"""The table of latencies: how long one operation takes that the next one waits for."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from hwperf import CheckFailed, KiB, Unsupported, Work, limits, workload
from hwperf.checks import require_value
from hwperf.host import simd
from hwperf.kernels import chase, target
from hwperf.kernels import operations as kernels

__all__ = ["operation_latency"]

# A call lasts 0.1 to 0.3 ms at 3.5 GHz when one operation takes so many cycles.
_CYCLES = 2**19
_TYPICAL = {"div": 13, "sqrt": 20, "int_div": 16, "load": 4}

_LOADED_BYTES = 4 * KiB  # In L1 on every core, and one page: no translation is missing.
_LINE_BYTES = 64


@workload(
    "simd.operation_latency",
    params={"operation": ["add", "mul", "fma", "div", "sqrt", "int_mul", "int_div", "load"]},
    limit=limits.dependent_operations,
    requires=lambda operation: simd.no_multiply_add() if operation == "fma" else None,
    source="Fog, Instruction tables; lmbench lat_ops",
)
def operation_latency(operation: str) -> Iterator[Work]:
    """Latency of one scalar operation, in a chain in which each needs the one before.

    Counts operations: of 64-bit floating-point numbers, of 64-bit integers ("int_..."), or loads
    whose address is what the load before has brought from L1.
    """
    n = _CYCLES // _TYPICAL.get(operation, 4)
    if operation == "load":
        yield from _load(n)
        return
    reason = target.without_multiply_add() if operation == "fma" else None
    if reason:
        raise Unsupported(reason)
    chosen = kernels.OPERATIONS[operation]
    start, operands = kernels.arrays(chosen)
    out = np.zeros_like(start)
    n_turns = n // chosen.per_turn
    run = kernels.loop(chosen).bound(start, operands, out, n_turns)
    yield Work(run, ops=n_turns * chosen.per_turn)
    require_value(out[0], kernels.result(chosen, n_turns), "end of the chain")


def _load(n: int) -> Iterator[Work]:
    """Chase through 64 lines, as memory.latency does."""
    order = chase.chase_order(_LOADED_BYTES // _LINE_BYTES)
    buffer = np.zeros(_LOADED_BYTES // 8 + 7, dtype=np.int64)
    lines = buffer[-buffer.ctypes.data // 8 % 8 :][: _LOADED_BYTES // 8]
    chase.link(lines, order, _LINE_BYTES)
    base = lines.ctypes.data
    state = np.array([[base, 0]])
    yield Work(lambda: chase.follow(state, n), ops=n)
    address, n_steps = state[0]
    if not n_steps > 0:
        raise CheckFailed(f"the chase made {n_steps} loads; expected more")
    place = base + chase.position(order, 0, int(n_steps)) * _LINE_BYTES
    require_value(int(address), place, f"address after {n_steps} loads")
