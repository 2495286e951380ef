"""The network: which points each of its claims is judged from."""

from __future__ import annotations

from collections.abc import Mapping

from hwperf.report.claims.expressions import Term, at, best, first, minus, over, scaled
from hwperf.report.claims.needs import second_host
from hwperf.report.claims.rules import Compared, Law, Rule
from hwperf.units import KiB, MiB

__all__ = ["RULES", "messages"]

_BACKENDS = ("nccl", "gloo")  # Where there are GPUs their library, else the one of CPUs.


def messages(nbytes: int, transport: str = "tcp") -> Term:
    """Return the bandwidth of messages to another process of this host."""
    return at("network.bandwidth", transport=transport, nbytes=nbytes, zero_copy="off")


def _to_host(nbytes: int) -> Term:
    return at("network.host", nbytes=nbytes, in_flight=1)


def _all_reduce(nbytes: int, backend: str) -> Term:
    return at("network.collective", op="all_reduce", nbytes=nbytes, ranks=2, backend=backend)


def _large(backend: str) -> Term:
    return best(*(_all_reduce(nbytes, backend) for nbytes in (1 * MiB, 64 * MiB)))


RULES: Mapping[str, Rule] = {
    "ethernet.bandwidth": Compared(at("network.link")),
    "network.packet_overhead": Law(
        ("messages of 1 MiB", messages(1 * MiB)), ("of 64 B", messages(64))
    ),
    "network.send_4KB_10GbE": Compared(
        # Way and confirmation, less the confirmation's way back: half of a round trip of 1 B.
        minus(_to_host(4 * KiB), scaled(_to_host(1), 0.5, "s")),
        needs=(second_host,),
        note="over the link that there is, whatever its speed",
    ),
    "network.datacenter_round_trip": Compared(_to_host(1), needs=(second_host,)),
    "network.all_reduce": Law(
        ("large messages", first(*map(_large, _BACKENDS))),
        ("messages of 4 KiB", first(*(_all_reduce(4 * KiB, each) for each in _BACKENDS))),
        measured=first(*(over(_large(each), _all_reduce(4 * KiB, each)) for each in _BACKENDS)),
        note="of the algorithm: S over the time, which is the bus bandwidth of two ranks",
    ),
}
