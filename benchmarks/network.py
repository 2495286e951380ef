"""What sending costs: messages and streams on this host, its links, collectives, a second host."""

from hwperf.asv.benchmark import WorkloadBenchmark


class Collective(WorkloadBenchmark):
    workload = "network.collective"


class Link(WorkloadBenchmark):
    workload = "network.link"


class Host(WorkloadBenchmark):
    workload = "network.host"


class RoundTrip(WorkloadBenchmark):
    workload = "network.round_trip"


class Bandwidth(WorkloadBenchmark):
    workload = "network.bandwidth"
