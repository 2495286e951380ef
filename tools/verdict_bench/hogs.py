"""What takes a machine away. This module runs processes that load one part of it.

Run as a program with the name of the part and a directory, it loads that part until it is ended.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

__all__ = ["HOGS", "running"]

HOGS = ("cpu", "memory", "disk")

_SETTLED_S = 1.0


@contextmanager
def running(part: str | None, directory: Path) -> Iterator[None]:
    """Load *part* of the machine; nothing where it is None.

    The CPU's hogs are as many as there are CPUs, so that nobody finds a free one; the others leave
    one free as far as they can.
    """
    count = 0 if part is None else {"cpu": len(os.sched_getaffinity(0))}.get(part, 1)
    command = [sys.executable, __file__, str(part), str(directory)]
    hogs = [subprocess.Popen(command) for _ in range(count)]
    try:
        time.sleep(_SETTLED_S if hogs else 0)
        yield
    finally:
        for hog in hogs:
            hog.terminate()
        for hog in hogs:
            hog.wait()


def _load(part: str, directory: Path) -> None:
    if part == "cpu":
        while True:
            sum(range(100_000))
    if part == "memory":
        import numpy as np

        first, second = np.zeros(2**25), np.ones(2**25)  # 256 MiB each, beyond any cache.
        while True:
            first[:] = second
    path = directory / f"hog-{os.getpid()}"
    block = os.urandom(2**20)
    try:
        with open(path, "wb") as stream:
            while True:
                stream.seek(0)
                stream.write(block)
                stream.flush()
                os.fsync(stream.fileno())
    finally:
        with suppress(OSError):
            path.unlink()


if __name__ == "__main__":
    import signal

    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(0))
    _load(sys.argv[1], Path(sys.argv[2]))
