"""Peers that a distribution packages. This module runs those on PATH in turn with hwperf.

A pair is one run of the program, some seconds long, and one of hwperf of about half a second:
coarser than the pairs with the C reference, so that a machine that changes from second to second
shows in the quartiles.
"""

from __future__ import annotations

import math
import re
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from contest import time_calls
from ratios import LATENCY, THROUGHPUT, Comparison, Pair, compare

from hwperf import plugins
from hwperf.measure.stage import set_up
from hwperf.units import KiB, MiB

OURS_S = 0.5
LIMIT_S = 300  # hpcc takes 60 to 70 s, the others 4 to 15.

INSTALL = {
    "likwid-bench": "apt-get install likwid",
    "hpcc": "apt-get install hpcc openmpi-bin (STREAM in one of its tests)",
    "lat_mem_rd": "apt-get install lmbench (from non-free; add its bin directory to PATH)",
    "mbw": "apt-get install mbw",
}


class PeerError(Exception):
    """A peer did not run, or printed something else than expected."""


@dataclass(frozen=True)
class Test:
    """One program with the point of hwperf that does the same.

    Attributes:
        name: what a person reads and ``--case`` matches.
        program: its name on PATH.
        workload_id: hwperf's workload.
        params: its point.
        unit: "B/s" or "s".
        command: the words of its command line; "{directory}" is an empty directory.
        parse: takes what it printed and returns the value in *unit*.
        result_file: file in the directory that holds what it found, in place of the output.
        files: files that it needs in the directory, by name.
    """

    name: str
    program: str
    workload_id: str
    params: dict[str, Any]
    unit: str
    command: Sequence[str]
    parse: Callable[[str], float]
    result_file: str | None = None
    files: dict[str, str] = field(default_factory=dict)


def likwid_bandwidth(printed: str) -> float:
    """Return B/s out of what likwid-bench prints: ``MByte/s:  24740.51`` of 10^6 B."""
    return 1e6 * _number(r"^MByte/s:\s+([\d.]+)", printed)


def hpcc_stream(kernel: str) -> Callable[[str], float]:
    """Return a function that finds B/s of one STREAM kernel in hpccoutf.txt, in 10^9 B/s."""
    return lambda printed: 1e9 * _number(rf"^SingleSTREAM_{kernel}=([\d.]+)", printed)


def mbw_copy(printed: str) -> float:
    """Return B/s out of what mbw prints: MiB/s, bytes counted once; STREAM counts both ways."""
    return 2 * MiB * _number(r"^AVG\s+Method: DUMB\s.*Copy: ([\d.]+) MiB/s", printed)


def lmbench_latency(nbytes: int) -> Callable[[str], float]:
    """Return a function that finds seconds per load at *nbytes* in lat_mem_rd's curve.

    Its lines are MB (of 2^20 B) and ns. With a stride of 128 B it touches every second line, so
    that the cache must hold half of the size that it prints.
    """

    def find(printed: str) -> float:
        points = {
            round(float(size) * MiB / 2): float(nanoseconds)
            for size, nanoseconds in re.findall(r"^([\d.]+) ([\d.]+)$", printed, re.MULTILINE)
        }
        near = [size for size in points if abs(size - nbytes) <= 0.05 * nbytes]
        if not near:
            raise PeerError(f"lat_mem_rd printed no line for a set of {nbytes} bytes")
        return 1e-9 * points[near[0]]

    return find


def missing() -> list[str]:
    """Return the programs that are not on PATH."""
    return [program for program in INSTALL if shutil.which(program) is None]


def installed(tests: Sequence[Test]) -> list[Test]:
    """Return the tests whose program is on PATH."""
    absent = set(missing())
    return [test for test in tests if test.program not in absent]


def run(test: Test, cpu: int, directory: Path, *, n_pairs: int) -> Comparison:
    """Run a peer and hwperf in turn, *n_pairs* times, and return what the pairs say.

    Raises:
        PeerError: if the program fails or prints something else.
        HwperfError: if hwperf cannot run the point, or its check fails.
    """
    pairs = []
    for i in range(n_pairs):
        theirs = _value(test, cpu, directory) if i % 2 else math.nan
        # Set up anew, like the peer: which pages a set gets is chance.
        ours, is_clean = _ours(test)
        theirs = theirs if i % 2 else _value(test, cpu, directory)
        pairs.append(Pair(ours, theirs, is_clean))
    goal = LATENCY if test.unit == "s" else THROUGHPUT
    return compare(test.name, test.program, test.unit, pairs, goal=goal)


