"""Without torch every point says what would be added, and nothing imports it."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from importlib.machinery import ModuleSpec
from typing import Any

import pytest

import hwperf.domains.transfer as transfer
from hwperf import Workload
from hwperf.devices import DEVICE, found
from hwperf.measure import measure

WORKLOADS = [getattr(transfer, name) for name in transfer.__all__]
ADDS = "torch is not installed: pip install 'hwperf[torch]' adds its "

BLOCKED = """
import sys

class Blocked:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] == "torch":
            tried.append(name)
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

tried = []
sys.meta_path.insert(0, Blocked())
from importlib import util
found = util.find_spec
util.find_spec = lambda name, package=None: None if name == "torch" else found(name, package)
import hwperf.domains.transfer as transfer
from hwperf.devices import listing
from hwperf.measure import measure

listing()
for name in transfer.__all__:
    workload = getattr(transfer, name)
    for point in workload.points():
        reason = workload.unsupported(point)
        assert reason, point
        result = measure(workload, point)
        assert result.verdict == "n/a", result.reason
        print(workload.id, "|", result.reason)
assert not tried, tried
assert not [name for name in sys.modules if name.split(".")[0] == "torch"]
"""


def without_torch(name: str, package: str | None = None) -> ModuleSpec | None:
    return None if name == "torch" else FIND(name, package)


FIND = importlib.util.find_spec


@pytest.fixture
def no_torch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", without_torch)
    monkeypatch.delenv(DEVICE, raising=False)
    # What was found in this process was found with torch.
    monkeypatch.setattr(found, "listing", found.listing.__wrapped__)
    monkeypatch.setattr(found, "_of_back_end", found._of_back_end.__wrapped__)


@pytest.mark.usefixtures("no_torch")
@pytest.mark.parametrize("workload", WORKLOADS, ids=lambda workload: workload.id)
def test_each_workload_says_what_torch_would_add(workload: Workload) -> None:
    if any(each.kind == "gpu" for each in found.listing().devices.values()):
        pytest.skip("another back end has found an accelerator here")
    point = next(iter(workload.points()))
    result = measure(workload, point)
    assert result.verdict == "n/a"
    assert ADDS in result.reason


@pytest.mark.usefixtures("no_torch")
def test_feeding_says_that_the_loader_is_missing(tell: Any) -> None:
    tell()
    result = measure(transfer.feed, {"workers": 0, "non_blocking": False, "batch": 64})
    assert (result.verdict, result.reason) == ("n/a", f"{ADDS}data loader")


def test_nothing_imports_it() -> None:
    environ = {"PATH": "/usr/bin:/bin", "HOME": "/nonexistent"}
    done = subprocess.run(
        [sys.executable, "-c", BLOCKED],
        capture_output=True,
        text=True,
        env=environ,
        timeout=120,
    )
    if "AssertionError: {" in done.stderr:
        pytest.skip("another back end has found an accelerator here")
    assert done.returncode == 0, done.stderr[-2000:]
    lines = done.stdout.splitlines()
    assert len(lines) == sum(len(list(workload.points())) for workload in WORKLOADS)
    assert all(ADDS in line for line in lines)
