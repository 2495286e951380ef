"""What is missing of CUDA is said in one sentence, and looking for it starts nothing."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from hwperf.devices.numba_cuda import driver, find, properties

DOES_NOTHING = "import time; time.sleep(60)"


def reason(environ: dict[str, str], root: Path) -> str:
    found = find(environ, root)
    assert found.devices == ()
    (absent,) = found.absent
    assert absent.what == "CUDA"
    assert "\n" not in absent.why
    return absent.why


@pytest.fixture
def with_node(tmp_path: Path) -> Path:
    (tmp_path / "dev").mkdir()
    (tmp_path / "dev" / "nvidia0").touch()
    return tmp_path


def test_without_a_device_node_no_driver_is_asked(tmp_path: Path) -> None:
    (tmp_path / "dev").mkdir()
    (tmp_path / "dev" / "nvidiactl").touch()
    assert reason({}, tmp_path) == (
        "no CUDA driver (libcuda.so.1) is looked for: there is no device node /dev/nvidia0"
    )


@pytest.mark.parametrize("name", ["nvidia0", "nvidia15", "dxg", "nvhost-gpu"])
def test_a_device_node_is_enough_to_ask(tmp_path: Path, name: str) -> None:
    (tmp_path / "dev").mkdir()
    (tmp_path / "dev" / name).touch()
    assert driver.why_unreachable({}, tmp_path) is None


def test_cuda_that_is_switched_off_stays_off(with_node: Path) -> None:
    assert reason({"NUMBA_DISABLE_CUDA": "1"}, with_node) == (
        "no CUDA driver is used: NUMBA_DISABLE_CUDA is set"
    )
    assert reason({"NUMBA_CUDA_DRIVER": "0"}, with_node) == (
        "no CUDA driver is used: NUMBA_CUDA_DRIVER is 0"
    )
    assert driver.why_unreachable({"NUMBA_DISABLE_CUDA": "0"}, with_node) is None


def test_a_driver_that_is_no_library_is_named(tmp_path: Path) -> None:
    broken = tmp_path / "libcuda.so.1"
    broken.write_text("no library at all, though the name is right\n" * 99)
    why = reason({"NUMBA_CUDA_DRIVER": str(broken)}, tmp_path)
    assert why.startswith(f"no CUDA driver ({broken}): {broken}: ")


def test_a_driver_that_is_not_there_is_named(tmp_path: Path) -> None:
    missing = str(tmp_path / "libcuda.so.1")
    why = reason({"NUMBA_CUDA_DRIVER": missing}, tmp_path)
    assert why.startswith(f"no CUDA driver ({missing}): {missing}: cannot open")


@pytest.mark.parametrize(
    ("question", "why"),
    [
        (DOES_NOTHING, "the CUDA driver (libcuda.so.1) has not answered within 0.2 s"),
        ("import os; os.abort()",
         "the CUDA driver (libcuda.so.1) crashed (SIGABRT) when it was asked for devices"),
        ("import sys; sys.exit(3)",
         "the CUDA driver (libcuda.so.1) ended the process with code 3 when it was asked for "
         "devices"),
        ("print('{')",
         "the CUDA driver (libcuda.so.1) ended the process with code 0 when it was asked for "
         "devices"),
        ("print('[1]')",
         "the CUDA driver (libcuda.so.1) ended the process with code 0 when it was asked for "
         "devices"),
        ("""print('{"why": "cuInit says X:\\\\n unknown"}')""",
         "no CUDA driver (libcuda.so.1): cuInit says X: unknown"),
        ("""print('{"names": []}')""", "the CUDA driver (libcuda.so.1) has no device"),
    ],
)  # fmt: skip
def test_each_way_of_a_driver_to_fail_has_its_sentence(question: str, why: str) -> None:
    patience_s = 0.2 if question == DOES_NOTHING else 30.0
    assert driver.names({}, question=question, patience_s=patience_s) == why


def test_devices_that_are_hidden_are_said_to_be() -> None:
    question = """print('{"names": []}')"""
    assert driver.names({"CUDA_VISIBLE_DEVICES": ""}, question=question) == (
        "the CUDA driver (libcuda.so.1) has no device; CUDA_VISIBLE_DEVICES is ''"
    )


def test_a_simulator_that_comes_too_late_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """numba reads the environment when it is imported."""
    monkeypatch.setattr(properties, "is_simulated", lambda: False)
    assert reason({"NUMBA_ENABLE_CUDASIM": "1"}, tmp_path) == (
        "NUMBA_ENABLE_CUDASIM was set after numba had been imported: set it before"
    )


def test_looking_imports_no_numba() -> None:
    program = (
        "import pathlib, sys; from hwperf.devices.numba_cuda import find; "
        "find({}, pathlib.Path('/nonexistent')); print('numba' in sys.modules)"
    )
    asked = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert (asked.stdout, asked.stderr) == ("False\n", "")
