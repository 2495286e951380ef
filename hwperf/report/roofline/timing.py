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
_MOST_BUDGET_S = 86_400.0
_MOST_AMOUNT = 1e30  # No machine does more in one call.
_MOST_SHOWN = 60  # Characters of a value that a message repeats.


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
            in the current directory says. Of the runs there the newest counts that is no fragment.
        dtype: ``f64`` or ``f32``: the type of the arithmetic.
        budget_s: measuring time in seconds.

    Returns:
        The placement; ``print`` shows it, ``to_json()`` gives the object.

    Raises:
        UsageError: if both amounts are zero, one is no number from 0 on, the budget is no time,
            there are no such results or no such type.
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
    seconds = _budget(budget_s)
    known = results if isinstance(results, Ceilings) else _recorded(results, dtype)
    function()
    cost_s, interval_s, verdict, reason = _timed(function, seconds)
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
    reason = result.reason.replace("--budget", "budget_s")
    return result.cost_s, result.interval_cost_s, result.verdict, reason


def _recorded(results: str | Path | None, dtype: str) -> Ceilings | None:
    """Return the newest ceilings, None where nothing is recorded and nobody named a directory."""
    from hwperf.asv import configuration
    from hwperf.report.comparison import listing, naming

    if results is None:
        path = Path("asv.conf.json")
        if not path.exists():
            return None
        directory = configuration.load(path).results_dir
    else:
        directory = Path(results)
        if not directory.is_dir():
            raise UsageError(f"roofline: {str(results)!r} is no directory of asv's results.")
    index = listing.listed(directory)
    newest = [naming.whole(index)] if index else []
    run = next(listing.loaded(directory, newest), None)
    return None if run is None else ceilings(run, dtype=dtype)


def _amount(name: str, value: Any) -> float:
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        number = math.nan
    if not 0 <= number <= _MOST_AMOUNT:
        raise UsageError(
            f"roofline: {name}={_shown(value)} is no number from 0 on, {_MOST_AMOUNT:g} at most."
        )
    return number


def _budget(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 < value < math.inf:
        raise UsageError(
            f"roofline: budget_s={_shown(value)} is no time above 0: expected seconds, e.g. 1.0."
        )
    return float(min(value, _MOST_BUDGET_S))


def _shown(value: Any) -> str:
    try:
        words = repr(value)
    except ValueError:  # A whole number of more digits than Python writes.
        return "a number too large to write"
    return words if len(words) <= _MOST_SHOWN else f"{words[:_MOST_SHOWN]}..."
