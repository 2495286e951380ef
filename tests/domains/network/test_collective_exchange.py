"""What a collective should give is a closed form, set here beside a collective made by hand."""

from __future__ import annotations

import numpy as np
import pytest

from hwperf import CheckFailed
from hwperf.domains.network.exchange import FACTORS, OPS, Elements, Exchange

SIZES = [1, 4, 7, 64, 1000, 70_001, 300_000]


def by_hand(exchange: Exchange) -> list[Elements]:
    """Return what each rank has at the end, made by numpy alone."""
    n = exchange.ranks
    inputs = [exchange.input_of(rank) for rank in range(n)]
    part = inputs[0].size // n
    pieces = [[each[i * part : (i + 1) * part] for i in range(n)] for each in inputs]
    if exchange.op == "all_reduce":
        return [sum(inputs[1:], inputs[0])] * n
    if exchange.op == "broadcast":
        return [inputs[0]] * n
    if exchange.op == "all_gather":
        return [np.concatenate(inputs)] * n
    if exchange.op == "all_to_all":
        return [np.concatenate([pieces[source][rank] for source in range(n)]) for rank in range(n)]
    return [sum((pieces[s][rank] for s in range(1, n)), pieces[0][rank]) for rank in range(n)]


@pytest.mark.parametrize("nbytes", SIZES)
@pytest.mark.parametrize("ranks", [2, 3, 4])
@pytest.mark.parametrize("op", OPS)
def test_what_should_come_out_is_what_comes_out(op: str, ranks: int, nbytes: int) -> None:
    exchange = Exchange(op, ranks, nbytes)
    for rank, made in enumerate(by_hand(exchange)):
        assert made.dtype == exchange.dtype
        assert made.size == exchange.received
        exchange.require(rank, made)


@pytest.mark.parametrize("nbytes", [7, 70_001, 300_000])
@pytest.mark.parametrize("op", OPS)
def test_any_wrong_element_is_refused(op: str, nbytes: int) -> None:
    exchange = Exchange(op, 2, nbytes)
    for rank, made in enumerate(by_hand(exchange)):
        for place in {0, made.size // 2, made.size - 1}:
            for wrong in (exchange.poison, made[place] + 1, made[place] - 1):
                spoilt = made.copy()
                spoilt[place] = wrong
                with pytest.raises(CheckFailed, match=f"{op}, rank {rank}, from element "):
                    exchange.require(rank, spoilt)


@pytest.mark.parametrize("nbytes", [4, 4096, 2**20])
@pytest.mark.parametrize("ranks", [2, 4])
@pytest.mark.parametrize("op", OPS)
def test_what_goes_to_the_wrong_rank_or_place_is_refused(op: str, ranks: int, nbytes: int) -> None:
    exchange = Exchange(op, ranks, nbytes)
    made = by_hand(exchange)
    if op in ("all_gather", "all_to_all"):
        parts = np.split(made[1], ranks)
        with pytest.raises(CheckFailed):
            exchange.require(1, np.concatenate([parts[1], parts[0], *parts[2:]]))
    if op in ("reduce_scatter", "all_to_all"):
        with pytest.raises(CheckFailed):
            exchange.require(1, made[0])
    if made[1].size > 1:
        with pytest.raises(CheckFailed):
            exchange.require(1, np.roll(made[1], made[1].size // 2))
    with pytest.raises(CheckFailed):  # A group that moves nothing leaves what a rank put in.
        exchange.require(1, np.resize(exchange.input_of(1), made[1].size))


@pytest.mark.parametrize(
    ("op", "two", "four"),
    [
        ("all_reduce", 1.0, 1.5),
        ("all_gather", 0.5, 0.75),
        ("broadcast", 1.0, 1.0),
        ("reduce_scatter", 0.5, 0.75),
        ("all_to_all", 0.5, 0.75),
    ],
)
def test_bus_bandwidth_is_by_the_factors_of_nccl_tests(op: str, two: float, four: float) -> None:
    assert (FACTORS[op](2), FACTORS[op](4)) == (two, four)
    assert Exchange(op, 4, 4096).bus_factor == four


@pytest.mark.parametrize(
    ("op", "nbytes", "size", "dtype", "given", "received"),
    [
        ("all_reduce", 4, 4, "float32", 1, 1),
        ("all_reduce", 7, 7, "uint8", 7, 7),
        ("broadcast", 7, 7, "uint8", 7, 7),
        ("all_gather", 4, 4, "uint8", 1, 4),
        ("all_gather", 16, 16, "float32", 1, 4),
        ("all_gather", 7, 8, "uint8", 2, 8),
        ("reduce_scatter", 7, 8, "uint8", 8, 2),
        ("reduce_scatter", 4096, 4096, "float32", 1024, 256),
        ("all_to_all", 7, 8, "uint8", 8, 8),
    ],
)
def test_a_size_that_ranks_cannot_share_is_rounded_up(
    op: str, nbytes: int, size: int, dtype: str, given: int, received: int
) -> None:
    exchange = Exchange(op, 4, nbytes)
    found = (exchange.size, exchange.dtype, exchange.given, exchange.received)
    assert found == (size, dtype, given, received)


def test_sums_are_exact_and_never_the_poison() -> None:
    """uint8 would wrap, and float32 round, in an order that the library chooses."""
    for nbytes in (70_001, 300_000):
        exchange = Exchange("all_reduce", 4, nbytes)
        exact = sum(exchange.input_of(rank).astype(np.int64) for rank in range(4))
        assert (by_hand(exchange)[0] == exact).all()
        assert not (exact == exchange.poison).any()
    with pytest.raises(ValueError, match="5 ranks: expected 2 to 4"):
        Exchange("all_reduce", 5, 4)
