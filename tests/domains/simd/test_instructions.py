"""What a core lacks is said by name, from what Linux says of the processor."""

from __future__ import annotations

from pathlib import Path

import pytest

from hwperf import Unsupported
from hwperf.domains.simd import instructions
from hwperf.domains.simd.fma import fma
from hwperf.domains.simd.integer import integer
from hwperf.kernels import target

HASWELL = "sse2 sse4_2 avx avx2 fma"
ALDER_LAKE = f"{HASWELL} avx_vnni"
ZEN_4 = f"{HASWELL} avx512f avx512dq avx512bw avx512vl avx512_vnni avx512_bf16"
SAPPHIRE_RAPIDS = f"{ZEN_4} avx512_fp16 avx_vnni"
NEOVERSE_N1 = "fp asimd asimdhp asimddp"
NEOVERSE_V1 = f"{NEOVERSE_N1} bf16 sve"


@pytest.fixture
def core(tmp_path: Path):
    """Return a function that gives the root of a system with a processor of such flags."""

    def make(flags: str, sve_bytes: int | None = None) -> Path:
        (tmp_path / "proc").mkdir(exist_ok=True)
        (tmp_path / "proc" / "cpuinfo").write_text(f"processor : 0\nflags : {flags}\n")
        if sve_bytes is not None:
            abi = tmp_path / "proc" / "sys" / "abi"
            abi.mkdir(parents=True)
            (abi / "sve_default_vector_length").write_text(f"{sve_bytes}\n")
        return tmp_path

    return make


@pytest.mark.parametrize(
    ("flags", "dtype", "width", "lacks"),
    [
        ("sse2 sse4_2", "f64", "scalar", "this core has no FMA (fma): no multiply-adds"),
        (HASWELL, "f64", "256", None),
        (HASWELL, "f32", "512", "this core has no AVX-512 (avx512f): no 512-bit vectors"),
        (ZEN_4, "f32", "512", None),
        (ZEN_4, "f16", "256", "this core has no AVX-512 FP16 (avx512_fp16): no f16 arithmetic"),
        (ZEN_4, "bf16", "128", None),
        (SAPPHIRE_RAPIDS, "f16", "scalar", None),
        (ALDER_LAKE, "bf16", "256", "this core has no AVX-512 VL (avx512vl): no bf16 dot products"),
    ],
)
def test_multiply_adds_on_x86(core, flags, dtype, width, lacks):
    need = instructions.of_fma(dtype, width, "x86_64")
    assert instructions.lacking(need, core(flags)) == lacks


@pytest.mark.parametrize(
    ("flags", "sve_bytes", "dtype", "width", "lacks"),
    [
        ("asimd", None, "f64", "128", None),
        ("asimd", None, "f64", "scalar", None),
        ("asimd", None, "f16", "128", "no half-precision NEON (asimdhp): no f16 arithmetic"),
        (NEOVERSE_N1, None, "f16", "128", None),
        (NEOVERSE_N1, None, "f64", "256", "no SVE (sve): no 256-bit multiply-adds"),
        (NEOVERSE_V1, 32, "f64", "256", None),
        (NEOVERSE_V1, 32, "f64", "512", "this core's SVE have 256 bits: no 512-bit multiply-adds"),
        (NEOVERSE_V1, 32, "bf16", "128", None),
    ],
)
def test_multiply_adds_on_arm(core, flags, sve_bytes, dtype, width, lacks):
    need = instructions.of_fma(dtype, width, "aarch64")
    found = instructions.lacking(need, core(flags, sve_bytes))
    assert (found is None) if lacks is None else (found is not None and found.endswith(lacks))


@pytest.mark.parametrize(
    ("flags", "op", "dtype", "width", "lacks"),
    [
        ("sse2", "add", "int8", "128", "SSE4.2 (sse4_2): no 128-bit vectors"),
        (HASWELL, "mul", "int16", "256", None),
        (HASWELL, "add", "int8", "512", "AVX-512 BW (avx512bw): no 512-bit vectors"),
        (HASWELL, "mul", "int64", "256", "AVX-512 DQ (avx512dq): no vector products of int64"),
        (ZEN_4, "mul", "int64", "128", None),
        (ZEN_4, "dot", "int8", "512", None),
        (ALDER_LAKE, "dot", "int16", "256", None),
        (ALDER_LAKE, "dot", "int8", "512", "AVX-512 VNNI (avx512_vnni): no dot products of int8"),
        (HASWELL, "dot", "int8", "256", "and no AVX-VNNI (avx_vnni): no dot products of int8"),
        (SAPPHIRE_RAPIDS, "mul", "int8", "256", "no instruction for vector products of int8"),
        (SAPPHIRE_RAPIDS, "dot", "int32", "256", "no instruction for dot products of int32"),
    ],
)
def test_integers_on_x86(core, flags, op, dtype, width, lacks):
    need = instructions.of_integer(op, dtype, width, "x86_64")
    found = instructions.lacking(need, core(flags))
    assert (found is None) if lacks is None else (found is not None and found.endswith(lacks))


@pytest.mark.parametrize(
    ("op", "dtype", "width", "is_there"),
    [
        ("add", "int64", "128", True), ("mul", "int8", "128", True), ("mul", "int64", "128", False),
        ("dot", "int8", "128", True), ("dot", "int16", "128", False), ("add", "int8", "256", False),
    ],
)  # fmt: skip
def test_integers_on_arm(core, op, dtype, width, is_there):
    need = instructions.of_integer(op, dtype, width, "aarch64")
    assert (instructions.lacking(need, core(NEOVERSE_V1, 32)) is None) == is_there


def test_where_the_system_does_not_tell_the_compiler_decides(tmp_path):
    assert instructions.lacking(instructions.of_fma("f64", "512", "x86_64"), tmp_path) is None


@pytest.mark.parametrize("workload", [fma, integer], ids=lambda each: each.id)
def test_every_reason_on_a_machine_unknown_to_us_names_it(workload, monkeypatch):
    monkeypatch.setattr(instructions, "machine", lambda: "riscv64")
    for params in workload.points():
        assert "riscv64" in (workload.unsupported(params) or "")


def test_instructions_that_the_compiler_may_not_use_are_missed(monkeypatch):
    """LLVM would take two vectors of 256 bits in place of one of 512, and the name would lie."""
    without = target.Target("x86_64", "haswell", frozenset({"avx2", "fma"}))
    monkeypatch.setattr(target, "host", lambda: without)
    instructions.require_compiled(instructions.of_fma("f64", "256", "x86_64"))
    with pytest.raises(Unsupported, match="without avx512f: see NUMBA_CPU_NAME"):
        instructions.require_compiled(instructions.of_fma("f64", "512", "x86_64"))
