"""What the system says of its caches. This module asks it, where the run is of this very machine.

Results hold what was measured, not what a system claims. The claim can be drawn beside it only
where the page is made on the machine that it is about.
"""

from __future__ import annotations

from collections.abc import Mapping

from hwperf.asv.recorded import Run

__all__ = ["caches_of"]


def caches_of(run: Run) -> Mapping[int, int]:
    """Return the bytes of each level of data cache, empty for a machine that is not this one."""
    from hwperf.asv.machine import describe, is_same
    from hwperf.host.caches import caches

    if not run.facts or not is_same(run.facts, describe()):
        return {}
    found: dict[int, int] = {}
    for each in caches(cpu=0):
        if each.kind != "instruction" and each.size_bytes:
            found.setdefault(each.level, each.size_bytes)
    return found
