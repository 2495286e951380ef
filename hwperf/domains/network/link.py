"""What the interfaces negotiated: a fact with a history, as it changes behind everybody's back."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from hwperf import CheckFailed, Figure, Seen, Work, workload
from hwperf.host import network
from hwperf.host.facts import Unavailable
from hwperf.host.files import HOST

__all__ = ["link"]

NBYTES = 1e9
"""Bytes whose time on the wire is told: a second of 8 Gbit/s."""

MOST_CALLS = 12
"""Readings: a driver may ask its card each time, and holds the lock of all interfaces meanwhile."""

UNTOUCHED = (
    "involuntary_switches", "migrations", "runqueue_wait_s", "steal_s", "throttled_s",
    "major_faults", "slow_clock",
)  # fmt: skip
"""Causes of disturbance that change nothing of what the system says."""

ROOT = HOST
"""The running system, or a recorded one in tests."""


def untold() -> str | None:
    """Return why no interface tells a speed, or None."""
    try:
        found = network.interfaces(ROOT)
    except Unavailable as why:
        return str(why)
    return None if network.fastest(found) else network.untold(found)


@workload(
    "network.link",
    metric="bandwidth",
    requires=untold,
    answers="What did the network link negotiate, and has it fallen back?",
    source="Linux, Documentation/ABI/testing/sysfs-class-net: speed, in Mbit/s; "
    "IEEE 802.3, auto-negotiation",
)
def link() -> Iterator[Work]:
    """Speed of the fastest interface that is up, as it was negotiated: nothing is sent.

    Counts the bits of one direction on the wire, as the system tells them, eight to a byte: what
    programs can get is less by the headers. An interface that is made of others, as a bond, a
    bridge or a VLAN, is not counted.
    """
    reading = _Reading()
    yield Work(
        reading.read,
        bytes=NBYTES,
        clock="as the system says",
        most_calls=MOST_CALLS,
        own_causes=UNTOUCHED,
        derive=reading.figures,
    )
    reading.check()


@dataclass
class _Reading:
    """What the last call read.

    Attributes:
        told: bits per second.
        found: every interface.
        chosen: the one whose speed it is.
    """

    told: NDArray[np.float64] = field(default_factory=lambda: np.full(1, np.nan))
    found: tuple[network.Interface, ...] = ()
    chosen: network.Interface | None = None

    def read(self) -> float:
        """Ask the system; return the seconds that `NBYTES` take."""
        self.found, self.chosen = _ask()
        self.told[0] = self.chosen.speed
        return NBYTES * 8 / float(self.told[0])

    def check(self) -> None:
        """Ask once more and compare.

        Raises:
            CheckFailed: if the system says something else now, or was not asked before.
        """
        _, now = _ask()
        before = self.chosen.name if self.chosen else "no interface"
        if not (self.told[0] == now.speed and before == now.name):
            raise CheckFailed(
                f"{before} told {network.shown_speed(float(self.told[0]))}, and now {now.name} "
                f"tells {network.shown_speed(now.speed or 0)}: the link changed, or was not asked"
            )

    def figures(self, seen: Seen) -> dict[str, Figure]:
        """Return what was told beside the speed, and every interface, so that history has them."""
        if self.chosen is None:
            return {}
        return {
            "interface": Figure(self.chosen.name),
            "speed": Figure(network.shown_speed(float(self.told[0]))),
            "duplex": Figure(self.chosen.duplex),
            "mtu": Figure(self.chosen.mtu, "bytes"),
            "driver": Figure(self.chosen.driver),
            "nature": Figure(self.chosen.nature),
            "interfaces": Figure([str(each) for each in self.found]),
        }


def _ask() -> tuple[tuple[network.Interface, ...], network.Interface]:
    try:
        found = network.interfaces(ROOT)
    except Unavailable as why:
        raise CheckFailed(f"the interfaces went away: {why}") from None
    chosen = network.fastest(found)
    if chosen is None:
        raise CheckFailed(f"the link went away: {network.untold(found)}")
    return found, chosen
