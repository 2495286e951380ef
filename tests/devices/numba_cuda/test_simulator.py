"""In numba's CUDA simulator every kernel computes what the contract says."""

from __future__ import annotations

from typing import Any

import pytest

from tests.devices.numba_cuda.programs import said_by


@pytest.fixture(scope="module")
def told() -> Any:
    return said_by("in_simulator.py", NUMBA_ENABLE_CUDASIM="1")


def test_the_device_keeps_the_protocol(told: Any) -> None:
    assert told["faults"] == []


def test_every_kernel_agrees_with_numpy_at_odd_sizes(told: Any) -> None:
    assert told["wrong"] == []
    assert told["tried"] > 40


def test_the_simulator_claims_nothing_that_it_lacks(told: Any) -> None:
    """Its memory is not pinned, its streams do not overlap, its events tell 0."""
    assert told["kind"] == "simulated"
    assert (told["capabilities"], told["peers"], told["free"]) == ([], 0, None)


@pytest.mark.parametrize(
    ("what", "sentence"),
    [
        ("bf16", "Unsupported: numba_cuda: no gemm of bf16 (matrix units are not reached from "
                 "numba.cuda); there is f32 and f64"),
        ("int8", "Unsupported: numba_cuda: no copy of int8; there is f32 and f64"),
        ("local", "Unsupported: numba_cuda: a chase in shared memory takes at most 4096 entries, "
                  "not 4097"),
        ("where", "ValueError: numba_cuda: where='near', expected 'global' or 'local'"),
        ("params", "ValueError: numba_cuda: count takes 1 buffers and no parameters; got 1 buffers "
                   "and n"),
        ("small", "ValueError: numba_cuda: 17 elements take 68 B, the buffer has 64 B"),
        ("stride", "ValueError: numba_cuda: stride=3 does not divide n=10"),
        ("ways", "ValueError: numba_cuda: ways=33, expected 1 to 32"),
        ("pinned", "Unsupported: numba_cuda:0: no pinned"),
        ("graphs", "Unsupported: numba_cuda:0: numba.cuda records no graphs; torch does"),
        ("on_pointers", "Unsupported: numba.cuda: its simulator does not reach the memory of other "
                        "libraries"),
        ("part", "ValueError: 8 B from 60 on are no part of a buffer of 64 B"),
        ("too long", "ValueError: 8 B do not fit into a buffer of 4 B"),
    ],
)  # fmt: skip
def test_what_cannot_be_done_is_said(told: Any, what: str, sentence: str) -> None:
    assert told["refused"][what] == sentence


def test_nothing_wrong_is_accepted(told: Any) -> None:
    assert [what for what, said in told["refused"].items() if said == "accepted"] == []
