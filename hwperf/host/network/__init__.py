"""The network interfaces of this machine. This package tells speed, MTU, driver and what they are.

``interfaces`` is all of them, ``fastest`` the one to speak of, ``towards`` the one to a host.
"""

from __future__ import annotations

from hwperf.host.network.facts import network_facts, untold
from hwperf.host.network.interface import Interface, fastest, shown_speed
from hwperf.host.network.listing import interfaces
from hwperf.host.network.route import towards

__all__ = [
    "Interface",
    "fastest",
    "interfaces",
    "network_facts",
    "shown_speed",
    "towards",
    "untold",
]
