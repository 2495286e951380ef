"""The simulated device keeps the protocol, and its faults are the ones that they are called."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from hwperf import Unsupported
from hwperf.devices.checksum import checksum
from hwperf.devices.conformity import faults
from hwperf.devices.simulated import FAULTS, Settings, Simulated, simulate

NOTICED_BY_CONFORMITY = set(FAULTS) - {"kiloseconds", "compressing", "impossible", "full"}


def device(**figures: Any) -> Simulated:
    return simulate(Settings(**figures))[0]


def random_bytes(n: int) -> np.ndarray:
    return np.frombuffer(np.random.default_rng(0).bytes(n), np.uint8)


def test_it_keeps_the_protocol() -> None:
    assert faults(device()) == ()


@pytest.mark.parametrize("fault", sorted(NOTICED_BY_CONFORMITY - {"zero_copy", "milliseconds"}))
def test_a_faulty_one_does_not(fault: str) -> None:
    assert faults(device(fault=fault)) != ()


def test_what_is_not_waited_for_is_not_there_yet() -> None:
    on = device()
    host, buffer, back = (
        on.host(8, pinned=True), on.alloc(8), on.host(8, pinned=True),
    )  # fmt: skip
    host.array[:] = 7
    back.array[:] = 1
    on.copy(buffer, host)
    on.copy(back, buffer)
    assert (back.array == 1).all()
    on.sync()
    assert (back.array == 7).all()


def test_what_is_changed_before_it_is_waited_for_arrives_changed() -> None:
    """A buffer that is used again too early is a fault of the program, and shows."""
    on = device()
    host, buffer = on.host(8, pinned=True), on.alloc(8)
    host.array[:] = 7
    on.copy(buffer, host)
    host.array[:] = 9
    assert on.checksum(buffer) == checksum(np.full(8, 9, np.uint8))


def test_fresh_memory_holds_nothing_of_use() -> None:
    assert (device().alloc(16).array == 0xCD).all()  # type: ignore[attr-defined]


def test_marks_tell_the_devices_time() -> None:
    on = device(host_to_device=1e9, latency=1e-6, enqueue=1e-9)
    host, buffer = on.host(10**6, pinned=True), on.alloc(10**6)
    first = on.mark()
    on.copy(buffer, host)
    second = on.mark()
    on.sync()
    assert on.elapsed(first, second) == pytest.approx(1.001e-3, rel=1e-4)


def test_a_graph_launches_for_less() -> None:
    on = device(launch=1e-5, replay=1e-6, enqueue=1e-9)
    counter = on.alloc(4)
    on.fill(counter, 0)
    count = on.kernel("count", [counter])
    replay = on.graph([count] * 10)
    on.sync()
    begin = on.clock()
    replay(None)
    on.sync()
    assert on.clock() - begin == pytest.approx(10e-6 + on.told.sync, rel=0.01)
    assert counter.array.view(np.int32)[0] == 10  # type: ignore[attr-defined]


def test_the_same_kernel_again_computes_each_time_that_its_inputs_have_changed() -> None:
    """What follows at once on the same inputs is taken over; nothing else is."""
    on = device()
    a, outs = on.alloc(4 * 64), [on.alloc(4 * 64) for _ in range(3)]
    host = on.host(4 * 64, pinned=False)
    kernels = [on.kernel("scale", [out, a], n=64, dtype="f32", scalar=3.0) for out in outs]
    for value, kernel in zip((1.0, 2.0, 5.0), kernels, strict=True):
        host.array.view(np.float32)[:] = value
        on.copy(a, host)
        kernel(None)
        on.sync()
    found = [out.array.view(np.float32) for out in outs]  # type: ignore[attr-defined]
    assert [set(each.tolist()) for each in found] == [{3.0}, {6.0}, {15.0}]
    for kernel in kernels:
        kernel(None)
    on.sync()
    found = [out.array.view(np.float32) for out in outs]  # type: ignore[attr-defined]
    assert [set(each.tolist()) for each in found] == [{15.0}] * 3


def test_a_kernel_that_reads_what_it_writes_is_never_taken_over() -> None:
    on = device()
    a, b = on.alloc(4 * 8), on.alloc(4 * 8)
    for buffer in (a, b):
        host = on.host(32, pinned=False)
        host.array.view(np.float32)[:] = 1.0
        on.copy(buffer, host)
    on.sync()
    add = on.kernel("add", [a, a, b], n=8, dtype="f32")
    for _ in range(5):
        add(None)
    on.sync()
    assert set(a.array.view(np.float32).tolist()) == {6.0}  # type: ignore[attr-defined]


def test_parts_are_the_same_memory() -> None:
    on = device()
    whole = on.alloc(1024)
    on.fill(whole, 0)
    on.fill(whole.part(256, 256).part(128, 64), 9)
    on.sync()
    assert np.flatnonzero(whole.array).tolist() == list(range(384, 448))  # type: ignore[attr-defined]


def test_more_than_there_is_cannot_be_had() -> None:
    on = device(nbytes=1000)
    assert on.free_bytes() == 1000
    with pytest.raises(Unsupported, match="out of memory, 1001 bytes were asked for"):
        on.alloc(1001)


def test_peers_are_the_others() -> None:
    first, second, third = simulate(Settings(), 3)
    assert list(first.peer()) == [second, third]
    assert first.timeline is third.timeline
    data = random_bytes(4096)
    host, here, there = first.host(4096, pinned=True), first.alloc(4096), third.alloc(4096)
    host.array[:] = data
    first.copy(here, host)
    first.copy(there, here)
    assert third.checksum(there) == checksum(data)


def copied(fault: str, n: int = 64, there: bool = True) -> tuple[np.ndarray, np.ndarray, float]:
    """Return what was sent, what arrived, and how long the last of three copies took."""
    on = device(fault=fault, latency=1e-9, enqueue=1e-9)
    host, buffer = on.host(n, pinned=True), on.alloc(n)
    host.array[:] = random_bytes(n)
    on.fill(buffer, 0)
    on.sync()
    begin = on.clock()
    for _ in range(3):
        on.copy(buffer, host)
        on.sync()
    return host.array, buffer.array, on.clock() - begin  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("fault", "places"),
    [("last_byte", [63]), ("symmetric", [0]), ("", [])],
)
def test_what_arrives_wrongly(fault: str, places: list[int]) -> None:
    sent, arrived, _ = copied(fault)
    assert np.flatnonzero(sent != arrived).tolist() == places


def test_words_that_change_places() -> None:
    sent, arrived, _ = copied("swapped")
    assert np.array_equal(arrived[:4], sent[-4:])
    assert np.array_equal(arrived[-4:], sent[:4])
    assert np.array_equal(arrived[4:-4], sent[4:-4])


def test_what_takes_too_little_time() -> None:
    nbytes = 2**20
    (*_, healthy), (*_, impossible) = copied("", nbytes), copied("impossible", nbytes)
    assert healthy / impossible == pytest.approx(10, rel=0.3)
    on = device(fault="compressing", latency=1e-9, sync=1e-9)
    host, buffer = on.host(nbytes, pinned=True), on.alloc(nbytes)
    times = []
    for value in (random_bytes(nbytes), 3):
        host.array[:] = value
        on.sync()
        begin = on.clock()
        on.copy(buffer, host)
        on.sync()
        times.append(on.clock() - begin)
    assert times[0] / times[1] == pytest.approx(10, rel=0.3)


def test_unknown_kernels_and_types_are_refused() -> None:
    with pytest.raises(Unsupported, match="simulated: no kernel 'fft'"):
        device().kernel("fft", [])
