"""What is below a directory. This package tells file system, devices, links and kinds of storage.

Start from ``target_directory``, ask ``file_system`` for what it lies on, and ``chain`` for the
devices below; ``io_counts`` is what went through one of them.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from hwperf.host.storage.alignment import DirectAlignment, direct_alignment
from hwperf.host.storage.backing import in_memory, is_second_hand
from hwperf.host.storage.bound import link_bandwidth
from hwperf.host.storage.counts import IoCounts, io_counts
from hwperf.host.storage.devices import Device, chain, disks
from hwperf.host.storage.facts import storage_facts
from hwperf.host.storage.kind import behaves, conflict, needs, told
from hwperf.host.storage.links import Link
from hwperf.host.storage.mounts import FileSystem, file_system

__all__ = [
    "DIRECTORY",
    "Device",
    "DirectAlignment",
    "FileSystem",
    "IoCounts",
    "Link",
    "behaves",
    "chain",
    "conflict",
    "direct_alignment",
    "disks",
    "file_system",
    "in_memory",
    "io_counts",
    "is_second_hand",
    "link_bandwidth",
    "needs",
    "storage_facts",
    "target_directory",
    "told",
]

DIRECTORY = "HWPERF_STORAGE_DIR"
"""Environment variable: the directory in which storage is measured."""


def target_directory(environment: Mapping[str, str] = os.environ) -> Path:
    """Return the directory in which storage is measured: `DIRECTORY`'s, else the current one."""
    chosen = environment.get(DIRECTORY)
    if chosen:
        return Path(chosen)
    try:
        return Path.cwd()
    except OSError:  # It was removed: what looks at it says so.
        return Path()
