"""What it costs processes to act together: torch.distributed's collectives between ranks."""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import numpy as np

from hwperf import CheckFailed, Figure, KiB, MiB, Seen, Work, workload
from hwperf.domains.network.exchange import OPS, Exchange
from hwperf.domains.network.ranks import started
from hwperf.host import memory, topology
from hwperf.host.files import HOST, listing, optional
from hwperf.work import Timing

__all__ = ["collective", "gpus", "lacking"]

# Collectives of one call, up to so many bytes; of more one. An odd number has a median, and some
# milliseconds in all are long beside asking the ranks (0.2 ms, which is not timed).
_TURNS = {4 * KiB: 15, MiB: 5}

_NODES = "/sys/class/kfd/kfd/topology/nodes"

PRECISION = 0.05
"""Relative half-width of the 99 % interval at which samples suffice: each collective wakes threads,
whose delay moves by more from one second to the next."""

CALLER = ("involuntary_switches", "runqueue_wait_s", "migrations")
"""Causes that say nothing of others: the calling thread sleeps while the ranks work, and shares its
CPU with them."""


def gpus(root: Path = HOST) -> int:
    """Return how many GPUs the drivers of NVIDIA and AMD tell of; no library is loaded for it."""
    nvidia = listing(root, "/proc/driver/nvidia/gpus")
    ids = [optional(root, f"{_NODES}/{node}/gpu_id") for node in listing(root, _NODES)]
    return len(nvidia) + sum(each not in (None, "", "0") for each in ids)  # 0 is a processor's.


def lacking(ranks: int, backend: str) -> str | None:
    """Return why this host cannot run so many ranks, or None."""
    if not (hasattr(os, "fork") and hasattr(os, "posix_spawn")):
        return f"ranks are processes as POSIX defines them, and {os.name!r} is no POSIX"
    if importlib.util.find_spec("torch") is None:
        return "torch is not installed: pip install 'hwperf[torch]' adds the collectives"
    most, source = topology.most_threads()
    if ranks > most:
        cpus = "CPU" if most == 1 else "CPUs"
        return f"more ranks than the {most} {cpus} that this process may use ({source})"
    if backend == "nccl" and (found := gpus()) < ranks:
        return f"nccl needs one GPU per rank, found {found}"
    return None


@workload(
    "network.collective",
    params={
        "op": list(OPS),
        "nbytes": [4, 4 * KiB, MiB, 64 * MiB],
        "ranks": [2, 4],
        "backend": ["gloo", "nccl"],
    },
    requires=lacking,
    answers="How long do processes wait for each other when they add up, gather or exchange data?",
    source="NVIDIA nccl-tests, doc/PERFORMANCE.md: time, algorithm and bus bandwidth; "
    "PyTorch, torch.distributed",
)
def collective(op: str, nbytes: int, ranks: int, backend: str) -> Iterator[Work]:
    """Algorithm bandwidth of a collective of torch.distributed: size over time, as nccl-tests has.

    Counts the *nbytes* of one rank: its buffer (all_reduce, broadcast), what it has gathered
    (all_gather), or what it gives (reduce_scatter, all_to_all). The time is from the moment when
    all ranks are there to that when the last one has its result. Ranks are processes of this host:
    gloo joins them by TCP over the loopback, nccl by what joins their GPUs.
    """
    exchange = Exchange(op, ranks, nbytes)
    turns = next((n for most, n in _TURNS.items() if nbytes <= most), 1)
    memory.require(4 * ranks * exchange.size)  # In, out, shown, and what a library keeps.
    with started(exchange, backend) as running:
        times = running.board.times()[:, :turns]
        outputs = [running.board.output(rank) for rank in range(ranks)]

        def run() -> Timing:
            times.fill(np.nan)
            running.make(turns)
            # A collective has been made when its last rank has it. The median of them: one thread
            # that is woken late would be a multiple of a short one.
            return Timing(float(np.median(times.max(axis=0))))

        yield Work(
            run,
            bytes=exchange.size,
            clock="perf_counter of each rank: the slowest one's time",
            derive=partial(_figures, exchange),
            own_causes=CALLER,
            precision=PRECISION,
        )
        if not (times > 0).all():
            raise CheckFailed(f"a rank's time is none: {times.tolist()}")
        for rank, output in enumerate(outputs):
            exchange.require(rank, output)


def _figures(exchange: Exchange, seen: Seen) -> dict[str, Figure]:
    return {
        "time": Figure(seen.cost_s * exchange.size, "s"),
        "bus_bandwidth": Figure(exchange.bus_factor / seen.cost_s, "B/s"),
        "library": Figure(f"torch {_version()}"),
    }


def _version() -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("torch")
    except PackageNotFoundError:  # Built in place.
        return "of an unknown version"