def _ours(test: Test) -> tuple[float, bool]:
    """Return hwperf's value in the test's unit, and whether it kept its core meanwhile."""
    with set_up(plugins.load().find(test.workload_id), test.params) as stage:
        stage.run()
        begin = time.perf_counter()
        stage.run()
        calls = max(1, round(OURS_S / (time.perf_counter() - begin)))
        timed = time_calls(stage, calls)
        stage.check()
    cost = timed.wall_s / calls / stage.amount
    return cost if test.unit == "s" else 1 / cost, timed.switches == 0


def _value(test: Test, cpu: int, directory: Path) -> float:
    inside = directory / test.program
    inside.mkdir(exist_ok=True)
    for name, text in test.files.items():
        (inside / name).write_text(text, encoding="utf-8")
    command = ["taskset", "-c", str(cpu), *test.command]
    try:
        done = subprocess.run(
            command, cwd=inside, capture_output=True, text=True, timeout=LIMIT_S, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise PeerError(f"{' '.join(command)}: {error}") from error
    printed = done.stdout + done.stderr
    if test.result_file is not None:
        found = inside / test.result_file
        printed = found.read_text(encoding="utf-8") if found.exists() else printed
    if done.returncode != 0:
        raise PeerError(f"{' '.join(command)} ended with {done.returncode}: {printed[-300:]}")
    return test.parse(printed)


def _number(pattern: str, printed: str) -> float:
    match = re.search(pattern, printed, re.MULTILINE)
    if match is None:
        raise PeerError(f"nothing like {pattern!r} was printed: {printed[-300:]!r}")
    return float(match[1])


# likwid-bench has small pages only, and divides the size that it is given among its arrays.
_LIKWID = {
    ("read", "regular"): ("load_avx", 1),
    ("fill", "regular"): ("store_avx", 1),
    ("fill", "streaming"): ("store_mem_avx", 1),
    ("copy", "regular"): ("copy_avx", 2),
    ("copy", "streaming"): ("copy_mem_avx", 2),
    ("triad", "regular"): ("stream_avx", 3),
    ("triad", "streaming"): ("stream_mem_avx", 3),
}
_HPCC_INPUT = """HPLinpack benchmark input file
generated
HPL.out
8            device out
1            # of problems sizes (N)
6000         Ns
1            # of NBs
128          NBs
0            PMAP process mapping
1            # of process grids (P x Q)
1            Ps
1            Qs
16.0         threshold
1            # of panel fact
2            PFACTs
1            # of recursive stopping criterium
4            NBMINs
1            # of panels in recursion
2            NDIVs
1            # of recursive panel fact.
1            RFACTs
1            # of broadcast
1            BCASTs
1            # of lookahead depth
1            DEPTHs
2            SWAP
64           swapping threshold
0            L1 in
0            U in
1            Equilibration
8            memory alignment in double
"""


def _tests() -> Iterator[Test]:
    for (kernel, stores), (likwid, n_arrays) in _LIKWID.items():
        sizes = (8 * KiB, 64 * KiB, 256 * MiB) if stores == "regular" else (256 * MiB,)
        for nbytes in sizes:
            params: dict[str, Any] = {"nbytes": nbytes, "pages": "small"}
            params |= {} if kernel == "read" else {"stores": stores}
            params |= {"data": "varied"} if kernel == "fill" else {}
            yield Test(
                f"likwid {likwid} {nbytes}", "likwid-bench", f"memory.{kernel}", params, "B/s",
                ["likwid-bench", "-t", likwid, "-w", f"S0:{n_arrays * nbytes}B:1", "-s", "1"],
                likwid_bandwidth,
            )  # fmt: skip
    for kernel in ("Copy", "Scale", "Add", "Triad"):
        yield Test(
            f"hpcc SingleSTREAM_{kernel}", "hpcc", f"memory.{kernel.lower()}",
            {"nbytes": 256 * MiB, "pages": "small", "stores": "regular"}, "B/s",
            ["mpirun", "--allow-run-as-root", "-np", "1", "hpcc"], hpcc_stream(kernel),
            "hpccoutf.txt", {"hpccinf.txt": _HPCC_INPUT},
        )  # fmt: skip
    for nbytes in (16 * KiB, 128 * KiB, 128 * MiB):
        yield Test(
            f"lmbench lat_mem_rd {nbytes}", "lat_mem_rd", "memory.latency",
            {"nbytes": nbytes, "pages": "small", "order": "whole"}, "s",
            ["env", "ENOUGH=20000", "lat_mem_rd", "-P", "1", "-W", "1", "-N", "1", "-t", "256",
             "128"],
            lmbench_latency(nbytes),
        )  # fmt: skip
    yield Test(
        "mbw DUMB 256MiB", "mbw", "memory.copy",
        {"nbytes": 256 * MiB, "pages": "small", "stores": "regular"}, "B/s",
        ["mbw", "-q", "-n", "3", "-t1", "256"], mbw_copy,
    )  # fmt: skip


TESTS = tuple(_tests())
