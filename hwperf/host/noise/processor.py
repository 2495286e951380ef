"""Disturbers of the processor. This module checks clocks, siblings, quotas and other programs."""

from __future__ import annotations

from collections.abc import Iterator

from hwperf.host import cgroup, cpu
from hwperf.host.facts import Unavailable
from hwperf.host.files import optional
from hwperf.host.noise.finding import Finding, View
from hwperf.host.processor import boost

__all__ = [
    "few_cpus", "foreign_load", "governor", "load_average", "quota", "siblings", "steal", "turbo",
]  # fmt: skip

# Part of one CPU that somebody else may use before it shows in a 1 % interval.
_FOREIGN = 0.05


def steal(host: View) -> Iterator[Finding]:
    """Check for CPU time that the hypervisor gave to others while we wanted it."""
    stolen = max((each.steal for each in host.load.cpus.values()), default=0.0)
    if stolen > 0.01:
        yield Finding(
            "the hypervisor takes CPUs away (steal)",
            f"up to {stolen * 100:.0f} % of a CPU's time during the look",
            "high",
            "Nothing in this guest helps: use a host with CPUs of its own, or repeat.",
        )


def foreign_load(host: View) -> Iterator[Finding]:
    """Check for other programs that compute now."""
    busy = [(name, part) for name, part in host.load.programs if part > _FOREIGN]
    if busy:
        part = sum(part for _, part in busy)
        names = ", ".join(f"{name} {each * 100:.0f} %" for name, each in busy[:4])
        yield Finding(
            "other programs use the CPUs",
            f"{names} of one CPU",
            "high" if part > 0.5 else "medium",
            "Close them, or measure when they are done.",
        )


def load_average(host: View) -> Iterator[Finding]:
    """Check for load in the last minute, which leaves a hot processor and cold caches."""
    words = (optional(host.root, "/proc/loadavg") or "").split()
    n_cpus = len(cpu.online_cpus(host.root)) or len(host.cpus)
    if words and float(words[0]) > 0.5 * n_cpus:
        yield Finding(
            "the machine has been busy",
            f"load average {words[0]} over the last minute on {n_cpus} CPUs",
            "medium",
            "Wait until it has calmed down: clocks and caches take a while to settle.",
        )


def quota(host: View) -> Iterator[Finding]:
    """Check for a CPU quota of our control groups."""
    found = cgroup.cpu_quota(host.root)
    if found is None:
        return
    throttled = host.load.throttled_s or 0
    before = cgroup.throttled(host.root)
    history = f", throttled {before[0]} times so far" if before and before[0] else ""
    yield Finding(
        "a CPU quota limits us",
        f"{found[0]:g} CPUs' worth by {found[1]}{history}",
        "high" if throttled or found[0] < len(host.cpus) else "medium",
        "Raise the quota to the number of CPUs, or use fewer threads than it allows.",
    )


def siblings(host: View) -> Iterator[Finding]:
    """Check for CPUs of ours that share a core, and whether the other half is busy."""
    shared = [each for each in host.cpus if len(cpu.siblings(each, host.root)) > 1]
    if not shared:
        return
    busy = [
        (each, host.load.cpus[each].busy)
        for each in {s for c in shared for s in cpu.siblings(c, host.root)}
        if each in host.load.cpus and host.load.cpus[each].busy > _FOREIGN
    ]
    names = ", ".join(f"CPU {each} {part * 100:.0f} %" for each, part in sorted(busy)[:4])
    yield Finding(
        "CPUs share cores (SMT)",
        f"busy during the look: {names}" if busy else "no sibling was busy during the look",
        "medium" if busy else "low",
        "Let one thread of each core rest, e.g. taskset -c with one CPU of each core.",
    )


def governor(host: View) -> Iterator[Finding]:
    """Check for a clock that follows the load."""
    names = {
        each: optional(host.root, f"{cpu.CPUS}/cpu{each}/cpufreq/scaling_governor")
        for each in host.cpus
    }
    slow = sorted({name for name in names.values() if name and name != "performance"})
    if slow:
        yield Finding(
            "the clock follows the load",
            f"cpufreq governor is {', '.join(slow)}",
            "medium",
            "For the time of a run: cpupower frequency-set -g performance (root).",
        )


def turbo(host: View) -> Iterator[Finding]:
    """Check for a clock that may exceed the nominal one."""
    try:
        boosted = boost(host.root)
    except Unavailable:
        return
    if boosted:
        yield Finding(
            "the clock depends on temperature and on the other cores (boost)",
            "intel_pstate/no_turbo or cpufreq/boost says that boost is on",
            "low",
            "To compare two runs, switch boost off in both; to see the peak, leave it on.",
        )


def few_cpus(host: View) -> Iterator[Finding]:
    """Check for a single CPU that must also serve everybody else."""
    if len(host.cpus) < 2:
        yield Finding(
            "one CPU for everything",
            f"this process may use CPU {', '.join(map(str, host.cpus))} only",
            "medium",
            "Interrupts and other programs run on the CPU that is measured; allow a second.",
        )
