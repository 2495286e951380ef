"""What took the core away. This module reads, around each sample, what the system tells of it.

Every probe may be "not available" on a host; that is said, never guessed. A reading costs a few
microseconds to some tens, outside the timed path.
"""

from __future__ import annotations

import math
import os
import threading
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from hwperf.host import cgroup, cpu
from hwperf.host.files import HOST, optional

__all__ = ["CAUSES", "Counters", "Disturbance", "Probes", "difference"]

CAUSES: Mapping[str, str] = {
    "involuntary_switches": "the scheduler gave the core to somebody else",
    "migrations": "the thread moved to another core",
    "runqueue_wait_s": "the thread waited for its core",
    "steal_s": "the hypervisor took the core away",
    "throttled_s": "the control group's CPU quota was used up",
    "major_faults": "a page had to come from storage",
    "slow_clock": "the core's clock was below the point's own level",
    "team_wait_s": "another thread of the kernel waited for its core",
    "foreign_io": "somebody else used the storage device",
    "placement": "the CPUs of the threads lay to one another otherwise than in most samples",
}
"""What makes a sample disturbed, by name, with what it means."""

WAKING_S = 3e-4
"""Seconds that the threads of a team may wait for their cores when they are woken; a scheduler that
gives a core away does so for a millisecond or more (Linux, sched_base_slice)."""

_STEAL_FIELD = 8  # /proc/stat, "cpuN user nice system idle iowait irq softirq steal ...", proc(5)


@dataclass(frozen=True)
class Counters:
    """Counts since the start of the thread or the system; None where not available."""

    involuntary_switches: int | None = None
    core: int | None = None
    runqueue_wait_s: float | None = None
    steal_s: float | None = None
    throttled_s: float | None = None
    pressure_s: float | None = None
    minor_faults: int | None = None
    major_faults: int | None = None
    team_wait_s: tuple[float, ...] | None = None


@dataclass(frozen=True)
class Disturbance:
    """What happened during one sample.

    Attributes:
        counts: for each cause or circumstance that is available, how much of it.
        causes: those that mean that the core was not the sample's own.
    """

    counts: Mapping[str, float]
    causes: tuple[str, ...]


def difference(
    before: Counters,
    after: Counters,
    seconds: float,
    *,
    wakes: int = 0,
    own: Collection[str] = (),
) -> Disturbance:
    """Return what happened between two readings of one sample.

    Args:
        before: counters when it began.
        after: counters when it ended.
        seconds: how long it took in all. Waiting for the core counts from 0.2 % of it on: below
            that it changes the sample by less than the precision that is asked for.
        wakes: how often the threads of a team were woken. Each time takes some waiting, before
            they are timed, and the calling thread waits for them at the end.
        own: causes that the kernel itself brings about.
    """
    counts: dict[str, float] = {}
    for name in ("involuntary_switches", "runqueue_wait_s", "steal_s", "throttled_s",
                 "pressure_s", "minor_faults", "major_faults"):  # fmt: skip
        first, last = getattr(before, name), getattr(after, name)
        if first is not None and last is not None:
            counts[name] = max(0, last - first)
    if before.team_wait_s and after.team_wait_s:
        # Of the thread that waited longest: each of many is woken, too.
        waits = zip(before.team_wait_s, after.team_wait_s, strict=False)
        counts["team_wait_s"] = max(0.0, *(last - first for first, last in waits))
    if before.core is not None and after.core is not None:
        counts["migrations"] = int(before.core != after.core)
    waking_s = WAKING_S * wakes
    floor = {
        "runqueue_wait_s": 0.002 * seconds + waking_s,
        "team_wait_s": 0.002 * seconds + waking_s,
    }
    causes = tuple(
        name
        for name in CAUSES
        if name in counts and name not in own and counts[name] > floor.get(name, 0)
    )
    return Disturbance(counts, causes)


