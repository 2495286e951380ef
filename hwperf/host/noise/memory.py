"""Disturbers of the memory. This module checks what is free, what moves, and huge pages."""

from __future__ import annotations

from collections.abc import Iterator

from hwperf.host import memory, pages
from hwperf.host.facts import Unavailable
from hwperf.host.files import listing, optional
from hwperf.host.noise.finding import Finding, View
from hwperf.units import format_bytes

__all__ = ["damon", "huge_pages", "shortage", "swap"]


def swap(host: View) -> Iterator[Finding]:
    """Check for pages that move to or from swap, or lie there."""
    if host.load.swapped_pages:
        yield Finding(
            "memory is being swapped",
            f"{host.load.swapped_pages} pages moved during the look",
            "high",
            "Close programs until nothing is swapped.",
        )
        return
    try:
        table = memory.meminfo(host.root)
    except Unavailable:
        return
    used = table.get("SwapTotal", 0) - table.get("SwapFree", 0)
    if used > 0.01 * table.get("MemTotal", 0):
        yield Finding(
            "swap is in use",
            f"{format_bytes(used)} by /proc/meminfo",
            "low",
            "Harmless while nothing moves; swapoff -a && swapon -a (root) brings it back.",
        )


def shortage(host: View) -> Iterator[Finding]:
    """Check for little free memory, and for a kernel that refuses to overcommit."""
    try:
        available = memory.available_bytes(host.root)
        total = memory.total_bytes(host.root)
    except Unavailable:
        return
    if available < 0.25 * total:
        yield Finding(
            "little memory is free",
            f"{format_bytes(available)} available of {format_bytes(total)}",
            "medium",
            "Close programs: large working sets are n/a, and the kernel reclaims meanwhile.",
        )
    if optional(host.root, "/proc/sys/vm/overcommit_memory") == "2":
        yield Finding(
            "memory is not overcommitted",
            "vm.overcommit_memory is 2",
            "low",
            "Large working sets may be refused although memory is free.",
        )


def huge_pages(host: View) -> Iterator[Finding]:
    """Check for huge pages that cannot be had, or that come unasked."""
    denied = pages.huge_pages_denied(host.root)
    setting = optional(host.root, f"{pages.THP}/enabled") or ""
    if denied:
        yield Finding(
            "no huge pages", denied, "medium", "Workloads with pages=huge are n/a until then."
        )
    elif "[always]" in setting:
        yield Finding(
            "programs get huge pages without asking",
            f"{pages.THP}/enabled is always",
            "low",
            "hwperf asks for either kind; other programs' speed depends on free huge pages.",
        )


def damon(host: View) -> Iterator[Finding]:
    """Check for the kernel thread of DAMON, which may reclaim pages that rest."""
    names = {
        optional(host.root, f"/proc/{name}/comm")
        for name in listing(host.root, "/proc")
        if name.isdecimal()
    }
    daemons = sorted(name for name in names if name and name.startswith("kdamond"))
    if daemons:
        yield Finding(
            "DAMON watches memory and may reclaim pages",
            f"kernel thread {', '.join(daemons[:3])} runs",
            "medium",
            "Large sets that rest may be paged out: see /sys/kernel/mm/damon (root).",
        )
