"""What sending costs: messages and streams on this host, its links, collectives, a second host."""

from hwperf.domains.network.bandwidth import bandwidth
from hwperf.domains.network.collective import collective
from hwperf.domains.network.host import host
from hwperf.domains.network.link import link
from hwperf.domains.network.round_trip import round_trip

__all__ = [
    "bandwidth",
    "collective",
    "host",
    "link",
    "round_trip",
]
