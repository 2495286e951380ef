"""What the disk does: transfers, durable writes, the page cache, many files."""

from hwperf.asv.benchmark import WorkloadBenchmark


class SequentialRead(WorkloadBenchmark):
    workload = "storage.sequential_read"


class SequentialWrite(WorkloadBenchmark):
    workload = "storage.sequential_write"


class RandomRead(WorkloadBenchmark):
    workload = "storage.random_read"


class RandomWrite(WorkloadBenchmark):
    workload = "storage.random_write"


class Mixed(WorkloadBenchmark):
    workload = "storage.mixed"


class Fsync(WorkloadBenchmark):
    workload = "storage.fsync"


class CachedRead(WorkloadBenchmark):
    workload = "storage.cached_read"


class Metadata(WorkloadBenchmark):
    workload = "storage.metadata"


class Checkpoint(WorkloadBenchmark):
    workload = "storage.checkpoint"


class Feed(WorkloadBenchmark):
    workload = "storage.feed"


class WritePenalty(WorkloadBenchmark):
    workload = "storage.write_penalty"
