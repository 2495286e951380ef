"""Messages to another process, one after the other, which confirms them: bytes of a stream.

What comes is added up word by word as soon as it is there, while the caches still hold it, and
each message's stamp is compared with that of the number that is due.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from hwperf.kernels.atomic import now_ns
from hwperf.kernels.echo import (
    BYTES,
    CHECKSUM,
    COUNT,
    ELAPSED,
    ERROR,
    FIRST,
    N_WORDS,
    SWITCHES,
    N,
)
from hwperf.kernels.jit import kernel
from hwperf.kernels.llvm import address_of, output_address
from hwperf.kernels.message import read_stamp, stamp_of, total, write_stamp
from hwperf.kernels.process import fork, leave, settle, switches
from hwperf.kernels.sockets import (
    CUT_SHORT,
    EINTR,
    ENOBUFS,
    MSG_NOSIGNAL,
    MSG_ZEROCOPY,
    STREAM,
    last_error,
    receive,
    receive_whole,
    send,
    send_whole,
)
from hwperf.kernels.zerocopy import FREE, TAKEN, wait_until_free

CHUNK_BYTES = 2**15
"""Bytes that are received at most at once, and no more than a message has: as much as a core's
first cache holds, where it is still when it is added up. On a quiet host twice as much at once gave
a tenth less."""


@kernel
def push(
    descriptor: int,
    slots: Any,
    n_slots: int,
    slot_bytes: int,
    nbytes: int,
    command: Any,
    zero_copy: bool,
    told: Any,
    counts: Any,
    control: int,
    report: Any,
    out: Any,
) -> None:
    """Send the messages of a command; the clock stops when the other process has confirmed them.

    Args:
        descriptor: the socket.
        slots: int64 array of *n_slots* messages, which are stamped and sent in turn.
        n_slots: how many; a message that is not copied must stay as it is for a while.
        slot_bytes: from one to the next.
        nbytes: of a message.
        command: int64 of N_WORDS: FIRST, N.
        zero_copy: whether the system is asked not to copy.
        told: from :func:`hwperf.kernels.zerocopy.room`.
        counts: int64, see :mod:`hwperf.kernels.zerocopy`.
        control: a socket whose other end is the other process.
        report: int64 of N_WORDS, what that one says.
        out: int64 of N_WORDS: COUNT and BYTES that were sent, ERROR, and the nanoseconds at
            ELAPSED.
    """
    first, n = command[FIRST], command[N]
    source = output_address(slots)
    flags = MSG_NOSIGNAL | MSG_ZEROCOPY if zero_copy else MSG_NOSIGNAL
    sent, failed = 0, send_whole(STREAM, control, address_of(command), 8 * N_WORDS)
    begin = now_ns()
    while sent < n and failed == 0:
        place = source + sent % n_slots * slot_bytes
        if zero_copy:
            failed = wait_until_free(descriptor, n_slots - 1, told, counts, control)
        write_stamp(place, nbytes, stamp_of(first + sent, nbytes))
        done = 0
        while done < nbytes and failed == 0:
            moved = send(descriptor, place + done, nbytes - done, flags)
            if moved >= 0:
                done += moved
                counts[TAKEN] += zero_copy
                continue
            error = last_error()
            if error == ENOBUFS and zero_copy and counts[TAKEN] > counts[FREE]:
                # Too much is under way for what a socket or a user may hold.
                most = counts[TAKEN] - counts[FREE] - 1
                failed = wait_until_free(descriptor, most, told, counts, control)
            elif error != EINTR:
                failed = error
        sent += failed == 0
    if failed == 0:
        failed = receive_whole(STREAM, control, output_address(report), 8 * N_WORDS, control)
    out[ELAPSED] = now_ns() - begin
    if zero_copy and failed == 0:
        failed = wait_until_free(descriptor, 0, told, counts, control)
    out[COUNT], out[BYTES], out[ERROR] = sent, sent * nbytes, failed


@kernel
def _pull(descriptor: int, ring: Any, nbytes: int, command: Any, report: Any) -> None:
    """Receive the messages of a command into *ring*, which has room for so many whole ones."""
    first, wanted = command[FIRST], command[N] * nbytes
    to, size = output_address(ring), 8 * ring.size
    stamp_bytes = min(8, nbytes)
    got, at, added, due = 0, 0, 0, 0
    number, count, checksum, failed = first, 0, 0, 0
    while got < wanted:
        moved = receive(descriptor, to + at, min(CHUNK_BYTES, nbytes, size - at, wanted - got), 0)
        if moved <= 0:
            error = last_error() if moved < 0 else CUT_SHORT
            if error == EINTR:
                continue
            failed = error
            break
        got += moved
        at += moved
        checksum += total(ring[added : at >> 3])
        added = at >> 3
        while due + stamp_bytes <= at:
            count += read_stamp(to + due, nbytes) == stamp_of(number, nbytes)
            number += 1
            due += nbytes
        if at == size:
            at, added, due = 0, 0, 0
    report[COUNT], report[BYTES], report[CHECKSUM], report[ERROR] = count, got, checksum, failed


@kernel
def start_pulling(
    descriptor: int,
    ring: Any,
    nbytes: int,
    control: int,
    parent: int,
    mask: Any,
    unwanted: Any,
) -> int:
    """Start a process that receives messages whenever it is told to; return its number, or -1.

    It waits for commands of N_WORDS words (FIRST, N) at *control* and confirms each: how many
    messages had the stamp that was due, how many bytes came, and their checksum.

    Args:
        descriptor: the socket.
        ring: int64 array that both processes see, of so many whole messages.
        nbytes: of a message.
        control: its end of a socket.
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
        _pull(descriptor, ring, nbytes, command, report)
        report[SWITCHES] = switches() - before
        if send_whole(STREAM, control, address_of(report), 8 * N_WORDS) != 0:
            break
    leave(0)
    return 0
