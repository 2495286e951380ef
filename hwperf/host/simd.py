"""SIMD instruction sets. This module lists those that the operating system lets programs use."""

from __future__ import annotations

import platform
from pathlib import Path

from hwperf.host.cpu import cpuinfo
from hwperf.host.files import HOST, optional

__all__ = ["no_multiply_add", "simd_sets", "sve_bits", "widest_bytes"]

# Names as Linux prints them in /proc/cpuinfo ("flags" on x86, "Features" on Arm), plain to wide.
_X86 = ("sse2", "sse4_2", "avx", "f16c", "fma", "avx2", "avx_vnni")
_ARM = ("asimd", "asimdhp", "asimddp", "bf16", "i8mm", "sve", "sve2", "sme", "sme2")
_PREFIXES = ("avx512", "avx10", "amx")  # whole families, each with many members

# Bytes of the widest vector register; SVE may have up to 2048 bits (256 B), but no processor
# that is for sale has more than the A64FX's 512.
_WIDTHS = (
    (("avx512f", "avx10", "sve"), 64),
    (("avx", "avx2"), 32),
    (("sse2", "asimd"), 16),
)


def simd_sets(root: Path = HOST) -> tuple[str, ...]:
    """Return the names of the SIMD sets, plain to wide; empty where the system does not tell."""
    told = cpuinfo(root)
    flags = (told.get("flags") or told.get("Features") or "").split()
    if not flags and root == HOST and platform.machine().lower() in ("arm64", "aarch64"):
        return ("asimd",)  # part of every 64-bit Arm core: Arm ARM (DDI 0487), section A1.5
    plain = [name for name in (*_X86, *_ARM) if name in flags]
    return (*plain, *sorted(flag for flag in flags if flag.startswith(_PREFIXES)))


def widest_bytes(sets: tuple[str, ...]) -> int | None:
    """Return the bytes of the widest vector register that *sets* give, or None: unknown."""
    for names, width in _WIDTHS:
        if any(name in sets for name in names):
            return width
    return None


def no_multiply_add(root: Path = HOST) -> str | None:
    """Return that this core lacks fused multiply-adds, by name, or None: it has them.

    Every 64-bit Arm core has; on x86 LLVM would call a function for each.
    """
    sets = simd_sets(root)
    if not sets or "asimd" in sets or "fma" in sets:
        return None
    return "this core has no FMA (fma): no multiply-adds"


def sve_bits(root: Path = HOST) -> int:
    """Return the bits of a register of SVE, 0 where there are none or the system does not tell."""
    told = optional(root, "/proc/sys/abi/sve_default_vector_length") or ""
    return 8 * int(told) if told.isdecimal() else 0
