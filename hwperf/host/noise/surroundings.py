"""Disturbers around us. This module checks the hypervisor, the kernel's settings and variables."""

from __future__ import annotations

from collections.abc import Iterator

from hwperf.host.facts import Unavailable
from hwperf.host.files import listing, optional
from hwperf.host.noise.finding import Finding, View
from hwperf.host.virtualization import hypervisor

__all__ = ["autogroup", "battery", "clock_source", "environment", "pressure", "virtual"]

# Pressure of 1 % over ten seconds: tasks waited for a CPU (or memory) for 0.1 s of them.
_PRESSURE = 1.0


def battery(host: View) -> Iterator[Finding]:
    """Check for a battery that is being drained."""
    directory = "/sys/class/power_supply"
    for name in listing(host.root, directory):
        kind = optional(host.root, f"{directory}/{name}/type")
        status = optional(host.root, f"{directory}/{name}/status")
        if kind == "Battery" and status == "Discharging":
            charge = optional(host.root, f"{directory}/{name}/capacity") or "?"
            yield Finding(
                "running on battery",
                f"{name} is discharging at {charge} %",
                "high",
                "Plug it in: on battery the clock is held down.",
            )


def pressure(host: View) -> Iterator[Finding]:
    """Check for tasks that waited for CPU, memory or storage (PSI)."""
    for what in ("cpu", "memory", "io"):
        told = optional(host.root, f"/proc/pressure/{what}") or ""
        words = dict(word.partition("=")[::2] for word in told.partition("\n")[0].split())
        avg10 = float(words.get("avg10") or 0)
        if avg10 > _PRESSURE:
            yield Finding(
                f"tasks wait for {what}",
                f"pressure of {avg10:g} % over the last 10 s by /proc/pressure/{what}",
                "medium",
                "Find who competes (top, iotop) and wait for it to end.",
            )


def virtual(host: View) -> Iterator[Finding]:
    """Check for a virtual machine."""
    try:
        name, sign = hypervisor(host.root)
    except Unavailable:
        return
    if name != "none":
        yield Finding(
            f"a virtual machine ({name})",
            sign,
            "medium",
            "Caches and memory are shared with unseen neighbours, the host may move CPUs, "
            "counters are hidden: repeat over the day, compare within one run.",
        )


def clock_source(host: View) -> Iterator[Finding]:
    """Check for a clock that costs a system call to read."""
    # Sources that a program can read without entering the kernel, by vDSO.
    fast = ("tsc", "arch_sys_counter", "kvm-clock", "hyperv_clocksource_tsc_page", "timebase")
    path = "/sys/devices/system/clocksource/clocksource0/current_clocksource"
    name = optional(host.root, path)
    if name and name not in fast:
        yield Finding(
            "reading the clock is slow",
            f"clock source is {name}",
            "medium",
            "The kernel distrusts the time-stamp counter: see dmesg | grep -i tsc.",
        )


def environment(host: View) -> Iterator[Finding]:
    """Check for variables that steer numerical libraries."""
    prefixes = ("OPENBLAS_", "OMP_", "MKL_", "BLIS_", "NUMBA_NUM_THREADS", "GOMP_", "KMP_")
    found = {k: v for k, v in host.environment.items() if k.startswith(prefixes)}
    for name, value in sorted(found.items()):
        kernel = name == "OPENBLAS_CORETYPE"
        yield Finding(
            f"{name} is set",
            f"{name}={value}",
            "medium" if kernel else "low",
            "It chooses numpy's BLAS kernels by hand: unset it to measure this machine."
            if kernel
            else "It counts for threaded kernels: keep it the same in runs to compare.",
        )


def autogroup(host: View) -> Iterator[Finding]:
    """Check for scheduling by session, which makes nice ineffective between sessions."""
    if optional(host.root, "/proc/sys/kernel/sched_autogroup_enabled") == "1":
        yield Finding(
            "nice has no effect between sessions",
            "kernel.sched_autogroup_enabled is 1",
            "low",
            "Do not count on nice to win against other sessions' programs.",
        )
