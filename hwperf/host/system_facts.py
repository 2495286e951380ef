"""The system's facts. This module describes kernel, virtualization, mitigations and clocks."""

from __future__ import annotations

import platform
from collections.abc import Callable, Iterator
from pathlib import Path

from hwperf.host import cgroup
from hwperf.host.facts import Fact, Unavailable, fact
from hwperf.host.files import HOST, listing, optional, text
from hwperf.host.virtualization import container, hypervisor

__all__ = ["system_facts"]

CLOCK = "/sys/devices/system/clocksource/clocksource0"
DMI = "/sys/class/dmi/id"
VULNERABILITIES = "/sys/devices/system/cpu/vulnerabilities"

# Boot options that change what a benchmark sees; the rest of the command line may hold secrets.
_BOOT_OPTIONS = (
    "mitigations", "isolcpus", "nohz_full", "rcu_nocbs", "nosmt", "transparent_hugepage",
    "default_hugepagesz", "hugepagesz", "hugepages", "intel_pstate", "amd_pstate", "iommu",
    "intel_iommu", "amd_iommu", "numa_balancing", "clocksource", "tsc", "idle", "preempt",
    "processor.max_cstate", "intel_idle.max_cstate", "spectre_v2", "pti", "nopti", "mem",
    "maxcpus", "nr_cpus", "threadirqs", "skew_tick", "cpufreq.default_governor",
)  # fmt: skip


def system_facts(root: Path = HOST) -> Iterator[Fact]:
    """Yield what runs below us: machine, kernel, virtualization, mitigations, clocks."""
    yield fact("machine", f"{DMI}/sys_vendor, product_name", lambda: _machine(root))
    yield fact("firmware", f"{DMI}/bios_vendor, bios_version, bios_date", lambda: _firmware(root))
    yield fact("kernel", "/proc/sys/kernel/osrelease", lambda: _kernel(root))
    yield fact("distribution", "/etc/os-release", lambda: _distribution(root))
    yield fact("boot options", "/proc/cmdline", lambda: _boot_options(root))
    yield _with_sign("hypervisor", hypervisor, root)
    yield _with_sign("container", container, root)
    yield fact("mitigations", VULNERABILITIES, lambda: _mitigations(root))
    yield fact(
        "clock source",
        f"{CLOCK}/current_clocksource",
        lambda: text(root, f"{CLOCK}/current_clocksource"),
    )
    yield fact(
        "clock sources",
        f"{CLOCK}/available_clocksource",
        lambda: text(root, f"{CLOCK}/available_clocksource"),
    )
    yield fact("CPU quota", "cpu.max of our control groups", lambda: _quota(root))
    yield fact("Python", "the running interpreter", lambda: _python(root))


def _with_sign(name: str, read: Callable[[Path], tuple[str, str]], root: Path) -> Fact:
    """Return the fact whose reader also names the sign that it went by."""
    try:
        value, sign = read(root)
    except Unavailable as reason:
        return Fact(name, None, "", "several signs", str(reason))
    return Fact(name, value, "", sign)


def _machine(root: Path) -> str:
    words = [optional(root, f"{DMI}/{name}") for name in ("sys_vendor", "product_name")]
    board = optional(root, "/proc/device-tree/model")
    if not any(words) and board:
        return board.rstrip("\0")
    if not any(words):
        text(root, f"{DMI}/product_name")  # says why it cannot be read
    return " ".join(word for word in words if word)


def _firmware(root: Path) -> str:
    names = ("bios_vendor", "bios_version", "bios_date")
    words = [optional(root, f"{DMI}/{name}") for name in names]
    if not any(words):
        text(root, f"{DMI}/bios_version")
    return " ".join(word for word in words if word)


def _kernel(root: Path) -> str:
    told = optional(root, "/proc/sys/kernel/osrelease")
    if told:
        return f"Linux {told}"
    if root != HOST:
        return text(root, "/proc/sys/kernel/osrelease")
    return f"{platform.system()} {platform.release()}"


def _distribution(root: Path) -> str:
    for line in text(root, "/etc/os-release").splitlines():
        name, _, value = line.partition("=")
        if name == "PRETTY_NAME":
            return value.strip("\"'")
    raise Unavailable("/etc/os-release has no PRETTY_NAME")


def _boot_options(root: Path) -> tuple[str, ...]:
    words = text(root, "/proc/cmdline").split()
    return tuple(word for word in words if word.partition("=")[0] in _BOOT_OPTIONS)


def _mitigations(root: Path) -> tuple[str, ...]:
    """Return "name: state" for each vulnerability that this processor has."""
    names = listing(root, VULNERABILITIES)
    if not names:
        raise Unavailable(f"{VULNERABILITIES} does not exist here")
    states = {name: optional(root, f"{VULNERABILITIES}/{name}") for name in names}
    return tuple(
        f"{name}: {state}" for name, state in states.items() if state and state != "Not affected"
    )


def _quota(root: Path) -> float:
    found = cgroup.cpu_quota(root)
    if found is None:
        raise Unavailable("no control group on the way up sets one")
    return found[0]


def _python(root: Path) -> str:
    if root != HOST:
        raise Unavailable("only the running system tells, not a recorded one")
    return f"{platform.python_implementation()} {platform.python_version()}"
