"""One network interface. This module says what is known of it, and what counts as a device.

What counts as a device is a port with a wire, an antenna or a hypervisor behind it. A bridge, a
bond, a VLAN, a tunnel or one end of a veth pair only hands on what another interface carries, so
its speed is never counted beside that of the port below.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

__all__ = ["Interface", "Nature", "fastest", "shown_speed"]

Nature = Literal["physical", "paravirtual", "virtual"]


@dataclass(frozen=True)
class Interface:
    """A network interface, as the system tells it.

    Attributes:
        name: the system's.
        nature: "physical": a port of this machine; "paravirtual": a port of a hypervisor;
            "virtual": made of other interfaces, or of software alone.
        kind: what it is, in a word: "Ethernet", "wireless", "virtio", "loopback", "bridge", ...
        speed: what was negotiated, in bits per second, each way; None where it is not told.
        duplex: "full" or "half", or None.
        mtu: the largest packet that is handed to it, in bytes, or None.
        driver, bus: the names of the system, or None.
        state: "up", "down", ... or None.
        is_up: whether it can carry packets now.
        why: for each attribute that is None, why.
    """

    name: str
    nature: Nature
    kind: str
    speed: int | None = None
    duplex: str | None = None
    mtu: int | None = None
    driver: str | None = None
    bus: str | None = None
    state: str | None = None
    is_up: bool = False
    why: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_device(self) -> bool:
        """Whether something of its own is behind it."""
        return self.nature != "virtual"

    def __str__(self) -> str:
        # What a veth or a bridge tells is a constant of its driver.
        means_something = self.is_device or self.kind == "bond"
        speed = f", {shown_speed(self.speed)}" if self.speed and means_something else ""
        kind = "" if self.kind == self.nature else f", {self.kind}"
        return f"{self.name}: {self.nature}{kind}, {self.state or 'state not told'}{speed}"


def shown_speed(speed: float) -> str:
    """Return bits per second as people read them: ``10 Gbit/s``, ``2.5 Gbit/s``, ``100 Mbit/s``."""
    for factor, unit in ((1e9, "Gbit/s"), (1e6, "Mbit/s"), (1e3, "kbit/s")):
        if speed >= factor:
            return f"{speed / factor:.4g} {unit}"
    return f"{speed:.4g} bit/s"


def fastest(interfaces: Sequence[Interface]) -> Interface | None:
    """Return the fastest device that is up and tells its speed; None where there is none.

    A port of the machine itself comes before one of a hypervisor, whose speed is only a setting.
    """
    told = [each for each in interfaces if each.is_device and each.is_up and each.speed]
    # Of equally fast ones always the same: the first by name.
    told.sort(key=lambda each: (each.nature != "physical", -(each.speed or 0), each.name))
    return told[0] if told else None
