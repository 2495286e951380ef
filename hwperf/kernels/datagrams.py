"""Messages to another process, one after the other, which confirms them: datagrams, with a window.

Datagrams for which the receiver has no room are dropped, so no more are under way than it has room
for: it says now and then how far it has come. A datagram of no bytes says that there are no more.
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
    EAGAIN,
    EINTR,
    ENOBUFS,
    MSG_NOSIGNAL,
    MSG_ZEROCOPY,
    STREAM,
    is_over,
    last_error,
    receive,
    receive_whole,
    send,
    send_whole,
)
from hwperf.kernels.zerocopy import FREE, TAKEN, wait_until_free

# Further words of a report.
WRONG, LOST_STAMPS = 6, 7
WAITS = 4
"""How often the receiver says how far it has come, for each window."""


@kernel
def _heard(descriptor: int, word: Any, control: int) -> int:
    """Wait for how far the receiver is: above 0; 0 if it is silent; or below 0, minus the error.

    It is silent where all that was under way is lost: that must not be waited for for ever.
    """
    while True:
        moved = receive(descriptor, output_address(word), 8, 0)
        if moved == 8:
            return word[0]  # type: ignore[no-any-return]
        error = last_error()
        if error == EAGAIN:
            return -EAGAIN if is_over(control) else 0
        if error != EINTR:
            return -error  # type: ignore[no-any-return]


@kernel
def push_datagrams(
    descriptor: int,
    slots: Any,
    n_slots: int,
    slot_bytes: int,
    nbytes: int,
    command: Any,
    window: int,
    zero_copy: bool,
    told: Any,
    counts: Any,
    control: int,
    report: Any,
    out: Any,
) -> None:
    """Send the messages of a command; the clock stops when the other process has confirmed them.

    Args:
        descriptor: the socket; a wait for its receiver ends after a while.
        window: datagrams that may be under way; the other arguments are those of
            :func:`hwperf.kernels.flow.push`.
    """
    first, n = command[FIRST], command[N]
    source, word = output_address(slots), np.zeros(1, np.int64)
    flags = MSG_NOSIGNAL | MSG_ZEROCOPY if zero_copy else MSG_NOSIGNAL
    sent, seen, failed = 0, 0, send_whole(STREAM, control, address_of(command), 8 * N_WORDS)
    begin = now_ns()
    while sent < n and failed == 0:
        while sent - seen >= window and failed == 0:
            heard = _heard(descriptor, word, control)
            if heard < 0:
                failed = -heard
            else:
                seen = max(seen, heard - first) if heard > 0 else sent
        place = source + sent % n_slots * slot_bytes
        if zero_copy and failed == 0:
            failed = wait_until_free(descriptor, n_slots - 1, told, counts, control)
        write_stamp(place, nbytes, stamp_of(first + sent, nbytes))
        while failed == 0:
            if send(descriptor, place, nbytes, flags) == nbytes:
                counts[TAKEN] += zero_copy
                sent += 1
                break
            error = last_error()
            if error == ENOBUFS and zero_copy and counts[TAKEN] > counts[FREE]:
                most = counts[TAKEN] - counts[FREE] - 1
                failed = wait_until_free(descriptor, most, told, counts, control)
            elif error != EINTR:
                failed = error
    if failed == 0 and send(descriptor, source, 0, MSG_NOSIGNAL) != 0:
        failed = last_error()
    if failed == 0:
        failed = receive_whole(STREAM, control, output_address(report), 8 * N_WORDS, control)
    out[ELAPSED] = now_ns() - begin
    if zero_copy and failed == 0:
        failed = wait_until_free(descriptor, 0, told, counts, control)
    out[COUNT], out[BYTES], out[ERROR] = sent, sent * nbytes, failed


@kernel
def _pull(
    descriptor: int,
    ring: Any,
    nbytes: int,
    base: int,
    window: int,
    command: Any,
    control: int,
    report: Any,
) -> None:
    """Receive datagrams into the rows of *ring* in turn, until one of no bytes comes."""
    first, last = command[FIRST], command[FIRST] + command[N]
    to, row_bytes = output_address(ring), 8 * ring.shape[1]
    due, told, word = first, first, np.zeros(1, np.int64)
    count, checksum, wrong, lost_stamps, failed = 0, 0, 0, 0, 0
    while True:
        row = count % ring.shape[0]
        moved = receive(descriptor, to + row * row_bytes, nbytes + 1, 0)
        if moved == 0:
            break
        if moved < 0:
            error = last_error()
            if error == EINTR or (error == EAGAIN and not is_over(control)):
                continue
            failed = CUT_SHORT if error == EAGAIN else error
            break
        stamp = read_stamp(to + row * row_bytes, nbytes)
        found, number = total(ring[row]), due
        while number < last and stamp_of(number, nbytes) != stamp:
            number += 1
        # Sent twice, out of order, or changed on the way.
        if moved != nbytes or number == last or found != base + stamp:
            wrong += 1
            continue
        for missed in range(due, number):
            lost_stamps += stamp_of(missed, nbytes)
        count += 1
        checksum += found
        due = number + 1
        if (due - told) * WAITS >= window:
            word[0] = told = due
            send(descriptor, address_of(word), 8, MSG_NOSIGNAL)
    for missed in range(due, last):
        lost_stamps += stamp_of(missed, nbytes)
    report[COUNT], report[BYTES], report[CHECKSUM] = count, count * nbytes, checksum
    report[ERROR], report[WRONG], report[LOST_STAMPS] = failed, wrong, lost_stamps


@kernel
def start_pulling_datagrams(
    descriptor: int,
    ring: Any,
    nbytes: int,
    base: int,
    window: int,
    control: int,
    parent: int,
    mask: Any,
    unwanted: Any,
) -> int:
    """Start a process that receives datagrams whenever it is told to; return its number, or -1.

    It confirms each command (FIRST, N at *control*): how many of the datagrams due came, whole and
    in order, their bytes and their checksum; how many others came; and the sum of the stamps of
    those that did not come.

    Args:
        descriptor: the socket; a wait for its sender ends after a while.
        ring: int64 array that both processes see, a row for each of some messages.
        nbytes: of a message.
        base: sum of the payload without its stamp.
        window: as of :func:`push_datagrams`; the others are those of
            :func:`hwperf.kernels.flow.start_pulling`.
    """
    number = fork()
    if number != 0:
        return number  # type: ignore[no-any-return]
    settle(parent, mask, unwanted)
    command, report = np.zeros(N_WORDS, np.int64), np.zeros(N_WORDS, np.int64)
    while receive_whole(STREAM, control, output_address(command), 8 * N_WORDS, control) == 0:
        before = switches()
        report[:] = 0
        _pull(descriptor, ring, nbytes, base, window, command, control, report)
        report[SWITCHES] = switches() - before
        if send_whole(STREAM, control, address_of(report), 8 * N_WORDS) != 0:
            break
    leave(0)
    return 0
