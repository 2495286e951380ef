"""Main memory and its caches: latency, bandwidth, access patterns, translation."""

from hwperf.asv.benchmark import WorkloadBenchmark


class Latency(WorkloadBenchmark):
    workload = "memory.latency"


class ParallelLatency(WorkloadBenchmark):
    workload = "memory.parallel_latency"


class Read(WorkloadBenchmark):
    workload = "memory.read"


class Fill(WorkloadBenchmark):
    workload = "memory.fill"


class Copy(WorkloadBenchmark):
    workload = "memory.copy"


class Scale(WorkloadBenchmark):
    workload = "memory.scale"


class Add(WorkloadBenchmark):
    workload = "memory.add"


class Triad(WorkloadBenchmark):
    workload = "memory.triad"


class Stride(WorkloadBenchmark):
    workload = "memory.stride"


class RandomRead(WorkloadBenchmark):
    workload = "memory.random_read"


class Walk(WorkloadBenchmark):
    workload = "memory.walk"


class Alignment(WorkloadBenchmark):
    workload = "memory.alignment"


class Tlb(WorkloadBenchmark):
    workload = "memory.tlb"


class FirstTouch(WorkloadBenchmark):
    workload = "memory.first_touch"


class Blocked(WorkloadBenchmark):
    workload = "memory.blocked"
