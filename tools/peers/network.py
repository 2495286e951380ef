"""One case of the network from end to end: hwperf's workload in this process, in turn with a peer.

Both ends of either side are on the same two CPUs, with the same options of their sockets, on the
loopback. A peer's side is one run of a program: network.c for some tenths of a second, iperf3 and
sockperf for one second. hwperf's calls last as long, as a stream of small messages takes some
hundredths of a second to reach its rate.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from cases_network import IPERF3, SOCKPERF, C, NetworkCase
from ratios import Comparison, Pair, compare

from hwperf import plugins
from hwperf.domains.network import other_end, streams
from hwperf.domains.network.round_trip import middle
from hwperf.errors import HwperfError
from hwperf.measure.placement import placed, probing
from hwperf.measure.stage import Stage, set_up

INSTALL = {IPERF3: "apt-get install iperf3", SOCKPERF: "apt-get install sockperf"}
SIDE_S = 0.3
RUN_S = 1  # Of iperf3 and sockperf, which take whole seconds.
LIMIT_S = 20.0
_PLACEMENT_S = 0.01
_ATTEMPTS = 4
_CALL_S = 0.3


class NetworkPeerError(HwperfError):
    """A peer did not run, or printed something else than expected."""


def missing() -> list[str]:
    """Return the programs that are not on PATH."""
    return [program for program in INSTALL if shutil.which(program) is None]


def run(case: NetworkCase, program: Path, *, n_pairs: int) -> Comparison:
    """Compare one case and return what the pairs say.

    Args:
        case: what to compare.
        program: network.c, compiled.
        n_pairs: how many; pairs during which the CPUs moved are taken again.

    Raises:
        HwperfError: if either cannot run it, or hwperf's check fails.
    """
    cpus = other_end.cpus()
    ends = (cpus[0], cpus[-1])
    workload = plugins.load().find(case.workload_id)
    before = os.sched_getaffinity(0)
    call_s, streams.CALL_S = streams.CALL_S, _CALL_S
    try:
        with set_up(workload, case.params) as stage, probing(cpus, _PLACEMENT_S) as probe:
            os.sched_setaffinity(0, {ends[0]})
            _ours(case, stage)
            sides = (lambda: _ours(case, stage), lambda: _theirs(case, program, ends))
            pairs = list(_pairs(sides, n_pairs, probe))
            stage.check()
    finally:
        streams.CALL_S = call_s
        os.sched_setaffinity(0, before)
    if not pairs:
        raise NetworkPeerError("the CPUs moved within every pair; try again")
    return compare(case.name, case.peer, case.unit, pairs, goal=case.goal)


def _pairs(
    sides: Sequence[Callable[[], float]], n: int, probe: Callable[[], Any] | None
) -> Iterator[Pair]:
    """Yield pairs of values, in turn ours and theirs first, in which the CPUs did not move."""
    look = (lambda: "") if probe is None else (lambda: placed([probe()]).tag)
    taken, tag = 0, look()
    for attempt in range(_ATTEMPTS * n):
        if taken == n:
            return
        values: list[float] = [0.0, 0.0]
        seen = {tag}
        for side in (0, 1) if attempt % 2 == 0 else (1, 0):
            values[side] = sides[side]()
            tag = look()
            seen.add(tag)
        if len(seen) == 1:
            taken += 1
            yield Pair(values[0], values[1], placement=tag)


def _ours(case: NetworkCase, stage: Stage) -> float:
    """Return hwperf's value: the middle of all latencies, or what all calls reach together."""
    latencies: list[float] = []
    seconds: list[float] = []
    end = time.monotonic() + SIDE_S
    while not seconds or time.monotonic() < end:
        timing = stage.run()
        latencies += timing.latencies
        seconds.append(timing.seconds)
    return middle(np.array(latencies)) if case.unit == "s" else case.nbytes / seconds[-1]


def _theirs(case: NetworkCase, program: Path, cpus: tuple[int, int]) -> float:
    if case.peer == C:
        return _of_c(case, program, cpus)
    if case.peer == IPERF3:
        return _of_iperf3(case, cpus)
    return _of_sockperf(case, cpus)


def _of_c(case: NetworkCase, program: Path, cpus: tuple[int, int]) -> float:
    what = case.workload_id.partition(".")[2]
    words = [str(program), what, case.transport, case.nbytes, SIDE_S, *cpus]
    said = json.loads(_said(words))
    if "error" in said:
        raise NetworkPeerError(f"network.c: {said['error']}")
    return float(said["middle_s" if case.unit == "s" else "rate"])


def iperf3_rate(printed: str) -> float:
    """Return B/s out of iperf3's JSON: what the receiver has got."""
    try:
        end = json.loads(printed)["end"]
        received = end.get("sum_received") or end["sum"]
        lost = received.get("lost_percent", 0.0) if "sum_received" not in end else 0.0
        return float(received["bits_per_second"]) / 8 * (1 - lost / 100)
    except (ValueError, KeyError) as error:
        raise NetworkPeerError(f"iperf3 printed something else: {printed[-200:]!r}") from error


def sockperf_round_trip(printed: str) -> float:
    """Return seconds out of what sockperf --full-rtt prints: the median, in µs."""
    match = re.search(r"percentile 50\.000 =\s+([\d.]+)", printed)
    if match is None:
        raise NetworkPeerError(f"sockperf printed something else: {printed[-200:]!r}")
    return 1e-6 * float(match[1])


def _of_iperf3(case: NetworkCase, cpus: tuple[int, int]) -> float:
    port = _free_port(socket.SOCK_STREAM)
    served = ["iperf3", "-s", "-1", "-B", "127.0.0.1", "-p", port, "-A", cpus[1]]
    how = ["-u", "-b", 0] if case.transport == "udp" else ["-N"]
    asked = [
        "iperf3", "-J", "-c", "127.0.0.1", "-p", port, "-A", cpus[0], "-t", RUN_S, "-l",
        case.nbytes, *how,
    ]  # fmt: skip
    with _serving(served):
        return iperf3_rate(_until_answered(asked))


def _of_sockperf(case: NetworkCase, cpus: tuple[int, int]) -> float:
    how = ["--tcp"] if case.transport == "tcp" else []
    kind = socket.SOCK_STREAM if how else socket.SOCK_DGRAM
    where = ["-i", "127.0.0.1", "-p", _free_port(kind), *how]
    with _serving(["taskset", "-c", cpus[1], "sockperf", "server", *where]):
        asked = ["sockperf", "ping-pong", "--full-rtt", "-t", RUN_S, "-m", case.nbytes, *where]
        return sockperf_round_trip(_until_answered(["taskset", "-c", cpus[0], *asked]))


@contextmanager
def _serving(words: Sequence[Any]) -> Iterator[None]:
    """Run a server; end it at the end."""
    process = subprocess.Popen(
        [*map(str, words)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        yield
    finally:
        process.kill()
        process.wait()


def _until_answered(words: Sequence[Any]) -> str:
    """Run a client until its server, which takes some milliseconds to start, answers it."""
    for _ in range(20):
        time.sleep(0.1)
        try:
            return _said(words)
        except NetworkPeerError as why:
            last = why
    raise last


def _said(words: Sequence[Any]) -> str:
    command = [*map(str, words)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=LIMIT_S, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise NetworkPeerError(f"{' '.join(command)}: {error}") from error
    if done.returncode != 0:
        raise NetworkPeerError(f"{' '.join(command)} ended with {done.returncode}")
    return done.stdout


def _free_port(kind: int) -> int:
    with socket.socket(socket.AF_INET, kind) as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])
