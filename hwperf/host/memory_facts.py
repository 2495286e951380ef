"""The memory's facts. This module describes size, limits, pages, nodes and modules."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from hwperf.host import cgroup, cpu, dimms, memory, pages
from hwperf.host.facts import Fact, Unavailable, fact
from hwperf.host.files import HOST, listing, numbered, optional, text
from hwperf.units import format_bytes

__all__ = ["memory_facts"]

NODES = "/sys/devices/system/node"
HUGETLB = "/sys/kernel/mm/hugepages"


def memory_facts(root: Path = HOST) -> Iterator[Fact]:
    """Yield what the memory is, and how much of it we may use."""
    meminfo = "/proc/meminfo"
    yield fact("total", f"{meminfo} MemTotal", lambda: memory.total_bytes(root), "B")
    yield fact("available", f"{meminfo}, control groups", lambda: memory.available_bytes(root), "B")
    yield fact("control group limit", "memory.max of our groups", lambda: _limit(root), "B")
    yield fact("swap", f"{meminfo} SwapTotal", lambda: _swap(root), "B")
    yield fact("page size", "the running system", lambda: _page_size(root), "B")
    yield fact("huge pages", f"{pages.THP}/enabled", lambda: _chosen(root, "enabled"))
    yield fact("huge pages, defrag", f"{pages.THP}/defrag", lambda: _chosen(root, "defrag"))
    yield fact("huge page size", f"{pages.THP}/hpage_pmd_size", lambda: _huge(root), "B")
    yield fact("hugetlb pool", HUGETLB, lambda: _pool(root))
    yield fact("NUMA nodes", NODES, lambda: len(_nodes(root)))
    yield fact("NUMA layout", f"{NODES}/node*", lambda: _layout(root))
    yield fact("modules", f"{dimms.TABLE}, {dimms.UDEV}", lambda: _modules(root))


def _limit(root: Path) -> int:
    found = cgroup.memory(root)
    if found is None:
        raise Unavailable("no control group on the way up sets one")
    return found.limit_bytes


def _swap(root: Path) -> int:
    table = memory.meminfo(root)
    if "SwapTotal" not in table:
        raise Unavailable("/proc/meminfo has no SwapTotal")
    return table["SwapTotal"]


def _page_size(root: Path) -> int:
    if root != HOST:
        raise Unavailable("only the running system tells, not a recorded one")
    return cpu.page_size()


def _chosen(root: Path, name: str) -> str:
    """Return the word in brackets of a file such as "always [madvise] never"."""
    told = text(root, f"{pages.THP}/{name}")
    return told.partition("[")[2].partition("]")[0] or told


def _huge(root: Path) -> int:
    size = pages.huge_page_bytes(root)
    if size is None:
        raise Unavailable("this kernel has no transparent huge pages")
    return size


def _pool(root: Path) -> tuple[str, ...]:
    """Return the reserved pools of hugetlbfs, such as "16 x 1 GiB"."""
    names = (name.removeprefix("hugepages-").removesuffix("kB") for name in listing(root, HUGETLB))
    sizes = sorted(int(name) for name in names if name.isdecimal())
    if not sizes:
        raise Unavailable(f"{HUGETLB} does not exist here")
    counts = [text(root, f"{HUGETLB}/hugepages-{size}kB/nr_hugepages") for size in sizes]
    return tuple(
        f"{count} x {format_bytes(size * 1024)}" for count, size in zip(counts, sizes, strict=True)
    )


def _nodes(root: Path) -> tuple[int, ...]:
    nodes = numbered(root, NODES, "node")
    if not nodes:
        raise Unavailable(f"{NODES} does not exist here: the kernel knows no nodes")
    return nodes


def _layout(root: Path) -> tuple[str, ...]:
    return tuple(_node(root, node) for node in _nodes(root))


def _node(root: Path, node: int) -> str:
    directory = f"{NODES}/node{node}"
    cpus = optional(root, f"{directory}/cpulist") or "none"
    words = [f"node {node}: CPUs {cpus}"]
    for line in (optional(root, f"{directory}/meminfo") or "").splitlines():
        if " MemTotal:" in line:
            words.append(format_bytes(int(line.split()[-2]) * 1024))
    distances = optional(root, f"{directory}/distance")
    if distances:
        words.append(f"distances {distances}")
    return ", ".join(words)


def _modules(root: Path) -> tuple[str, ...]:
    return tuple(str(module) for module in dimms.dimms(root))
