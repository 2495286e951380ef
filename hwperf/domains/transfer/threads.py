"""What the threads of a device should do alike: neighbouring addresses, one branch, many blocks."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from hwperf import Figure, Seen, Work, workload
from hwperf.checks import require_equal
from hwperf.devices.encodings import decode, encode
from hwperf.domains.transfer import bounds
from hwperf.domains.transfer.computed import Computed, put
from hwperf.domains.transfer.session import beyond_cache, device_of_point, lacking, require_room
from hwperf.domains.transfer.terms import TERMS

__all__ = ["coalesce", "diverge", "ramp"]

_DIVERGING = 2**20  # Threads: eight times what the largest device of 2025 holds at once.
_ROUNDS = 256
_THREADS = 256
_RAMP_ROUNDS = 4096
_SETTLED = 8.0  # What a ramp ends at, see hwperf.devices.kernels.


@workload(
    "transfer.coalesce",
    params={"stride": [1, 2, 4, 8, 16, 32]},
    limit=bounds.memory,
    requires=lacking,
    answers="What does it cost when neighbouring threads do not read neighbouring addresses?",
    source="NVIDIA, CUDA C++ Best Practices Guide, section 10.2.1, Coalesced Access to Global "
    "Memory",
)
def coalesce(stride: int) -> Iterator[Work]:
    """Bandwidth of a copy in which neighbouring threads are *stride* elements (f32) apart.

    Counts the bytes read and written, each once, whatever the stride: useful bytes. In turn with it
    the same copy runs with stride 1.
    """
    with device_of_point() as device:
        nbytes = beyond_cache(device)
        n = nbytes // 4
        require_room(device, 2 * nbytes, 3 * nbytes)
        data = encode(np.random.default_rng(0).integers(-(2**20), 2**20, n), "f32")
        source = put(device, data)

        def copied(apart: int) -> Computed:
            return Computed(
                device,
                nbytes,
                lambda out: device.kernel("coalesce", [out, source], n=n, stride=apart),
                lambda written: require_equal(written, data),
            )

        strided, plain = copied(stride), copied(1)
        yield Work(
            strided.run,
            clock=strided.watch.clock,
            against={
                "stride 1": Work(plain.run, clock=plain.watch.clock, bytes=2 * nbytes * plain.n)
            },
            derive=strided.figures,
            bytes=2 * nbytes * strided.n,
            **TERMS,
        )
        strided.check()
        if plain.has_run:
            plain.check()


@workload(
    "transfer.diverge",
    params={"ways": [1, 2, 4, 8, 16, 32]},
    metric="throughput",
    requires=lacking,
    answers="What do branches cost that neighbouring threads take differently?",
    source="NVIDIA, CUDA C++ Best Practices Guide, section 13.1, Branching and Divergence",
)
def diverge(ways: int) -> Iterator[Work]:
    """Throughput of threads that take *ways* branches, neighbours different ones, all as long.

    Counts the FLOP of the multiply-adds, two each. In turn with it all threads take one branch: the
    time is *ways* times as long where threads run in step.
    """
    with device_of_point() as device:
        require_room(device, 8 * _DIVERGING, 16 * _DIVERGING)
        flops = 2.0 * _DIVERGING * _ROUNDS

        def branched(n_ways: int) -> Computed:
            should = 2.0 * (np.arange(_DIVERGING) % n_ways + 1)
            return Computed(
                device,
                4 * _DIVERGING,
                lambda out: device.kernel(
                    "diverge", [out], n=_DIVERGING, ways=n_ways, rounds=_ROUNDS
                ),
                lambda written: require_equal(decode(written, "f32"), should),
            )

        apart, alike = branched(ways), branched(1)

        def figures(seen: Seen) -> dict[str, Figure]:
            ratio = seen.ratio("one way")
            slow_down = {} if ratio is None else {"slow_down": Figure(1 / ratio, "x one way")}
            return slow_down | apart.figures(seen)

        yield Work(
            apart.run,
            clock=apart.watch.clock,
            against={"one way": Work(alike.run, clock=alike.watch.clock, flops=flops * alike.n)},
            derive=figures,
            flops=flops * apart.n,
            **TERMS,
        )
        apart.check()
        if alike.has_run:
            alike.check()


@workload(
    "transfer.ramp",
    params={"blocks": [1, 4, 16, 64, 256, 1024, 4096]},
    limit=lambda: bounds.flops("f32"),
    requires=lacking,
    answers="How much has to run at once before the device is busy?",
    source="Volkov (2010), Better Performance at Lower Occupancy, GTC",
)
def ramp(blocks: int) -> Iterator[Work]:
    """Throughput of so many *blocks* of 256 threads, each with four chains of multiply-adds (f32).

    Counts two FLOP each. Nothing is loaded: a device is busy when the throughput no longer grows.
    """
    with device_of_point() as device:
        size = 4 * blocks * _THREADS
        require_room(device, size, 2 * size)
        should = np.full(blocks * _THREADS, _SETTLED)
        computed = Computed(
            device,
            size,
            lambda out: device.kernel(
                "ramp", [out], blocks=blocks, threads=_THREADS, rounds=_RAMP_ROUNDS
            ),
            lambda written: require_equal(decode(written, "f32"), should),
        )

        def figures(seen: Seen) -> dict[str, Figure]:
            units = device.info.units
            told = {} if units is None else {"compute_units": Figure(units)}
            return told | computed.figures(seen)

        yield Work(
            computed.run,
            clock=computed.watch.clock,
            derive=figures,
            flops=8.0 * _THREADS * _RAMP_ROUNDS * blocks * computed.n,
            **TERMS,
        )
        computed.check()
