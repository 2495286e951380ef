"""What the tests of the command line share: a verb run in this process, and made-up workloads."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from hwperf import CheckFailed, Unsupported, Work, plugins, workload
from hwperf.cli.main import main
from hwperf.plugins import Broken, Registry
from hwperf.workload import Workload


@dataclass(frozen=True)
class Answer:
    """What a user sees of one command."""

    code: int
    out: str
    err: str = field(repr=False)


@pytest.fixture
def hwperf(capsys: pytest.CaptureFixture[str]) -> Callable[..., Answer]:
    """Return a function that runs ``hwperf`` with its arguments."""

    def run(*arguments: str) -> Answer:
        code = main(list(arguments))
        seen = capsys.readouterr()
        return Answer(code, seen.out, seen.err)

    return run


@workload(
    "made.up",
    params={"nbytes": [4096, 4089, 16384], "kind": ["plain", "odd"]},
    metric="bandwidth",
    limit=1e30,
    source="a test",
)
def made_up(nbytes: int, kind: str) -> Iterator[Work]:
    """Bandwidth of copying *nbytes* as ``out[0] = data``."""
    if kind == "odd":
        raise Unsupported("this host has no odd memory. Buy some")
    data, out = bytes(nbytes), [b""]

    def kernel() -> None:
        out[0] = data

    yield Work(kernel, bytes=nbytes, ops=1)
    if out[0] is not data:
        raise CheckFailed("nothing was copied")


@workload("made.absent", requires=lambda: "this host has no such device", source="a test")
def absent() -> Iterator[Work]:
    """Latency of a device that no host has."""
    yield Work(lambda: None, ops=1)


@workload("made.wrong", source="a test", params={"n": [1, 2]}, answers="What is wrong?")
def wrong(n: int) -> Iterator[Work]:
    """Latency of a kernel that computes something wrong."""
    yield Work(lambda: None, ops=1)
    raise CheckFailed(f"the sum of {n} numbers is 3 (is) != 4 (should)" + 9 * ", and so on")


@pytest.fixture
def registry(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Return a function that says what is installed; by default the workloads above."""

    def install(*workloads: Workload, broken: tuple[Broken, ...] = (), **options: Any) -> None:
        found = Registry({w.id: w for w in workloads or (made_up, absent, wrong)}, broken)
        for verb in ("list", "measure", "run", "doctor"):
            monkeypatch.setattr(f"hwperf.cli.{verb}.load", lambda: found)
        monkeypatch.setattr(plugins, "load", lambda: found)

    return install
