"""Memory modules out of the firmware's table and out of udev's copy of it."""

from __future__ import annotations

import struct
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hwperf.host.dimms import TABLE, Dimm, dimms, parse_smbios
from hwperf.host.facts import Unavailable

Unpack = Callable[[str], Path]
GiB = 2**30


def device(*, size: int, extended_mib: int = 0, speed: int = 3200, configured: int = 2933) -> bytes:
    """Return one type-17 structure of SMBIOS 3.3 with its strings (DSP0134 7.18)."""
    entry = bytearray(0x5C)
    struct.pack_into("<BBH", entry, 0, 17, len(entry), 0x1100)
    struct.pack_into("<HHH", entry, 0x08, 72, 64, size)
    struct.pack_into("<BB", entry, 0x10, 1, 0)
    struct.pack_into("<B", entry, 0x12, 0x1A)
    struct.pack_into("<HB", entry, 0x15, speed, 2)
    struct.pack_into("<B", entry, 0x1A, 3)
    struct.pack_into("<IH", entry, 0x1C, extended_mib, configured)
    struct.pack_into("<II", entry, 0x54, 70000, 70000)
    return bytes(entry) + b"DIMM_A1\0Micron\0 36ASF4G72 \0\0"


def other() -> bytes:
    return struct.pack("<BBH", 2, 4, 0x200) + b"\0\0"


END = struct.pack("<BBH", 127, 4, 0x300) + b"\0\0"


def test_a_module_is_read_among_other_structures() -> None:
    (found,) = parse_smbios(other() + device(size=0x4000) + END)
    assert found == Dimm("DIMM_A1", 16 * GiB, "DDR4", 2933e6, 3200e6, 8, "Micron 36ASF4G72")
    assert str(found) == "DIMM_A1: 16 GiB DDR4 2933 MT/s Micron 36ASF4G72"


def test_the_peak_is_the_higher_speed_times_the_width() -> None:
    """Error correction widens the module to 72 bits, not its data to more than 64."""
    (found,) = parse_smbios(device(size=0x4000) + END)
    assert found.peak_bandwidth == 3200e6 * 8


@pytest.mark.parametrize(
    ("size", "extended_mib", "nbytes"),
    [(0x7FFF, 65536, 64 * GiB), (0x8000 | 512, 0, 512 * 1024), (0x1000, 0, 4 * GiB)],
)
def test_each_way_to_write_a_size(size: int, extended_mib: int, nbytes: int) -> None:
    (found,) = parse_smbios(device(size=size, extended_mib=extended_mib) + END)
    assert found.size_bytes == nbytes


@pytest.mark.parametrize("size", [0, 0xFFFF])
def test_an_empty_slot_is_no_module(size: int) -> None:
    assert list(parse_smbios(device(size=size) + END)) == []


def test_speeds_above_65_534_are_in_their_own_field() -> None:
    (found,) = parse_smbios(device(size=0x1000, speed=0xFFFF, configured=0xFFFF) + END)
    assert found.transfers_per_s == 70000e6


def test_an_unknown_speed_is_none_not_zero() -> None:
    (found,) = parse_smbios(device(size=0x1000, speed=0, configured=0) + END)
    assert (found.transfers_per_s, found.peak_bandwidth) == (None, None)
    assert "MT/s" not in str(found)


@given(st.integers(0, 200))
def test_a_table_that_is_cut_off_gives_what_is_whole(length: int) -> None:
    whole = device(size=0x1000) + device(size=0x2000)
    assert len(list(parse_smbios(whole[:length]))) == min(2, length // (len(whole) // 2))


@given(st.binary(max_size=300))
def test_garbage_is_no_error(table: bytes) -> None:
    list(parse_smbios(table))


def test_the_firmwares_table_is_read(tmp_path: Path) -> None:
    target = tmp_path / TABLE.lstrip("/")
    target.parent.mkdir(parents=True)
    target.write_bytes(device(size=0x1000) + END)
    assert [dimm.size_bytes for dimm in dimms(tmp_path)] == [4 * GiB]


def test_udevs_copy_needs_no_root(machine: Unpack) -> None:
    first, second = dimms(machine("two_socket_epyc"))
    assert str(first) == "P1-DIMMA1: 16 GiB DDR5 4800 MT/s Samsung M321R2GA3BB6-CQKVG"
    assert (second.transfers_per_s, second.rated_transfers_per_s) == (None, 4800e6)
    assert second.peak_bandwidth == 4800e6 * 8


def test_without_any_table_the_reason_names_it(machine: Unpack) -> None:
    with pytest.raises(Unavailable, match="/sys/firmware/dmi/tables/DMI does not exist here"):
        dimms(machine("silent"))
