"""What is absent is told with what to do about it, and a driver that fails costs nobody else."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from hwperf.devices import opencl
from hwperf.devices.opencl.failures import build_failed, failed


class FakeError(Exception):
    def __init__(self, code: int, said: str) -> None:
        super().__init__(said)
        self.code = code


def device(name: str = "fake", **changes: Any) -> SimpleNamespace:
    told = {"type": 4, "available": 1, "compiler_available": 1, "endian_little": 1, **changes}
    return SimpleNamespace(name=name, **told)


def platform(*devices: Any, name: str = "fake platform") -> SimpleNamespace:
    return SimpleNamespace(name=name, get_devices=lambda: list(devices))


def of(*platforms: Any) -> Any:
    return opencl._of_platforms(SimpleNamespace(Error=FakeError, get_platforms=lambda: platforms))


def failing(error: Exception) -> Any:
    def fail() -> Any:
        raise error

    return fail


def test_without_pyopencl_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    found = opencl.find()
    assert found.devices == ()
    assert [(each.what, each.why) for each in found.absent] == [
        ("OpenCL", "pyopencl is not installed: pip install 'hwperf[opencl]'")
    ]


def test_importing_the_back_end_imports_no_pyopencl() -> None:
    program = (
        "import sys, hwperf.devices.opencl, hwperf.devices.opencl.device; "
        "assert 'pyopencl' not in sys.modules"
    )
    assert subprocess.run([sys.executable, "-c", program]).returncode == 0


def test_an_installation_that_cannot_be_imported_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: object())
    monkeypatch.setitem(sys.modules, "pyopencl", None)
    (absent,) = opencl.find().absent
    assert absent.why.startswith("pyopencl cannot be imported: ")


def test_a_loader_without_drivers_is_no_error() -> None:
    cl = SimpleNamespace(
        Error=FakeError, get_platforms=failing(FakeError(-1001, "clGetPlatformIDs failed"))
    )
    (absent,) = opencl._of_platforms(cl).absent
    assert "no OpenCL driver (ICD)" in absent.why
    assert "pip install pocl-binary-distribution" in absent.why
    assert of() == opencl._of_platforms(cl)


def test_a_real_loader_without_drivers(tmp_path: Path) -> None:
    if importlib.util.find_spec("pyopencl") is None:
        pytest.skip("pyopencl is not installed")
    driver = tmp_path / "none.icd"
    driver.write_text(f"{tmp_path}/libnone.so\n")
    program = "from hwperf.devices.opencl import find; print(find().absent[0].why)"
    ran = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        timeout=120,
        env={"OCL_ICD_VENDORS": str(driver), "HOME": str(tmp_path), "PATH": ""},
    )
    assert "no OpenCL driver (ICD)" in ran.stdout, ran.stderr


def test_a_platform_that_fails_costs_the_others_nothing() -> None:
    broken = SimpleNamespace(
        name="broken", get_devices=failing(FakeError(-6, "out of memory\na page"))
    )
    found = of(broken, platform(), platform(device("good  one")))
    assert [(each.id, each.name, each.kind) for each in found.devices] == [
        ("opencl:2:0", "good one", "gpu")
    ]
    assert [each.why for each in found.absent] == ["out of memory", "there is none"]
    assert "'broken'" in found.absent[0].what


def test_a_device_on_which_nothing_can_run_is_named_with_its_lack() -> None:
    found = of(platform(device(available=0), device(compiler_available=0), device(endian_little=0)))
    assert found.devices == ()
    assert [each.what for each in found.absent] == ["opencl:0:0", "opencl:0:1", "opencl:0:2"]
    assert ["not available" in found.absent[0].why, "no compiler" in found.absent[1].why,
            "big-endian" in found.absent[2].why] == [True] * 3  # fmt: skip


@pytest.mark.parametrize(
    ("type_bits", "kind"), [(2, "cpu"), (4, "gpu"), (8, "accelerator"), (3, "cpu")]
)
def test_kinds(type_bits: int, kind: str) -> None:
    assert of(platform(device(type=type_bits))).devices[0].kind == kind


def test_a_failure_is_one_line() -> None:
    assert str(failed("opencl:0:0", FakeError(-5, "clFinish failed:\n a page"))) == (
        "opencl:0:0 failed: clFinish failed:"
    )
    assert str(failed("opencl:0:0", FakeError(-5, ""))) == "opencl:0:0 failed: FakeError"


def test_the_first_error_of_a_build_is_told_and_no_path_of_the_driver() -> None:
    log = (
        "clBuildProgram failed: BUILD_PROGRAM_FAILURE\n\nBuild on <device>:\n\nwarning: unused\n"
        "/home/user/cache/temp.cl:3:7: error: use of undeclared 'o'\nanother error: x\n"
    )
    assert str(build_failed("opencl:0:0", "kernel 'copy'", FakeError(-11, log))) == (
        "opencl:0:0: kernel 'copy' does not build: temp.cl:3:7: error: use of undeclared 'o'"
    )