class Probes:
    """Open counters of this thread and this system; use as a context manager.

    Args:
        root: where the system's files are.
        others: numbers of further threads of this process that the kernel runs on.
        cpus: the CPUs that they all run on; by default the one that this thread is on.

    Attributes:
        unavailable: for each probe that the system does not offer, why.
    """

    def __init__(
        self, root: Path = HOST, *, others: Sequence[int] = (), cpus: Sequence[int] = ()
    ) -> None:
        self.unavailable: dict[str, str] = {}
        self._files: dict[str, int] = {}
        thread = f"proc/{os.getpid()}/task/{threading.get_native_id()}"
        self._open("runqueue_wait_s", root / thread / "schedstat")
        self._cpus = frozenset(cpus)
        self._others = [f"team_wait_s {other}" for other in others]
        for name, other in zip(self._others, others, strict=True):
            self._open(name, root / f"proc/{os.getpid()}/task/{other}/schedstat")
        self._open("pressure_s", root / "proc/pressure/cpu")
        self._open("throttled_s", _cpu_stat_of_cgroup(root))
        self._open("steal_s", root / "proc/stat")
        self._tick_s = 1 / os.sysconf("SC_CLK_TCK") if hasattr(os, "sysconf") else 0.01
        self._usage = _thread_usage()
        if self._usage is None:
            reason = "the system has no getrusage(RUSAGE_THREAD)"
            for name in ("involuntary_switches", "minor_faults", "major_faults"):
                self.unavailable[name] = reason

    def __enter__(self) -> Probes:
        return self

    def __exit__(self, *_: object) -> None:
        for descriptor in self._files.values():
            os.close(descriptor)
        self._files.clear()

    def read(self) -> Counters:
        """Return the counters as they stand."""
        core = cpu.current_cpu()
        usage = self._usage() if self._usage else None
        return Counters(
            involuntary_switches=usage[0] if usage else None,
            minor_faults=usage[1] if usage else None,
            major_faults=usage[2] if usage else None,
            core=core,
            runqueue_wait_s=self._parse("runqueue_wait_s", _second_word_ns),
            steal_s=self._parse("steal_s", lambda text: self._steal(text, core)),
            throttled_s=self._parse("throttled_s", _throttled),
            pressure_s=self._parse("pressure_s", _pressure),
            team_wait_s=self._team_wait(),
        )

    def _team_wait(self) -> tuple[float, ...] | None:
        waits = [self._parse(name, _second_word_ns) for name in self._others]
        return None if None in waits or not waits else tuple(wait or 0.0 for wait in waits)

    def _steal(self, text: str, core: int | None) -> float | None:
        cpus = self._cpus or {core}
        told = [_steal(text, cpu, self._tick_s) for cpu in cpus]
        known = [seconds for seconds in told if seconds is not None]
        return math.fsum(known) if known else None

    def _open(self, name: str, path: Path | None) -> None:
        if path is None:
            self.unavailable[name] = "no control group of ours tells of CPU throttling"
            return
        try:
            self._files[name] = os.open(path, os.O_RDONLY | getattr(os, "O_CLOEXEC", 0))
        except OSError as error:
            self.unavailable[name.split()[0]] = f"{path}: {error.strerror}"

    def _parse(self, name: str, parse: Callable[[str], float | None]) -> float | None:
        descriptor = self._files.get(name)
        if descriptor is None:
            return None
        try:
            value = parse(os.pread(descriptor, 65536, 0).decode("ascii", "replace"))
        except (OSError, ValueError, IndexError) as error:
            value, why = None, f"cannot be read: {error}"
        else:
            why = "the system's file does not tell it"
        if value is None:
            os.close(self._files.pop(name))
            self.unavailable[name.split()[0]] = why
        return value


def _thread_usage() -> Callable[[], tuple[int, int, int]] | None:
    try:
        import resource

        thread = resource.RUSAGE_THREAD
    except (ImportError, AttributeError):
        return None

    def read() -> tuple[int, int, int]:
        usage = resource.getrusage(thread)
        return usage.ru_nivcsw, usage.ru_minflt, usage.ru_majflt

    return read


def _second_word_ns(text: str) -> float:
    return int(text.split()[1]) * 1e-9


def _steal(text: str, core: int | None, tick_s: float) -> float | None:
    label = f"cpu{core} " if core is not None else "cpu "
    for line in text.splitlines():
        if line.startswith(label):
            return int(line.split()[_STEAL_FIELD]) * tick_s
    return None


def _throttled(text: str) -> float | None:
    for line in text.splitlines():
        if line.startswith("throttled_usec "):
            return int(line.split()[1]) * 1e-6
        if line.startswith("throttled_time "):  # cgroup v1: nanoseconds
            return int(line.split()[1]) * 1e-9
    return None


def _pressure(text: str) -> float | None:
    for line in text.splitlines():
        if line.startswith("some "):
            return int(line.rsplit("total=", 1)[1]) * 1e-6
    return None


def _cpu_stat_of_cgroup(root: Path) -> Path | None:
    """Return the file of the group whose quota binds us, else of the nearest that would tell."""
    directories = [directory for _, directory in cgroup.levels("cpu", root)]
    quota = cgroup.cpu_quota(root)
    if quota is not None:
        directories.insert(0, quota[1].rpartition("/")[0])
    for directory in directories:
        path = f"{directory}/cpu.stat"
        if "throttled" in (optional(root, path) or ""):
            return root / path.lstrip("/")
    return None
