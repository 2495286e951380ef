"""A chain of scalar operations ends where arithmetic says; each operation needs the one before."""

from __future__ import annotations

import math
import platform
import re

import numpy as np
import pytest

from hwperf.kernels import operations, registers, target
from hwperf.kernels.operations import OPERATIONS

from .assembly import count, emitted, loops, needs_llvm_of, on

IS_X86 = platform.machine() == "x86_64"


@pytest.mark.parametrize("name", OPERATIONS)
@pytest.mark.parametrize("n_turns", [1, 200])
def test_the_chain_ends_where_it_must(name, n_turns):
    if name == "fma" and IS_X86 and "fma" not in target.host().features:
        pytest.skip("this processor, as numba knows it, has no fma")
    operation = OPERATIONS[name]
    start, operands = operations.arrays(operation)
    out = np.zeros_like(start)
    operations.loop(operation).bound(start, operands, out, n_turns)()
    assert out[0] == operations.result(operation, n_turns)


@pytest.mark.parametrize("name", OPERATIONS)
def test_no_chain_overflows_or_comes_to_rest(name):
    """In as many operations as a call of 0.2 ms makes; a core may be quick at 0, 1 or infinity."""
    operation = OPERATIONS[name]
    ends = [operations.result(operation, n) for n in (1, 100, 1000, 2000)]
    assert all((math.isfinite(end) and end > 1e-3) or name == "fma" for end in ends)
    if name != "sqrt":  # After each turn the same root of the same number, nearly.
        assert len(set(ends)) == len(ends)
        assert ends[0] != operation.start


def test_dividends_and_divisors_keep_their_sizes():
    operation = OPERATIONS["int_div"]
    for n_turns in (1, 100, 1000):
        divisor = operations.result(operation, n_turns)
        assert 2**31 <= divisor < 2**32
    assert all(2**62 <= dividend < 2**63 for dividend in operation.operands)


X86_LOOPS = {
    "add": r"vaddsd .*",
    "mul": r"vmulsd .*",
    "fma": r"vfmadd\d+sd .*",
    "div": r"vdivsd .*",
    "sqrt": r"vsqrtsd .*",
    "int_mul": r"imulq .*",
    "int_div": r"divq .*",
}
ARM_LOOPS = {
    "add": r"fadd d\d+, d\d+, d\d+",
    "mul": r"fmul d\d+, d\d+, d\d+",
    "fma": r"fmadd d\d+, d\d+, d\d+, d\d+",
    "div": r"fdiv d\d+, d\d+, d\d+",
    "sqrt": r"fsqrt d\d+, d\d+",
    "int_mul": r"mul x\d+, x\d+, x\d+",
    "int_div": r"udiv x\d+, x\d+, x\d+",
}


@pytest.mark.skipif(not IS_X86, reason="starts from the code that numba makes for x86-64")
@pytest.mark.parametrize("cpu", ["znver3", "znver4"])
@pytest.mark.parametrize("name", OPERATIONS)
def test_each_operation_is_in_the_loop_and_waits_for_the_one_before(cpu, name):
    needs_llvm_of(cpu)
    operation, pattern = OPERATIONS[name], X86_LOOPS[name]
    loop = the_loop(on(cpu, operations.loop(operation).run, 1, 1, 1, 1), pattern)
    n = operation.per_turn
    assert count(loop, pattern) == n, loop
    assert count(loop, r".*\(%r.*") == 0, "no access to memory"
    chain = [line for line in loop if re.match(r"v(add|mul|fmadd\d+|div|sqrt)sd", line)]
    results = [line.split(", ")[-1] for line in chain]
    for result, line in zip(results[-1:] + results, chain, strict=False):
        assert result in line, "a step that does not wait for the one before"


@pytest.mark.parametrize("name", OPERATIONS)
def test_on_arm_too(name):
    operation, pattern = OPERATIONS[name], ARM_LOOPS[name]

    def emit(builder, *addresses):
        registers.emit(builder, operation.shape, operations.STEPS[name], *addresses)

    loop = the_loop(emitted(emit, 4, "neoverse-n1", "aarch64-unknown-linux-gnu"), pattern)
    assert count(loop, pattern) == operation.per_turn, loop
    assert count(loop, r".*\[.*\]") == 0, "no access to memory"


def the_loop(code: list[str], pattern: str) -> list[str]:
    return max(loops(code), key=lambda loop: count(loop, pattern))
