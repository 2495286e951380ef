"""What an operation on vectors needs of a core. This module says which instructions it lacks."""

from __future__ import annotations

import platform
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from hwperf import Unsupported
from hwperf.host import simd
from hwperf.host.files import HOST
from hwperf.host.simd import sve_bits
from hwperf.kernels import target

__all__ = [
    "BITS",
    "Need",
    "lacking",
    "machine",
    "of_fma",
    "of_integer",
    "require_compiled",
    "sve_bits",
    "width_bits",
]

BITS = {
    "f64": 64, "f32": 32, "f16": 16, "bf16": 16, "int64": 64, "int32": 32, "int16": 16, "int8": 8
}  # fmt: skip

# Sets of instructions, named as in Linux's /proc/cpuinfo: how people and LLVM call them.
_SETS = {
    "sse4_2": ("SSE4.2", "sse4.2"),
    "avx2": ("AVX2", "avx2"),
    "fma": ("FMA", "fma"),
    "avx512f": ("AVX-512", "avx512f"),
    "avx512bw": ("AVX-512 BW", "avx512bw"),
    "avx512dq": ("AVX-512 DQ", "avx512dq"),
    "avx512vl": ("AVX-512 VL", "avx512vl"),
    "avx512_fp16": ("AVX-512 FP16", "avx512fp16"),
    "avx512_bf16": ("AVX-512 BF16", "avx512bf16"),
    "avx512_vnni": ("AVX-512 VNNI", "avx512vnni"),
    "avx_vnni": ("AVX-VNNI", "avxvnni"),
    "asimd": ("NEON", "neon"),
    "asimdhp": ("half-precision NEON", "fullfp16"),
    "asimddp": ("NEON dot products", "dotprod"),
    "bf16": ("BF16", "bf16"),
    "sve": ("SVE", "sve"),
}


Sets: TypeAlias = tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class Need:
    """What an operation needs.

    Attributes:
        what: the operation, as it reads after "no": ``512-bit vectors``.
        any_of: alternatives, each so many sets of instructions; none where no core has any.
        sve_bits: how wide the registers of SVE must be, 0 where it is not used.
    """

    what: str
    any_of: Sets = ()
    sve_bits: int = 0


def machine() -> str:
    """Return the first part of LLVM's triple, such as ``x86_64`` or ``aarch64``."""
    name = platform.machine().lower()
    return {"arm64": "aarch64", "amd64": "x86_64"}.get(name, name)


def width_bits(dtype: str, width: str) -> int:
    """Return the bits of a register of *width*: a number of bits, or "scalar"."""
    return BITS[dtype] if width == "scalar" else int(width)


def of_fma(dtype: str, width: str, on: str) -> Need:
    """Return what multiply-adds of *dtype* in registers of *width* need on the machine *on*."""
    what = {"f16": "f16 arithmetic", "bf16": "bf16 dot products"}.get(dtype, "multiply-adds")
    bits = width_bits(dtype, width)
    if dtype == "bf16" and width == "scalar":
        return Need("scalar bf16 dot products")
    if on == "aarch64" and bits > 128:
        # Of bf16 only NEON's instruction is used.
        return Need(f"{bits}-bit {what}", () if dtype == "bf16" else (("sve",),), bits)
    if on == "aarch64":
        return Need(what, (({"f16": "asimdhp", "bf16": "bf16"}.get(dtype, "asimd"),),))
    if on != "x86_64":
        return Need(f"{what} that hwperf knows of")
    if dtype in ("f16", "bf16"):
        return Need(what, (("avx512vl", f"avx512_{'fp16' if dtype == 'f16' else dtype}"),))
    return Need("512-bit vectors", (("avx512f",),)) if bits == 512 else Need(what, (("fma",),))


def of_integer(op: str, dtype: str, width: str, on: str) -> Need:
    """Return what *op* (add, mul, dot) on vectors of *dtype* needs on the machine *on*."""
    small, bits = BITS[dtype], int(width)
    what = {"mul": f"vector products of {dtype}", "dot": f"dot products of {dtype}"}.get(
        op, f"{width}-bit vectors"
    )
    if on == "aarch64":
        if bits > 128:
            return Need(f"{width}-bit vectors of integers that LLVM gives")
        return Need(what, _NEON.get((op, small), ()))
    if on != "x86_64":
        return Need(f"{what} that hwperf knows of")
    if (op, small) in _X86:
        return Need(what, _X86[op, small](bits))
    wide = "avx512f" if small >= 32 else "avx512bw"
    return Need(f"{width}-bit vectors", (({128: "sse4_2", 256: "avx2", 512: wide}[bits],),))


def _none(bits: int) -> Sets:
    return ()


def _vnni(bits: int) -> Sets:
    return (("avx512_vnni",),) if bits == 512 else (("avx512_vnni", "avx512vl"), ("avx_vnni",))


def _products_of_int64(bits: int) -> Sets:
    return (("avx512dq",),) if bits == 512 else (("avx512dq", "avx512vl"),)


# What is not the same for all operations on vectors of that width.
_X86: dict[tuple[str, int], Callable[[int], Sets]] = {
    ("mul", 8): _none,
    ("mul", 64): _products_of_int64,
    ("dot", 8): _vnni,
    ("dot", 16): _vnni,
    ("dot", 32): _none,
    ("dot", 64): _none,
}
_NEON: dict[tuple[str, int], Sets] = {
    **{("add", bits): (("asimd",),) for bits in (8, 16, 32, 64)},
    **{("mul", bits): (("asimd",),) for bits in (8, 16, 32)},
    ("dot", 8): (("asimddp",),),
}


def lacking(need: Need, root: Path = HOST) -> str | None:
    """Return what this core lacks for *need*, by name, or None; quick, and loads nothing."""
    if not need.any_of:
        return f"{machine()} has no instruction for {need.what}"
    sets = simd.simd_sets(root)
    if not sets:
        return None  # The system does not tell; what LLVM knows decides.
    missing = [[name for name in names if name not in sets] for names in need.any_of]
    if all(missing):
        names = " and no ".join(f"{_SETS[first[0]][0]} ({first[0]})" for first in missing)
        return f"this core has no {names}: no {need.what}"
    if need.sve_bits > sve_bits(root):
        return f"the vectors of this core's SVE have {sve_bits(root)} bits: no {need.what}"
    return None


def require_compiled(need: Need) -> None:
    """Make sure that kernels are compiled for a processor that has what *need* says.

    NUMBA_CPU_NAME and NUMBA_CPU_FEATURES may leave instructions out that the core has; LLVM would
    then take several others in their place.

    Raises:
        Unsupported: naming the set of instructions.
    """
    features = target.host().features
    missing = [[name for name in names if _SETS[name][1] not in features] for names in need.any_of]
    if all(missing):
        names = " or ".join(_SETS[first[0]][1] for first in missing)
        raise Unsupported(
            f"kernels are compiled without {names}: see NUMBA_CPU_NAME and NUMBA_CPU_FEATURES"
        )
