"""What a proof measures, and in which order. This module lists the points, the important first.

Time may end before the points do: what comes late is left out. So the copies, launches and matrix
products that everything else is judged by come first, and of a sweep the large sizes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from hwperf.units import MiB
from hwperf.workload import Workload

__all__ = ["NCCL", "TWIN", "Planned", "planned"]

DOMAIN = "transfer"
NCCL = "network.collective"

LARGE = 64 * MiB
"""Bytes of the copies that are compared with each other."""

TWIN = tuple(
    (f"transfer.{way}", {"nbytes": LARGE, "memory": "pinned"})
    for way in ("host_to_device", "device_to_host")
)
"""What is measured again through another back end that reaches the same device."""

_COPIES = ("transfer.host_to_device", "transfer.device_to_host")
_HEAD: tuple[tuple[str, dict[str, Any]], ...] = (
    *TWIN,
    *((id, {"nbytes": LARGE, "memory": "pageable"}) for id in _COPIES),
    ("transfer.fit", {"memory": "pinned"}),
    ("transfer.device_to_device", {"size": "beyond_cache"}),
    ("transfer.launch", {}),
    ("transfer.round_trip", {}),
    ("transfer.stream", {"op": "triad"}),
    # The small ones say whether the large ones can end in time.
    ("transfer.gemm", {"n": 1024}),
    ("transfer.gemm", {"n": 8192}),
    ("transfer.bidirectional", {}),
    ("transfer.overlap", {"how": "copy_and_kernel"}),
    ("transfer.overlap", {"how": "pipeline_4"}),
    ("transfer.peer", {}),
    (NCCL, {"op": "all_reduce"}),
)
_TAIL: tuple[tuple[str, dict[str, Any]], ...] = (
    *((id, {"memory": "pinned"}) for id in _COPIES),
    ("transfer.fit", {}),
    ("transfer.gemm", {}),
    ("transfer.stream", {}),
    *((id, {}) for id in _COPIES),
    ("transfer.device_to_device", {}),
    ("transfer.latency", {}),
    ("transfer.coalesce", {}),
    ("transfer.diverge", {}),
    ("transfer.ramp", {}),
    ("transfer.chunks", {}),
    ("transfer.overlap", {}),
    ("transfer.first_use", {}),
    (NCCL, {}),
)
_STEPS = _HEAD + _TAIL
_HEAVY = 4.0

# Seconds that set-up and check took where random numbers and sums came from one slow core; what is
# seen corrects them in the course of a proof.
_GUESSES = {
    "fit": 2.0, "device_to_device": 2.0, "stream": 3.0, "bidirectional": 3.0, "overlap": 2.0,
    "peer": 3.0, "coalesce": 3.0, "diverge": 2.0, "latency": 1.0, "first_use": 6.0, "feed": 4.0,
    "collective": 5.0,
}  # fmt: skip
_GUESS_ELSE_S = 0.3
_COPY_S_PER_BYTE = 1.5e-8
_GEMM_S = {1024: 1.0, 4096: 4.0, 8192: 12.0}


@dataclass(frozen=True)
class Planned:
    """One point that is to be measured.

    Attributes:
        id: of its workload.
        params: its parameters.
        weight: its share of the time that is left for samples.
        guess_s: seconds that its set-up and its check may take.
        is_twin: whether it is measured through the other back end.
    """

    id: str
    params: Mapping[str, Any] = field(default_factory=dict)
    weight: float = 1.0
    guess_s: float = _GUESS_ELSE_S
    is_twin: bool = False


def planned(workloads: Iterable[Workload], *, has_twin: bool, n_gpus: int) -> tuple[Planned, ...]:
    """Return the points in the order in which they are to be measured.

    Args:
        workloads: those that are installed; of them transfer.* is measured.
        has_twin: whether another back end reaches the same device.
        n_gpus: GPUs that torch reaches: with two or more, NCCL's collectives are measured.
    """
    points = [
        Planned(each.id, params, *_estimate(each.id, params))
        for each in workloads
        for params in each.points()
        if each.domain == DOMAIN
        or (each.id == NCCL and n_gpus >= 2 and params.get("backend") == "nccl")
    ]
    ordered = sorted(points, key=_place)  # Stable: otherwise as declared.
    n_before = sum(_step(point) < len(TWIN) + 2 for point in ordered)
    return (*ordered[:n_before], *(_twins() if has_twin else ()), *ordered[n_before:])


def _twins() -> Iterator[Planned]:
    for id, params in TWIN:
        yield Planned(id, params, *_estimate(id, params), is_twin=True)


def _place(point: Planned) -> tuple[int, int]:
    is_sweep = point.id in _COPIES
    return _step(point), -int(point.params["nbytes"]) if is_sweep else 0


def _step(point: Planned) -> int:
    return _step_of(point.id, point.params, _STEPS)


def _step_of(
    id: str, params: Mapping[str, Any], steps: Sequence[tuple[str, Mapping[str, Any]]]
) -> int:
    for number, (wanted, given) in enumerate(steps):
        if id == wanted and given.items() <= params.items():
            return number
    return len(steps)


def _estimate(id: str, params: Mapping[str, Any]) -> tuple[float, float]:
    """Return the weight of a point, and the guess of its set-up and check in seconds."""
    weight = _HEAVY if _step_of(id, params, _HEAD) < len(_HEAD) else 1.0
    if id in _COPIES:
        return weight, 0.1 + _COPY_S_PER_BYTE * params["nbytes"]
    if id == "transfer.gemm":
        return weight, _GEMM_S.get(params["n"], _GUESS_ELSE_S)
    return weight, _GUESSES.get(id.partition(".")[2], _GUESS_ELSE_S)
