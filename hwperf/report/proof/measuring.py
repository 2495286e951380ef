"""One go through the points of a proof. This module shares out the time, and loses no point.

A point that crashes or hangs costs its process, and no other point: the next one gets a new
process. So does the one after a failed point, as a context of a driver may be broken from then on.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from hwperf.errors import Unsupported
from hwperf.measure import FULL, Result
from hwperf.report.proof.plan import Planned
from hwperf.report.proof.process import Ended, Silent, Worker
from hwperf.units import format_duration, format_quantity
from hwperf.workload import Workload

__all__ = ["Answers", "Course", "Progressed", "Workers"]

_START_S = 120.0  # For a process to have its device: libraries from a cold disk, a first context.
_PATIENCE_S = {"gpu": 60.0, "accelerator": 60.0}
_PATIENCE_ELSE_S = 180.0  # A processor that plays a device takes a minute over some points.
_LEAST_BUDGET_S = 0.15
_REHEARSED = 3.0  # Times the set-up and the check of a point that is rehearsed in full.
_MOST_STARTS = 2  # That fail in a row, before nothing more is tried.
_LEARNT = 0.3  # Part of what a point has shown in the estimate of others.
_RATIOS = (0.02, 20.0)
_GEMM = "transfer.gemm"
_SMALL_N = 1024
_CALLS = 12  # Of a point at least: the first, samples, and what is timed to warm up.

_OVER = "the time was over"


class Answers(Protocol):
    """What measures; `Worker` is one."""

    def ask(self, request: Mapping[str, Any], patience_s: float) -> dict[str, Any]:
        """Return the answer; raises `Ended` or `Silent`."""

    def hear(self, patience_s: float) -> dict[str, Any]:
        """Return what it says next; raises `Ended` or `Silent`."""

    def close(self) -> None:
        """End it."""


class Workers:
    """The processes that measure, one at most for each device.

    Args:
        start: starts one.
    """

    def __init__(self, start: Callable[[str], Answers] = Worker) -> None:
        self._start = start
        self._running: dict[str, Answers] = {}

    def __enter__(self) -> Workers:
        return self

    def __exit__(self, *_: object) -> None:
        for id in list(self._running):
            self.end(id)

    def hello(self, id: str, patience_s: float = _START_S) -> dict[str, Any]:
        """Start a process for the device *id* and return what that says of it.

        Raises:
            Unsupported: if the device cannot be opened, with the reason.
        """
        self.end(id)
        worker = self._running[id] = self._start(id)
        try:
            told = worker.hear(patience_s)
        except (Ended, Silent) as why:
            self.end(id)
            raise Unsupported(f"{id} cannot be opened: {why}") from why
        if "refused" in told:
            self.end(id)
            raise Unsupported(str(told["refused"]))
        return told

    def ready(self, id: str, patience_s: float) -> None:
        """See that there is a process for the device *id*.

        Raises:
            Unsupported: if there is none, and none can be started.
        """
        if id not in self._running:
            self.hello(id, min(_START_S, patience_s))

    def ask(self, id: str, request: Mapping[str, Any], patience_s: float) -> dict[str, Any]:
        """Let the device *id* be measured by its process, which has to be `ready`.

        Raises:
            Ended: if the process ends.
            Silent: if it does not answer in time.
        """
        try:
            return self._running[id].ask(request, patience_s)
        except BaseException:
            self.end(id)
            raise

    def end(self, id: str) -> None:
        """End the process of the device *id*, if there is one."""
        worker = self._running.pop(id, None)
        if worker is not None:
            worker.close()


@dataclass(frozen=True)
class Progressed:
    """What has become of one point.

    Attributes:
        point: which.
        done: points dealt with.
        total: points of the plan.
        left_s: estimate of the seconds left.
        result: the result as JSON has it, or None: it was left out.
        why: why it was left out.
    """

    point: Planned
    done: int
    total: int
    left_s: float
    result: Mapping[str, Any] | None = None
    why: str = ""


class Course:
    """The points of a plan, measured within a time.

    Args:
        plan: the points, the important first.
        workloads: by id.
        workers: what measures.
        ids: the device, and the same one through the other back end (or the first again).
        kind: of the device.
        deadline: the clock's seconds at which it has to be over.
        clock: gives seconds.
    """

    def __init__(
        self,
        plan: Sequence[Planned],
        workloads: Mapping[str, Workload],
        workers: Workers,
        *,
        ids: tuple[str, str],
        kind: str,
        deadline: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.plan, self.workloads, self.workers = plan, workloads, workers
        self.ids, self.kind, self.deadline, self.clock = ids, kind, deadline, clock
        self.patience_s = _PATIENCE_S.get(kind, _PATIENCE_ELSE_S)
        self._ratio = 1.0
        self._ratios: dict[str, float] = {}
        self._rates: dict[str, float] = {}
        self._starts_failed = 0
        self._why_over = ""

    def left_s(self) -> float:
        """Return an estimate of the seconds that the whole plan will take."""
        return self._left_of(self.plan)

    def run(self) -> Iterator[Progressed]:
        """Measure all points, then important ones again in full while there is time."""
        short: list[Planned] = []
        for number, point in enumerate(self.plan):
            pending = self.plan[number + 1 :]
            result, why = self._point(point, pending)
            yield Progressed(point, number + 1, len(self.plan), self._left_of(pending), result, why)
            if result is not None and result["value"] is not None and result["profile"] == "short":
                short.append(point)
        for point in sorted(short, key=lambda each: -each.weight):  # Stable.
            if self._left() > 2 * (FULL.budget_s + _REHEARSED * self._beside_s(point)):
                result, _ = self._point(point, ())
                if result is not None and result["value"] is not None:
                    yield Progressed(point, len(self.plan), len(self.plan), self._left(), result)

    def _point(
        self, point: Planned, pending: Sequence[Planned]
    ) -> tuple[dict[str, Any] | None, str]:
        """Return the result of *point*, or None and why there is none."""
        why = self._why_over or self._why_not(point)
        if why:
            return None, why
        id = self.ids[point.is_twin]
        try:
            self.workers.ready(id, self._left())
        except Unsupported as gone:
            return self._not_started(point, gone)
        self._starts_failed = 0
        left = self._left()
        budget_s, is_full = self._budget(point, pending)
        request = {
            "id": point.id, "params": dict(point.params), "budget_s": budget_s, "is_full": is_full,
        }  # fmt: skip
        try:
            answer = self.workers.ask(id, request, min(self.patience_s, left))
        except Silent as silent:
            if left < self.patience_s:
                return None, f"{_OVER} before it had ended"
            return self._failed(point, str(silent)), ""
        except Ended as ended:
            return self._failed(point, str(ended)), ""
        result: dict[str, Any] = answer["result"]
        self._learn(point, result, float(answer["beside_s"]), is_full)
        if result["verdict"] == "failed":
            self.workers.end(id)
        return result, ""

    def _not_started(self, point: Planned, gone: Unsupported) -> tuple[dict[str, Any] | None, str]:
        if self._left() <= 0:
            return None, _OVER
        self._starts_failed += 1
        if self._starts_failed >= _MOST_STARTS:
            self._why_over = str(gone)
        return self._failed(point, str(gone)), ""

    def _why_not(self, point: Planned) -> str:
        n = int(point.params.get("n", 0)) if point.id == _GEMM else 0
        if n > _SMALL_N and self.kind == "simulated":
            return "the simulated device computes with numpy, which would take minutes"
        rate = self._rates.get(str(point.params.get("dtype")))
        if n > _SMALL_N and rate is not None:
            call_s = 2.0 * n**3 / rate
            if _CALLS * call_s > self.patience_s:
                return (
                    f"a product takes about {format_duration(call_s)} at the "
                    f"{format_quantity(rate, 'FLOP/s')} of n={_SMALL_N}"
                )
        if self._left() < self._beside_s(point) + _LEAST_BUDGET_S:
            return _OVER
        return ""

    def _budget(self, point: Planned, pending: Sequence[Planned]) -> tuple[float, bool]:
        """Return the seconds for samples, and whether the point is measured in full.

        What is left when all set-ups and checks are taken off is shared out by weight.
        """
        beside_s = self._beside_s(point)
        spare_s = self._left_after(beside_s + self._beside_of(pending))
        weights = point.weight + sum(each.weight for each in pending)
        share_s = spare_s * point.weight / weights
        if share_s >= FULL.budget_s + (_REHEARSED - 1) * beside_s:
            return FULL.budget_s, True
        return max(_LEAST_BUDGET_S, min(share_s, FULL.budget_s)), False

    def _learn(
        self, point: Planned, result: Mapping[str, Any], beside_s: float, is_full: bool
    ) -> None:
        value = result["value"]
        if result["verdict"] == "n/a" or value is None:
            return
        if point.id == _GEMM and point.params["n"] == _SMALL_N:
            self._rates[str(point.params["dtype"])] = float(value)
        seen = beside_s / (point.guess_s * (_REHEARSED if is_full else 1.0))
        seen = max(_RATIOS[0], min(seen, _RATIOS[1]))
        self._ratios[point.id] = seen
        self._ratio += _LEARNT * (seen - self._ratio)

    def _beside_s(self, point: Planned) -> float:
        return point.guess_s * self._ratios.get(point.id, self._ratio)

    def _beside_of(self, points: Sequence[Planned]) -> float:
        return sum(map(self._beside_s, points))

    def _left(self) -> float:
        return self.deadline - self.clock()

    def _left_after(self, seconds: float) -> float:
        return max(0.0, self._left() - seconds)

    def _left_of(self, pending: Sequence[Planned]) -> float:
        """Return what *pending* will take: no more than FULL gives each, and the time there is."""
        most_s = self._beside_of(pending) + FULL.budget_s * len(pending)
        return max(0.0, min(self._left(), most_s))

    def _failed(self, point: Planned, why: str) -> dict[str, Any]:
        workload = self.workloads[point.id]
        result = Result(
            workload_id=point.id,
            params=dict(point.params),
            metric=workload.metric,
            verdict="failed",
            version=workload.version,
            reason=why,
        )
        return {**result.to_json(), "profile": "none", "wall_s": None}
