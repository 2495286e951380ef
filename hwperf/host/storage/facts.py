"""The facts of storage. This module describes a directory's file system and what is below it."""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Callable, Iterator
from functools import cache
from itertools import islice
from pathlib import Path

from hwperf.host.facts import Fact, Unavailable, Value, fact
from hwperf.host.files import HOST
from hwperf.host.storage.alignment import DirectAlignment, direct_alignment
from hwperf.host.storage.devices import BLOCK, Device, chain, disks
from hwperf.host.storage.kind import UNKNOWN, told
from hwperf.host.storage.mountinfo import MOUNTINFO
from hwperf.host.storage.mounts import FileSystem, file_system

__all__ = ["storage_facts"]

_NOT_RECORDED = "only the running system tells, not a recorded one"
_MOST_ENTRIES = 1000  # of a directory, to find a file in


def storage_facts(directory: Path, root: Path = HOST) -> Iterator[Fact]:
    """Yield what the storage of *directory* is, from the file system down to the disks."""

    @cache
    def fs() -> FileSystem:
        return file_system(directory, root)

    @cache
    def devices() -> tuple[Device, ...]:
        return chain(fs().device, root)

    yield fact("directory", "HWPERF_STORAGE_DIR, or the current", lambda: _path(directory, root))
    yield fact("file system", MOUNTINFO, lambda: _type(fs()))
    yield fact("mount point", MOUNTINFO, lambda: _printable(fs().mount_point))
    yield fact("mount options", MOUNTINFO, lambda: tuple(map(_printable, fs().options)))
    yield fact("free space", "statvfs, f_bavail", lambda: _free(directory, root), "B")
    yield from _device_facts(devices)
    yield fact("kind", "transport, rotational, model", lambda: _kind(fs(), devices))
    yield from _disk_facts(devices)
    asked = "statx, STATX_DIOALIGN"
    yield fact("direct I/O, memory", asked, lambda: _alignment(directory, root).memory_bytes, "B")
    yield fact("direct I/O, offset", asked, lambda: _alignment(directory, root).offset_bytes, "B")


def _device_facts(devices: Callable[[], tuple[Device, ...]]) -> Iterator[Fact]:
    """Yield what is told of the device that the file system is on."""
    blocks = f"{BLOCK}/<device>"

    def of_first(name: str, why: str) -> Callable[[], Value]:
        return lambda: _told(getattr(devices()[0], name), why)

    yield fact(
        "device chain", f"/sys/dev/block, {blocks}/slaves",
        lambda: tuple(f"{each.kind} {each.name}" for each in devices()),
    )  # fmt: skip
    for name, attribute, path in (
        ("size", "size_bytes", "size"),
        ("logical block", "logical_block_bytes", "queue/logical_block_size"),
        ("physical block", "physical_block_bytes", "queue/physical_block_size"),
        ("read-ahead", "read_ahead_bytes", "queue/read_ahead_kb"),
    ):
        source = f"{blocks}/{path}"
        yield fact(name, source, of_first(attribute, f"the device tells no {name}"), "B")


def _disk_facts(devices: Callable[[], tuple[Device, ...]]) -> Iterator[Fact]:
    """Yield what is told of the disks at the end of the chain; of each where they differ."""
    blocks = f"{BLOCK}/<disk>"

    def of_all(get: Callable[[Device], Value | None], why: str) -> Callable[[], Value]:
        return lambda: _of_all(devices(), get, why)

    for name, get, path in (
        ("disk model", lambda disk: f"{disk.vendor} {disk.model}".strip(), "device/vendor, model"),
        ("transport", lambda disk: disk.transport, "its place in /sys/devices"),
        ("rotational", lambda disk: disk.rotational, "queue/rotational"),
        ("scheduler", lambda disk: disk.scheduler, "queue/scheduler"),
        ("queue depth", lambda disk: disk.queue_depth, "queue/nr_requests"),
        ("device queue depth", lambda disk: disk.device_queue_depth, "device/queue_depth"),
        ("write cache", lambda disk: disk.write_cache, "queue/write_cache"),
        ("link", lambda disk: str(disk.link or ""), "its PCI device, or /sys/class/ata_link"),
    ):
        yield fact(name, f"{blocks}: {path}", of_all(get, f"the disk tells no {name}"))
    yield fact(
        "link bandwidth", "rate x lanes x encoding, summed over the disks",
        lambda: _bandwidth(devices()), "B/s",
    )  # fmt: skip


def _told(value: Value | None, why: str) -> Value:
    if value is None or value == "":
        raise Unavailable(why)
    return value


def _of_all(devices: tuple[Device, ...], get: Callable[[Device], Value | None], why: str) -> Value:
    values = {disk.name: get(disk) for disk in disks(devices)}
    known = {name: value for name, value in values.items() if value is not None and value != ""}
    if not known:
        raise Unavailable(why)
    if len(known) == len(values) and len(set(known.values())) == 1:
        return next(iter(known.values()))
    words = {True: "yes", False: "no"}
    return tuple(
        f"{name}: {words.get(value, value) if isinstance(value, bool) else value}"
        for name, value in known.items()
    )


def _bandwidth(devices: tuple[Device, ...]) -> float:
    links = [disk.link_bandwidth for disk in disks(devices)]
    known = [bandwidth for bandwidth in links if bandwidth is not None]
    if not known or len(known) < len(links):
        raise Unavailable("the disk tells no link")
    return sum(known)


def _kind(fs: FileSystem, devices: Callable[[], tuple[Device, ...]]) -> str:
    kind = told(fs, () if fs.is_memory or fs.is_network else devices())
    if kind == UNKNOWN:
        raise Unavailable("neither the transport nor the disk tells, or the disks differ")
    return kind


def _type(fs: FileSystem) -> str:
    return f"{fs.type}, {_printable(fs.note)}" if fs.note else fs.type


def _path(directory: Path, root: Path) -> str:
    if root != HOST:
        raise Unavailable(_NOT_RECORDED)
    return _printable(os.path.realpath(directory))


def _free(directory: Path, root: Path) -> int:
    if root != HOST:
        raise Unavailable(_NOT_RECORDED)
    return shutil.disk_usage(directory).free  # What users may have, not what root may.


def _alignment(directory: Path, root: Path) -> DirectAlignment:
    """Return the alignment for a file that is in *directory*: only of files is it told."""
    if root != HOST:
        raise Unavailable(_NOT_RECORDED)
    with os.scandir(directory) as entries:
        for entry in islice(entries, _MOST_ENTRIES):
            if stat.S_ISREG(entry.stat(follow_symlinks=False).st_mode):
                found = direct_alignment(entry.path)
                if found is None:
                    raise Unavailable("neither the kernel (since 6.1) nor the file system tells")
                if not found.is_supported:
                    raise Unavailable("the file system offers no direct I/O")
                return found
    raise Unavailable("only of a file is it told, and the directory has none")


def _printable(name: str) -> str:
    """Return *name* with what is no UTF-8 in it as question marks."""
    return name.encode("utf-8", "replace").decode("utf-8")
