"""Accelerators are found by device nodes and the PCI bus, and why there is none is one line."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from hwperf.host.accelerator import found, names
from hwperf.host.accelerator.found import Found, present, why_absent
from hwperf.host.files import HOST

Unpack = Callable[[str], Path]
ABSENT = (
    "no /dev/nvidia0, no /dev/kfd, no /dev/accel, and no display or processing accelerator of "
    "NVIDIA, AMD, Intel on the PCI bus"
)


def test_the_recorded_machines(machine: Unpack) -> None:
    assert present(machine("h100_server")) == (
        Found("NVIDIA", "3D controller", "0000:1b:00.0", "10de:2330", "nvidia", "/dev/nvidia0"),
        Found("NVIDIA", "3D controller", "0000:9d:00.0", "10de:2330", "nvidia", "/dev/nvidia4"),
    )


def test_a_sound_function_is_no_accelerator(machine: Unpack) -> None:
    root = machine("rtx4090_desktop")
    (card,) = present(root)
    assert (card.address, card.kind) == ("0000:01:00.0", "display controller")
    assert why_absent(root) == ""


def test_an_amd_module(machine: Unpack) -> None:
    (card,) = present(machine("mi300x_server"))
    assert card.kind == "processing accelerator"
    assert card.node == "/dev/dri/renderD128"


def test_without_kfd_there_is_graphics_only(machine: Unpack) -> None:
    root = machine("mi300x_server")
    (root / "dev/kfd").unlink()
    assert why_absent(root) == (
        "0000:63:00.0 (AMD) has no device node here, its driver is amdgpu: load the driver, or "
        "give the container the device"
    )


def test_nodes_count_where_the_bus_is_hidden(machine: Unpack) -> None:
    root = machine("nodes_only")
    assert present(root) == (
        Found("NVIDIA", "device node", node="/dev/nvidia0"),
        Found("NVIDIA", "device node", node="/dev/nvidia1"),
    )
    assert why_absent(root) == ""


def test_a_card_without_a_driver_is_seen(unpack: Unpack) -> None:
    root = unpack("/sys/bus/pci/devices/0000:01:00.0/:\n    class 0x030200\n    vendor 0x10de\n")
    assert present(root) == (Found("NVIDIA", "3D controller", "0000:01:00.0", "10de:"),)
    assert why_absent(root).startswith("0000:01:00.0 (NVIDIA) has no device node here, no driver")


@pytest.mark.parametrize(
    ("kind", "vendor"),
    [("0x030000", "0x1a03"), ("0x030000", "0x1234"), ("0x040300", "0x10de"), ("", "0x10de")],
)
def test_other_devices_are_none(unpack: Unpack, kind: str, vendor: str) -> None:
    root = unpack(f"/sys/bus/pci/devices/0000:01:00.0/:\n    class {kind}\n    vendor {vendor}\n")
    assert present(root) == ()
    assert why_absent(root) == ABSENT


def test_a_system_that_shows_nothing_has_none(tmp_path: Path) -> None:
    assert present(tmp_path) == ()
    assert why_absent(tmp_path) == ABSENT


@pytest.mark.parametrize(("processor", "count"), [("arm64", 1), ("x86_64", 0)])
def test_macs(monkeypatch: pytest.MonkeyPatch, processor: str, count: int) -> None:
    monkeypatch.setattr(found.sys, "platform", "darwin")
    monkeypatch.setattr(found.platform, "machine", lambda: processor)
    assert len(present(HOST)) == count
    assert bool(why_absent(HOST)) == (count == 0)


def test_looking_loads_no_library_for_a_device() -> None:
    """The suite without torch must not import it to learn that there is nothing."""
    code = (
        "import sys; from hwperf.host.accelerator import found, known, numa, pci; "
        "found.present(); found.why_absent(); known.lookup('NVIDIA L4'); "
        "print(sys.modules.keys() & {'torch', 'pyopencl', 'numba', 'pynvml'})"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


class FakeNvml:
    """NVIDIA's library as nvidia-ml-py shows it."""

    class NVMLError(Exception):
        pass

    def __init__(self, fails: str = "") -> None:
        self.fails = fails
        self.calls: list[str] = []

    def __getattr__(self, name: str) -> Callable[..., object]:
        def call(*_: object) -> object:
            self.calls.append(name)
            if name == self.fails:
                raise FakeNvml.NVMLError("driver gone")
            return {
                "nvmlDeviceGetCount": 1,
                "nvmlDeviceGetPciInfo": type("Info", (), {"busId": b"00000000:1B:00.0"}),
                "nvmlDeviceGetName": "NVIDIA H100 80GB HBM3",
                "nvmlDeviceGetMemoryInfo": type("Info", (), {"total": 81559 * 2**20}),
            }.get(name)

        return call


def test_nvml_tells_name_and_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    library = FakeNvml()
    monkeypatch.setattr(names, "import_module", lambda _: library)
    told = names.named((Found("NVIDIA", "3D controller", "0000:1b:00.0"),))
    assert told == {"0000:1b:00.0": names.Named("NVIDIA H100 80GB HBM3", 81559 * 2**20, "NVML")}
    assert library.calls[-1] == "nvmlShutdown"


@pytest.mark.parametrize("fails", ["nvmlInit", "nvmlDeviceGetHandleByIndex", "nvmlDeviceGetName"])
def test_nvml_that_fails_costs_the_name_only(monkeypatch: pytest.MonkeyPatch, fails: str) -> None:
    monkeypatch.setattr(names, "import_module", lambda _: FakeNvml(fails))
    assert names.named((Found("NVIDIA", "3D controller", "0000:1b:00.0"),)) == {}


def test_nvml_is_not_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(_: str) -> object:
        raise ModuleNotFoundError("No module named 'pynvml'")

    monkeypatch.setattr(names, "import_module", missing)
    assert names.named((Found("NVIDIA", "3D controller", "0000:1b:00.0"),)) == {}
