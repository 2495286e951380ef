"""A loop of multiply-adds computes what exact arithmetic does, and holds nothing else."""

from __future__ import annotations

import platform
from fractions import Fraction

import numpy as np
import pytest

from hwperf.kernels import fma, registers, target

from .assembly import count, emitted, loops, needs_llvm_of, on

IS_X86 = platform.machine() == "x86_64"
starts_from_x86 = pytest.mark.skipif(
    not IS_X86, reason="starts from the code that numba makes for x86-64"
)
ARM = "aarch64-unknown-linux-gnu"
NAMES = {32: "xmm", 64: "xmm", 128: "xmm", 256: "ymm", 512: "zmm"}
ADDRESSES = (1, 1, 1, 1)
# Counting down, or up and comparing.
CONTROL = r"(add|sub|inc|dec|cmp|test|lea)q .*|j\w+ .*"


def needs(dtype: str, width_bits: int) -> None:
    """Skip where this processor cannot run it."""
    features = target.host().features
    wanted = {"bf16": "avx512bf16", "f16": "avx512fp16"}.get(dtype)
    if IS_X86 and wanted is None:
        wanted = "avx512f" if width_bits == 512 else "fma"
    if not IS_X86 or wanted not in features:
        pytest.skip(f"this processor, as numba knows it, has no {wanted}")


def ran(chosen: fma.Variant, n_turns: int) -> np.ndarray:
    start, operands = fma.arrays(chosen)
    out = np.full_like(start, np.nan)
    fma.loop(chosen).bound(start, operands, out, n_turns)()
    return out


@pytest.mark.parametrize(
    ("dtype", "width_bits", "n_chains"),
    [
        ("f64", 64, 1), ("f64", 128, 2), ("f64", 256, 8), ("f64", 512, 16),
        ("f32", 32, 16), ("f32", 256, 12), ("f32", 512, 4),
        ("f16", 128, 8), ("bf16", 128, 1), ("bf16", 256, 12), ("bf16", 512, 16),
    ],
)  # fmt: skip
@pytest.mark.parametrize("n_turns", [1, 1000])
def test_every_lane_of_every_chain_is_what_it_must_be(dtype, width_bits, n_chains, n_turns):
    needs(dtype, width_bits)
    chosen = fma.variant(dtype, width_bits, n_chains)
    np.testing.assert_array_equal(ran(chosen, n_turns), fma.result(chosen, n_turns))


@pytest.mark.parametrize("n_chains", [8, 16])
def test_the_result_is_that_of_exact_arithmetic_rounded_once_a_step(n_chains):
    chosen = fma.Variant("f64", 128, n_chains, "x86_64")
    values = fma.arrays(chosen)[0].tolist()
    for _ in range(2 * chosen.shape.steps_per_turn):
        exact = [Fraction(x) for x in values]
        values = [
            float(x * x + (Fraction(fma.CONSTANT) if chosen.adds_constant else x)) for x in exact
        ]
    assert fma.result(chosen, 2).tolist() == values


@pytest.mark.parametrize(("n_chains", "machine"), [(8, "x86_64"), (8, "aarch64")])
def test_the_table_of_f16_makes_the_same_steps(n_chains, machine):
    chosen = fma.Variant("f16", 128, n_chains, machine)
    values = fma.arrays(chosen)[0].astype(np.float64)
    for _ in range(3 * chosen.shape.steps_per_turn):
        addend = fma.CONSTANT if chosen.adds_constant else values
        values = (values * values + addend).astype(np.float16).astype(np.float64)
    np.testing.assert_array_equal(fma.result(chosen, 3), values)


@pytest.mark.parametrize("dtype", ["f64", "f32", "f16"])
@pytest.mark.parametrize("n_chains", [8, 16])
def test_values_never_overflow_and_never_get_denormal(dtype, n_chains):
    chosen = fma.Variant(dtype, 128, n_chains, "x86_64")
    for n_turns in (1, 10, 1000, 20_000):
        values = fma.result(chosen, n_turns)
        assert np.isfinite(values).all()
        assert (abs(values) <= 1.875).all()
        assert (abs(values) >= np.finfo(values.dtype).tiny).all()


@pytest.mark.parametrize("dtype", ["f64", "f32"])
def test_one_step_more_or_less_shows_in_nearly_every_lane(dtype):
    chosen = fma.Variant(dtype, 256, 8, "x86_64")
    start, operands = fma.arrays(chosen)
    one_less, right = start.copy(), start.copy()
    fma.replay(one_less, operands[0], True, 99_999)
    fma.replay(right, operands[0], True, 100_000)
    assert (one_less != right).mean() > 0.9


