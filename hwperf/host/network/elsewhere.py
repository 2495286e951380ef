"""Interfaces where there is no /sys. This module asks psutil, which knows macOS, Windows and BSD.

They tell speed, duplex and MTU, and not what is behind an interface: its name has to say that.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from hwperf.host.facts import Unavailable
from hwperf.host.network.interface import Interface

__all__ = ["interfaces"]

# Names that the systems themselves give to interfaces without a wire: macOS (ifconfig), FreeBSD,
# Windows (Hyper-V's and the loopback's), and what virtual machines and containers add there.
_VIRTUAL = re.compile(
    r"(lo|loopback|utun|gif|stf|bridge|awdl|llw|anpi|ap|vmenet|vmnet|vboxnet|feth|tun|tap|wg|veth"
    r"|docker|br-|virbr|vlan|lagg|bond|epair|pflog|pfsync|enc|vethernet|ifb|dummy|npcap)"
    r"(?![a-z])",
    re.IGNORECASE,
)
_DUPLEX = {2: "full", 1: "half"}  # psutil.NIC_DUPLEX_FULL, NIC_DUPLEX_HALF
_NOT_TOLD = "only Linux tells it, in /sys/class/net"


def interfaces(stats: Mapping[str, Any] | None = None) -> tuple[Interface, ...]:
    """Return every interface by name.

    Args:
        stats: what ``psutil.net_if_stats()`` gives; by default what it gives now.

    Raises:
        Unavailable: if the system refuses.
    """
    if stats is None:
        import psutil  # Needed here alone; on Linux /sys says more.

        try:
            stats = psutil.net_if_stats()
        except OSError as error:
            raise Unavailable(f"psutil.net_if_stats: {error.strerror or error}") from None
    if not stats:
        raise Unavailable("psutil.net_if_stats shows no interface")
    return tuple(_interface(name, stats[name]) for name in sorted(stats))


def _interface(name: str, told: Any) -> Interface:
    flags = str(getattr(told, "flags", "")).split(",")
    is_loopback = "loopback" in flags or name.lower().startswith(("lo0", "loopback"))
    is_virtual = is_loopback or bool(_VIRTUAL.match(name))
    duplex = _DUPLEX.get(int(told.duplex))
    why = {"driver": _NOT_TOLD, "bus": _NOT_TOLD}
    if not told.speed:
        why["speed"] = "the system tells none"
    if duplex is None:
        why["duplex"] = "the system tells none"
    if not told.mtu:
        why["mtu"] = "the system tells none"
    return Interface(
        name=name,
        nature="virtual" if is_virtual else "physical",
        kind="loopback" if is_loopback else "virtual" if is_virtual else "physical",
        speed=int(told.speed) * 10**6 or None,
        duplex=duplex,
        mtu=int(told.mtu) or None,
        state="up" if told.isup else "down",
        is_up=bool(told.isup),
        why=why,
    )
