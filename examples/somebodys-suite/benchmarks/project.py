"""What the project does, each bound by another part of the machine."""

import os
import tempfile
from pathlib import Path

import numpy as np
import somebodys


class Count:
    """The interpreter, on one core."""

    number = 1

    def setup(self):
        self.words = [f"word{i % 997}" for i in range(100_000)]

    def time_count(self):
        somebodys.count(self.words)


class Add:
    """Main memory: two arrays of 64 MiB."""

    number = 1

    def setup(self):
        self.total, self.values = np.zeros(2**23), np.ones(2**23)

    def time_add(self):
        somebodys.add(self.total, self.values)


class Record:
    """The disk below the suite."""

    number = 10

    def setup(self):
        # Not the current directory: asv makes it below $TMPDIR, often in memory.
        directory = os.environ.get("ASV_ENV_DIR") or Path(__file__).parent
        self.journal = tempfile.TemporaryFile("w", dir=directory)  # noqa: SIM115

    def time_record(self):
        somebodys.record(self.journal, "one more line\n")

    def teardown(self):
        self.journal.close()
