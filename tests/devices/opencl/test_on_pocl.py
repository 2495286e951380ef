"""A real OpenCL device does what the protocol says; where there is none, the reason is told."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from .trials import TRIALS

_TIMEOUT_S = 240  # Seconds; some 15 alone. PoCL is known to hang on machines that are overloaded.


@pytest.fixture(scope="module")
def said(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    if importlib.util.find_spec("pyopencl") is None:
        pytest.skip("pyopencl is not installed")
    program = Path(__file__).with_name("trials.py")
    cache = str(tmp_path_factory.mktemp("pocl"))
    try:
        ran = subprocess.run(
            [sys.executable, str(program)],
            capture_output=True,
            text=True,
            timeout=_TIMEOUT_S,
            env={**os.environ, "POCL_CACHE_DIR": cache, "XDG_CACHE_HOME": cache},
        )
    except subprocess.TimeoutExpired:
        pytest.fail(f"the OpenCL driver did not answer within {_TIMEOUT_S} s")
    lines = ran.stdout.strip().splitlines()
    assert lines, f"the process ended with {ran.returncode}: {ran.stderr[-2000:]}"
    answer = json.loads(lines[-1])
    if "absent" in answer:
        pytest.skip(answer["absent"])
    trials: dict[str, str] = answer["said"]
    return trials


@pytest.mark.parametrize("name", TRIALS)
def test_on_a_real_device(said: dict[str, str], name: str) -> None:
    assert said[name] == ""
