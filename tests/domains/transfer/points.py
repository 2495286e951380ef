"""Small points of every workload that a simulated device can run."""

from __future__ import annotations

from typing import Any

import hwperf.domains.transfer as transfer
from hwperf.measure import Profile, Result, measure

QUICKLY = Profile("quickly", budget_s=0.002, rehearsal_s=-1.0, min_samples=3, warm_up_s=0.0)
"""Three samples: virtual time has no noise."""

PINNED, PAGEABLE = {"memory": "pinned"}, {"memory": "pageable"}

POINTS: list[tuple[str, dict[str, Any]]] = [
    ("host_to_device", {"nbytes": 1, **PINNED}),
    ("host_to_device", {"nbytes": 2**18, **PINNED}),
    ("host_to_device", {"nbytes": 2**18, **PAGEABLE}),
    ("device_to_host", {"nbytes": 1, **PINNED}),
    ("device_to_host", {"nbytes": 2**18, **PINNED}),
    ("device_to_host", {"nbytes": 2**18, **PAGEABLE}),
    ("fit", {"direction": "host_to_device", **PINNED}),
    ("fit", {"direction": "device_to_host", **PAGEABLE}),
    ("chunks", {"pieces": 1, **PINNED}),
    ("chunks", {"pieces": 16, **PAGEABLE}),
    ("round_trip", {}),
    ("device_to_device", {"size": "beyond_cache"}),
    ("peer", {"ways": "one"}),
    ("peer", {"ways": "both"}),
    ("bidirectional", {}),
    ("overlap", {"how": "copy_and_kernel"}),
    ("overlap", {"how": "pipeline_4"}),
    ("launch", {"how": "queued"}),
    ("launch", {"how": "waited"}),
    ("launch", {"how": "graph"}),
    ("launch", {"how": "wait_alone"}),
    ("stream", {"op": "copy", "dtype": "f32"}),
    ("stream", {"op": "triad", "dtype": "f64"}),
    ("stream", {"op": "dot", "dtype": "f32"}),
    ("gemm", {"n": 64, "dtype": "f32"}),
    ("gemm", {"n": 64, "dtype": "fp8"}),
    ("gemm", {"n": 64, "dtype": "int8"}),
    ("latency", {"where": "global"}),
    ("latency", {"where": "local"}),
    ("coalesce", {"stride": 4}),
    ("diverge", {"ways": 4}),
    ("ramp", {"blocks": 4}),
]
"""By the name of the workload, and its parameters."""


def named(point: Any) -> str:
    """Return how a test calls a point, or a part of one."""
    if isinstance(point, tuple):
        return "-".join([point[0], *map(str, point[1].values())])
    return str(point)


def measured(name: str, **params: Any) -> Result:
    """Measure a point on the chosen device."""
    return measure(getattr(transfer, name), params, profile=QUICKLY)
