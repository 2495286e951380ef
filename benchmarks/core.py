"""The harness and the clock that every other number rests on."""

from hwperf.asv.benchmark import WorkloadBenchmark


class Null(WorkloadBenchmark):
    workload = "core.null"


class Clock(WorkloadBenchmark):
    workload = "core.clock"
