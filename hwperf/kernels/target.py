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
    Of another processor than this one only what is named counts.
    """
    import llvmlite.binding as llvm
    from numba.core.registry import cpu_target

    triple, cpu, features = cpu_target.target_context.codegen().magic_tuple()
    own = llvm.get_host_cpu_features() if cpu == llvm.get_host_cpu_name() else {}
    has = frozenset(name for name, is_there in own.items() if is_there)
    return Target(triple.partition("-")[0], cpu, enabled(has, features))


# Sets that LLVM switches off with another one, as they rest on it (X86.td).
_RESTS_ON = {
    "fma": {"avx"}, "f16c": {"avx"}, "avx2": {"avx"}, "avxvnni": {"avx2"},
    "avx512f": {"avx2", "fma", "f16c"},
}  # fmt: skip


def enabled(implied: frozenset[str], changes: str) -> frozenset[str]:
    """Return the sets of instructions that are in use.

    Args:
        implied: those of the processor that is named to LLVM.
        changes: LLVM's list of what is added and taken away: ``+avx2,-avx512f``.
    """
    names = [name.strip() for name in changes.split(",")]
    found = implied | {name[1:] for name in names if name.startswith("+")}
    gone = {name[1:] for name in names if name.startswith("-")}
    while True:
        more = {name for name, base in _RESTS_ON.items() if base & gone} - gone
        if "avx512f" in gone:
            more |= {name for name in found if name.startswith("avx512")} - gone
        if not more:
            return found - gone
        gone |= more


def without_multiply_add() -> str | None:
    """Return that kernels are compiled without fused multiply-adds, or None.

    LLVM then calls a function for each. Every 64-bit Arm core has them.
    """
    target = host()
    if target.machine != "x86_64" or "fma" in target.features:
        return None
    return "kernels are compiled without fma: see NUMBA_CPU_NAME and NUMBA_CPU_FEATURES"


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
