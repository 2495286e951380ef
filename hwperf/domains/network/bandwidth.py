"""What a stream of messages reaches between two processes of this host."""

from __future__ import annotations

from collections.abc import Iterator

from hwperf import KiB, MiB, Work, limits, workload
from hwperf.domains.network import channels, other_end, streams
from hwperf.units import format_bytes
from hwperf.work import Elsewhere

__all__ = ["bandwidth"]

CLOCK = "clock_gettime, by the process that sends"
PRECISION = 0.05
"""As of a round trip: the two ends wake each other now and then."""

_ZERO_COPY_FROM = 16 * KiB
"""Linux, Documentation/networking/msg_zerocopy.rst: worth it above some 10 KB of a message."""


def unwanted(transport: str, nbytes: int, zero_copy: str) -> str | None:
    """Return why a combination is not measured, or None."""
    if transport == "udp" and nbytes > channels.DATAGRAM_BYTES:
        return (
            f"a UDP message has at most {channels.DATAGRAM_BYTES} B over IPv4; larger ones would "
            "have to be cut up"
        )
    if zero_copy == "on" and transport == "unix":
        return "Unix sockets have no MSG_ZEROCOPY"
    if zero_copy == "on" and nbytes < _ZERO_COPY_FROM:
        return (
            f"the system holds pages, and says of each message when they are free: from "
            f"{format_bytes(_ZERO_COPY_FROM)} on that may cost less than a copy"
        )
    return None


@workload(
    "network.bandwidth",
    params={
        "transport": ["tcp", "udp", "unix"],
        "nbytes": [64, 1 * KiB, 16 * KiB, 1 * MiB, 4 * MiB],
        "zero_copy": ["off", "on"],
    },
    # Whoever receives stores each byte at least once, on the one CPU that it runs on.
    limit=limits.core_store_bandwidth,
    requires=[channels.lacking, unwanted],
    answers="How much faster are few large messages than many small ones?",
    source="iperf3: TCP and UDP with --length; netperf: TCP_STREAM, UDP_STREAM; "
    "Linux, Documentation/networking/msg_zerocopy.rst",
)
def bandwidth(transport: str, nbytes: int, zero_copy: str) -> Iterator[Work]:
    """Bandwidth of messages of *nbytes*, one after the other, to another process of this host.

    Counts the bytes that the other process has confirmed, and messages beside them. *transport*
    "tcp" and "udp" go through the loopback, "unix" through a pair of Unix sockets; each message is
    one call of send. *zero_copy* "on" asks the system to send from the very pages of the message
    (MSG_ZEROCOPY), and waits until it says that they are free.
    """
    with streams.flowing(transport, nbytes, zero_copy == "on") as flow:
        yield Work(
            flow.run,
            clock=CLOCK,
            derive=flow.figures,
            team=Elsewhere(flow.placed),
            own_causes=other_end.own_causes(flow.placed),
            precision=PRECISION,
            bytes=nbytes,
            ops=1,
        )
        flow.check()
