"""How well a point repeats. This script measures points in fresh processes while a core is loaded.

Each round is a new process that measures every selected point once with the quick profile; rounds
are spread over time. A second process keeps another core busy meanwhile. Reported is, for each
point, the coefficient of variation of the rounds' medians (standard deviation over mean).

    python tools/repeatability/run.py [--rounds 10] [--all] [--json FILE] [-k REGEX] [--no-load]
"""

from __future__ import annotations

import argparse
import json
import os
import re
import statistics
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from hwperf.measure import QUICK, measure
from hwperf.plugins import load
from hwperf.units import KiB, format_quantity

CACHE_RESIDENT = 256 * KiB
"""Working sets up to here fit L1 or L2 of every current core, with room for a neighbour."""


def main() -> int:
    """Run the rounds and print the spread of each point; return 0."""
    options = _options()
    if options.round:
        for record in _round(options.pattern, options.all):
            print(json.dumps(record), flush=True)
        return 0
    values: dict[str, list[float]] = {}
    units: dict[str, str] = {}
    command = [sys.executable, __file__, "--round", "-k", options.pattern]
    command += ["--all"] if options.all else []
    with _loaded(not options.no_load):
        for number in range(options.rounds):
            done = subprocess.run(command, capture_output=True, text=True, check=True)
            for line in done.stdout.splitlines():
                record = json.loads(line)
                values.setdefault(record["name"], []).append(record["value"])
                units[record["name"]] = record["unit"]
            print(f"round {number + 1} of {options.rounds}", file=sys.stderr, flush=True)
    rows = sorted((_variation(found), name) for name, found in values.items() if len(found) > 1)
    for variation, name in rows:
        middle = format_quantity(statistics.median(values[name]), units[name])
        print(f"{100 * variation:6.2f} %  {middle:>12}  n={len(values[name])}  {name}")
    within = sum(variation <= 0.02 for variation, _ in rows)
    spread = statistics.median([variation for variation, _ in rows]) if rows else 0.0
    print(f"{within} of {len(rows)} points within 2 %; median {100 * spread:.2f} %")
    if options.json:
        options.json.write_text(json.dumps(values, indent=1))
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--all", action="store_true", help="not only cache-resident points")
    parser.add_argument("-k", dest="pattern", default="", help="regular expression on the points")
    parser.add_argument("--json", type=Path, help="keep the medians here")
    parser.add_argument("--no-load", action="store_true", help="leave the other cores idle")
    parser.add_argument("--round", action="store_true", help=argparse.SUPPRESS)
    return parser.parse_args()


def _round(pattern: str, every: bool) -> Iterator[dict[str, Any]]:
    for workload in load().workloads.values():
        for params in workload.points():
            name = f"{workload.id}({', '.join(f'{k}={v}' for k, v in params.items())})"
            if not re.search(pattern, name) or not (every or _is_cache_resident(params)):
                continue
            result = measure(workload, params, profile=QUICK)
            if result.value is not None:
                yield {"name": name, "value": result.value, "unit": result.metric.unit}


def _is_cache_resident(params: dict[str, Any]) -> bool:
    """Return whether a point works in L1 or L2 and shares no exact capacity with it."""
    arrays = 3 if "stores" in params else 1
    nbytes = arrays * params.get("nbytes", params.get("block_bytes", 0))
    n_pages = params.get("n_pages", 0)
    if params.get("stores") == "streaming":  # These go to memory, whatever the array's size.
        return False
    return (
        nbytes <= CACHE_RESIDENT
        and n_pages <= 64
        and not {"chains", "burst_bytes", "direction"} & set(params)
        and set(params) != {"pages"}
    )


def _variation(values: list[float]) -> float:
    return statistics.stdev(values) / statistics.mean(values)


@contextmanager
def _loaded(wanted: bool) -> Iterator[None]:
    """Keep the last core busy with a process that is pinned to it."""
    if not wanted or not hasattr(os, "sched_setaffinity"):
        yield
        return
    core = max(os.sched_getaffinity(0))
    spin = f"import os; os.sched_setaffinity(0, {{{core}}})\nwhile True: pass"
    with subprocess.Popen([sys.executable, "-c", spin]) as spinner:
        try:
            yield
        finally:
            spinner.kill()


if __name__ == "__main__":
    sys.exit(main())
