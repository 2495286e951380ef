"""Accelerators and buses: which points each of their claims is judged from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hwperf.report.claims.expressions import Paired, Term, at, best, first, scaled
from hwperf.report.claims.needs import accelerator, gpu, gpu_on_nvlink, gpu_on_pcie
from hwperf.report.claims.rules import Compared, Law, Laws, Rule
from hwperf.report.claims.table.memory import bandwidth
from hwperf.units import MiB

__all__ = ["RULES", "copied", "launch", "multiplied"]

_LARGE = 64 * MiB
_MEMORY = ("pinned", "pageable")


def copied(nbytes: int, memory: str, way: str = "host_to_device") -> Term:
    """Return the bandwidth of copies of *nbytes* between host and device."""
    return at(f"transfer.{way}", nbytes=nbytes, memory=memory)


def launch(how: str) -> Term:
    """Return what starting a kernel costs."""
    return at("transfer.launch", how=how)


def multiplied(dtype: str) -> Term:
    """Return the highest rate of matrix products on the device."""
    return best(*(at("transfer.gemm", n=n, dtype=dtype) for n in (1024, 4096, 8192)))


def _megabyte() -> Term:
    """Return the time of a copy of 1 MB: of 1 MiB, over its bytes, times a million."""
    return scaled(first(*(copied(1 * MiB, m) for m in _MEMORY)), 1e6, "s", is_inverse=True)


def _of_processor() -> Term:
    points = (
        at("simd.gemm", library=library, dtype="f32", n=n, threads=threads)
        for library in ("numpy", "torch")
        for n in (256, 1024, 2048)
        for threads in ("all", "one")
    )
    return best(*points)


def _apart(workload: str, params: Mapping[str, Any], name: str) -> Term:
    return scaled(Paired(workload, params, name), 1, "x", is_inverse=True)


def _chunks(pieces: int) -> Term:
    return first(*(at("transfer.chunks", pieces=pieces, memory=m) for m in _MEMORY))


RULES: Mapping[str, Rule] = {
    "pcie.latency": Compared(
        first(*(at("transfer.fit", direction="host_to_device", memory=m) for m in _MEMORY)),
        needs=(gpu_on_pcie,),
    ),
    "pcie.transfer_1MB": Compared(_megabyte(), needs=(gpu_on_pcie,)),
    "nvlink.transfer_1MB": Compared(_megabyte(), needs=(gpu_on_nvlink,)),
    "gpu.transfer_few_large": Law(
        ("in one piece", _chunks(1)),
        ("in 4,096 pieces", _chunks(4096)),
        needs=(accelerator,),
        measured=first(
            *(
                _apart("transfer.chunks", {"pieces": 4096, "memory": m}, "one piece")
                for m in _MEMORY
            )
        ),
    ),
    "gpu.pinned": Law(
        ("from pinned memory", copied(_LARGE, "pinned")),
        ("from pageable memory", copied(_LARGE, "pageable")),
        needs=(gpu,),
    ),
    "gpu.kernel_launch": Compared(launch("queued"), needs=(gpu,)),
    "gpu.global_memory_latency": Compared(at("transfer.latency", where="global"), needs=(gpu,)),
    "gpu.shared_memory_latency": Compared(at("transfer.latency", where="local"), needs=(gpu,)),
    "gpu.over_cpu": Laws(
        (
            Law(
                ("matrix products on the device", multiplied("f32")),
                ("on the processor", _of_processor()),
                needs=(gpu,),
            ),
            Law(
                ("its memory", at("transfer.stream", op="triad", dtype="f32")),
                ("the host's", bandwidth()),
                needs=(gpu,),
            ),
        )
    ),
    "gpu.parallelism": Law(
        (
            "thousands of threads",
            best(*(at("transfer.ramp", blocks=n) for n in (16, 64, 256, 1024, 4096))),
        ),
        ("one block of 256", at("transfer.ramp", blocks=1)),
        needs=(accelerator,),
    ),
    "gpu.locality": Law(
        ("neighbours", at("transfer.coalesce", stride=1)),
        ("32 apart", at("transfer.coalesce", stride=32)),
        needs=(accelerator,),
    ),
    "gpu.divergence": Law(
        ("one way", at("transfer.diverge", ways=1)),
        ("32 ways", at("transfer.diverge", ways=32)),
        needs=(accelerator,),
    ),
    "gpu.synchronisation": Law(
        ("launches queued", launch("queued")),
        ("each waited for", launch("waited")),
        needs=(accelerator,),
    ),
}
