"""The processor that numba compiles for, and the vector width that suits it."""

from __future__ import annotations

import functools
from dataclasses import dataclass


@dataclass(frozen=True)
class Target:
    """What LLVM was told to generate code for.

    Args:
        machine: the first part of the LLVM triple: ``x86_64``, ``aarch64``, ...
        cpu: LLVM's name of the processor, for example ``znver4``.
        features: the instruction sets in use, in LLVM's spelling.
    """

    machine: str
    cpu: str
    features: frozenset[str]


@functools.cache
def host() -> Target:
    """Return the target of the kernels in this process.

    Asked of numba, not of the processor: ``NUMBA_CPU_NAME`` and ``NUMBA_CPU_FEATURES`` change it.
    """
    from numba.core.registry import cpu_target

    triple, cpu, features = cpu_target.target_context.codegen().magic_tuple()
    enabled = frozenset(name[1:] for name in features.split(",") if name.startswith("+"))
    return Target(machine=triple.partition("-")[0], cpu=cpu, features=enabled)


def vector_width_bytes(target: Target) -> int:
    """Return the widest vector in bytes that *target* moves in one operation.

    64 with AVX-512, 32 with AVX, else 16 (SSE2, NEON; of SVE only the 16 B that every core has).
    Zen 4 executes a 64 B operation as two of 32 B, so it counts as 32 (AMD, Software Optimization
    Guide for Zen 4, 57647, section 2.11: a 256 bit data path).
    """
    if target.machine == "x86_64":
        if "avx512f" in target.features and target.cpu != "znver4":
            return 64
        if "avx" in target.features:
            return 32
    return 16


def native_width_bytes() -> int:
    """Return :func:`vector_width_bytes` of this process's target."""
    return vector_width_bytes(host())
