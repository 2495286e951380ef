"""Control groups. This module walks from our group to the top and finds the tightest limits.

A limit anywhere on the way up binds us, so each reader looks at every level. A container often
shows only its own subtree: levels that are not mounted are skipped, as nobody can read them.

Source: Linux, Documentation/admin-guide/cgroup-v2.rst and cgroup-v1/memory.rst.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from hwperf.host.files import HOST, optional

__all__ = ["Memory", "cpu_quota", "levels", "memory", "throttled"]

# cgroup v1 writes "no limit" as the largest multiple of the page size below 2^63; anything of
# this order is no limit that a machine could reach.
_UNLIMITED_BYTES = 1 << 60


@dataclass(frozen=True)
class Memory:
    """The memory limit that leaves us least: bytes allowed, bytes in use, and where it is set."""

    limit_bytes: int
    used_bytes: int
    source: str

    @property
    def free_bytes(self) -> int:
        """Bytes that may still be allocated under this limit."""
        return max(0, self.limit_bytes - self.used_bytes)


def memory(root: Path = HOST) -> Memory | None:
    """Return the memory limit of our groups that leaves least, or None when there is none.

    Page cache that the kernel can drop at once (inactive_file) does not count as used, as in the
    "working set" of Kubernetes. memory.high counts as a limit: above it the group is throttled.
    """
    found = list(_memory_limits(root))
    return min(found, key=lambda level: level.free_bytes) if found else None


def _memory_limits(root: Path) -> Iterator[Memory]:
    names = {
        2: (("memory.max", "memory.high"), "memory.current", "inactive_file"),
        1: (("memory.limit_in_bytes",), "memory.usage_in_bytes", "total_inactive_file"),
    }
    for version, directory in levels("memory", root):
        limits, usage, page_cache = names[version]
        for name in limits:
            limit = optional(root, f"{directory}/{name}")
            if limit and limit.isdecimal() and int(limit) < _UNLIMITED_BYTES:
                used = int(optional(root, f"{directory}/{usage}") or 0)
                droppable = _table(root, f"{directory}/memory.stat").get(page_cache, 0)
                yield Memory(int(limit), max(0, used - droppable), f"{directory}/{name}")


def cpu_quota(root: Path = HOST) -> tuple[float, str] | None:
    """Return (CPUs' worth of time that we may use, the file that says so), or None: no quota."""
    found = []
    for version, directory in levels("cpu", root):
        if version == 2:
            name = f"{directory}/cpu.max"
            quota, _, period = (optional(root, name) or "max").partition(" ")
        else:
            name = f"{directory}/cpu.cfs_quota_us"
            quota = optional(root, name) or "-1"
            period = optional(root, f"{directory}/cpu.cfs_period_us") or ""
        if quota.isdecimal() and period.isdecimal() and int(period):
            found.append((int(quota) / int(period), name))
    return min(found) if found else None


def throttled(root: Path = HOST) -> tuple[int, float] | None:
    """Return (periods throttled, seconds throttled) summed over our groups, or None: not told."""
    count, seconds, told = 0, 0.0, False
    for _, directory in levels("cpu", root):
        table = _table(root, f"{directory}/cpu.stat")
        if "nr_throttled" in table:
            told = True
            count += table["nr_throttled"]
            # v2 counts microseconds (throttled_usec), v1 nanoseconds (throttled_time).
            seconds += table.get("throttled_usec", 0) / 1e6 + table.get("throttled_time", 0) / 1e9
    return (count, seconds) if told else None


@cache
def levels(controller: str, root: Path = HOST) -> tuple[tuple[int, str], ...]:
    """Return (cgroup version, directory) from our group up to the mounted top, for *controller*.

    Looked up once: a working set is judged for each of hundreds of points, and groups stay.
    """
    groups, found = _groups(root), []
    for version, controllers, mount_root, mount_point in _mounts(root):
        group = groups.get("" if version == 2 else controller)
        if group is None or (version == 1 and controller not in controllers):
            continue
        inside = _below(group, mount_root)
        while inside:
            found.append((version, f"{mount_point}{inside}"))
            inside = inside.rpartition("/")[0]
        found.append((version, mount_point))
    return tuple(found)


def _below(group: str, mount_root: str) -> str:
    """Return the path of *group* under a mount that shows only *mount_root*; "" for its top."""
    if mount_root != "/" and (group == mount_root or group.startswith(mount_root + "/")):
        group = group[len(mount_root) :]
    return "" if group == "/" or ".." in group.split("/") else group.rstrip("/")


def _groups(root: Path) -> dict[str, str]:
    """Return our group's path by controller name; the key "" is the unified (v2) hierarchy."""
    found: dict[str, str] = {}
    for line in (optional(root, "/proc/self/cgroup") or "").splitlines():
        _, _, rest = line.partition(":")
        controllers, separator, path = rest.partition(":")
        if separator:
            found.update(dict.fromkeys(controllers.split(","), path))
    return found


def _mounts(root: Path) -> Iterator[tuple[int, frozenset[str], str, str]]:
    """Yield (version, controllers, root of the mount, mount point); proc_pid_mountinfo(5)."""
    for line in (optional(root, "/proc/self/mountinfo") or "").splitlines():
        left, _, right = line.partition(" - ")
        fields, kind = left.split(), right.split()
        if len(fields) < 5 or len(kind) < 3 or kind[0] not in ("cgroup", "cgroup2"):
            continue
        version = 2 if kind[0] == "cgroup2" else 1
        yield version, frozenset(kind[2].split(",")), fields[3], fields[4]


def _table(root: Path, path: str) -> dict[str, int]:
    """Return the flat "name number" lines of a file; empty when it cannot be read."""
    pairs = (line.split() for line in (optional(root, path) or "").splitlines())
    return {pair[0]: int(pair[1]) for pair in pairs if len(pair) == 2 and pair[1].isdecimal()}
