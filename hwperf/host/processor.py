"""The processor's facts. This module describes model, cores, clocks and caches."""

from __future__ import annotations

import platform
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from hwperf.host import elsewhere, microarchitecture, simd
from hwperf.host.caches import Cache, caches
from hwperf.host.cpu import (
    CPUS,
    cpuinfo,
    fastest_cpus,
    max_clock_hz,
    online_cpus,
    siblings,
)
from hwperf.host.facts import Fact, Unavailable, Value, fact
from hwperf.host.files import HOST, numbered, optional, text

__all__ = ["cache_facts", "clock_facts", "cpu_facts", "format_cpu_list"]

CPUFREQ = f"{CPUS}/cpu0/cpufreq"
_NO_CPUFREQ = "no cpufreq driver here (usual in a virtual machine)"


def cpu_facts(root: Path = HOST) -> Iterator[Fact]:
    """Yield what the processor is: model, microarchitecture, cores, SIMD sets, microcode."""
    yield fact("model", "/proc/cpuinfo", lambda: _model(root))
    yield _microarchitecture(root)
    yield fact("compatible target", "archspec", lambda: _live(root, _target))
    yield fact("architecture", "uname", lambda: _live(root, platform.machine))
    yield fact("sockets", f"{CPUS}/cpu*/topology/physical_package_id", lambda: _sockets(root))
    yield fact("cores", f"{CPUS}/cpu*/topology/core_cpus_list", lambda: _cores(root))
    yield fact("CPUs", f"{CPUS}/online", lambda: _cpus(root))
    yield fact("allowed CPUs", "/proc/self/status Cpus_allowed_list", lambda: _allowed(root))
    yield fact("threads per core", f"{CPUS}/cpu*/topology (a guest may see 1)", lambda: _smt(root))
    yield fact("fastest CPUs", "cpu_capacity, else cpuinfo_max_freq", lambda: _fastest(root))
    yield fact("SIMD sets", "/proc/cpuinfo", lambda: _simd(root))
    yield fact("microcode", "/proc/cpuinfo", lambda: _microcode(root))


def clock_facts(root: Path = HOST) -> Iterator[Fact]:
    """Yield what sets the core's clock: its ceiling, driver, governor, boost."""
    yield fact("largest clock", f"{CPUS}/cpu*/cpufreq/cpuinfo_max_freq", lambda: _clock(root), "Hz")
    yield fact("driver", f"{CPUFREQ}/scaling_driver", lambda: _cpufreq(root, "scaling_driver"))
    yield fact("governor", f"{CPUS}/cpu*/cpufreq/scaling_governor", lambda: _governors(root))
    name = "energy_performance_preference"
    yield fact("energy preference", f"{CPUFREQ}/{name}", lambda: _cpufreq(root, name))
    yield fact("boost", f"{CPUS}/cpufreq/boost, intel_pstate/no_turbo", lambda: boost(root))


def cache_facts(root: Path = HOST) -> Iterator[Fact]:
    """Yield the size and the layout of each kind of cache; hybrid chips have two of some."""
    source = f"{CPUS}/cpu*/cache"
    kinds: dict[tuple[str, int | None, int | None, int | None, int], list[Cache]] = {}
    for each in caches(root):
        key = (each.name, each.size_bytes, each.line_bytes, each.ways, len(each.shared_cpus))
        kinds.setdefault(key, []).append(each)
    names = [key[0] for key in kinds]
    for (name, size, _, _, _), members in kinds.items():
        cpus = format_cpu_list({cpu for member in members for cpu in member.shared_cpus})
        label = f"{name} of CPUs {cpus}" if names.count(name) > 1 else name
        yield fact(label, source, lambda size=size: _told(size), "B")  # type: ignore[misc]
        layout = _layout(members)
        yield Fact(f"{label} layout", layout, "", source)
    if not kinds:
        yield from _caches_elsewhere(root, source)


def boost(root: Path = HOST) -> bool:
    """Return whether the clock may go above the nominal one.

    Raises:
        Unavailable: when no driver tells.
    """
    turbo = optional(root, f"{CPUS}/intel_pstate/no_turbo")
    told = optional(root, f"{CPUS}/cpufreq/boost")
    if turbo in ("0", "1"):
        return turbo == "0"
    if told in ("0", "1"):
        return told == "1"
    raise Unavailable(_NO_CPUFREQ)


def format_cpu_list(cpus: set[int] | tuple[int, ...]) -> str:
    """Return numbers as the kernel lists them: "0-3,8"."""
    parts: list[list[int]] = []
    for cpu in sorted(cpus):
        if parts and cpu == parts[-1][-1] + 1:
            parts[-1][1:] = [cpu]
        else:
            parts.append([cpu])
    return ",".join("-".join(map(str, part)) for part in parts)


def _live(root: Path, read: Callable[[], str]) -> str:
    if root != HOST:
        raise Unavailable("only the running system tells, not a recorded one")
    return read()


def _told(value: int | None) -> int:
    if value is None:
        raise Unavailable("the system does not tell the size")
    return value


