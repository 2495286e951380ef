"""What is kept of each call beside its time, and when it means that the call was disturbed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from hwperf import Figure, Seen
from hwperf.domains.storage.watch import Happened, tick_s

if TYPE_CHECKING:
    from hwperf.checks import Words

__all__ = ["Record", "disturbed", "figures", "median_s", "record"]

Record = Mapping[str, float | None]

_UNITS = {"scheduler_wait_s": "s", "io_pressure_s": "s", "foreign_bytes": "B", "at_tick": ""}

_FEWEST_CLEAN = 3  # Calls, of some hundred reads each.

# Of a call. On an idle machine the threads wait below 1 % of the time for a CPU, beside other
# programs 20 to 90 %, and a flush then takes a timer tick in place of a tenth of a millisecond.
_WAITED = 0.05
_FOREIGN = 0.05  # Of our bytes, that others may have moved meanwhile.


def record(happened: Happened, latencies: Words, *, is_clean: bool = True) -> Record:
    """Return what is kept of a call.

    Args:
        happened: during it.
        latencies: int64, nanoseconds of each operation.
        is_clean: whether nothing disturbed it.
    """
    return {
        "scheduler_wait_s": happened.wait_s,
        "io_pressure_s": happened.io_pressure_s,
        "foreign_bytes": happened.foreign_bytes,
        "at_tick": _at_tick(latencies),
        "median_s": float(np.median(latencies)) * 1e-9 if is_clean and latencies.size else None,
    }


def figures(calls: Sequence[Record], seen: Seen) -> dict[str, Figure]:
    """Return one list for each thing that is kept, an element for each sample."""
    kept = calls[-len(seen.counted) :] if seen.counted else calls
    names = kept[0] if kept else {}
    return {
        name: Figure([each[name] for each in kept], _UNITS[name])
        for name in names
        if name in _UNITS
    }


def median_s(calls: Sequence[Record]) -> float | None:
    """Return the median latency of the calls that nothing disturbed; None of fewer than three."""
    known = [each["median_s"] for each in calls]
    clean = [value for value in known if value is not None]
    return float(np.median(clean)) if len(clean) >= _FEWEST_CLEAN else None


def disturbed(
    happened: Happened, *, busy_s: float, nbytes: int, waits_for_others: bool, is_direct: bool
) -> tuple[dict[str, float], tuple[str, ...]]:
    """Return what may have disturbed a call, by the names of causes, and which of it did.

    Args:
        happened: during the call.
        busy_s: its seconds, of all threads together.
        nbytes: that it moved.
        waits_for_others: whether waiting for a CPU is other programs' doing.
        is_direct: whether all that the device moved for us is known: the page cache and the journal
            write when they like.
    """
    counts: dict[str, float] = {}
    causes = []
    if happened.wait_s is not None:
        counts["team_wait_s"] = happened.wait_s
        if waits_for_others and happened.wait_s > _WAITED * busy_s:
            causes.append("team_wait_s")
    if happened.foreign_bytes is not None:
        counts["foreign_io"] = happened.foreign_bytes
        if is_direct and happened.foreign_bytes > _FOREIGN * nbytes:
            causes.append("foreign_io")
    return counts, tuple(causes)


def _at_tick(latencies: Words) -> float | None:
    """Return the part of *latencies* that are one timer tick, within a tenth of it."""
    tick = tick_s()
    if tick is None or not latencies.size:
        return None
    return float(np.mean(np.abs(latencies * 1e-9 / tick - 1) < 0.1))
