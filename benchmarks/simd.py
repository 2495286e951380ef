"""The arithmetic of one core: vector units, latencies, libraries."""

from hwperf.asv.benchmark import WorkloadBenchmark


class Fma(WorkloadBenchmark):
    workload = "simd.fma"


class Integer(WorkloadBenchmark):
    workload = "simd.integer"


class OperationLatency(WorkloadBenchmark):
    workload = "simd.operation_latency"


class Branch(WorkloadBenchmark):
    workload = "simd.branch"


class Gemm(WorkloadBenchmark):
    workload = "simd.gemm"


class Axpy(WorkloadBenchmark):
    workload = "simd.axpy"


class Dot(WorkloadBenchmark):
    workload = "simd.dot"


class Reduce(WorkloadBenchmark):
    workload = "simd.reduce"


class VectorAdd(WorkloadBenchmark):
    workload = "simd.vector_add"


class CallOverhead(WorkloadBenchmark):
    workload = "simd.call_overhead"


class Elementary(WorkloadBenchmark):
    workload = "simd.elementary"


class Precision(WorkloadBenchmark):
    workload = "simd.precision"


class Compress(WorkloadBenchmark):
    workload = "simd.compress"
