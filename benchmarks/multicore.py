"""Several cores at once: scaling, shared lines, locks, the operating system."""

from hwperf.asv.benchmark import WorkloadBenchmark


class Flops(WorkloadBenchmark):
    workload = "multicore.flops"


class Bandwidth(WorkloadBenchmark):
    workload = "multicore.bandwidth"


class Amdahl(WorkloadBenchmark):
    workload = "multicore.amdahl"


class Smt(WorkloadBenchmark):
    workload = "multicore.smt"


class FalseSharing(WorkloadBenchmark):
    workload = "multicore.false_sharing"


class CoreToCore(WorkloadBenchmark):
    workload = "multicore.core_to_core"


class SharedLine(WorkloadBenchmark):
    workload = "multicore.shared_line"


class Atomic(WorkloadBenchmark):
    workload = "multicore.atomic"


class LoadedLatency(WorkloadBenchmark):
    workload = "multicore.loaded_latency"


class Mutex(WorkloadBenchmark):
    workload = "multicore.mutex"


class System(WorkloadBenchmark):
    workload = "multicore.system"


class ThreadsOrProcesses(WorkloadBenchmark):
    workload = "multicore.threads_or_processes"


class ParallelRegion(WorkloadBenchmark):
    workload = "multicore.parallel_region"
