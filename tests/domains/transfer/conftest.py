"""What the tests of the transfer domain share: small sizes, a device that is told what to be."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any

import pytest

from hwperf.devices import DEVICE, Candidate, Device, Listing, found
from hwperf.devices.protocol import Kind
from hwperf.devices.simulated import SIMULATED

BATCH_S = 2e-4

SIZES: dict[str, dict[str, Any]] = {
    "batch": {"BATCH_S": BATCH_S},
    "between": {"_PEER_BYTES": 2**21, "_MOST_BYTES": 2**22, "BATCH_S": BATCH_S},
    "both_ways": {"_PAYLOAD_BYTES": 2**20},
    "chunks": {"_PAYLOAD_BYTES": 2**20},
    "computed": {"_MOST_BYTES": 2**21, "BATCH_S": BATCH_S},
    "fit": {"_SIZES": [64, 2**10, 2**14, 2**17, 2**19]},
    "threads": {"_DIVERGING": 2**14},
    "latency": {"_STEPS": {"global": 2**12, "local": 2**15}},
}


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Real bytes move on the simulated device: make them few."""
    for name, constants in SIZES.items():
        module = importlib.import_module(f"hwperf.domains.transfer.{name}")
        for constant, value in constants.items():
            monkeypatch.setattr(module, constant, value)


Tell = Callable[..., None]


@pytest.fixture
def tell(monkeypatch: pytest.MonkeyPatch) -> Tell:
    """Let the device of the test be ``simulated:0`` with these figures."""

    def told(**figures: object) -> None:
        monkeypatch.setenv(DEVICE, "simulated:0")
        monkeypatch.setenv(SIMULATED, ",".join(f"{k}={v}" for k, v in figures.items()))

    return told


Use = Callable[..., None]


@pytest.fixture
def use(monkeypatch: pytest.MonkeyPatch) -> Use:
    """Let the device of the test be what a function opens."""

    def used(opens: Callable[[], Device], kind: Kind = "simulated") -> None:
        candidate = Candidate("simulated:0", "a stranger's", kind, opens)
        listing = Listing({candidate.id: candidate})
        monkeypatch.setattr(found, "listing", lambda: listing)
        monkeypatch.setattr(found, "_of_back_end", lambda name: listing)
        monkeypatch.setenv(DEVICE, candidate.id)

    return used
