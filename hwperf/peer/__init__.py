"""A second host to measure against. This package serves one session of it, and connects to it.

One side runs ``serve`` on an address that it was given, the other ``connect``s, proves that it has
the token, and sends messages of which each is confirmed by number, count and checksum.
"""

from __future__ import annotations

from hwperf.peer.address import HOST, HOST_NAME, Address, named, series_name, to_listen_on
from hwperf.peer.client import Batch, Connection, connect
from hwperf.peer.protocol import PeerError
from hwperf.peer.server import Outcome, listening, serve
from hwperf.peer.token import TOKEN, TOKEN_FILE, Token, given, new, read

__all__ = [
    "HOST",
    "HOST_NAME",
    "TOKEN",
    "TOKEN_FILE",
    "Address",
    "Batch",
    "Connection",
    "Outcome",
    "PeerError",
    "Token",
    "connect",
    "given",
    "listening",
    "named",
    "new",
    "read",
    "series_name",
    "serve",
    "to_listen_on",
]
