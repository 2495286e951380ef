"""The user's own function below the ceilings. This module times it as a workload is timed."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hwperf.errors import HwperfError, UsageError
from hwperf.report.roofline.ceilings import DTYPES, Ceilings, ceilings
from hwperf.report.roofline.placement import Placement, place

if TYPE_CHECKING:
    from hwperf.work import Work

__all__ = ["roofline"]

_BUDGET_S = 1.0


def roofline(
    function: Callable[[], Any],
    *,
    flops: float = 0.0,
    bytes: float = 0.0,
    results: str | Path | Ceilings | None = None,
    dtype: str = "f64",
    budget_s: float = _BUDGET_S,
) -> Placement:
    """Time *function* and say which ceiling of this machine bounds it, and how near it comes.

    It is called once first, then warmed up, calibrated and sampled like any workload: pinned to a
    core, disturbed samples set aside. A pool of threads that the first call starts keeps its cores.

    Args:
        function: called without arguments; what it returns is thrown away.
        flops: floating-point operations of one call; a multiply-add counts as two.
        bytes: bytes that one call moves from and to where its data lie.
        results: asv's directory of results, or :class:`Ceilings`; by default what ``asv.conf.json``
            in the current directory says. Of the runs there the newest counts.
        dtype: ``f64`` or ``f32``: the type of the arithmetic.
        budget_s: measuring time in seconds.

    Returns:
        The placement; ``print`` shows it, ``to_json()`` gives the object.

    Raises:
        UsageError: if both amounts are zero, one is no number from 0 on, there are no such results
            or no such type.
        HwperfError: if it cannot be timed.
        Exception: whatever *function* raises in its first call.
    """
    amounts = {"flops": _amount("flops", flops), "bytes": _amount("bytes", bytes)}
    if not any(amounts.values()):
        raise UsageError(
            "roofline: both flops and bytes are 0. Say what one call does, e.g. flops=2 * n**3."
        )
    if dtype not in DTYPES:
        raise UsageError(f"roofline: dtype={dtype!r} is none of {', '.join(DTYPES)}.")
    if not callable(function):
        raise UsageError(
            f"roofline: {function!r} cannot be called; pass e.g. lambda: numpy.add(a, b, out=c)."
        )
    known = results if isinstance(results, Ceilings) else _recorded(results, dtype)
    function()
    cost_s, interval_s, verdict, reason = _timed(function, budget_s)
    return place(
        cost_s,
        flops=amounts["flops"],
        bytes=amounts["bytes"],
        ceilings=known,
        interval_s=interval_s,
        verdict=verdict,
        reason=reason,
    )


def _timed(
    function: Callable[[], Any], budget_s: float
) -> tuple[float, tuple[float, float] | None, str, str]:
    """Return the seconds of one call, their 99 % interval, and how far they can be trusted."""
    from dataclasses import replace

    from hwperf.measure import FULL, measure
    from hwperf.metrics import LATENCY
    from hwperf.work import Work
    from hwperf.workload import Workload

    def calls() -> Iterator[Work]:
        yield Work(function, ops=1)

    timed = Workload(
        id="roofline.function", params={}, function=calls, metric=LATENCY, source="the caller"
    )
    # There is no check that a rehearsal could try.
    profile = replace(FULL.with_budget(budget_s), rehearsal_s=-1.0)
    result = measure(timed, {}, profile=profile)
    if result.cost_s is None:
        raise HwperfError(f"roofline: the function cannot be timed: {result.reason}")
    return result.cost_s, result.interval_cost_s, result.verdict, result.reason


def _recorded(results: str | Path | None, dtype: str) -> Ceilings | None:
    """Return the newest ceilings, None where nothing is recorded and nobody named a directory."""
    from hwperf.asv import configuration, recorded

    if results is None:
        path = Path("asv.conf.json")
        if not path.exists():
            return None
        directory = configuration.load(path).results_dir
    else:
        directory = Path(results)
        if not directory.is_dir():
            raise UsageError(f"roofline: {str(results)!r} is no directory of asv's results.")
    run = recorded.newest(directory)
    return None if run is None else ceilings(run, dtype=dtype)


def _amount(name: str, value: Any) -> float:
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        number = math.nan
    if not 0 <= number < math.inf:
        raise UsageError(f"roofline: {name}={value!r} is no number from 0 on.")
    return number
