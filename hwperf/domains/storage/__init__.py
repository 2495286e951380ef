"""What a disk really does: transfers, durable writes, the page cache, many files, checkpoints."""

from hwperf.domains.storage.cached import cached_read
from hwperf.domains.storage.checkpoint import checkpoint
from hwperf.domains.storage.durable import fsync
from hwperf.domains.storage.feed import feed
from hwperf.domains.storage.metadata import metadata
from hwperf.domains.storage.penalty import write_penalty
from hwperf.domains.storage.random import mixed, random_read, random_write
from hwperf.domains.storage.sequential import sequential_read, sequential_write

__all__ = [
    "cached_read",
    "checkpoint",
    "feed",
    "fsync",
    "metadata",
    "mixed",
    "random_read",
    "random_write",
    "sequential_read",
    "sequential_write",
    "write_penalty",
]
