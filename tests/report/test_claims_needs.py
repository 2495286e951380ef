"""What a machine must have is looked for in what was recorded, and never guessed."""

from __future__ import annotations

from typing import Any

import pytest

from hwperf.asv.recorded import Measurement
from hwperf.report.claims import HOLDS, NOT_MEASURABLE, Judged, judge

from .claim_points import point

KIB, MIB = 1024, 1024**2


def judged(*points: Measurement) -> dict[str, Judged]:
    return {each.claim.id: each for each in judge(points)}


def disk(told: str, behaves: str, counts: str, rate: float = 1e4) -> list[Measurement]:
    """Return what a run has of a disk: one read at a time with what it is, many, large ones."""
    nature = {"told_to_be": told, "behaves_as": behaves, "counts_as": counts}
    return [
        point("storage.random_read", rate, block_bytes=4096, queue_depth=1, figures=nature),
        point("storage.random_read", 2e5, block_bytes=4096, queue_depth=32),
        *(
            point("storage.sequential_read", 2e9, block_bytes=MIB, io="direct", queue_depth=1,
                  pages=pages)
            for pages in ("small", "huge")
        ),
    ]  # fmt: skip


DISKS = ("hdd.random_access", "hdd.bandwidth", "ssd.iops", "ssd.bandwidth", "nvme.bandwidth",
         "nvme.read_4KB", "nvme.read_1MB", "sata.read_4KB", "sata.read_1MB")  # fmt: skip


@pytest.mark.parametrize(
    ("told", "behaves", "counts", "measurable"),
    [
        ("virtual disk", "flash", "SSD, cloud", ()),  # However fast it answers.
        ("network", "flash", "network", ()),
        ("unknown", "flash", "SSD", ()),
        ("NVMe", "flash", "NVMe, SSD", ("ssd", "nvme")),
        ("NVMe", "network or cloud disk", "cloud", ()),
        ("SATA SSD", "flash", "SATA SSD, SSD", ("ssd", "sata")),
        ("SSD", "flash", "SSD", ("ssd",)),
        ("HDD", "HDD", "HDD", ("hdd",)),
        ("HDD", "flash", "SSD", ()),  # It is neither: what is told and what is done disagree.
    ],
)
def test_a_disk_is_what_the_system_says_and_does_not_contradict(
    told: str, behaves: str, counts: str, measurable: tuple[str, ...]
) -> None:
    found = judged(*disk(told, behaves, counts))
    for id in DISKS:
        assert found[id].is_measurable == id.startswith(measurable or ("nothing",)), id
        if not found[id].is_measurable:
            assert told in found[id].reason


def test_large_transfers_are_judged_on_any_disk() -> None:
    small = point("storage.sequential_read", 6e7, block_bytes=4 * KIB, io="direct", queue_depth=1,
                  pages="small")  # fmt: skip
    found = judged(*disk("virtual disk", "flash", "SSD"), small)["storage.large_over_small"]
    assert (found.verdict, round(found.ratio or 0)) == (HOLDS, 33)


def test_a_disk_whose_nature_was_not_measured_is_none() -> None:
    reads = disk("NVMe", "flash", "NVMe, SSD")[2:]
    assert judged(*reads)["ssd.bandwidth"].reason == (
        "not measured in this run: hwperf run -k storage.random_read"
    )


def link(**figures: Any) -> list[Measurement]:
    figures = {"device": "a device (x:0)", **figures}
    return [
        point("transfer.host_to_device", 1e10, nbytes=MIB, memory="pinned", figures=figures),
        point("transfer.launch", 5e-6, how="queued", figures=figures),
        point("transfer.launch", 5e-5, how="waited", figures=figures),
    ]


@pytest.mark.parametrize(
    ("figures", "measurable", "words"),
    [
        ({"simulated": "yes: says nothing"}, (), "is simulated"),
        ({"kind": "the host's own processor plays the device"}, (), "own processor"),
        ({"memory": "host and device share it: nothing crosses a bus"},
         ("gpu.synchronisation",), "shares the host's memory"),
        ({"data_sheet": "H100 SXM"},
         ("gpu.synchronisation", "gpu.kernel_launch", "pcie.transfer_1MB"), "attached by PCIe"),
        ({"data_sheet": "GH200 96 GB"},
         ("gpu.synchronisation", "gpu.kernel_launch", "nvlink.transfer_1MB"), "by NVLink-C2C"),
        ({"data_sheet": "no row is known of this device"},
         ("gpu.synchronisation", "gpu.kernel_launch", "pcie.transfer_1MB"), "not known"),
    ],
)  # fmt: skip
def test_a_device_is_one_of_its_own_behind_its_link(
    figures: dict[str, str], measurable: tuple[str, ...], words: str
) -> None:
    found = judged(*link(**figures))
    ids = ("gpu.synchronisation", "gpu.kernel_launch", "pcie.transfer_1MB", "nvlink.transfer_1MB")
    assert {id for id in ids if found[id].is_measurable} == set(measurable)
    assert any(words in found[id].reason for id in ids)


def test_two_threads_on_one_core_are_not_two_cores() -> None:
    def shared_line(placement: str) -> Judged:
        line = point("multicore.shared_line", 2e-9, state="clean", placement=placement)
        return judged(line)["multicore.shared_line"]

    assert shared_line("near").is_measurable
    assert "siblings" in shared_line("siblings").reason


def test_a_second_host_is_another_one() -> None:
    def round_trip(interface: str) -> Judged:
        trip = point("network.host", 4e-5, nbytes=1, in_flight=1, figures={"interface": interface})
        return judged(trip)["network.datacenter_round_trip"]

    assert round_trip("eth0").is_measurable
    assert "loopback" in round_trip("lo").reason


def test_a_python_without_the_lock_says_nothing_of_the_lock() -> None:
    def processes(interpreter: str) -> Judged:
        how = {"threads": 7e-8, "processes": 3.5e-8}
        figures = {"interpreter": interpreter}
        points = (
            point("multicore.threads_or_processes", cost, how=name, workers=2, figures=figures)
            for name, cost in how.items()
        )
        return judged(*points)["multicore.processes"]

    assert processes("GIL").verdict == HOLDS
    assert processes("free-threaded").verdict == NOT_MEASURABLE
