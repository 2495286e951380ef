"""The way to another host. This module says through which interface the system would send."""

from __future__ import annotations

import socket
from functools import lru_cache

from hwperf.host.facts import Unavailable
from hwperf.host.network.interface import Interface
from hwperf.host.network.listing import interfaces

__all__ = ["towards"]

_DISCARD = 9  # RFC 863; nothing is sent to it.


@lru_cache(maxsize=16)
def towards(address: str) -> Interface | None:
    """Return the interface that packets to *address* would leave by; None where it is not told.

    The system only chooses a way: connecting a datagram socket sends nothing.
    """
    try:
        family, kind, protocol, _, end = socket.getaddrinfo(
            address, _DISCARD, type=socket.SOCK_DGRAM
        )[0]
        with socket.socket(family, kind, protocol) as asked:
            asked.connect(end)
            own = str(asked.getsockname()[0]).partition("%")[0]
        name = _name_of(own)
        return next((each for each in interfaces() if each.name == name), None)
    except (OSError, UnicodeError, Unavailable):
        return None


def _name_of(own: str) -> str | None:
    """Return the name of the interface that has the address *own*."""
    import psutil  # Python has no call for it.

    for name, addresses in psutil.net_if_addrs().items():
        if any(str(each.address).partition("%")[0] == own for each in addresses):
            return str(name)
    return None
