"""What the system says of messages that it did not copy: that their buffers are free again.

With MSG_ZEROCOPY a message is sent from the pages that it lies on, which must not change until the
system says so, in the socket's queue of errors; it also says where it has copied after all.

Source: Linux, Documentation/networking/msg_zerocopy.rst.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from hwperf.kernels.jit import kernel
from hwperf.kernels.llvm import address_of, load_word, output_address, store_word
from hwperf.kernels.sockets import (
    EAGAIN,
    EINTR,
    MSG_DONTWAIT,
    MSG_ERRQUEUE,
    is_over,
    last_error,
    receive_message,
    wait_for,
)

# What is known of the messages of one socket: how often the system took one without copying it,
# how many of those are free again, and how many of these it has copied after all.
TAKEN, FREE, COPIED = 0, 1, 2
N_COUNTS = 3

# struct msghdr has 56 bytes on 64-bit Linux: msg_controllen is word 5, msg_control word 4. Behind
# it lies room for a control message: struct cmsghdr, 16 bytes, then struct sock_extended_err.
_HEADER_WORDS, _CONTROL_WORDS = 7, 32
_CONTROL, _CONTROL_LENGTH, _FLAGS = 4, 5, 6
_ERROR = 2  # Word of the control message: ee_errno, then a byte each of ee_origin, type and code.
_ORIGIN_ZEROCOPY, _CODE_COPIED = 5, 1  # Linux, include/uapi/linux/errqueue.h.
_LOOK_MS = 250  # Until it is seen whether there is still somebody who receives.


def room() -> NDArray[np.int64]:
    """Return what :func:`gather` needs to be told in."""
    return np.zeros(_HEADER_WORDS + _CONTROL_WORDS, np.int64)


@kernel
def gather(descriptor: int, told: Any, counts: Any) -> int:
    """Take what the system has said up to now; 0, or the number of the error.

    Args:
        descriptor: of the socket.
        told: from :func:`room`.
        counts: int64 of N_COUNTS, of which FREE and COPIED are counted up.
    """
    header = output_address(told)
    control = address_of(told) + 8 * _HEADER_WORDS
    while True:
        for i in range(_HEADER_WORDS):
            store_word(header + 8 * i, 0)
        store_word(header + 8 * _CONTROL, control)
        store_word(header + 8 * _CONTROL_LENGTH, 8 * _CONTROL_WORDS)
        if receive_message(descriptor, header, MSG_ERRQUEUE | MSG_DONTWAIT) < 0:
            error: int = last_error()
            if error == EINTR:
                continue
            return 0 if error == EAGAIN else error
        if load_word(header + 8 * _CONTROL_LENGTH) < 32:
            return 0
        error_word = load_word(control + 8 * _ERROR)
        if (error_word >> 32) & 255 != _ORIGIN_ZEROCOPY:
            return error_word & 0xFFFFFFFF  # type: ignore[no-any-return]
        # A range of numbers, both ends included; they have 32 bits and begin anew after the last.
        ends = load_word(control + 8 * (_ERROR + 1))
        n = (((ends >> 32) - ends) & 0xFFFFFFFF) + 1
        counts[FREE] += n
        if (error_word >> 48) & 255 == _CODE_COPIED:
            counts[COPIED] += n


@kernel
def wait_until_free(descriptor: int, most: int, told: Any, counts: Any, control: int) -> int:
    """Wait until no more than *most* messages are not free yet; 0, or the number of the error."""
    while counts[TAKEN] - counts[FREE] > most:
        before = counts[FREE]
        failed = gather(descriptor, told, counts)
        if failed != 0:
            return failed
        if counts[FREE] == before and wait_for(descriptor, 0, _LOOK_MS) == 0 and is_over(control):
            return EAGAIN
    return 0
