"""All that is no kernel works through numba.cuda itself, on a driver played on the host.

The driver (driver_on_host.c) refuses calls without a context, streams of other devices, and
addresses out of an allocation; kernels it knows two.
"""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from hwperf.devices.numba_cuda import find
from tests.devices.numba_cuda.programs import said_by

SOURCE = Path(__file__).with_name("driver_on_host.c")
PLAYED = ("count", "checksum")


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> str:
    compiler = shutil.which("cc")
    if compiler is None:
        pytest.skip("no C compiler (cc)")
    path = tmp_path_factory.mktemp("driver") / "libcuda.so.1"
    options = ["-shared", "-fPIC", "-O1", "-o", str(path), str(SOURCE)]
    subprocess.run([compiler, *options], check=True, capture_output=True)
    return str(path)


@pytest.fixture(scope="module")
def told(library: str, tmp_path_factory: pytest.TempPathFactory) -> Any:
    implementation = pytest.importorskip("numba.cuda").implementation
    if implementation != "Built-in":
        pytest.skip(f"{implementation}'s numba.cuda asks for more of a driver than is played")
    log = tmp_path_factory.mktemp("log") / "launches"
    said = said_by("on_played_driver.py", NUMBA_CUDA_DRIVER=library, PLAYED_LOG=str(log))
    if "absent" in said:
        pytest.skip(said["absent"][0])
    return said


def test_the_devices_are_the_drivers(told: Any) -> None:
    assert told["devices"] == [
        ["numba_cuda:0", "Played 0", "gpu"],
        ["numba_cuda:1", "Played 1", "gpu"],
    ]


def test_looking_leaves_cuda_usable_in_a_forked_child(told: Any) -> None:
    assert told["in_child"] == "Played 0"


def test_what_the_device_says_of_itself_is_in_base_units(told: Any) -> None:
    """1215 MHz, two transfers a clock, 5120 bit: NVIDIA A100 40 GB, 1555 GB/s."""
    assert told["info"] == [1 << 26, 40 << 20, 108, "0000:17:00.0", 1.5552e12, "NVIDIA"]


def test_graphs_are_not_claimed(told: Any) -> None:
    assert told["capabilities"] == ["events", "peer", "pinned", "streams"]


def test_the_protocol_is_kept_but_for_kernels_that_are_not_played(told: Any) -> None:
    kept = [each for each in told["faults"] if not each.startswith("kernel ")]
    assert kept == []
    assert [each for each in told["faults"] if each.startswith("kernel count")] == []


def test_a_kernel_that_does_nothing_is_noticed(told: Any) -> None:
    """The played driver runs no STREAM kernel: conformity must say so of each."""
    assert sum(each.startswith("kernel ") for each in told["faults"]) > 15


def test_every_launch_fits_a_device(told: Any) -> None:
    """The driver refuses others; here the shapes are seen to be those of a device."""
    shapes = {line[5]: line[1:5] for line in told["launches"]}
    blocks = {name: shape[0] for name, shape in shapes.items()}
    assert {shape[2] for name, shape in shapes.items() if "copy" in name} == {"256"}
    assert {shape[2:4] == ["16", "16"] for name, shape in shapes.items() if "gemm" in name} == {
        True
    }
    assert {blocks[name] for name in blocks if "5chase" in name or "5count" in name} == {"1"}


def test_memory_of_other_libraries_is_reached_in_their_streams(told: Any) -> None:
    assert told["foreign"] == 2


def test_a_thread_of_its_own_can_use_the_device(told: Any) -> None:
    assert told["thread"] is True


def test_devices_copy_to_each_other_in_turns(told: Any) -> None:
    assert told["peer"] == ["numba_cuda:1", "0000:18:00.0"]
    assert told["arrived"] == [True, True]
    assert (told["sums"], told["again"]) == (True, True)


def test_memory_that_is_full_is_said_and_freed_memory_comes_back(told: Any) -> None:
    assert told["full"] == [
        "numba_cuda:0: out of memory, 1073741824 B were asked for",
        "True True",
    ]


@pytest.mark.parametrize(
    ("played", "why"),
    [
        ({"PLAYED_INIT": "100"},
         "no CUDA driver ({}): cuInit says CUDA_ERROR_NO_DEVICE: no CUDA-capable device is "
         "detected"),
        ({"PLAYED_INIT": "999"}, "no CUDA driver ({}): cuInit says error 999"),
        ({"PLAYED_INIT": "-1"},
         "the CUDA driver ({}) crashed (SIGABRT) when it was asked for devices"),
        ({"PLAYED_DEVICES": "0"}, "the CUDA driver ({}) has no device"),
    ],
)  # fmt: skip
def test_a_driver_that_does_not_start_has_its_sentence(
    library: str, played: dict[str, str], why: str
) -> None:
    found = find({"NUMBA_CUDA_DRIVER": library, **played})
    assert found.devices == ()
    assert [each.why for each in found.absent] == [why.format(library)]
