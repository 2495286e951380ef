"""Results of a whole suite, made up: every built-in workload has every point, all domains.

The values follow simple laws (a latency that steps up with the working set, a bandwidth that grows
with the size of a message), so that charts have something to show; nothing is measured and nothing
is random.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from hwperf import plugins
from hwperf.workload import Workload

COLUMNS = (
    "result", "params", "version", "started_at", "duration", "stats_ci_99_a", "stats_ci_99_b",
    "stats_q_25", "stats_q_75", "stats_number", "stats_repeat", "samples", "profile",
)  # fmt: skip
BEGAN = 1_790_000_000.0
HOSTILE = "</script><img src=x onerror=alert(1)>\"'`/\\{{datum}}\u202e\u2028é\U0001f40c"
"""A name that would break markup, JSON in a script, a path and a text direction."""

Verdict = Callable[[str, Mapping[str, Any]], tuple[str, str]]


def all_ok(id: str, params: Mapping[str, Any]) -> tuple[str, str]:
    return "ok", ""


def all_failed(id: str, params: Mapping[str, Any]) -> tuple[str, str]:
    return "failed", "the sum is 3 (is) != 4 (should)"


def mixed(id: str, params: Mapping[str, Any]) -> tuple[str, str]:
    """Some noisy, some n/a, and none of transfer."""
    if id.startswith("transfer."):
        return "n/a", "no accelerator found"
    number = sum(map(ord, f"{id}{params}")) % 10
    if number == 0:
        return "noisy", "samples spread 18 % (limit 5 %)"
    return ("n/a", "more threads than CPUs") if number == 1 else ("ok", "")


def write_suite(
    results: Path,
    *,
    machine: str = "here",
    commit: str = "a" * 40,
    at: float = BEGAN,
    factor: float = 1.0,
    verdict: Verdict = all_ok,
    only: str = "",
    facts: Mapping[str, str] | None = None,
    has_sidecar: bool = True,
) -> Path:
    """Write a result file, its sidecar and the definitions; return the result file.

    Args:
        results: asv's directory of results.
        machine: name of the machine's directory.
        commit: hash of the commit.
        at: when the run began.
        factor: what every cost is multiplied by.
        verdict: verdict and reason of each point.
        only: the workloads whose id begins so.
        facts: of machine.json, beside the name.
        has_sidecar: whether the sidecar is there.
    """
    directory = results / machine
    directory.mkdir(parents=True, exist_ok=True)
    told = {"machine": machine, "os": "Linux", "arch": "x86_64", "cpu": "A CPU", "num_cpu": "8",
            "ram": "64 GiB", **(facts or {}), "version": 1}  # fmt: skip
    (directory / "machine.json").write_text(json.dumps(told))
    rows, records = {}, []
    definitions = {}
    started = at
    for workload in plugins.load().workloads.values():
        if not workload.module.startswith("hwperf.") or not workload.id.startswith(only):
            continue
        name = benchmark_of(workload.id)
        definitions[name] = definition(workload, name)
        costs = []
        for params in points(workload):
            state, reason = verdict(workload.id, params)
            cost = cost_of(workload, params) * factor
            lost = float("nan") if state == "n/a" else None
            costs.append(cost if state in ("ok", "noisy") else lost)
            records.append(record(workload, name, params, cost, state, reason, started))
            started += 0.5
        rows[name] = row(workload, costs, at)
    path = directory / f"{commit[:8]}-host-py3.11.json"
    path.write_text(
        json.dumps(
            {"commit_hash": commit, "env_name": "host-py3.11", "date": 1, "params": told,
             "python": "3.11", "requirements": {}, "env_vars": {}, "result_columns": COLUMNS,
             "results": rows, "durations": {}, "version": 2}
        )
    )  # fmt: skip
    if has_sidecar:
        lines = "".join(json.dumps(each) + "\n" for each in records)
        path.with_suffix(".hwperf.jsonl").write_text(lines)
    known = results / "benchmarks.json"
    before = json.loads(known.read_text()) if known.is_file() else {}
    known.write_text(json.dumps({**before, **definitions, "version": 2}))
    return path


def benchmark_of(id: str) -> str:
    domain, _, what = id.partition(".")
    return f"{domain}.{what.title().replace('_', '')}.cost"


def points(workload: Workload) -> list[dict[str, Any]]:
    """Return every combination of the parameters, those that no host could measure, too."""
    axes = workload.params.values()
    return [dict(zip(workload.params, values, strict=True)) for values in itertools.product(*axes)]


def definition(workload: Workload, name: str) -> dict[str, Any]:
    return {
        "name": name, "workload": workload.id, "metric": workload.metric.name,
        "metric_unit": workload.metric.unit, "higher_is_better": workload.metric.higher_is_better,
        "param_names": list(workload.params), "unit": "seconds", "version": "1", "type": "cost",
        "params": [[repr(value) for value in axis] for axis in workload.params.values()],
        "answers": workload.answers, "pretty_name": workload.id,
        "code": f'@workload("{workload.id}", source="a </script>")\ndef f():\n    """A doc."""',
    }  # fmt: skip


def row(workload: Workload, costs: list[Any], at: float) -> list[Any]:
    low = [None if c is None else c * 0.99 for c in costs]
    high = [None if c is None else c * 1.01 for c in costs]
    samples = [None if c is None else [c * (1 + 0.002 * i) for i in range(-4, 5)] for c in costs]
    axes = [[repr(value) for value in axis] for axis in workload.params.values()]
    n = len(costs)
    return [costs, axes, "1", int(at * 1e3), 1.0, low, high, low, high, [1] * n, [9] * n, samples]


def cost_of(workload: Workload, params: Mapping[str, Any]) -> float:
    """Return seconds per unit of work, above zero, of a machine that does not exist."""
    nbytes = params.get("nbytes")
    threads = params.get("threads", 1)
    spread = 1 + 0.07 * (sum(map(ord, repr(sorted(params.items(), key=str)))) % 7)
    match workload.metric.name:
        case "latency":
            if workload.id == "memory.latency":
                steps = ((2**15, 1e-9), (2**20, 4e-9), (2**25, 1.6e-8))
                return next((cost for size, cost in steps if params["nbytes"] <= size), 9e-8)
            return 2e-8 * spread
        case "bandwidth":
            rate = 2e10 / (1 + 4096 / nbytes) if isinstance(nbytes, int) else 2e10
            return spread / rate
        case "throughput":
            return spread / (5e10 * (threads if isinstance(threads, int) else 1))
        case "clock":
            return 1 / 3.5e9
        case _:
            return spread / 2e4


def record(
    workload: Workload,
    name: str,
    params: Mapping[str, Any],
    cost: float,
    state: str,
    reason: str,
    started: float,
) -> dict[str, Any]:
    number = sum(map(ord, f"{workload.id}{params}"))
    found: dict[str, Any] = {
        "benchmark": name, "schema": 1, "id": workload.id, "params": dict(params),
        "metric": workload.metric.name, "unit": workload.metric.unit, "verdict": state,
        "reason": reason, "n_samples": 50, "n_disturbed": number % 5, "version": "1",
        "limit": 6.4e10 if workload.id.startswith("transfer.") else None,
        "amounts": {"bytes": 2**20, "flops": 2**17, "ops": 2**14}, "calls_per_sample": 1,
        "disturbances": {"steal": number % 5} if number % 5 else {},
        "tags": {"started": started, "wall_s": 0.4, "clock_hz": 3.5e9, "clock_low_hz": 3.1e9,
                 "clock_high_hz": 3.6e9, "unavailable": {}},
    }  # fmt: skip
    if workload.has_latencies:
        found["percentiles"] = {"p50": cost, "p99": 4 * cost, "p99.9": 9 * cost}
    figures = {
        "multicore.loaded_latency": {"drawn": {"value": 3e8 * params.get("load_percent", 0)}},
        "multicore.threads_or_processes": {"speed_up": {"value": 1.9}},
        "multicore.core_to_core": {
            "cpus": {"value": [0, 1, 2]},
            "matrix": {"value": [[None, 4e-8, 9e-8], [4e-8, None, 9e-8], [9e-8, 9e-8, None]]},
        },
    }
    if workload.id in figures:
        found["figures"] = figures[workload.id]
    return found
