"""What a device can be asked to compute. This module is the contract of the kernels' names.

A back end offers what it can of these; a workload fills the buffers, enqueues, reads back what came
out and compares it with what this contract says. So nothing here is trusted: a kernel that does
nothing, or something else, is found by every workload that uses it.

Buffers are given in the order of ``buffers``, parameters by name. ``dtype`` is one of `DTYPES`.
Arrays are contiguous from the begin of their buffer; ``n`` elements take ``n`` times the bytes of
an element, and a buffer may be longer.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

__all__ = ["DTYPES", "KERNELS", "ROUNDED", "KernelSpec"]

DTYPES: Mapping[str, int] = MappingProxyType(
    {"f64": 8, "f32": 4, "tf32": 4, "bf16": 2, "f16": 2, "fp8": 1, "int8": 1}
)
"""Bytes of an element. ``tf32`` is f32 in memory, multiplied with 10 bits; ``fp8`` is E4M3."""

ROUNDED: Mapping[str, str] = MappingProxyType(
    {
        "f64": "f64", "f32": "f32", "tf32": "f32", "bf16": "bf16", "f16": "f16",
        "fp8": "bf16", "int8": "int32",
    }
)  # fmt: skip
"""What a product of matrices of this type is stored as."""


@dataclass(frozen=True)
class KernelSpec:
    """One kernel.

    Attributes:
        buffers: what each buffer holds, in order.
        params: the parameters, by name.
        does: what it computes, exactly.
    """

    buffers: tuple[str, ...]
    params: tuple[str, ...]
    does: str


KERNELS: Mapping[str, KernelSpec] = MappingProxyType(
    {
        "count": KernelSpec(
            ("counter: one int32",),
            (),
            "counter[0] += 1, by one thread: the smallest kernel that can be seen to have run.",
        ),
        "copy": KernelSpec(("c", "a"), ("n", "dtype"), "c = a"),
        "scale": KernelSpec(("b", "c"), ("n", "dtype", "scalar"), "b = scalar * c"),
        "add": KernelSpec(("c", "a", "b"), ("n", "dtype"), "c = a + b"),
        "triad": KernelSpec(("a", "b", "c"), ("n", "dtype", "scalar"), "a = b + scalar * c"),
        "dot": KernelSpec(
            ("out: one element of dtype", "a", "b"),
            ("n", "dtype"),
            "out[0] = sum of a * b, in any order; added up in dtype or wider.",
        ),
        "gemm": KernelSpec(
            ("c: n x n, row by row, of the type that ROUNDED says", "a: n x n, row by row",
             "b: n x n, column by column"),
            ("n", "dtype"),
            "c = a @ b; every product and sum at least as precise as the type's own arithmetic. "
            "f32 is not to be computed as tf32.",
        ),
        "chase": KernelSpec(
            ("out: one int32", "order: n int32"),
            ("n", "steps", "where"),
            "i = 0, then steps times i = order[i], by one thread; out[0] = i. where 'global': read "
            "from the device's memory; 'local': the n entries are first copied into the memory "
            "that the threads of a block share (n <= 4096).",
        ),
        "coalesce": KernelSpec(
            ("dst: n f32", "src: n f32"),
            ("n", "stride"),
            "dst[p] = src[p] for every p exactly once: thread t takes p = (t * stride) % n + "
            "(t * stride) // n, so that neighbouring threads are stride elements apart; stride "
            "divides n.",
        ),
        "diverge": KernelSpec(
            ("out: n f32",),
            ("n", "ways", "rounds"),
            "Thread t takes the branch w = t % ways of as many branches that are compiled apart, "
            "and does rounds times x = x * 0.5 + (w + 1), from x = 0; out[t] = x. In exact "
            "arithmetic x tends to 2 * (w + 1), and f32 reaches it after 30 rounds. ways <= 32.",
        ),
        "ramp": KernelSpec(
            ("out: blocks * threads f32",),
            ("blocks", "threads", "rounds"),
            "Each thread keeps four chains x = x * 0.5 + 1, from x = 0, rounds times each, and "
            "stores their sum: 8 after 30 rounds. 8 FLOP a thread and round.",
        ),
    }
)  # fmt: skip
"""Every kernel that the workloads ask for, by name."""
