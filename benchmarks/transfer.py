"""What lies between host and accelerator, and what the accelerator does by itself."""

from hwperf.asv.benchmark import WorkloadBenchmark


class HostToDevice(WorkloadBenchmark):
    workload = "transfer.host_to_device"


class DeviceToHost(WorkloadBenchmark):
    workload = "transfer.device_to_host"


class Fit(WorkloadBenchmark):
    workload = "transfer.fit"


class Chunks(WorkloadBenchmark):
    workload = "transfer.chunks"


class RoundTrip(WorkloadBenchmark):
    workload = "transfer.round_trip"


class DeviceToDevice(WorkloadBenchmark):
    workload = "transfer.device_to_device"


class Peer(WorkloadBenchmark):
    workload = "transfer.peer"


class Bidirectional(WorkloadBenchmark):
    workload = "transfer.bidirectional"


class Overlap(WorkloadBenchmark):
    workload = "transfer.overlap"


class Launch(WorkloadBenchmark):
    workload = "transfer.launch"


class Stream(WorkloadBenchmark):
    workload = "transfer.stream"


class Gemm(WorkloadBenchmark):
    workload = "transfer.gemm"


class Latency(WorkloadBenchmark):
    workload = "transfer.latency"


class Coalesce(WorkloadBenchmark):
    workload = "transfer.coalesce"


class Diverge(WorkloadBenchmark):
    workload = "transfer.diverge"


class Ramp(WorkloadBenchmark):
    workload = "transfer.ramp"


class Feed(WorkloadBenchmark):
    workload = "transfer.feed"


class FirstUse(WorkloadBenchmark):
    workload = "transfer.first_use"
