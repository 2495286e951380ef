"""What is in a message, so that its receiver can tell whether it is the right one, and whole.

A message is a payload that is the same each time, but for a stamp in its first 8 bytes (all of a
shorter one) that is a random function of the message's number. The checksum is the sum of its
words, the last one filled up with zeros: a single byte that is wrong always changes it.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from llvmlite import ir
from numba import types

from hwperf.kernels.atomic import external
from hwperf.kernels.io import STAMP_FACTOR
from hwperf.kernels.jit import kernel
from hwperf.kernels.llvm import intrinsic, load_word, store_word
from hwperf.kernels.splitmix import splitmix

_BYTE = ir.IntType(8)
_INT64 = ir.IntType(64)
_ANSWER_KEY = 0x5A5A_A5A5_3C3C_C3C3  # Any number that is no small change of a stamp.


@intrinsic
def _load_byte(typingctx, address):  # type: ignore[no-untyped-def]
    """``_load_byte(address)``: the byte, from 0 to 255."""

    def generate(context, builder, signature, args):  # type: ignore[no-untyped-def]
        byte = builder.load(builder.inttoptr(args[0], _BYTE.as_pointer()))
        return builder.zext(byte, _INT64)

    return types.int64(types.intp), generate


@intrinsic
def copy_bytes(typingctx, to, source, nbytes):  # type: ignore[no-untyped-def]
    """``copy_bytes(to, source, nbytes)``: the C library's memcpy."""

    def generate(context, builder, signature, args):  # type: ignore[no-untyped-def]
        pointer = _BYTE.as_pointer()
        function = external(builder, "memcpy", pointer, [pointer, pointer, _INT64])
        to, source, nbytes = args
        builder.call(
            function, [builder.inttoptr(to, pointer), builder.inttoptr(source, pointer), nbytes]
        )
        return context.get_dummy_value()

    return types.void(types.intp, types.intp, types.int64), generate


@kernel
def cut(value: int, nbytes: int) -> int:
    """Return as much of *value* as a message of *nbytes* has room for: its lowest bytes."""
    if nbytes >= 8:
        return value
    return value & ((1 << 8 * nbytes) - 1)


@kernel
def stamp_of(number: int, nbytes: int) -> int:
    """Return the stamp of message *number*."""
    return cut(np.int64(splitmix(np.uint64(number))), nbytes)  # type: ignore[arg-type]


@kernel
def answer_to(stamp: int, nbytes: int) -> int:
    """Return the stamp of the answer to a message with *stamp*: never the same by chance alone."""
    return cut((stamp ^ _ANSWER_KEY) * STAMP_FACTOR, nbytes)


@kernel
def write_stamp(address: int, nbytes: int, stamp: int) -> None:
    """Write *stamp* at the beginning of the message of *nbytes* at *address*.

    A word is written, however short the message: one that is written byte by byte and read as a
    word would have to wait until the bytes are in the cache. What lies behind it stays as it is.
    """
    if nbytes >= 8:
        store_word(address, stamp)
    else:
        behind = load_word(address) & ~((1 << 8 * nbytes) - 1)
        store_word(address, behind | stamp)


@kernel
def read_stamp(address: int, nbytes: int) -> int:
    """Return the stamp of the message of *nbytes* at *address*."""
    if nbytes >= 8:
        return load_word(address)  # type: ignore[no-any-return]
    stamp = 0
    for i in range(nbytes):
        stamp |= _load_byte(address + i) << 8 * i
    return stamp


@kernel
def total(words: Any) -> int:
    """Return the sum of an int64 array, modulo 2**64."""
    found = 0
    for i in range(words.size):
        found += words[i]
    return found


@kernel
def total_of_stamps(first: int, n: int, nbytes: int, n_slots: int) -> int:
    """Return what the stamps of *n* messages add to the sum of the words that they lie in.

    Args:
        first: number of the first message.
        n: how many.
        nbytes: of a message.
        n_slots: messages that lie behind one another, without a gap, from a whole word on; then
            the next ones lie there.
    """
    found = 0
    for i in range(n):
        stamp = stamp_of(first + i, nbytes)
        # A stamp that begins within a word reaches into the next one.
        shift = i % n_slots * nbytes % 8 * 8
        found += stamp << shift
        if shift:
            found += np.int64(np.uint64(stamp) >> np.uint64(64 - shift))  # type: ignore[assignment]
    return found


def payload(nbytes: int, seed: int = 0) -> Any:
    """Return the words of a message with a stamp of zeros, as an int64 array.

    There is always a byte more than the message has, so that one that is too long is seen.
    """
    words = np.zeros(nbytes // 8 + 1, np.int64)
    filled = words.view(np.uint8)[:nbytes]
    filled[:] = np.random.default_rng(seed).integers(0, 256, nbytes, np.uint8)
    filled[:8] = 0
    return words
