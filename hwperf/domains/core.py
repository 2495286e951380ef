"""The harness and the core's clock. This module holds what other results are read against."""

from __future__ import annotations

from collections.abc import Iterator

from hwperf import CheckFailed, Work, limits, workload
from hwperf.kernels import clock as kernels

__all__ = ["clock", "null"]

_ADDS = 2**19  # Additions per call: 0.15 ms at 3.5 GHz, a thousand times what the harness takes.


@workload("core.null", source="hwperf: the cost of calling nothing")
def null() -> Iterator[Work]:
    """What one call of a kernel costs in the harness.

    Counts calls of a Python function that adds 1 to a list's element. Every other workload pays
    this once per call, so a call that lasts a thousand times longer is off by less than 0.1 %.
    """
    calls = [0]

    def count() -> None:
        calls[0] += 1

    yield Work(count, ops=1)
    if not (isinstance(calls[0], int) and calls[0] > 0):
        raise CheckFailed(f"the counter is {calls[0]!r} (is) != at least 1 (should)")


@workload(
    "core.clock",
    metric="clock",
    limit=limits.core_clock,
    source="Fog, Instruction tables: an addition of registers takes 1 cycle",
)
def clock() -> Iterator[Work]:
    """The clock frequency that the core really runs at.

    Counts additions of a chain in which each waits for the one before: one clock cycle each. It is
    neither the nominal frequency nor that of the time-stamp counter.
    """
    total = [0]

    def add() -> None:
        total[0] = kernels.add_chain(_ADDS)

    yield Work(add, ops=_ADDS)
    if not total[0] == _ADDS:
        raise CheckFailed(f"the chain added up to {total[0]!r} (is) != {_ADDS} (should)")
