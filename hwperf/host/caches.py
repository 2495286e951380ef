"""Caches. This module lists the data and instruction caches that the system tells of.

What a virtual machine tells is the host's cache, of which it may get a small share: the measured
latency curve, not this list, says where a working set stops fitting.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from hwperf.host.cpu import CPUS, parse_cpu_list
from hwperf.host.files import HOST, numbered, optional

__all__ = ["Cache", "caches", "data_bytes", "last_level_bytes"]

_UNITS = {"K": 1024, "M": 1024**2, "G": 1024**3}


@dataclass(frozen=True)
class Cache:
    """One cache: `kind` is "data", "instruction" or "unified"; None where the system is silent."""

    level: int
    kind: str
    size_bytes: int | None
    line_bytes: int | None
    ways: int | None
    shared_cpus: tuple[int, ...]

    @property
    def name(self) -> str:
        """The field's name for it: L1d, L1i, L2, L3."""
        return f"L{self.level}{self.kind[0] if self.kind != 'unified' else ''}"


def caches(root: Path = HOST, cpu: int | None = None) -> tuple[Cache, ...]:
    """Return the caches by level, kind and CPUs: each once, or only those that *cpu* uses."""
    found: set[Cache] = set()
    known: set[tuple[int, str, int]] = set()  # (level, kind, CPU): told by a CPU that shares it
    for each in numbered(root, CPUS, "cpu") if cpu is None else (cpu,):
        for index in numbered(root, f"{CPUS}/cpu{each}/cache", "index"):
            directory = f"{CPUS}/cpu{each}/cache/index{index}"
            level = _number(optional(root, f"{directory}/level"))
            kind = (optional(root, f"{directory}/type") or "").lower()
            if level is None or not kind or (level, kind, each) in known:
                continue
            cache = _read(root, directory, level, kind, each)
            found.add(cache)
            known.update((level, kind, sharer) for sharer in cache.shared_cpus)
    return tuple(sorted(found, key=lambda cache: (cache.level, cache.kind, cache.shared_cpus)))


def data_bytes(cpu: int = 0, root: Path = HOST) -> dict[int, int]:
    """Return the bytes of each level of cache that holds the data of *cpu*, where it is told."""
    found: dict[int, int] = {}
    for each in caches(root, cpu):
        if each.kind != "instruction" and each.size_bytes:
            found.setdefault(each.level, each.size_bytes)
    return found


def last_level_bytes(n_threads: int = 1, root: Path = HOST) -> int:
    """Return the most bytes of last-level cache that so many threads can fill, 0 where not told.

    A thread fills that of its own core; threads on other cores may have others.
    """
    found = [each for each in caches(root) if each.kind != "instruction" and each.size_bytes]
    last = max((each.level for each in found), default=0)
    sizes = sorted((each.size_bytes or 0 for each in found if each.level == last), reverse=True)
    return sum(sizes[:n_threads])


def _read(root: Path, directory: str, level: int, kind: str, cpu: int) -> Cache:
    shared = parse_cpu_list(optional(root, f"{directory}/shared_cpu_list") or "")
    return Cache(
        level=level,
        kind=kind,
        size_bytes=_size(optional(root, f"{directory}/size")),
        line_bytes=_number(optional(root, f"{directory}/coherency_line_size")),
        ways=_number(optional(root, f"{directory}/ways_of_associativity")),
        shared_cpus=shared or (cpu,),
    )


def _size(told: str | None) -> int | None:
    """Return the bytes of a kernel size such as "512K"; 0 means unknown there."""
    if not told:
        return None
    unit = _UNITS.get(told[-1], 1)
    digits = told[:-1] if told[-1] in _UNITS else told
    return int(digits) * unit or None if digits.isdecimal() else None


def _number(told: str | None) -> int | None:
    """Return a positive number, or None: the kernel writes 0 for what it does not know."""
    return int(told) or None if told and told.isdecimal() else None
