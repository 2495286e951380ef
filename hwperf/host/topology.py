"""Which CPUs several threads run on. This module places one thread on each, cores before siblings.

What it goes by is what the system tells. A virtual machine may call two hardware threads of one
core two cores, and move them while it runs: that is measured, not told
(:mod:`hwperf.measure.placement`).
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from hwperf.errors import Unsupported
from hwperf.host import cgroup, cpu
from hwperf.host.files import HOST, optional

__all__ = ["lacking", "most_threads", "order", "sibling_pairs", "spread", "unpinnable"]


def unpinnable() -> str | None:
    """Return why threads cannot be pinned to CPUs here, or None."""
    if hasattr(os, "sched_setaffinity"):
        return None
    import sys

    return f"threads are pinned to CPUs one by one, and {sys.platform} has no call for that"


def most_threads(cpus: Iterable[int] | None = None, root: Path = HOST) -> tuple[int, str]:
    """Return how many threads may work at once, and what says so.

    As many as there are CPUs in the affinity, and no more than the quota of the control group is
    worth: with a quota of 1.5 CPUs a second thread is stopped half of the time.
    """
    allowed = tuple(cpu.allowed_cpus() if cpus is None else cpus)
    quota = cgroup.cpu_quota(root)
    if quota is not None and int(quota[0]) < len(allowed):
        return max(1, int(quota[0])), f"quota of {quota[0]:g} CPUs in {quota[1]}"
    return len(allowed), "affinity"


def lacking(threads: int) -> str | None:
    """Return why *threads* threads cannot work at once here, or None."""
    reason = unpinnable()
    if reason:
        return reason
    most, source = most_threads()
    if threads <= most:
        return None
    cpus = "CPU" if most == 1 else "CPUs"
    return f"more threads than the {most} {cpus} that this process may use ({source})"


def spread(threads: int) -> tuple[int, ...]:
    """Return the CPUs for *threads* threads.

    Raises:
        Unsupported: if so many cannot work at once: see :func:`lacking`.
    """
    reason = lacking(threads)
    if reason:
        raise Unsupported(reason)
    return order(cpu.allowed_cpus())[:threads]


def order(cpus: Iterable[int], root: Path = HOST) -> tuple[int, ...]:
    """Return *cpus* in the order in which threads are given to them.

    The fastest kind of core first, every core once before a second hardware thread of any, one
    package after the other.
    """
    wanted = tuple(sorted(cpus))
    fastest = set(cpu.fastest_cpus(wanted, root))

    def place(number: int) -> tuple[bool, int, int, int]:
        mates = [each for each in cpu.siblings(number, root) if each in wanted]
        package = optional(root, f"{cpu.CPUS}/cpu{number}/topology/physical_package_id") or "0"
        return (
            number not in fastest,
            mates.index(number) if number in mates else 0,
            int(package) if package.isdecimal() else 0,
            number,
        )

    return tuple(sorted(wanted, key=place))


def sibling_pairs(cpus: Iterable[int], root: Path = HOST) -> tuple[tuple[int, int], ...]:
    """Return pairs of *cpus* that share a core, one pair of each core, in order."""
    wanted = set(cpus)
    found = []
    for number in sorted(wanted):
        mates = [each for each in cpu.siblings(number, root) if each in wanted]
        if len(mates) > 1 and mates[0] == number:
            found.append((mates[0], mates[1]))
    return tuple(found)
