"""The vector width follows the processor, not its name for it."""

from __future__ import annotations

import pytest

from hwperf.kernels import target, vector

SSE2 = frozenset({"sse2"})
AVX2 = SSE2 | {"avx", "avx2"}
AVX512 = AVX2 | {"avx512f", "avx512vl"}


@pytest.mark.parametrize(
    ("machine", "cpu", "features", "width"),
    [
        ("x86_64", "x86-64", SSE2, 16),
        ("x86_64", "sandybridge", SSE2 | {"avx"}, 32),
        ("x86_64", "znver3", AVX2, 32),
        ("x86_64", "znver4", AVX512, 32),
        ("x86_64", "znver5", AVX512, 64),
        ("x86_64", "icelake-server", AVX512, 64),
        ("aarch64", "neoverse-v1", frozenset({"neon", "sve"}), 16),
        ("riscv64", "generic", frozenset(), 16),
    ],
)
def test_the_widest_vector_in_one_operation(machine, cpu, features, width):
    assert target.vector_width_bytes(target.Target(machine, cpu, features)) == width


def test_this_process_has_a_width():
    assert target.native_width_bytes() == vector.NATIVE.nbytes
    assert vector.NATIVE.nbytes in vector.WIDTHS_BYTES


def test_the_width_is_no_constant_of_a_kernel():
    """An int would be part of what the kernel is, and its version differ between machines."""
    assert not isinstance(vector.NATIVE, int)
    assert vector.several(4, vector.Width(32)) == vector.Width(128, 4)
    assert vector.several(4, vector.Width(16)) == vector.Width(64, 2)


@pytest.mark.parametrize(
    ("changes", "lost"),
    [
        ("", set()),
        ("+avx2,+sse2", set()),
        ("-avx512f", {"avx512f", "avx512vl"}),
        ("-fma", {"fma", "avx512f", "avx512vl"}),
        ("-avx", {"avx", "avx2", "fma", "avx512f", "avx512vl"}),
    ],
)
def test_what_rests_on_a_set_that_is_switched_off_goes_with_it(changes, lost):
    """As LLVM has it: kernels compiled so would call a function where one instruction is meant."""
    processor = AVX512 | {"fma"}
    assert target.enabled(processor, changes) == processor - lost


def test_of_a_processor_that_is_not_here_only_what_is_named_counts():
    assert target.enabled(frozenset(), "+avx2,+fma") == {"avx2", "fma"}
