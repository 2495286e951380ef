"""Who else uses the machine. This module compares the kernel's counters over a short while.

One look covers everything that must be sampled: CPU time of others, time stolen by a hypervisor,
throttling of our control groups, pages swapped.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from hwperf.host import cgroup
from hwperf.host.files import HOST, listing, optional

__all__ = ["Load", "Stolen", "look"]

# Fields of a "cpuN" line in /proc/stat, proc_stat(5).
_FIELDS = ("user", "nice", "system", "idle", "iowait", "irq", "softirq", "steal")
_IDLE = ("idle", "iowait")


@dataclass(frozen=True)
class Stolen:
    """CPU time of one CPU during the look, as parts of its time: 0.25 is a quarter."""

    busy: float
    steal: float


@dataclass(frozen=True)
class Load:
    """What happened during the look; None or empty where the system does not tell.

    Args:
        cpus: by CPU, the parts of its time that were used and stolen, our own time included.
        programs: names of the other programs that used CPU time, busiest first, with their part
            of one CPU.
        throttled_s: seconds that our control groups were throttled.
        swapped_pages: pages that went to or came from swap.
    """

    cpus: dict[int, Stolen]
    programs: tuple[tuple[str, float], ...]
    throttled_s: float | None
    swapped_pages: int | None


def look(
    root: Path = HOST,
    seconds: float = 0.25,
    sleep: Callable[[float], None] = time.sleep,
    own_pid: int | None = None,
) -> Load:
    """Return what the machine did during *seconds*, in which this process sleeps."""
    cpus, programs, throttled, swapped = _snapshot(root)
    sleep(seconds)
    cpus_after, programs_after, throttled_after, swapped_after = _snapshot(root)
    shares = {cpu: _share(cpus[cpu], cpus_after[cpu]) for cpu in cpus if cpu in cpus_after}
    total = sum(_total(cpus_after[cpu]) - _total(cpus[cpu]) for cpu in shares)
    per_cpu = total / len(shares) if shares else 0
    used = [
        (name, (ticks - programs[pid][1]) / per_cpu)
        for pid, (name, ticks) in programs_after.items()
        if pid in programs and pid != own_pid and per_cpu > 0 and ticks > programs[pid][1]
    ]
    return Load(
        cpus=shares,
        programs=tuple(sorted(used, key=lambda each: -each[1])),
        throttled_s=_increase(throttled, throttled_after),
        swapped_pages=None if swapped is None or swapped_after is None else swapped_after - swapped,
    )


_Ticks = dict[str, int]


def _snapshot(
    root: Path,
) -> tuple[dict[int, _Ticks], dict[int, tuple[str, int]], float | None, int | None]:
    throttled = cgroup.throttled(root)
    return _cpus(root), _programs(root), throttled and throttled[1], _swapped(root)


def _cpus(root: Path) -> dict[int, _Ticks]:
    found = {}
    for line in (optional(root, "/proc/stat") or "").splitlines():
        name, _, rest = line.partition(" ")
        number = name.removeprefix("cpu")
        if name.startswith("cpu") and number.isdecimal():
            found[int(number)] = dict(zip(_FIELDS, map(int, rest.split()), strict=False))
    return found


def _total(ticks: _Ticks) -> int:
    return sum(ticks.values())


def _share(before: _Ticks, after: _Ticks) -> Stolen:
    total = _total(after) - _total(before)
    if total <= 0:
        return Stolen(0.0, 0.0)
    idle = sum(after.get(name, 0) - before.get(name, 0) for name in _IDLE)
    steal = after.get("steal", 0) - before.get("steal", 0)
    return Stolen(max(0.0, (total - idle - steal) / total), max(0.0, steal / total))


def _programs(root: Path) -> dict[int, tuple[str, int]]:
    """Return (name, CPU ticks) by process; fields 2, 14 and 15 of /proc/<pid>/stat."""
    found = {}
    for name in listing(root, "/proc"):
        line = optional(root, f"/proc/{name}/stat") if name.isdecimal() else None
        if not line:
            continue
        program, _, rest = line.partition("(")[2].rpartition(")")
        fields = rest.split()
        if len(fields) > 12:
            found[int(name)] = (program, int(fields[11]) + int(fields[12]))
    return found


def _swapped(root: Path) -> int | None:
    lines = (line.split() for line in (optional(root, "/proc/vmstat") or "").splitlines())
    table = {words[0]: int(words[1]) for words in lines if len(words) == 2}
    return table["pswpin"] + table["pswpout"] if {"pswpin", "pswpout"} <= table.keys() else None


def _increase(before: float | None, after: float | None) -> float | None:
    return None if before is None or after is None else after - before
