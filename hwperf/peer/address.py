"""Where a second host is. This module reads addresses, and what of them names a series."""

from __future__ import annotations

import ipaddress
import os
import re
import socket
from collections.abc import Mapping
from typing import Any, NamedTuple

from hwperf.errors import UsageError

__all__ = ["HOST", "HOST_NAME", "Address", "named", "series_name", "to_listen_on"]

HOST = "HWPERF_HOST"
"""Environment variable: ``ADDRESS:PORT`` of the second host, of IPv6 ``[ADDRESS]:PORT``."""

HOST_NAME = "HWPERF_HOST_NAME"
"""Environment variable: what the second host is called in the key of a series."""

_FORM = re.compile(r"(?:\[(?P<v6>[^\]\s]+)\]|(?P<name>[^\s:\[\]/@?#]+)):(?P<port>\d{1,5})")


class Address(NamedTuple):
    """An address, or a name, and a port."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def named(environ: Mapping[str, str] = os.environ) -> Address | None:
    """Return the second host that the environment names; None where it names none.

    Raises:
        UsageError: if what is named is no address with a port.
    """
    text = environ.get(HOST, "").strip()
    if not text:
        return None
    found = _FORM.fullmatch(text)
    if found is None or not 0 < int(found["port"]) < 65536:
        raise UsageError(
            f"{HOST}={text!r} is no ADDRESS:PORT: expected e.g. 10.0.0.7:40123, and for IPv6 "
            "[fd00::7]:40123, as 'hwperf serve' prints it"
        )
    return Address(found["v6"] or found["name"], int(found["port"]))


def series_name(environ: Mapping[str, str] = os.environ) -> str | None:
    """Return what names the second host in the key of a series; None where there is none.

    That is `HOST_NAME`'s value or else the address: never the port, which is another each time.
    """
    try:
        address = named(environ)
    except UsageError:
        return None  # The points say what is wrong with it.
    if address is None:
        return None
    name = environ.get(HOST_NAME, "").strip() or address.host.lower()
    # It becomes part of file names and of the pages' addresses.
    return re.sub(r"[^A-Za-z0-9.-]", "_", name)


def to_listen_on(text: str) -> str:
    """Return *text* if it is the address of one interface, as ``--bind`` needs it.

    Raises:
        UsageError: if not.
    """
    try:
        address: Any = ipaddress.ip_address(text)
    except ValueError:
        raise UsageError(
            f"{text!r} is no IP address: give one of this machine's, e.g. 10.0.0.7 or fd00::7; a "
            "name could mean several."
        ) from None
    address = getattr(address, "ipv4_mapped", None) or address
    if address.is_unspecified:
        raise UsageError(
            f"{text} means every interface: hwperf listens on one address only. Give that of the "
            "interface that faces the other host, e.g. --bind 10.0.0.7."
        )
    if address.is_multicast or str(address) == "255.255.255.255":
        raise UsageError(f"{text} is the address of a group: give that of one interface.")
    return str(address)


def resolved(address: Address) -> tuple[socket.AddressFamily, Any]:
    """Return the family and the end point of *address*.

    Raises:
        OSError: if it means nothing.
    """
    family, _, _, _, end = socket.getaddrinfo(
        address.host, address.port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP
    )[0]
    return family, end
