"""Transfers in compiled loops: what they move, count and say."""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path

import numpy as np
import pytest

from hwperf.kernels import io

BLOCK = 4096
FAR_NS = 2**62


def arrays(n: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    return np.zeros(n, np.int64), np.zeros(n, np.int64), np.full(io.N_WORDS, -1)


def transfer(  # type: ignore[no-untyped-def]
    fd: int, buffer, offsets, n: int, *, writes: int = 0, end_ns: int = FAR_NS, queue=None
):
    ends, latencies, out = arrays(n)
    queue = np.array([0, 2**62]) if queue is None else queue
    address = buffer.ctypes.data
    slots = buffer.nbytes // BLOCK
    io.transfer(
        fd, address, address, slots, BLOCK, np.asarray(offsets), queue, writes, end_ns,
        ends, latencies, out,
    )  # fmt: skip
    return ends, latencies, out, queue


@pytest.fixture
def file(tmp_path: Path):  # type: ignore[no-untyped-def]
    path = tmp_path / "file"
    path.write_bytes(b"".join(bytes([i]) * BLOCK for i in range(8)))
    descriptor = os.open(path, os.O_RDWR)
    yield descriptor
    os.close(descriptor)


def test_blocks_are_read_in_the_order_of_the_queue(file: int) -> None:
    buffer = np.zeros(BLOCK, np.uint8)
    offsets = np.array([3, 1, 7]) * BLOCK
    for n in (1, 2, 3, 4):
        ends, latencies, out, queue = transfer(file, buffer, offsets, n)
        assert (out[io.COUNT], out[io.ERROR], queue[0]) == (n, 0, n)
        assert (buffer == offsets[(n - 1) % 3] // BLOCK).all()
        assert (latencies > 0).all()
        assert (np.diff(ends) > 0).all()
        assert out[io.BEGAN] < ends[0]
        assert out[io.ENDED] == ends[-1]
        assert out[io.LAST_READ] == offsets[(n - 1) % 3]


def test_blocks_are_written_with_their_stamps(file: int) -> None:
    buffer = np.zeros((2, 512), np.int64)
    buffer[:, 1:3] = 5, 9
    ends, _, out, _ = transfer(file, buffer, np.array([2, 5, 0]) * BLOCK, 3, writes=10)
    assert (ends < 0).all()
    assert out[io.LAST_WRITE : io.LAST_READ].tolist() == [
        0,
        0,
    ]  # The third went to the first place, from the first slot.
    words = np.frombuffer(os.pread(file, 8 * BLOCK, 0), np.int64).reshape(8, 512)
    with np.errstate(over="ignore"):
        for number in (0, 2, 5):
            assert words[number, 0] == np.int64(number) * np.int64(io.STAMP_FACTOR) ^ 5 ^ 9


def test_the_first_transfer_is_made_and_no_other_after_the_time_is_over(file: int) -> None:
    _, _, out, _ = transfer(file, np.zeros(BLOCK, np.uint8), [0], 9, end_ns=0)
    assert out[io.COUNT] == 1


def test_nothing_is_transferred_from_the_last_place_of_the_queue_on(file: int) -> None:
    queue = np.array([5, 7])
    _, _, out, _ = transfer(file, np.zeros(BLOCK, np.uint8), [0], 9, queue=queue)
    assert out[io.COUNT] == 2


def test_a_short_transfer_and_an_error_end_the_loop_and_are_told(file: int) -> None:
    os.ftruncate(file, BLOCK + 100)
    _, _, out, _ = transfer(file, np.zeros(BLOCK, np.uint8), [0, BLOCK], 9)
    assert (out[io.COUNT], out[io.ERROR]) == (1, io.SHORT)
    _, _, out, _ = transfer(10**6, np.zeros(BLOCK, np.uint8), [0], 9)
    assert (out[io.COUNT], out[io.ERROR]) == (0, 9)  # EBADF


def test_threads_share_one_queue_and_each_place_is_taken_once(file: int) -> None:
    queue, offsets = np.array([0, 600]), np.arange(8) * BLOCK
    outs = []

    def work() -> None:
        outs.append(transfer(file, np.zeros(BLOCK, np.uint8), offsets, 600, queue=queue)[2])

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(out[io.COUNT] for out in outs) == 600


def test_other_threads_run_python_while_one_transfers(file: int) -> None:
    end = time.monotonic_ns() + 200_000_000
    begun = threading.Event()

    def work() -> None:
        begun.set()
        transfer(file, np.zeros(BLOCK, np.uint8), [0], 10**7, end_ns=end)

    thread = threading.Thread(target=work)
    thread.start()
    begun.wait()
    turns = 0
    while thread.is_alive():
        turns += 1
    assert turns > 100


@pytest.mark.parametrize("how", [io.APPEND_FSYNC, io.APPEND_FDATASYNC, io.APPEND_ONLY])
def test_appended_blocks_follow_one_another(tmp_path: Path, how: int) -> None:
    block = np.zeros(512, np.int64)
    descriptor = os.open(tmp_path / "log", os.O_RDWR | os.O_CREAT)
    try:
        latencies, out = np.zeros(3, np.int64), np.full(io.N_WORDS, -1)
        io.append(descriptor, block.ctypes.data, BLOCK, 0, how, FAR_NS, latencies, out)
        assert (out[io.COUNT], out[io.ERROR]) == (3, 0)
        assert os.fstat(descriptor).st_size == 3 * BLOCK
        assert (latencies > 0).all()
        words = np.frombuffer(os.pread(descriptor, 3 * BLOCK, 0), np.int64).reshape(3, 512)
        with np.errstate(over="ignore"):
            assert words[:, 0].tolist() == (np.arange(3) * np.int64(io.STAMP_FACTOR)).tolist()
    finally:
        os.close(descriptor)


def test_a_full_device_ends_an_append() -> None:
    descriptor = os.open("/dev/full", os.O_RDWR)
    block, out = np.zeros(512, np.int64), np.full(io.N_WORDS, -1)
    try:
        io.append(descriptor, block.ctypes.data, BLOCK, 0, 0, FAR_NS, np.zeros(3, np.int64), out)
    finally:
        os.close(descriptor)
    assert (out[io.COUNT], out[io.ERROR]) == (0, 28)  # ENOSPC


def test_pages_are_added_up_until_the_time_is_over() -> None:
    words = np.arange(4 * 512, dtype=np.int64)
    address = words.ctypes.data
    sums, latencies = np.zeros(4, np.int64), np.zeros(4, np.int64)
    assert io.sum_pages(address, 4, FAR_NS, sums, latencies) == 4
    assert sums.tolist() == words.reshape(4, 512).sum(axis=1).tolist()
    sums[:] = -1
    assert io.sum_pages(address, 4, 0, sums, latencies) == 1
    assert sums[1:].tolist() == [-1, -1, -1]
