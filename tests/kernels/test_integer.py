"""Vectors of integers compute what arithmetic modulo the lane's size says, one instruction each."""

from __future__ import annotations

import platform

import numpy as np
import pytest

from hwperf.kernels import integer, registers, target

from .assembly import count, emitted, loops, needs_llvm_of, on

IS_X86 = platform.machine() == "x86_64"
X86 = "x86_64-unknown-linux-gnu"
ARM = "aarch64-unknown-linux-gnu"
NAMES = {128: "xmm", 256: "ymm", 512: "zmm"}
CONTROL = r"(add|sub|inc|dec|cmp|test|lea)q .*|j\w+ .*"

VARIANTS = [
    ("add", 8, 128), ("add", 16, 512), ("add", 32, 256), ("add", 64, 512),
    ("mul", 16, 256), ("mul", 32, 128), ("mul", 64, 512), ("mul", 64, 128),
    ("dot", 8, 512), ("dot", 8, 256), ("dot", 16, 128),
]  # fmt: skip


def expected_by_steps(chosen: integer.Variant, n_turns: int) -> np.ndarray:
    """Make the steps one by one, each as numpy does it."""
    start, operands = integer.arrays(chosen)
    chains = start.reshape(chosen.shape.n_chains, -1).copy()
    for _ in range(n_turns * chosen.shape.steps_per_turn):
        if chosen.op == "dot":
            a, b = operands.astype(np.int64).reshape(2, chains.shape[1], -1)
            chains += (a * b).sum(axis=1).astype(chains.dtype)
        elif chosen.op == "mul":
            chains *= operands
        else:
            chains += operands
    return chains.reshape(-1)


@pytest.mark.parametrize(("op", "bits", "width_bits"), VARIANTS)
def test_the_closed_form_is_what_the_steps_come_to(op, bits, width_bits):
    chosen = integer.Variant(op, bits, width_bits, "x86_64")
    np.testing.assert_array_equal(integer.result(chosen, 3), expected_by_steps(chosen, 3))


@pytest.mark.skipif(not IS_X86, reason="the widths are those of x86-64")
@pytest.mark.parametrize(("op", "bits", "width_bits"), VARIANTS)
def test_every_lane_of_every_chain_is_what_it_must_be(op, bits, width_bits):
    wanted = {"avx2"} if width_bits < 512 else {"avx512bw"}
    wanted |= {"avx512vnni", "avx512vl"} if op == "dot" else set()
    wanted |= {"avx512dq", "avx512vl"} if (op, bits) == ("mul", 64) else set()
    missing = wanted - target.host().features
    if missing:
        pytest.skip(f"this processor, as numba knows it, has no {', '.join(missing)}")
    chosen = integer.variant(op, bits, width_bits)
    start, operands = integer.arrays(chosen)
    for n_turns in (1, 1000):
        expected = integer.result(chosen, n_turns)
        out = ~expected
        integer.loop(chosen).bound(start, operands, out, n_turns)()
        np.testing.assert_array_equal(out, expected)


@pytest.mark.parametrize(("op", "bits", "width_bits"), VARIANTS)
def test_lanes_differ_and_no_step_leaves_them_as_they_were(op, bits, width_bits):
    chosen = integer.Variant(op, bits, width_bits, "x86_64")
    start, _ = integer.arrays(chosen)
    one = integer.result(chosen, 1)
    assert (one != start).mean() > 0.9
    assert np.unique(one).size > 0.3 * one.size


@pytest.mark.skipif(not IS_X86, reason="starts from the code that numba makes for x86-64")
@pytest.mark.parametrize(
    ("cpu", "op", "bits", "width_bits", "instruction"),
    [
        ("haswell", "add", 8, 256, "vpaddb"),
        ("znver3", "add", 64, 128, "vpaddq"),
        ("skylake-avx512", "add", 16, 512, "vpaddw"),
        ("znver4", "add", 32, 512, "vpaddd"),
        ("haswell", "mul", 16, 256, "vpmullw"),
        ("znver3", "mul", 32, 128, "vpmulld"),
        ("znver4", "mul", 64, 512, "vpmullq"),
    ],
)
def test_a_step_is_one_instruction(cpu, op, bits, width_bits, instruction):
    """Without a point of which LLVM knows nothing, n additions would become one."""
    needs_llvm_of(cpu)
    chosen = integer.Variant(op, bits, width_bits, "x86_64")
    pattern = rf"{instruction} (%{NAMES[width_bits]}\d+(, )?){{3}}"
    assert_only(on(cpu, integer.loop(chosen).run, 1, 1, 1, 1), pattern, CONTROL, chosen)


@pytest.mark.skipif(not IS_X86, reason="LLVM assembles for the processor it runs on alone")
@pytest.mark.parametrize(
    ("cpu", "bits", "width_bits", "instruction"),
    [
        ("znver4", 8, 512, "vpdpbusd"),
        ("znver4", 16, 256, "vpdpwssd"),
        ("icelake-server", 8, 128, "vpdpbusd"),
        ("alderlake", 8, 256, "{vex} vpdpbusd"),
        ("alderlake", 16, 128, "{vex} vpdpwssd"),
    ],
)
def test_a_dot_product_is_one_instruction(cpu, bits, width_bits, instruction):
    needs_llvm_of(cpu)
    chosen = integer.Variant("dot", bits, width_bits, "x86_64", "vex" not in instruction)
    pattern = rf"{instruction} (%{NAMES[width_bits]}\d+(, )?){{3}}"
    assert_only(other(chosen, cpu, X86), pattern, CONTROL, chosen)


@pytest.mark.parametrize(
    ("op", "bits", "pattern"),
    [
        ("add", 8, r"add (v\d+)\.16b, \1\.16b, v\d+\.16b"),
        ("add", 64, r"add (v\d+)\.2d, \1\.2d, v\d+\.2d"),
        ("mul", 8, r"mul (v\d+)\.16b, \1\.16b, v\d+\.16b"),
        ("mul", 32, r"mul (v\d+)\.4s, \1\.4s, v\d+\.4s"),
        ("dot", 8, r"sdot v\d+\.4s, v\d+\.16b, v\d+\.16b"),
    ],
)
def test_on_arm_too(op, bits, pattern):
    chosen = integer.Variant(op, bits, 128, "aarch64")
    code = other(chosen, "neoverse-n1", ARM)
    assert_only(code, pattern, r"(subs?|cmp) x.*|b\..*|cbn?z .*", chosen)


@pytest.mark.parametrize(("bits", "machine"), [(32, "x86_64"), (16, "aarch64")])
def test_a_dot_product_that_no_instruction_does_is_refused(bits, machine):
    with pytest.raises(ValueError, match="no instruction"):
        integer.step(integer.Variant("dot", bits, 128, machine))


def other(chosen: integer.Variant, cpu: str, triple: str) -> list[str]:
    def emit(builder, *addresses):
        registers.emit(builder, chosen.shape, integer.step(chosen), *addresses)

    return emitted(emit, 4, cpu, triple)


def assert_only(code: list[str], pattern: str, control: str, chosen: integer.Variant) -> None:
    """One instruction for each chain and step, each chain in a register, and nothing else."""
    loop = max(loops(code), key=lambda loop: count(loop, pattern))
    n = chosen.shape.n_chains * chosen.shape.steps_per_turn
    assert count(loop, pattern) == n, loop
    assert count(loop, rf"{pattern}|{control}") == len(loop), ("what is not meant", loop)