def _model(root: Path) -> str:
    told = cpuinfo(root)
    # x86 has "model name"; boards and s390/ppc name the whole machine or the "cpu".
    name = next((told[key] for key in ("model name", "cpu", "Model") if told.get(key)), None)
    if name:
        return name
    if root == HOST and sys.platform != "linux":
        return elsewhere.cpu_model()
    if not told:
        text(root, "/proc/cpuinfo")  # says why it cannot be read
    raise Unavailable("/proc/cpuinfo has no name (usual on Arm): see microarchitecture")


def _microarchitecture(root: Path) -> Fact:
    source = "/proc/cpuinfo"
    try:
        name, source = microarchitecture.microarchitecture(root)
    except (Unavailable, ValueError, KeyError) as reason:
        return Fact("microarchitecture", None, "", source, str(reason))
    return Fact("microarchitecture", name, "", source)


def _target() -> str:
    try:
        return microarchitecture.compatible_target()
    except Exception as error:  # archspec fails in its own ways on processors new to it
        raise Unavailable(f"archspec failed: {error!r}") from error


def _sockets(root: Path) -> int:
    packages = {
        optional(root, f"{CPUS}/cpu{cpu}/topology/physical_package_id")
        for cpu in numbered(root, CPUS, "cpu")
    } - {None, "-1"}  # -1: the firmware does not tell
    if not packages:
        raise Unavailable(f"{CPUS} has no package numbers")
    return len(packages)


def _cores(root: Path) -> int:
    cpus = online_cpus(root)
    if cpus:
        return len({siblings(cpu, root) for cpu in cpus})
    if root == HOST and sys.platform != "linux":
        return elsewhere.core_count()
    raise Unavailable(f"{CPUS}/online cannot be read")


def _cpus(root: Path) -> int:
    cpus = online_cpus(root)
    if cpus:
        return len(cpus)
    if root == HOST and sys.platform != "linux":
        return elsewhere.cpu_count()
    raise Unavailable(f"{CPUS}/online cannot be read")


def _allowed(root: Path) -> str:
    for line in text(root, "/proc/self/status").splitlines():
        if line.startswith("Cpus_allowed_list:"):
            return line.partition(":")[2].strip()
    raise Unavailable("/proc/self/status has no Cpus_allowed_list")


def _smt(root: Path) -> int:
    cpus = online_cpus(root)
    if not cpus or optional(root, f"{CPUS}/cpu{cpus[0]}/topology/core_id") is None:
        raise Unavailable(f"{CPUS}/cpu*/topology cannot be read")
    return max(len(siblings(cpu, root)) for cpu in cpus)


def _fastest(root: Path) -> str:
    cpus = online_cpus(root)
    if not cpus:
        raise Unavailable(f"{CPUS}/online cannot be read")
    fastest = fastest_cpus(cpus, root)
    return "all alike, or not told" if fastest == cpus else format_cpu_list(fastest)


def _simd(root: Path) -> tuple[str, ...]:
    sets = simd.simd_sets(root)
    if not sets:
        text(root, "/proc/cpuinfo")
        raise Unavailable("/proc/cpuinfo lists no SIMD set that hwperf knows")
    return sets


def _microcode(root: Path) -> str:
    told = cpuinfo(root).get("microcode") or optional(root, f"{CPUS}/cpu0/microcode/version")
    if not told:
        raise Unavailable("/proc/cpuinfo has no microcode revision (only x86 has one)")
    return told


def _clock(root: Path) -> float:
    told = max_clock_hz(root)
    if told is None:
        raise Unavailable(_NO_CPUFREQ)
    return told


def _cpufreq(root: Path, name: str) -> str:
    if not (root / CPUFREQ.lstrip("/")).is_dir():
        raise Unavailable(_NO_CPUFREQ)
    return text(root, f"{CPUFREQ}/{name}")


def _governors(root: Path) -> str:
    names = (
        optional(root, f"{CPUS}/cpu{cpu}/cpufreq/scaling_governor")
        for cpu in numbered(root, CPUS, "cpu")
    )
    found = sorted({name for name in names if name})
    if not found:
        raise Unavailable(_NO_CPUFREQ)
    return ", ".join(found)


def _layout(members: list[Cache]) -> str:
    first = members[0]
    ways = f"{first.ways}-way" if first.ways else "ways not told"
    lines = f"{first.line_bytes} B lines" if first.line_bytes else "line not told"
    count = "1 cache" if len(members) == 1 else f"{len(members)} caches"
    shared = sorted({format_cpu_list(member.shared_cpus) for member in members})
    who = "1 CPU" if len(first.shared_cpus) == 1 else f"{len(first.shared_cpus)} CPUs"
    example = f" ({shared[0]} share one)" if len(first.shared_cpus) > 1 else ""
    return f"{ways}, {lines}, {count} of {who} each{example}"


def _caches_elsewhere(root: Path, source: str) -> Iterator[Fact]:
    found: dict[str, Value] = {}
    if root == HOST and sys.platform == "darwin":
        found.update(elsewhere.sysctl_caches())
    for name, size in found.items():
        yield Fact(name, size, "B", "sysctl")
    if not found:
        yield Fact("caches", None, "", source, f"{source} does not exist here")
