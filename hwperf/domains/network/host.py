"""Messages to a second host, each of which it confirms."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

import numpy as np

from hwperf import CheckFailed, Figure, KiB, MiB, Seen, Unsupported, Work, peer, workload
from hwperf.errors import UsageError
from hwperf.host import network
from hwperf.work import Timing

__all__ = ["host"]

CALL_S = 0.02
"""Seconds of one batch, which is a sample; the answer to its request is not timed."""

MOST_MESSAGES = 1000  # Of a batch: as many as a 99th percentile needs.

PRECISION = 0.05  # What a network that others use settles to.

WAITING = ("involuntary_switches", "runqueue_wait_s", "slow_clock")
"""Causes that the workload brings about itself: its thread sleeps until an answer comes in."""


def unnamed() -> str | None:
    """Return why there is no second host to measure against, or None; nothing is sent."""
    try:
        if peer.named() is None:
            return (
                "no second host is named: run 'hwperf serve --once --bind ADDRESS' there and set "
                f"{peer.HOST} here"
            )
        if peer.given() is None:
            return (
                f"{peer.HOST} is set, and no token: set {peer.TOKEN} to what 'hwperf serve' "
                f"printed there, or {peer.TOKEN_FILE} to a file that holds it"
            )
    except UsageError as why:
        return str(why)
    return None


def line_rate(nbytes: int) -> float | None:
    """Return the messages per second that the wire to the second host can carry one way, or None.

    Only a port of this machine itself says so: what a hypervisor, a bridge or a tunnel tells is a
    setting. Headers are not taken off, so the bound is generous.
    """
    way = _way()
    if way is None or way.nature != "physical" or not way.speed:
        return None
    return way.speed / 8 / nbytes


@workload(
    "network.host",
    params={"nbytes": [1, 4 * KiB, 64 * KiB, 1 * MiB], "in_flight": [1, 16]},
    requires=unnamed,
    limit=line_rate,
    answers="How long does 4 KB take to another host and its answer back, and how many GB/s go?",
    source="netperf: TCP_RR with a request of nbytes; RFC 2681, round-trip delay; "
    "RFC 6349, TCP throughput",
)
def host(nbytes: int, in_flight: int) -> Iterator[Work]:
    """Time of sending *nbytes* to a second host over TCP until it confirms that they are there.

    Counts messages, and their bytes one way beside them. A confirmation is 24 B: number, count and
    checksum of what arrived. With *in_flight* 1 the next message waits for it: a round trip. With
    16 so many are under way, and the time is that between two of them: the rate of a stream.
    """
    with _connected() as connection:
        sender = _Sender(connection, nbytes, in_flight)
        yield Work(
            sender.run,
            latencies=True,
            clock="perf_counter, around sending and the confirmation",
            derive=sender.figures,
            own_causes=WAITING,
            precision=PRECISION,
            ops=1,
            bytes=nbytes,
        )
        sender.check()


@dataclass
class _Sender:
    """Batches of messages, the last of which is kept for the check.

    Attributes:
        count: messages of a batch.
        calls: batches so far.
    """

    connection: peer.Connection
    nbytes: int
    in_flight: int
    count: int = 0
    calls: int = 0
    last: peer.Batch | None = None

    def __post_init__(self) -> None:
        """Find how many messages fill a sample; this also fills what the network has to learn."""
        try:
            first = self.connection.batch(self.nbytes, 2 * self.in_flight, self.in_flight)
        except peer.PeerError as why:
            raise CheckFailed(str(why)) from None
        each_s = first.stretch_ns * 1e-9 / len(first.latencies_ns)
        most = max(2 * self.in_flight, MOST_MESSAGES)
        self.count = min(most, max(2 * self.in_flight, int(CALL_S / each_s)))

    def run(self) -> Timing:
        """Send a batch; the seconds are those of a round trip, or from message to message."""
        try:
            self.last = self.connection.batch(self.nbytes, self.count, self.in_flight)
        except peer.PeerError as why:
            raise CheckFailed(str(why)) from None
        self.calls += 1
        fault = self.last.fault()
        if fault is not None:
            raise CheckFailed(fault)
        latencies = self.last.latencies_ns * 1e-9
        if self.in_flight == 1:
            return Timing(float(np.median(latencies)), latencies.tolist())
        return Timing(self.last.stretch_ns * 1e-9 / self.count, latencies.tolist())

    def check(self) -> None:
        """Compare every confirmation of the last batch, and tell the other side that all is done.

        Raises:
            CheckFailed: if one is missing or wrong.
        """
        if self.last is None:
            raise CheckFailed("no message was sent")
        fault = self.last.fault()
        if fault is not None:
            raise CheckFailed(fault)
        if not (self.last.latencies_ns > 0).all():
            raise CheckFailed("a message was confirmed before it was sent")
        if self.calls > 1:  # A rehearsal makes one call; the point itself is still to come.
            try:
                self.connection.done()
            except peer.PeerError as why:
                raise CheckFailed(str(why)) from None

    def figures(self, seen: Seen) -> dict[str, Figure]:
        """Return through what the messages went."""
        way = _way()
        if way is None:
            return {}
        # What a veth or a bridge tells is a constant of its driver.
        is_told = way.speed is not None and way.is_device
        speed = network.shown_speed(way.speed or 0) if is_told else None
        return {
            "interface": Figure(way.name),
            "link_speed": Figure(speed),
            "mtu": Figure(way.mtu, "bytes"),
        }


def _way() -> network.Interface | None:
    try:
        address = peer.named()
    except UsageError:
        return None
    return None if address is None else network.towards(address.host)


@contextmanager
def _connected() -> Iterator[peer.Connection]:
    try:
        address, token = peer.named(), peer.given()
    except UsageError as why:
        raise Unsupported(str(why)) from None
    if address is None or token is None:
        raise Unsupported(unnamed() or "no second host is named")
    with ExitStack() as stack:
        try:
            connection = stack.enter_context(peer.connect(address, token))
        except peer.PeerError as why:
            raise Unsupported(str(why)) from None
        yield connection
