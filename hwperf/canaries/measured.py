"""How a canary is timed. This module measures one as asv does the benchmarks beside it.

hwperf's own points run on a pinned core and set disturbed samples aside. A canary must feel what
its neighbours in the suite feel, so that here nothing is pinned and nothing is set aside.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from hwperf import plugins
from hwperf.canaries.kinds import Canary
from hwperf.errors import Unsupported
from hwperf.host.storage import DIRECTORY
from hwperf.installed import find_entry_points
from hwperf.measure import Profile, Result, clock
from hwperf.measure import measure as measured
from hwperf.measure.affinity import Core
from hwperf.measure.interference import Counters
from hwperf.measure.sample import Instruments

__all__ = ["PROFILE", "measure", "place"]

PROFILE = Profile(
    "canary",
    budget_s=0.12,
    target=0.0,  # The whole budget, always: a quiet moment must not stand for the whole.
    # Some slices of the scheduler (3 ms and more): whoever shares the core is in every sample.
    sample_s=0.01,
    warm_up_s=0.0,
    rehearsal_s=0.0,
)
"""With the start of its process some 0.7 s for a canary: seven of them twice take 10 s."""


class _Blind:
    """Reads no counter: what disturbs the benchmarks beside a canary must stay in its samples."""

    def read(self) -> Counters:
        return Counters()


def measure(canary: Canary, profile: Profile = PROFILE) -> Result:
    """Measure *canary* in this process.

    Returns:
        The result: samples in seconds per unit of work, or why there are none.

    Raises:
        Unsupported: if the installed hwperf lacks the workload.
    """
    # Only the domain that is needed: the others, and other people's, would take their time.
    points, _ = find_entry_points(plugins.GROUP)
    registry = plugins.registry_of(point for point in points if point.name == canary.domain)
    workload = registry.workloads.get(canary.workload)
    if workload is None:
        told = "; ".join(map(str, registry.broken))
        raise Unsupported(f"this hwperf has no {canary.workload}{f' ({told})' if told else ''}")
    with _without_scipy():
        return measured(workload, canary.params, profile=profile, tools=_unguarded)


@contextmanager
def place(directory: Path | None) -> Iterator[None]:
    """Let storage be measured in asv's own place or else in *directory*, if nothing else is said.

    The current directory is none of them: asv makes it below ``$TMPDIR``, often in memory.
    """
    chosen = os.environ.get(DIRECTORY) or os.environ.get("ASV_ENV_DIR") or directory
    if chosen is None or not Path(chosen).is_dir():
        yield
        return
    before = os.environ.get(DIRECTORY)
    os.environ[DIRECTORY] = str(chosen)
    try:
        yield
    finally:
        os.environ.pop(DIRECTORY)
        if before is not None:
            os.environ[DIRECTORY] = before


@contextmanager
def _without_scipy() -> Iterator[None]:
    """Keep numba from importing scipy's linear algebra, if nobody has: 0.25 s of each process.

    numba looks for it when its first kernel is loaded, and does without; no canary needs it.
    """
    name = "scipy.linalg"
    if name in sys.modules:
        yield
        return
    sys.modules[name] = None  # type: ignore[assignment]
    try:
        yield
    finally:
        del sys.modules[name]


@contextmanager
def _unguarded() -> Iterator[Instruments]:
    yield Instruments(
        wall=clock.wall, tick_s=clock.resolution_s(), probes=_Blind(), core=Core(None, ())
    )
