"""fio, where it is installed: jobs of the same transfers, and what it says that they came to.

fio is the tool that others quote. It is never needed: what is missing or refused is n/a.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

from hwperf import CheckFailed, Unsupported
from hwperf.scratch import Ledger
from hwperf.units import format_bytes

__all__ = ["ASYNCHRONOUS", "CLOCK_S", "Job", "Outcome", "arguments", "run", "version"]

ASYNCHRONOUS = ("libaio", "io_uring")
"""Engines of which one thread has many transfers under way; psync has one for each thread."""

CLOCK_S = 1e-3
"""fio tells how long a job ran in whole milliseconds."""

_OLDEST = (3, 0)  # The first that tells nanoseconds: lat_ns.
_MARGIN_S = 20.0  # Beyond the job's time; starting takes 0.3 s here.
# Its histogram ends there, and percentiles beyond are wrong: github.com/axboe/fio/issues/1668.
_HISTOGRAM_S = 17.0
# Whole latencies (lat), since clat leaves out the call that submits: with libaio 0.5 in place of
# 2.7 us in memory. --thread: one process, whose I/O is counted as its parent's when it has ended.
_ALWAYS = (
    "--name=hwperf", "--thread", "--group_reporting", "--eta=never", "--randrepeat=0",
    "--lat_percentiles=1", "--clat_percentiles=0", "--output-format=json+",
)  # fmt: skip
_REFUSALS = re.compile(r"engine \S+ not loadable|failed to load engine|io_queue_init|io_uring_")


@dataclass(frozen=True)
class Job:
    """What fio is asked to do.

    Attributes:
        rw: as fio calls it: read, write, randread, randwrite, randrw.
        block: bytes of one transfer.
        depth: transfers under way at once.
        seconds: how long, at most where it ends earlier.
        engine: psync, libaio or io_uring.
        is_direct: past the page cache.
        sync: what follows each write: "fsync", "fdatasync", or "dsync" for O_DSYNC; the file is
            then appended to.
        rwmixread: of 100 transfers of randrw, how many are reads.
        most_bytes: that are written at most; needed where anything is.
        offset: where in the file the part begins that is transferred.
        is_repeated: whether reading begins anew at the end of the part.
    """

    rw: str
    block: int
    depth: int
    seconds: float
    engine: str = "psync"
    is_direct: bool = True
    sync: str = ""
    rwmixread: int = 70
    most_bytes: int | None = None
    offset: int = 0
    is_repeated: bool = True

    @property
    def n_jobs(self) -> int:
        """How many threads fio is given."""
        return 1 if self.engine in ASYNCHRONOUS else self.depth

    @property
    def is_writing(self) -> bool:
        """Whether anything is written."""
        return self.rw not in ("read", "randread")


@dataclass(frozen=True)
class Outcome:
    """What a job came to.

    Attributes:
        version: of fio, "3.33".
        seconds: that it ran, in whole milliseconds.
        ops: transfers, reads and writes together.
        iops: transfers per second.
        bytes_per_s: of them.
        bytes_read, bytes_written: of them.
        p50_s, p99_s, p999_s: of the latencies; None where there are too few.
        latencies: seconds of each, within the 1.6 % that the bins of its histogram are wide. Of a
            write that is followed by a sync: of the sync, and what a write takes on average.
    """

    version: str
    seconds: float
    ops: int
    iops: float
    bytes_per_s: float
    bytes_read: int
    bytes_written: int
    p50_s: float | None
    p99_s: float | None
    p999_s: float | None
    latencies: np.ndarray[tuple[int], np.dtype[np.float64]]


@cache
def version() -> str:
    """Return fio's version, "3.33".

    Raises:
        Unsupported: if there is none on PATH, or it is too old.
    """
    if shutil.which("fio") is None:
        raise Unsupported(
            "fio is not installed (apt-get install fio); hwperf's own engine needs none"
        )
    code, printed, said = _printed(["fio", "--version"], (), _MARGIN_S)
    found = re.search(r"fio-((\d+)\.(\d+)\S*)", printed)
    if code != 0 or found is None:
        raise Unsupported(f"fio --version ended with {code}: {_words(printed + said)}")
    if (int(found[2]), int(found[3])) < _OLDEST:
        raise Unsupported(f"fio {found[1]} is too old: 3.0 or later is needed")
    return found[1]


def arguments(job: Job, path: str, size: int) -> list[str]:
    """Return the command line of *job* on *size* bytes of the file *path*."""
    # Threads that all began at the front would read the same blocks: each has a stripe of its own.
    has_stripes = job.n_jobs > 1 and not job.rw.startswith("rand")
    part = size // job.n_jobs // job.block * job.block if has_stripes else size
    words = [
        "fio", *_ALWAYS,
        f"--filename={path}", f"--rw={job.rw}", f"--bs={job.block}",
        f"--offset={job.offset}", f"--size={part}",
        f"--ioengine={job.engine}", f"--numjobs={job.n_jobs}", f"--direct={int(job.is_direct)}",
        f"--runtime={round(job.seconds * 1000)}ms",
    ]  # fmt: skip
    if job.engine in ASYNCHRONOUS:
        words.append(f"--iodepth={job.depth}")
    if has_stripes:
        words.append(f"--offset_increment={part}")
    if job.rw == "randrw":
        words.append(f"--rwmixread={job.rwmixread}")
    if job.most_bytes is not None:
        words.append(f"--io_size={_each(job)}")
    elif job.is_repeated:
        words.append("--time_based")
    if job.sync:
        # A file that is appended to grows; fio would else reserve its space, and make it anew.
        words += ["--fallocate=none", "--create_on_open=1"]
        words.append("--sync=dsync" if job.sync == "dsync" else f"--{job.sync}=1")
    elif job.is_writing and not job.is_direct:
        words.append("--end_fsync=1")
    return words


def run(job: Job, descriptor: int, size: int, ledger: Ledger | None = None) -> Outcome:
    """Let fio carry out *job* on *size* bytes of an open file.

    Args:
        job: what to do.
        descriptor: the file; fio opens it anew.
        size: of the part from ``job.offset`` on.
        ledger: counts what is written; needed where anything is.

    Raises:
        Unsupported: if fio is missing, too old, or has no such engine here; if the run may not
            write so much.
        CheckFailed: with fio's words, if it fails, prints what cannot be read, or does not end.
        ValueError: if a job that writes has no limit or no ledger.
    """
    version()
    if job.is_writing and (job.most_bytes is None or ledger is None):
        raise ValueError("a job that writes needs most_bytes and a ledger")
    there = os.fstat(descriptor).st_size
    if not job.sync and there < job.offset + size:
        raise CheckFailed(
            f"the file has {format_bytes(there)}, and fio was to use {format_bytes(size)} from "
            f"{format_bytes(job.offset)} on: it would write what is missing"
        )
    command = arguments(job, f"/proc/self/fd/{descriptor}", size)
    if ledger is not None and job.most_bytes is not None:
        ledger.charge(job.most_bytes)
    # After a failure nothing is known of what was written: all of it counts.
    outcome = _outcome(job, *_printed(command, (descriptor,), job.seconds + _MARGIN_S))
    if ledger is not None and job.most_bytes is not None:
        ledger.refund(job.most_bytes - outcome.bytes_written)
    return outcome


def _each(job: Job) -> int:
    """Return the bytes that each thread transfers at most."""
    assert job.most_bytes is not None
    # Some of the mixed ones are reads: twice the bytes stay below the limit by far, at 30 % writes.
    times = 2 if job.rw == "randrw" and job.rwmixread >= 70 else 1
    return max(job.block, times * job.most_bytes // job.n_jobs // job.block * job.block)


def _printed(
    command: list[str], descriptors: tuple[int, ...], timeout_s: float
) -> tuple[int, str, str]:
    """Run *command*; return its exit code, and what it printed to stdout and to stderr."""
    try:
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            text=True, errors="replace", pass_fds=descriptors,
        )  # fmt: skip
    except OSError as error:
        raise Unsupported(f"fio cannot be started: {error.strerror}") from error
    try:
        printed, said = process.communicate(timeout=timeout_s)
    except BaseException as error:
        process.kill()
        # One that waits for a dead device does not end, and is left to it.
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.communicate(timeout=1)
        if isinstance(error, subprocess.TimeoutExpired):
            raise CheckFailed(f"fio has not ended after {timeout_s:.0f} s") from None
        raise
    return process.returncode, printed, said


def _outcome(job: Job, code: int, printed: str, said: str) -> Outcome:
    begin = re.search(r"^\{", printed, re.MULTILINE)  # Warnings may come first.
    words = _words((printed[: begin.start()] if begin else printed) + said)
    if _REFUSALS.search(words):
        raise Unsupported(f"fio has no engine {job.engine} here: {words}")
    try:
        told, _ = json.JSONDecoder().raw_decode(printed, begin.start() if begin else 0)
        (one,) = told["jobs"]
        name, error = str(told["fio version"]).removeprefix("fio-"), int(one["error"])
        if error or code:
            shown = os.strerror(error) if error else f"exit code {code}"
            raise CheckFailed(f"fio failed: {words or shown}")
        return _read(job, name, one)
    except (ValueError, KeyError, TypeError) as why:
        if code:
            raise CheckFailed(f"fio ended with {code}: {words}") from why
        raise CheckFailed(
            f"what fio printed cannot be read ({type(why).__name__}: {why}): {words}"
        ) from why


def _read(job: Job, name: str, one: dict[str, Any]) -> Outcome:
    sides = [side for side in (one["read"], one["write"]) if side["total_ios"]]
    if not sides:
        raise CheckFailed("fio made no transfer")
    ops = sum(int(side["total_ios"]) for side in sides)
    seconds = max(int(side["runtime"]) for side in sides) * CLOCK_S
    if not seconds > 0:
        raise CheckFailed(f"fio made {ops} transfers in less than its clock's millisecond")
    told = [one["sync"] if job.sync in ("fsync", "fdatasync") else side for side in sides]
    if max(float(each["lat_ns"]["max"]) for each in told) * 1e-9 > _HISTOGRAM_S:
        raise CheckFailed(f"a transfer took more than the {_HISTOGRAM_S:.0f} s that fio can tell")
    if not all(each["lat_ns"].get("bins") for each in told):
        raise Unsupported(f"fio {name} prints no histogram of latencies (lat_ns); a later one does")
    latencies = np.sort(np.concatenate([_expanded(each["lat_ns"]["bins"]) for each in told]))
    if told[0] is not sides[0]:
        latencies += float(sides[0]["lat_ns"]["mean"]) * 1e-9
    nbytes = [int(one[side]["io_bytes"]) for side in ("read", "write")]
    return Outcome(
        version=name,
        seconds=seconds,
        ops=ops,
        iops=ops / seconds,
        bytes_per_s=sum(nbytes) / seconds,
        bytes_read=nbytes[0],
        bytes_written=nbytes[1],
        p50_s=_quantile(latencies, 0.5, 1),
        p99_s=_quantile(latencies, 0.99, 1000),
        p999_s=_quantile(latencies, 0.999, 10_000),
        latencies=latencies,
    )


def _expanded(bins: dict[str, int]) -> Any:
    return np.repeat(np.array([int(each) for each in bins]) * 1e-9, list(bins.values()))


def _quantile(latencies: Any, share: float, least: int) -> float | None:
    return float(np.quantile(latencies, share)) if latencies.size >= least else None


def _words(text: str) -> str:
    """Return fio's own words: of its lines those that begin with its name, or all of them."""
    lines = [re.sub(r"pid=\d+, ", "", line.strip()) for line in text.splitlines() if line.strip()]
    own = [line for line in lines if line.startswith("fio:")]
    return "; ".join(own or lines)[:300] or "it printed nothing"
