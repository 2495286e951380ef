"""Processors. This module says which CPUs we may use, which belong together, and how fast.

A CPU here is what the operating system schedules on: a hardware thread, or a virtual one.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable
from functools import cache
from pathlib import Path

from hwperf.host.files import HOST, numbered, optional

__all__ = [
    "allowed_cpus",
    "cpuinfo",
    "current_cpu",
    "fastest_cpus",
    "max_clock_hz",
    "online_cpus",
    "page_size",
    "parse_cpu_list",
    "siblings",
]

CPUS = "/sys/devices/system/cpu"


def allowed_cpus() -> tuple[int, ...]:
    """Return the CPUs that this process may run on, ascending: its affinity, as taskset sets it."""
    if sys.platform == "linux":
        return tuple(sorted(os.sched_getaffinity(0)))
    return tuple(range(os.cpu_count() or 1))


def online_cpus(root: Path = HOST) -> tuple[int, ...]:
    """Return the CPUs that the operating system runs; empty where it does not tell."""
    return parse_cpu_list(optional(root, f"{CPUS}/online") or "")


def current_cpu() -> int | None:
    """Return the CPU that this thread runs on now, or None where the system does not tell."""
    sched_getcpu = _sched_getcpu()
    found = sched_getcpu() if sched_getcpu else -1
    return found if found >= 0 else None


def siblings(cpu: int, root: Path = HOST) -> tuple[int, ...]:
    """Return the CPUs that share a core with *cpu*, itself included.

    A virtual machine may hide them: "alone" means that the system tells of no sibling.
    """
    topology = f"{CPUS}/cpu{cpu}/topology"
    told = optional(root, f"{topology}/core_cpus_list") or optional(
        root, f"{topology}/thread_siblings_list"
    )
    return parse_cpu_list(told or "") or (cpu,)


def fastest_cpus(cpus: Iterable[int], root: Path = HOST) -> tuple[int, ...]:
    """Return those of *cpus* on the fastest kind of core, ascending; all, where nothing tells.

    Kinds are told apart by cpu_capacity (Arm, and Intel hybrids since Linux 6.12), else by the
    largest clock. A core within 5 % of the best is of the same kind: favoured cores of one kind
    differ by a few per cent in their boost clock.
    """
    wanted = tuple(sorted(cpus))
    for name in ("cpu_capacity", "cpufreq/cpuinfo_max_freq"):
        told = {cpu: _number(root, f"{CPUS}/cpu{cpu}/{name}") for cpu in wanted}
        speeds = {cpu: speed for cpu, speed in told.items() if speed}
        if speeds:
            best = max(speeds.values())
            return tuple(cpu for cpu in wanted if speeds.get(cpu, 0) >= 0.95 * best)
    return wanted


def max_clock_hz(root: Path = HOST) -> float | None:
    """Return the largest clock that any CPU may reach, or None where the system does not tell.

    A virtual machine usually does not: /proc/cpuinfo's "cpu MHz" is then the time-stamp counter's
    rate, which the real clock passes by half, so it is no bound and is not used.
    """
    told = (
        _number(root, f"{CPUS}/cpu{cpu}/cpufreq/cpuinfo_max_freq")
        for cpu in numbered(root, CPUS, "cpu")
    )
    kilohertz = [speed for speed in told if speed]
    return max(kilohertz) * 1e3 if kilohertz else None


def page_size() -> int:
    """Return the system's base page size in bytes."""
    import mmap

    return mmap.PAGESIZE


def cpuinfo(root: Path = HOST) -> dict[str, str]:
    """Return the first processor's block of /proc/cpuinfo by name; empty where there is none.

    Arm kernels and others put some lines (Hardware, Model) into a last block: it is merged in.
    """
    blocks = (optional(root, "/proc/cpuinfo") or "").split("\n\n")
    found: dict[str, str] = {}
    for block in (blocks[0], blocks[-1]):
        for line in block.splitlines():
            name, separator, value = line.partition(":")
            if separator:
                found.setdefault(name.strip(), value.strip())
    return found


def parse_cpu_list(told: str) -> tuple[int, ...]:
    """Return the numbers of a kernel list such as "0-3,8,10-11"; empty for anything else.

    Source: Linux, Documentation/admin-guide/kernel-parameters.rst, "cpu lists".
    """
    found: set[int] = set()
    for part in told.split(","):
        first, dash, last = part.strip().partition("-")
        if first.isdecimal() and (last.isdecimal() or not dash):
            found.update(range(int(first), int(last or first) + 1))
    return tuple(sorted(found))


@cache
def _sched_getcpu() -> Callable[[], int] | None:
    """Return the C library's function; looked up once, since samples are bracketed by it."""
    if sys.platform != "linux":
        return None
    import ctypes

    found: Callable[[], int] | None = getattr(ctypes.CDLL(None), "sched_getcpu", None)
    return found


def _number(root: Path, path: str) -> int | None:
    told = optional(root, path)
    return int(told) if told and told.isdecimal() else None
