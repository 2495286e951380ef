"""Memory modules. This module reads them from the firmware's table, or from udev's copy of it.

The table itself is for root only; systemd's udev keeps a copy of the memory entries that anybody
may read. In a virtual machine both are the hypervisor's invention.

Source: DMTF DSP0134 (SMBIOS) 3.7, section 7.18 "Memory Device (Type 17)".
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from hwperf.host.facts import Unavailable
from hwperf.host.files import HOST, data, optional
from hwperf.units import format_bytes

__all__ = ["Dimm", "dimms", "parse_smbios"]

TABLE = "/sys/firmware/dmi/tables/DMI"
UDEV = "/run/udev/data/+dmi:id"

# DSP0134, "Memory Device: Type", those that a running machine may have.
_TYPES = {
    0x12: "DDR", 0x13: "DDR2", 0x18: "DDR3", 0x1A: "DDR4", 0x1B: "LPDDR", 0x1C: "LPDDR2",
    0x1D: "LPDDR3", 0x1E: "LPDDR4", 0x20: "HBM", 0x21: "HBM2", 0x22: "DDR5", 0x23: "LPDDR5",
    0x24: "HBM3",
}  # fmt: skip


@dataclass(frozen=True)
class Dimm:
    """One populated memory module; None where the firmware does not tell.

    Args:
        locator: the slot, as printed on the board.
        size_bytes: its capacity.
        kind: "DDR4", "LPDDR5", ...
        transfers_per_s: transfers per second as configured.
        rated_transfers_per_s: transfers per second that the module is made for.
        data_bytes: width of its data bus, without error correction.
        part: manufacturer and part number.
    """

    locator: str
    size_bytes: int
    kind: str | None
    transfers_per_s: float | None
    rated_transfers_per_s: float | None
    data_bytes: int | None
    part: str = ""

    @property
    def peak_bandwidth(self) -> float | None:
        """Bytes per second over its data bus at the higher of the two speeds, or None: not told.

        The higher, since some firmware leaves one of the two at the standard's default.
        """
        transfers = max(self.transfers_per_s or 0, self.rated_transfers_per_s or 0)
        return transfers * self.data_bytes if transfers and self.data_bytes else None

    def __str__(self) -> str:
        transfers = self.transfers_per_s or self.rated_transfers_per_s
        speed = f"{transfers / 1e6:.0f} MT/s" if transfers else ""
        words = (f"{self.locator}:", format_bytes(self.size_bytes), self.kind, speed, self.part)
        return " ".join(word for word in words if word)


def dimms(root: Path = HOST) -> tuple[Dimm, ...]:
    """Return the populated memory modules.

    Raises:
        Unavailable: when neither table can be read or neither lists a module.
    """
    copy = optional(root, UDEV)
    found = tuple(_from_udev(copy)) if copy else ()
    if not found:
        found = tuple(parse_smbios(data(root, TABLE)))
    if not found:
        raise Unavailable(f"{TABLE} lists no populated memory module")
    return found


def parse_smbios(table: bytes) -> Iterator[Dimm]:
    """Yield the populated memory modules of an SMBIOS structure table; stops at damage."""
    position = 0
    while position + 4 <= len(table):
        kind, length = table[position], table[position + 1]
        end = table.find(b"\0\0", position + length)
        if length < 4 or end < 0 or kind == 127:  # 127: end of table
            return
        if kind == 17 and length >= 0x15:
            strings = table[position + length : end].split(b"\0")
            dimm = _device(table[position : position + length], strings)
            if dimm:
                yield dimm
        position = end + 2


def _device(entry: bytes, strings: list[bytes]) -> Dimm | None:
    """Return the module of one type-17 structure, or None for an empty slot."""

    def number(offset: int, layout: str = "<H") -> int:
        size = struct.calcsize(layout)
        return (
            int(struct.unpack_from(layout, entry, offset)[0]) if offset + size <= len(entry) else 0
        )

    def string(offset: int) -> str:
        index = number(offset, "<B")
        known = 0 < index <= len(strings)
        return strings[index - 1].decode("latin-1").strip() if known else ""

    def transfers(offset: int, extended: int) -> float | None:
        told = number(offset)
        megahertz = number(extended, "<I") & 0x7FFFFFFF if told == 0xFFFF else told
        return megahertz * 1e6 or None

    size = number(0x0C)
    if size in (0, 0xFFFF):  # empty, unknown
        return None
    if size == 0x7FFF:
        size_bytes = (number(0x1C, "<I") & 0x7FFFFFFF) << 20
    else:
        size_bytes = (size & 0x7FFF) << (10 if size & 0x8000 else 20)
    width = number(0x0A)
    return Dimm(
        locator=string(0x10) or string(0x11) or "module",
        size_bytes=size_bytes,
        kind=_TYPES.get(number(0x12, "<B")),
        transfers_per_s=transfers(0x20, 0x58),
        rated_transfers_per_s=transfers(0x15, 0x54),
        data_bytes=width // 8 if width not in (0, 0xFFFF) else None,
        part=f"{string(0x17)} {string(0x1A)}".strip(),
    )


def _from_udev(copy: str) -> Iterator[Dimm]:
    """Yield the modules of udev's record; names as systemd's dmi_memory_id writes them."""
    devices: dict[int, dict[str, str]] = {}
    for index, name, value in re.findall(r"^E:MEMORY_DEVICE_(\d+)_(\w+)=(.*)$", copy, re.MULTILINE):
        devices.setdefault(int(index), {})[name] = value
    for _, told in sorted(devices.items()):
        if not told.get("SIZE", "").isdecimal() or told.get("PRESENT") == "0":
            continue
        width = told.get("DATA_WIDTH", "")
        yield Dimm(
            locator=told.get("LOCATOR") or told.get("BANK_LOCATOR") or "module",
            size_bytes=int(told["SIZE"]),
            kind=told.get("TYPE"),
            transfers_per_s=_transfers(told.get("CONFIGURED_SPEED_MTS", "")),
            rated_transfers_per_s=_transfers(told.get("SPEED_MTS", "")),
            data_bytes=int(width) // 8 if width.isdecimal() else None,
            part=f"{told.get('MANUFACTURER', '')} {told.get('PART_NUMBER', '')}".strip(),
        )


def _transfers(told: str) -> float | None:
    return int(told) * 1e6 or None if told.isdecimal() else None
