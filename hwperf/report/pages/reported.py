"""What the system says of its caches. This module reads it from the run, or asks this machine.

It is recorded beside each point. Results of before that was done hold none: then the claim can be
drawn only where the page is made on the machine that it is about.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from hwperf.asv.recorded import Run
from hwperf.report.pages.points import number, tag

__all__ = ["caches_of"]

_LEVEL = re.compile(r"L([1-9])")


def caches_of(run: Run) -> Mapping[int, int]:
    """Return the bytes of each level of data cache, empty where nobody knows them.

    Args:
        run: the run; where its points name several, those of the last point of memory.latency.
    """
    told: Mapping[int, int] = {}
    for m in run.measurements:
        if m.name == "memory.latency" or not told:
            told = _sizes(tag(m, "caches")) or told
    return told or _of_this_machine(run)


def _sizes(recorded: Any) -> Mapping[int, int]:
    """Return what a file may say, whatever it holds, as sizes of levels."""
    if not isinstance(recorded, Mapping):
        return {}
    found = {}
    for name, value in recorded.items():
        level, nbytes = _LEVEL.fullmatch(name), number(value)
        if level and nbytes is not None and 1024 <= nbytes < 2**50:
            found[int(level[1])] = int(nbytes)
    return dict(sorted(found.items()))


def _of_this_machine(run: Run) -> Mapping[int, int]:
    from hwperf.asv.machine import describe, is_same
    from hwperf.host.caches import data_bytes

    return data_bytes() if run.facts and is_same(run.facts, describe()) else {}
