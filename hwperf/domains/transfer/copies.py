"""Copies between host and device: of one byte and of a GiB, of pinned memory and pageable."""

from __future__ import annotations

from collections.abc import Iterator

from hwperf import Work, workload
from hwperf.domains.transfer import bounds
from hwperf.domains.transfer.batch import TO_DEVICE, TO_HOST, Batch
from hwperf.domains.transfer.session import device_of_point, lacking
from hwperf.domains.transfer.terms import TERMS

__all__ = ["SIZES", "device_to_host", "host_to_device"]

SIZES = [4**power for power in range(16)]
"""Bytes of a copy: 1 B, 4 B, 16 B ... 1 GiB."""

_SOURCE = (
    "NVIDIA nvbandwidth, host_to_device_memcpy_ce and device_to_host_memcpy_ce; CUDA samples, "
    "bandwidthTest --mode=range --memory=pageable"
)


@workload(
    "transfer.host_to_device",
    params={"nbytes": SIZES, "memory": ["pinned", "pageable"]},
    limit=bounds.link,
    requires=lacking,
    answers="What do many small copies to the device cost beside few large ones, and pinned ones?",
    source=_SOURCE,
)
def host_to_device(nbytes: int, memory: str) -> Iterator[Work]:
    """Bandwidth of copies of *nbytes* each from the host to the device, one after another.

    Counts the bytes once. *memory* "pinned": page-locked, which the device reads by itself;
    "pageable": as any memory is, which the driver first copies to where the device can read it.
    """
    with device_of_point() as device:
        batch = Batch(device, TO_DEVICE, nbytes, is_pinned=memory == "pinned")
        yield Work(
            batch.run,
            clock=batch.watch.clock,
            derive=batch.figures,
            bytes=batch.moved,
            ops=batch.n,
            **TERMS,
        )
        batch.check()


@workload(
    "transfer.device_to_host",
    params={"nbytes": SIZES, "memory": ["pinned", "pageable"]},
    limit=bounds.link,
    requires=lacking,
    answers="What do many small copies from the device cost beside few large, and pinned, ones?",
    source=_SOURCE,
)
def device_to_host(nbytes: int, memory: str) -> Iterator[Work]:
    """Bandwidth of copies of *nbytes* each from the device to the host, one after another.

    Counts the bytes once. *memory* as in transfer.host_to_device.
    """
    with device_of_point() as device:
        batch = Batch(device, TO_HOST, nbytes, is_pinned=memory == "pinned")
        yield Work(
            batch.run,
            clock=batch.watch.clock,
            derive=batch.figures,
            bytes=batch.moved,
            ops=batch.n,
            **TERMS,
        )
        batch.check()
