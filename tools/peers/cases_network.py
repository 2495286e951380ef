"""What is compared of the network: messages between two processes, by hwperf and by others."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from ratios import Goal

from hwperf.units import KiB, MiB, format_bytes

ROUND_TRIP = Goal(most=1.10)
"""Of the peer's time from a message to its answer."""

BANDWIDTH = Goal(least=0.95)
"""Of the peer's bandwidth with messages of 1 MiB."""

SOCKPERF_BYTES = 16  # It needs 14 of each message for itself.

C, IPERF3, SOCKPERF = "C", "iperf3", "sockperf"


@dataclass(frozen=True)
class NetworkCase:
    """The same messages for both.

    Attributes:
        name: what a person reads and ``--case`` matches.
        workload_id: hwperf's workload.
        params: its point.
        peer: who does the same.
        unit: of what is compared, "s" of a round trip or "B/s".
        goal: the ratios that are good enough; None where there is no goal.
    """

    name: str
    workload_id: str
    params: dict[str, Any]
    peer: str
    unit: str
    goal: Goal | None

    @property
    def transport(self) -> str:
        """Which way the messages take."""
        return str(self.params["transport"])

    @property
    def nbytes(self) -> int:
        """Bytes of a message."""
        return int(self.params["nbytes"])


def cases() -> Iterator[NetworkCase]:
    """Yield every case of the network, in the order in which they are run."""
    for transport in ("tcp", "udp", "unix", "pipe", "shared_memory"):
        for nbytes in (1, 4 * KiB):
            yield _round_trip(transport, nbytes, C)
    for transport in ("tcp", "udp"):
        for nbytes in (SOCKPERF_BYTES, 4 * KiB):
            yield _round_trip(transport, nbytes, SOCKPERF)
    for transport in ("tcp", "unix"):
        for nbytes in (64, 16 * KiB, MiB):
            yield _bandwidth(transport, nbytes, C)
    for nbytes in (64, 16 * KiB, MiB):
        yield _bandwidth("tcp", nbytes, IPERF3)
    yield _bandwidth("udp", 16 * KiB, IPERF3)


def _round_trip(transport: str, nbytes: int, peer: str) -> NetworkCase:
    return NetworkCase(
        f"network.round_trip {transport} {_size(nbytes)}" + _mark(peer),
        "network.round_trip",
        {"transport": transport, "nbytes": nbytes},
        peer,
        "s",
        ROUND_TRIP,
    )


def _bandwidth(transport: str, nbytes: int, peer: str) -> NetworkCase:
    return NetworkCase(
        f"network.bandwidth {transport} {_size(nbytes)}" + _mark(peer),
        "network.bandwidth",
        {"transport": transport, "nbytes": nbytes, "zero_copy": "off"},
        peer,
        "B/s",
        # What small messages reach hangs on who sleeps when; iperf3's UDP drops what is too much.
        BANDWIDTH if nbytes == MiB else None,
    )


def _mark(peer: str) -> str:
    return "" if peer == C else f" {peer}"


def _size(nbytes: int) -> str:
    return format_bytes(nbytes).replace(" ", "")
