"""The arithmetic of one core: vector units, latencies, libraries. One module per topic."""

from hwperf.domains.simd.branch import branch
from hwperf.domains.simd.calls import call_overhead
from hwperf.domains.simd.compress import compress
from hwperf.domains.simd.elementary import elementary
from hwperf.domains.simd.fma import fma
from hwperf.domains.simd.gemm import gemm
from hwperf.domains.simd.integer import integer
from hwperf.domains.simd.operations import operation_latency
from hwperf.domains.simd.precision import precision
from hwperf.domains.simd.vectors import axpy, dot, reduce, vector_add

__all__ = [
    "axpy",
    "branch",
    "call_overhead",
    "compress",
    "dot",
    "elementary",
    "fma",
    "gemm",
    "integer",
    "operation_latency",
    "precision",
    "reduce",
    "vector_add",
]
