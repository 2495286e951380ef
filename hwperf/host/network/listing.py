"""Every interface. This module asks the system in the way that it has."""

from __future__ import annotations

from pathlib import Path

from hwperf.host.files import HOST
from hwperf.host.network import elsewhere, sysfs
from hwperf.host.network.interface import Interface
from hwperf.host.storage.paths import exists

__all__ = ["SOURCE", "interfaces"]

SOURCE = f"{sysfs.DIRECTORY}, or psutil.net_if_stats"


def interfaces(root: Path = HOST) -> tuple[Interface, ...]:
    """Return every interface of this machine, or of the recorded one below *root*.

    Raises:
        Unavailable: where the system shows none.
    """
    if root == HOST and not exists(root, sysfs.DIRECTORY):
        return elsewhere.interfaces()
    return sysfs.interfaces(root)
