"""A message to another process and its answer, again and again: through the system, or in memory.

What is not part of a round trip is done while a message is under way: the clock is read, the
answer before is added up, and the next message is stamped, after a message was sent and before its
answer is waited for; the other side adds up what came after it has sent its answer.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from hwperf.kernels.atomic import atomic_load, atomic_store, give_way, now_ns
from hwperf.kernels.jit import kernel
from hwperf.kernels.llvm import address_of, load_word, output_address, store_word
from hwperf.kernels.message import (
    answer_to,
    copy_bytes,
    read_stamp,
    stamp_of,
    total,
    write_stamp,
)
from hwperf.kernels.process import fork, leave, settle, switches
from hwperf.kernels.sockets import (
    CUT_SHORT,
    STREAM,
    is_over,
    receive_whole,
    send_whole,
)

MEMORY = 3
"""In place of what a descriptor is: both processes see the same memory."""

# Words of a command to the other process, of its report, and of what the near side says.
FIRST, N = 0, 1
COUNT, BYTES, CHECKSUM, ERROR, SWITCHES, ELAPSED = range(6)
N_WORDS = 8

EXTRA = 2
"""Messages of a call beside those whose latency is kept: one that waits until the other side is
awake, and one that ends the last latency, as each goes from one message's sending to the next's."""

# Words of memory that both see. A message lies behind its flag, on the same line if it has room.
FLAG_BYTES, LINE_BYTES = 8, 64

GIVEN_UP = 2**62
"""What a flag is set to, by whoever watches, where the other process will never do it."""

# Turns of looking at a flag, of eight looks each, until the CPU is given away, 0.1 ms: whoever is
# waited for may be waiting for this very CPU.
_TURNS = 2**13
_WAYS = 2**10  # How often it is given away, until it is seen whether there is still somebody.


@kernel
def place_of(nbytes: int) -> int:
    """Return where behind its flag a message lies, in bytes."""
    return FLAG_BYTES if nbytes <= LINE_BYTES - FLAG_BYTES else LINE_BYTES


def memory_bytes(nbytes: int) -> int:
    """Return the bytes of the memory of one direction, on lines of its own."""
    return (LINE_BYTES + nbytes + 4 * LINE_BYTES) // LINE_BYTES * LINE_BYTES


@kernel
def _await(address: int, wanted: int, has_cpu: bool, control: int) -> bool:
    """Wait until the word has become *wanted*; whether the other side has done that.

    With one CPU for both the other side cannot run while this one looks, and is given it.
    """
    ways = 0
    while True:
        for _ in range(_TURNS if has_cpu else 1):
            # A load, a comparison and a jump, again and again: with more than that between two
            # looks the flag is seen later, see hwperf.kernels.pingpong.rally.
            if (
                atomic_load(address) >= wanted
                or atomic_load(address) >= wanted
                or atomic_load(address) >= wanted
                or atomic_load(address) >= wanted
                or atomic_load(address) >= wanted
                or atomic_load(address) >= wanted
                or atomic_load(address) >= wanted
                or atomic_load(address) >= wanted
            ):
                return atomic_load(address) < GIVEN_UP  # type: ignore[no-any-return]
        give_way()
        ways += 1
        if ways % _WAYS == 0 and is_over(control):
            return False


@kernel
def _copy(to: int, source: int, nbytes: int) -> None:
    """Copy a message; a short one as a whole word, for which there is always room."""
    if nbytes <= 8:
        store_word(to, load_word(source))
    else:
        copy_bytes(to, source, nbytes)


@kernel
def _put(kind: int, place: int, source: int, nbytes: int, number: int) -> int:
    """Send message *number*; 0, or the number of the error."""
    if kind != MEMORY:
        return send_whole(kind, place, source, nbytes)
    _copy(place + place_of(nbytes), source, nbytes)
    atomic_store(place, number + 1)
    return 0


@kernel
def _take(
    kind: int, place: int, to: int, nbytes: int, number: int, has_cpu: bool, control: int
) -> int:
    """Wait for message *number*; 0, or the number of the error."""
    if kind != MEMORY:
        return receive_whole(kind, place, to, nbytes, control)
    if not _await(place, number + 1, has_cpu, control):
        return CUT_SHORT
    _copy(to, place + place_of(nbytes), nbytes)
    return 0


@kernel
def ping(
    kind: int,
    there: int,
    back: int,
    message: Any,
    answer: Any,
    nbytes: int,
    base: int,
    first: int,
    has_cpu: bool,
    control: int,
    latencies: Any,
    out: Any,
) -> None:
    """Send messages and wait for the answer of each: EXTRA more than there are latencies.

    Args:
        kind: STREAM, DATAGRAM, PIPE or MEMORY.
        there: descriptor to send to, or the address of the memory.
        back: where answers come from.
        message: int64 array of a message's payload.
        answer: likewise, which answers are received into.
        nbytes: of a message.
        base: sum of the payload without its stamp.
        first: number of the first message.
        has_cpu: whether each end has a CPU of its own, and may look at a flag without end.
        control: a socket whose other end is the other process.
        latencies: int64, filled with nanoseconds.
        out: int64 of N_WORDS: how many answers were right, their bytes, their checksum, and the
            number of the error that ended it or 0; then, at ELAPSED, the nanoseconds of all
            latencies.
    """
    source, to = output_address(message), output_address(answer)
    n = latencies.size + EXTRA
    count, checksum, failed = 0, 0, 0
    began, last, stamp = 0, 0, 0
    write_stamp(source, nbytes, stamp_of(first, nbytes))
    for i in range(n + 1):
        if i < n:
            failed = _put(kind, there, source, nbytes, first + i)
            if failed != 0:
                break
            now = now_ns()
            if i == 1:
                began = now
            elif i > 1:
                latencies[i - 2] = now - last
            last = now
        if i > 0:
            expected = answer_to(stamp, nbytes)
            found = total(answer)
            if read_stamp(to, nbytes) == expected and found == base + expected:
                count += 1
            checksum += found
        if i < n:
            stamp = stamp_of(first + i, nbytes)
            write_stamp(source, nbytes, stamp_of(first + i + 1, nbytes))
            failed = _take(kind, back, to, nbytes, first + i, has_cpu, control)
            if failed != 0:
                break
    out[COUNT], out[BYTES], out[CHECKSUM], out[ERROR] = count, count * nbytes, checksum, failed
    out[ELAPSED] = last - began


@kernel
def _answer(
    kind: int,
    there: int,
    back: int,
    buffer: Any,
    nbytes: int,
    has_cpu: bool,
    control: int,
    command: Any,
    report: Any,
) -> None:
    """Answer as many messages as the command says: each with its own payload, stamped anew."""
    to = output_address(buffer)
    first, n = command[FIRST], command[N]
    count, checksum, failed = 0, 0, 0
    for i in range(n):
        failed = _take(kind, there, to, nbytes, first + i, has_cpu, control)
        if failed != 0:
            break
        stamp = read_stamp(to, nbytes)
        answered = answer_to(stamp, nbytes)
        write_stamp(to, nbytes, answered)
        failed = _put(kind, back, to, nbytes, first + i)
        if failed != 0:
            break
        checksum += total(buffer) - answered + stamp
        count += 1
    report[COUNT], report[BYTES], report[CHECKSUM], report[ERROR] = (
        count, count * nbytes, checksum, failed,
    )  # fmt: skip


@kernel
def start_answering(
    kind: int,
    there: int,
    back: int,
    buffer: Any,
    nbytes: int,
    has_cpu: bool,
    control: int,
    parent: int,
    mask: Any,
    unwanted: Any,
) -> int:
    """Start a process that answers messages whenever it is told to; return its number, or -1.

    It waits for commands of N_WORDS words (FIRST, N) at *control*, answers N messages, and reports
    in as many words how many came, their bytes and their checksum. It ends with the other end of
    *control*.

    Args:
        kind: as of :func:`ping`.
        there: where messages come from.
        back: where answers go to.
        buffer: int64 array for a message.
        nbytes: of a message.
        has_cpu: as of :func:`ping`.
        control: its end of the socket.
        parent: number of this process.
        mask: the CPUs that it may run on, see :func:`hwperf.kernels.process.settle`.
        unwanted: descriptors that it must not hold.
    """
    number = fork()
    if number != 0:
        return number  # type: ignore[no-any-return]
    settle(parent, mask, unwanted)
    command, report = np.zeros(N_WORDS, np.int64), np.zeros(N_WORDS, np.int64)
    while receive_whole(STREAM, control, output_address(command), 8 * N_WORDS, control) == 0:
        before = switches()
        report[:] = 0
        _answer(kind, there, back, buffer, nbytes, has_cpu, control, command, report)
        report[SWITCHES] = switches() - before
        if send_whole(STREAM, control, address_of(report), 8 * N_WORDS) != 0:
            break
    leave(0)
    return 0
