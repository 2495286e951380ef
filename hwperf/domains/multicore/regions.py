"""What it costs to send threads to work and to meet again: an empty parallel loop."""

from __future__ import annotations

import importlib.util
import json
import os
import sys
from collections.abc import Iterator

import numpy as np

from hwperf import CheckFailed, Figure, Seen, Unsupported, Work, workload
from hwperf.checks import require_value
from hwperf.domains.multicore import layers
from hwperf.domains.multicore.children import child
from hwperf.domains.multicore.teams import needs_two
from hwperf.domains.multicore.waiting import WAITING
from hwperf.host import topology
from hwperf.work import Elsewhere

__all__ = ["parallel_region"]

POISON = -1

# Loops of one call: 2 to 5 ms of what was seen on two CPUs, beside which a question to the child
# (50 µs), which it does not time, is short.
N_LOOPS = {
    "numba_omp": 1000,  # 2.5 µs each, while libgomp's threads spin
    "numba_workqueue": 50,  # 60 µs
    "numba_tbb": 500,
    "torch": 1000,  # 2.5 µs
    "thread_pool": 50,  # 60 µs
    "process_pool": 20,  # 200 µs
}


def _not_installed(layer: str) -> str | None:
    if layer == "torch" and importlib.util.find_spec("torch") is None:
        return "torch is not installed: pip install 'hwperf[torch]'"
    return None


@workload(
    "multicore.parallel_region",
    params={"layer": list(N_LOOPS)},
    requires=[needs_two, _not_installed],
    source="Bull (1999), Measuring synchronisation and scheduling overheads in OpenMP: EPCC",
)
def parallel_region(layer: str) -> Iterator[Work]:
    """Time of a parallel loop with nothing in it, on as many threads as there are CPUs.

    Counts loops: in each, every thread (or process) is given one turn, and all are waited for.
    """
    threads, _ = topology.most_threads()
    n = N_LOOPS[layer]
    turns = np.full(threads, POISON)
    lent: list[int | None] = []
    program = ["-P", layers.__file__, layer, *map(str, topology.spread(threads))]
    with child(program, _environment(layer, threads)) as runner:
        lacking = json.loads(runner.answer())["lacking"]
        if lacking:
            raise Unsupported(f"{layer.partition('_')[0]}: {lacking}")

        def run() -> float:
            answer = json.loads(runner.ask(str(n)))
            turns[:] = answer["turns"]
            lent.append(answer["lent"])
            return float(answer["seconds"])

        def derive(seen: Seen) -> dict[str, Figure]:
            known = [each for each in lent if each is not None]
            share = sum(known) / (len(known) * n * threads) if known else None
            figures = {"threads": Figure(threads)}
            return figures if share is None else {**figures, "made_by_others": Figure(share)}

        yield Work(
            run,
            ops=n,
            clock="perf_counter, by the process with the threads",
            derive=derive,
            team=Elsewhere(topology.spread(threads)),
            own_causes=WAITING,
        )
        for turn, made in enumerate(turns):
            require_value(int(made), n, f"times that turn {turn} was made")
        _require_spread(layer, json.loads(runner.ask("who"))["workers"], threads)


def _environment(layer: str, threads: int) -> dict[str, str]:
    """Return the environment of the child: that of this process, and what the libraries go by."""
    wanted = {
        "PYTHONPATH": os.pathsep.join(path for path in sys.path if path),
        "OMP_NUM_THREADS": str(threads),
        "NUMBA_NUM_THREADS": str(threads),
    }
    if layer.startswith("numba_"):
        wanted["NUMBA_THREADING_LAYER"] = layer.removeprefix("numba_")
    return {**os.environ, **wanted}


def _require_spread(layer: str, workers: int, threads: int) -> None:
    """Require that the loops ran on all threads; of a pool, on more than one.

    Who is free takes the next task of a pool, or part of a loop of TBB's, and may take two.
    """
    is_shared_out = layer in ("numba_omp", "numba_workqueue", "torch")
    wanted = threads if is_shared_out else 2
    if not workers >= wanted:
        raise CheckFailed(f"the loops ran on {workers} of {threads} threads; expected {wanted}")