def test_the_sums_of_bf16_are_exact_in_every_call():
    """Whole numbers of f32, up to 2**24."""
    chosen = fma.Variant("bf16", 512, 1, "x86_64")
    assert fma.result(chosen, 2**17 // chosen.shape.steps_per_turn).max() < 2**24


@pytest.mark.parametrize(
    "spoilt",
    [
        {"start": np.zeros(7)},
        {"operands": np.zeros(1)},
        {"out": np.zeros(32)[::2]},
        {"out": np.broadcast_to(np.zeros(1), 16)},
        {"n_turns": 0},
    ],
    ids=["start", "operands", "strided", "read-only", "no turn"],
)
def test_arrays_that_do_not_fit_are_rejected(spoilt):
    loop = fma.loop(fma.Variant("f64", 128, 8, target.host().machine))
    arrays = {"start": np.zeros(16), "operands": np.zeros(2), "out": np.zeros(16), "n_turns": 1}
    with pytest.raises(ValueError, match=r"Loop\.bound"):
        loop.bound(**{**arrays, **spoilt})


def other(chosen: fma.Variant, cpu: str, triple: str = "x86_64-unknown-linux-gnu") -> list[str]:
    def emit(builder, *addresses):
        registers.emit(builder, chosen.shape, fma.step(chosen), *addresses)

    return emitted(emit, 4, cpu, triple)


def the_loop(code: list[str], pattern: str) -> list[str]:
    return max(loops(code), key=lambda loop: count(loop, pattern))


def assert_only(loop: list[str], pattern: str, chosen: fma.Variant) -> None:
    """One instruction for each chain and step, each chain in a register, and nothing else."""
    n = chosen.n_chains * chosen.shape.steps_per_turn
    assert count(loop, pattern) == n, loop
    assert count(loop, rf"{pattern}|{CONTROL}") == len(loop), ("what is not meant", loop)


@starts_from_x86
@pytest.mark.parametrize("n_chains", [1, 8, 12, 16])
@pytest.mark.parametrize(
    ("cpu", "dtype", "width_bits"),
    [
        ("haswell", "f64", 256),
        ("znver3", "f32", 32),
        ("znver3", "f64", 128),
        ("znver3", "f32", 256),
        ("znver4", "f64", 512),
        ("skylake-avx512", "f64", 64),
        ("skylake-avx512", "f32", 512),
    ],
)
def test_a_step_is_one_instruction_and_all_chains_stay_in_registers(
    cpu, dtype, width_bits, n_chains
):
    """16 chains fill the registers of a core without AVX-512; none is left for a constant."""
    needs(dtype, min(width_bits, 256))
    needs_llvm_of(cpu)
    chosen = fma.Variant(dtype, width_bits, n_chains, "x86_64")
    register, letter = rf"%{NAMES[width_bits]}\d+", (dtype == "f64" and "d") or "s"
    kind = "s" if width_bits < 128 else "p"
    pattern = rf"vfmadd\d+{kind}{letter} {register}, {register}, {register}"
    loop = the_loop(on(cpu, fma.loop(chosen).run, *ADDRESSES), pattern)
    assert_only(loop, pattern, chosen)
    results = {line.split()[-1] for line in loop if count([line], pattern)}
    assert len(results) == n_chains


@pytest.mark.parametrize(
    ("cpu", "dtype", "width_bits", "instruction"),
    [
        ("sapphirerapids", "f16", 16, "vfmadd213sh"),
        ("sapphirerapids", "f16", 512, "vfmadd213ph"),
        ("znver4", "bf16", 128, "vdpbf16ps"),
        ("cooperlake", "bf16", 512, "vdpbf16ps"),
    ],
)
@pytest.mark.parametrize("n_chains", [1, 12])
def test_small_types_have_their_own_instructions(cpu, dtype, width_bits, instruction, n_chains):
    chosen = fma.Variant(dtype, width_bits, n_chains, "x86_64")
    needs_llvm_of(cpu)
    pattern = rf"{instruction} (%\wmm\d+(, )?){{3}}"
    assert_only(the_loop(other(chosen, cpu), pattern), pattern, chosen)


@pytest.mark.parametrize(
    ("dtype", "width_bits", "sve_bits", "pattern"),
    [
        ("f64", 64, 0, r"fmadd d\d+, d\d+, d\d+, d\d+"),
        ("f64", 128, 0, r"fmla (v\d+)\.2d, \1\.2d, \1\.2d"),
        ("f32", 128, 0, r"fmla (v\d+)\.4s, \1\.4s, \1\.4s"),
        ("f16", 128, 0, r"fmla (v\d+)\.8h, \1\.8h, \1\.8h"),
        ("bf16", 128, 0, r"bfdot v\d+\.4s, v\d+\.8h, v\d+\.8h"),
        ("f64", 256, 256, r"fmad (z\d+)\.d, p\d+/m, \1\.d, z\d+\.d"),
        ("f32", 512, 512, r"fmad (z\d+)\.s, p\d+/m, \1\.s, z\d+\.s"),
    ],
)
@pytest.mark.parametrize("n_chains", [1, 12, 16])
def test_on_arm_too(dtype, width_bits, sve_bits, pattern, n_chains):
    chosen = fma.Variant(dtype, width_bits, n_chains, "aarch64", sve_bits)
    if width_bits > 128 and not chosen.adds_constant:
        pattern = pattern.replace(r"z\d+\.", r"\1\.")
    loop = the_loop(other(chosen, "neoverse-v1", ARM), pattern)
    n = n_chains * chosen.shape.steps_per_turn
    assert count(loop, pattern) == n, loop
    assert count(loop, rf"{pattern}|(subs?|cmp) x.*|b\..*|cbn?z .*") == len(loop), loop
