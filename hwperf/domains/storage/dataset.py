"""The samples of a training: many files, or one shard, kept for the other points of the run."""

from __future__ import annotations

import ctypes
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from hwperf import CheckFailed
from hwperf.domains.storage import content, kept, wear
from hwperf.domains.storage.failure import failed
from hwperf.errors import HwperfError
from hwperf.kernels import io
from hwperf.scratch import Session

__all__ = ["SAMPLE_BYTES", "Bytes", "Dataset", "n_samples", "opened"]

Bytes: TypeAlias = NDArray[np.uint8]

SAMPLE_BYTES = 114_660
"""Of one sample: MLPerf Storage, configs/dlio/workload/resnet50_h100.yaml, record_length_bytes."""

N_SAMPLES = wear.SHARES["feed"] // SAMPLE_BYTES
"""292: as many as fit 32 MiB."""

_TIMES_AMPLE = 4  # As many in a run that may write more.


def n_samples(session: Session) -> int:
    """Return how many samples there are in this run."""
    return N_SAMPLES * (_TIMES_AMPLE if wear.is_ample(session) else 1)


@dataclass(frozen=True)
class Dataset:
    """Samples on the device.

    Attributes:
        path: of the directory with a file for each, or of the shard.
        descriptor: of the shard, or None.
        samples: what they must be, shape (n, SAMPLE_BYTES).
    """

    path: Path
    descriptor: int | None
    samples: Bytes

    def read(self, index: int) -> Bytes:
        """Read one sample from where it lies.

        Raises:
            CheckFailed: if it is not as long as it should be.
        """
        nbytes = self.samples.shape[1]
        if self.descriptor is not None:
            data = os.pread(self.descriptor, nbytes, index * nbytes)
        else:
            descriptor = os.open(_file(self.path, index), os.O_RDONLY | os.O_CLOEXEC)
            try:
                # One more than there should be, so that a longer file is noticed.
                data = os.read(descriptor, nbytes + 1)
            finally:
                os.close(descriptor)
        if len(data) != nbytes:
            raise CheckFailed(f"sample {index} has {len(data)} bytes; expected {nbytes}")
        return np.frombuffer(data, np.uint8)

    def forget(self) -> None:
        """Let the page cache forget all samples, which are on the device already."""
        if self.descriptor is not None:
            os.posix_fadvise(self.descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
            return
        for index in range(len(self.samples)):
            descriptor = os.open(_file(self.path, index), os.O_RDONLY | os.O_CLOEXEC)
            try:
                os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
            finally:
                os.close(descriptor)


@contextmanager
def opened(session: Session, layout: str) -> Iterator[Dataset]:
    """Give the samples of the run in "files" or in a "shard"; write them where they are not whole.

    Raises:
        Unsupported: if there is no space for them, or the run may not write so much.
    """
    n = n_samples(session)
    path = session.named() / f"samples-{n}.{layout}"
    facts = kept.noted(path)
    if facts is None or facts.get("nbytes") != SAMPLE_BYTES:
        samples = _write(session, path, layout, n)
    else:
        samples = _samples(n, facts["generation"])
    descriptor = None
    if layout == "shard":
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        yield Dataset(path, descriptor, samples)
    finally:
        if descriptor is not None:
            os.close(descriptor)


def _samples(n: int, generation: int) -> Bytes:
    """Return what the samples are: of each the beginning of stamped blocks of its own."""
    per_sample = -(-SAMPLE_BYTES // content.BLOCK_BYTES)
    rows = np.empty((n * per_sample, content.BLOCK_BYTES // 8), np.int64)
    content.fill(rows, generation=generation)
    io.stamp(rows.ctypes.data, rows.nbytes, 0)
    whole = rows.view(np.uint8).reshape(n, per_sample * content.BLOCK_BYTES)
    return np.ascontiguousarray(whole[:, :SAMPLE_BYTES])


def _write(session: Session, path: Path, layout: str, n: int) -> Bytes:
    generation, nbytes = content.new_generation(), n * SAMPLE_BYTES
    kept.forget(path)
    if _removed(path):
        session.release(nbytes)
    session.ledger.charge(nbytes)
    try:
        session.hold(nbytes)
    except HwperfError:
        session.ledger.refund(nbytes)
        raise
    samples = _samples(n, generation)
    try:
        if layout == "shard":
            _write_file(path, samples)
        else:
            path.mkdir()
            for index, sample in enumerate(samples):
                _write_file(_file(path, index), sample)
        _sync(path, n if layout == "files" else 0)
        kept.note(path, generation=generation, nbytes=SAMPLE_BYTES)
    except BaseException as error:
        # What was written stays counted as written: how much reached the device is not known.
        _removed(path)
        session.release(nbytes)
        if isinstance(error, OSError):
            raise failed("writing samples", error.errno or 0) from error
        raise
    return samples


def _write_file(path: Path | str, data: Bytes) -> None:
    # Without a buffer: what does not fit raises here, and not when a buffer is given up.
    with open(path, "xb", buffering=0) as file:
        left = memoryview(data.reshape(-1).data)
        while left:
            left = left[file.write(left) :]


def _sync(path: Path, n_files: int) -> None:
    """Wait until the device has the samples: what is dirty cannot be forgotten.

    One call for the whole file system, as hundreds of calls of fsync take 5 times as long; where
    the C library has no such function, the calls.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        library = ctypes.CDLL(None, use_errno=True)
        if n_files and hasattr(library, "syncfs"):
            if library.syncfs(descriptor) != 0:
                number = ctypes.get_errno()
                raise OSError(number, os.strerror(number))
            return
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    for index in range(n_files):
        each = os.open(_file(path, index), os.O_RDONLY | os.O_CLOEXEC)
        try:
            os.fsync(each)
        finally:
            os.close(each)


def _removed(path: Path) -> bool:
    """Remove samples; return whether there were any."""
    is_there = path.exists()
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    with suppress(FileNotFoundError, IsADirectoryError, PermissionError):
        path.unlink()
    return is_there


def _file(path: Path, index: int) -> str:
    return f"{path}/{index:06d}"
