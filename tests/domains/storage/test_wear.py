"""What all points of a run may write adds up to less than the run may."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from hwperf import Unsupported
from hwperf.domains.storage import wear
from hwperf.plugins import load
from hwperf.scratch.ledger import Ledger, Word
from hwperf.units import GiB, MiB

WORKLOADS = load().workloads


class Limited:
    """A session as far as wear knows it."""

    def __init__(self, limit: int) -> None:
        self.ledger = Ledger()
        self.ledger[Word.LIMIT] = limit
        self.directory = Path()


def most_of(session: Any, what: str) -> int:
    """Return the bytes that all points of a workload may write, one that rehearses included."""
    total = 0
    for params in WORKLOADS[f"storage.{what}"].points():
        if WORKLOADS[f"storage.{what}"].unsupported(params):
            continue
        block, depth = params.get("block_bytes", 4096), params.get("queue_depth", 1)
        try:
            each, most = wear.calls(session, what, block, depth)
        except Unsupported:
            continue
        assert each >= depth * block
        total += each * (most + 1)
    return total


@pytest.mark.parametrize(("limit", "rounds"), [(2 * GiB, 1), (16 * GiB, 2), (7 * GiB, 2)])
def test_all_points_of_a_run_stay_below_its_limit(limit: int, rounds: int) -> None:
    session: Any = Limited(limit)
    transfers = sum(
        most_of(session, what) for what in ("sequential_write", "random_write", "mixed", "fsync")
    )
    penalty = 2 * wear.share(session, "write_penalty")
    saves = 3 * 256 * MiB + GiB if wear.is_ample(session) else 256 * MiB
    feed = 2 * 128 * MiB if wear.is_ample(session) else 2 * 32 * MiB
    total = wear.scratch_bytes(session) + rounds * (transfers + penalty + 2 * saves) + feed
    assert total <= limit


def test_a_small_disk_gets_small_shares() -> None:
    small: Any = Limited(200 * MiB)
    assert wear.scratch_bytes(small) <= 50 * MiB
    assert wear.share(small, "random_write") < 2 * MiB
    with pytest.raises(Unsupported, match=r"are more than the .* may write in such a run"):
        wear.calls(small, "sequential_write", MiB, 8)


def test_calls_are_many_and_small_where_the_share_allows_it() -> None:
    session: Any = Limited(2 * GiB)
    each, most = wear.calls(session, "random_write", 4096, 1)
    assert most >= 20
    assert each * (most + 1) <= wear.SHARES["random_write"]
    each, most = wear.calls(session, "sequential_write", MiB, 8)
    assert each == 8 * MiB
    assert most == 2
