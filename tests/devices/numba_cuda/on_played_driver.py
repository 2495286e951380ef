"""Use CUDA devices whose driver is played on the host; print what came of it."""

from __future__ import annotations

import json
import multiprocessing
import os
import threading
from pathlib import Path
from typing import Any

import numpy as np

from hwperf.devices import opened
from hwperf.devices.conformity import faults
from hwperf.devices.numba_cuda import find
from hwperf.devices.numba_cuda.kernels import on_pointers
from hwperf.errors import Unsupported

NBYTES = 1 << 20
PATTERN = np.random.default_rng(0).integers(0, 256, NBYTES).astype(np.uint8)


def held(device: Any, buffer: Any) -> bool:
    """Return whether *buffer* holds the pattern, and the device's checksum agrees."""
    host = device.host(NBYTES, pinned=True)
    host.array[:] = ~PATTERN
    device.copy(host, buffer)
    device.sync()
    return bool(np.array_equal(host.array, PATTERN))


def among_devices(first: Any) -> dict[str, Any]:
    """Copy between two devices, in turns, and use both."""
    (second,) = first.peer()
    source, here, there = (
        first.host(NBYTES, pinned=True),
        *(d.alloc(NBYTES) for d in (first, second)),
    )
    source.array[:] = PATTERN
    own = second.stream()
    first.copy(here, source)
    first.copy(there, here, first.stream())
    arrived = held(second, there)
    second.fill(there, 0, own)
    second.copy(there, here, own)
    second.sync(own)
    for _ in range(20):  # The driver holds 8 contexts of a thread at most.
        first.sync()
        second.sync()
    return {
        "peer": [second.info.id, second.info.pci],
        "arrived": [arrived, held(second, there)],
        "sums": first.checksum(here) == second.checksum(there),
        "again": first.peer() is first.peer(),
    }


def in_another_thread(device: Any) -> bool:
    """Use the device where no context is current yet."""
    seen: list[bool] = []

    def use() -> None:
        buffer, source = device.alloc(NBYTES), device.host(NBYTES, pinned=True)
        source.array[:] = PATTERN
        device.copy(buffer, source)
        seen.append(held(device, buffer))

    thread = threading.Thread(target=use)
    thread.start()
    thread.join()
    return seen == [True]


def on_foreign_memory(device: Any) -> int:
    """Count on memory that is known by its address, in two streams."""
    counter = device.alloc(256)
    device.fill(counter, 0)
    address = counter.array.__cuda_array_interface__["data"][0]
    stream = device.stream()
    enqueue = on_pointers("count", [(address, 4)], 0)
    enqueue(None)
    enqueue(int(stream))
    host = device.host(256, pinned=False)
    device.copy(host, counter)
    device.sync()
    return int(host.array.view(np.int32)[0])


def full(device: Any) -> list[str]:
    """Ask for more memory than there is, then use and give back what there is."""
    said = []
    try:
        device.alloc(1 << 30)
    except Unsupported as why:
        said.append(str(why))
    before = device.free_bytes()
    half = device.alloc(before // 2)
    between = device.free_bytes()
    del half
    said.append(f"{before - between >= before // 2} {device.free_bytes() == before}")
    return said


def child(found: Any, said: Any) -> None:
    with opened(found.devices[0]) as device:
        said.put(device.info.name)


def main() -> None:
    """Print one line of JSON."""
    found = find()
    if not found.devices:
        print(json.dumps({"absent": [each.why for each in found.absent]}))
        return
    said: Any = multiprocessing.get_context("fork").Queue()
    forked = multiprocessing.get_context("fork").Process(target=child, args=(found, said))
    forked.start()
    in_child = said.get(timeout=60)
    forked.join()
    log = Path(os.environ["PLAYED_LOG"])
    with opened(found.devices[0]) as device:
        told = {
            "devices": [[each.id, each.name, each.kind] for each in found.devices],
            "in_child": in_child,
            "info": [device.info.memory_bytes, device.info.cache_bytes, device.info.units,
                     device.info.pci, device.info.memory_bandwidth, device.info.vendor],
            "capabilities": sorted(device.capabilities),
            "faults": faults(device),
            "launches": [line.split() for line in log.read_text("utf-8").splitlines()],
            "foreign": on_foreign_memory(device),
            "thread": in_another_thread(device),
            "full": full(device),
            **among_devices(device),
        }  # fmt: skip
    print(json.dumps(told))


if __name__ == "__main__":
    main()
