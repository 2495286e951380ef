"""Transfers to and from files: pread and pwrite in loops of compiled code, each one timed.

One blocking thread is one unit of queue depth. The threads take their transfers from one queue, so
that as many are under way at any time as there are threads, in the order of the queue, as with
asynchronous I/O; and no Python runs between two of them.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import types

from hwperf.kernels.atomic import atomic_add, external, now_ns
from hwperf.kernels.jit import kernel
from hwperf.kernels.llvm import intrinsic, load_word, output_address, store_word

_INT32, _INT64 = ir.IntType(32), ir.IntType(64)
_BYTE = ir.IntType(8).as_pointer()

STAMPED_BYTES = 4096
"""Each so many bytes of a file begin with a stamp: no two such blocks of a file are alike."""

STAMP_FACTOR = -7046029254386353131
"""Odd number that a block's number is multiplied by, 2^64 over the golden ratio (Knuth, The Art of
Computer Programming, vol. 3, section 6.4): as an int64."""

EINTR = 4  # Linux, macOS and the BSDs.
SHORT = -1
"""In place of an error number: the system moved fewer bytes than it was asked for."""

# Words of what one thread says, see transfer().
BEGAN, ENDED, ERROR, COUNT, LAST_WRITE, LAST_SLOT, LAST_READ = range(7)
N_WORDS = 8  # A cache line for each thread.


@intrinsic
def _last_error(typingctx):  # type: ignore[no-untyped-def]
    """``_last_error()``: the C library's errno of this thread."""

    def generate(context, builder, signature, args):  # type: ignore[no-untyped-def]
        is_apple = "darwin" in builder.module.triple
        name = "__error" if is_apple else "__errno_location"
        place = builder.call(external(builder, name, _INT32.as_pointer(), []), [])
        return builder.sext(builder.load(place), _INT64)

    return types.int64(), generate


def _transferring(name: str):  # type: ignore[no-untyped-def]
    """Return the generator of a call of the C function *name*, pread or pwrite."""

    def generate(context, builder, signature, args):  # type: ignore[no-untyped-def]
        function = external(builder, name, _INT64, [_INT32, _BYTE, _INT64, _INT64])
        descriptor, address, nbytes, offset = args
        return builder.call(
            function,
            [
                builder.trunc(descriptor, _INT32), builder.inttoptr(address, _BYTE), nbytes, offset,
            ],
        )  # fmt: skip

    return generate


_TRANSFER = types.int64(types.int64, types.intp, types.int64, types.int64)


@intrinsic
def _pread(typingctx, descriptor, address, nbytes, offset):  # type: ignore[no-untyped-def]
    """``_pread(descriptor, address, nbytes, offset)``: the bytes read, or -1."""
    return _TRANSFER, _transferring("pread")


@intrinsic
def _pwrite(typingctx, descriptor, address, nbytes, offset):  # type: ignore[no-untyped-def]
    """``_pwrite(descriptor, address, nbytes, offset)``: the bytes written, or -1."""
    return _TRANSFER, _transferring("pwrite")


def _syncing(name: str):  # type: ignore[no-untyped-def]
    def generate(context, builder, signature, args):  # type: ignore[no-untyped-def]
        function = external(builder, name, _INT32, [_INT32])
        return builder.sext(builder.call(function, [builder.trunc(args[0], _INT32)]), _INT64)

    return generate


@intrinsic
def _fsync(typingctx, descriptor):  # type: ignore[no-untyped-def]
    """``_fsync(descriptor)``: 0 when data and metadata are on the device, or -1."""
    return types.int64(types.int64), _syncing("fsync")


@intrinsic
def _fdatasync(typingctx, descriptor):  # type: ignore[no-untyped-def]
    """``_fdatasync(descriptor)``: 0 when the data can be read again after a crash, or -1."""
    return types.int64(types.int64), _syncing("fdatasync")


@kernel
def stamp(address: int, nbytes: int, offset: int) -> None:
    """Stamp the blocks that will lie from *offset* of a file on.

    The first word of each becomes a product of its number and the exclusive or of its next two.
    """
    number = offset // STAMPED_BYTES
    for i in range(nbytes // STAMPED_BYTES):
        place = address + i * STAMPED_BYTES
        salt = load_word(place + 8) ^ load_word(place + 16)
        store_word(place, ((number + i) * STAMP_FACTOR) ^ salt)


@kernel
def transfer(
    descriptor: int,
    reading: int,
    writing: int,
    n_slots: int,
    block: int,
    offsets: Any,
    queue: Any,
    writes_in_ten: int,
    end_ns: int,
    ends: Any,
    latencies: Any,
    out: Any,
) -> None:
    """Make transfers until the time is over: one thread's part. Each is read or written whole.

    Args:
        descriptor: the file.
        reading: address that is read into.
        writing: address of *n_slots* blocks that are written in turn, stamped each time.
        n_slots: how many there are.
        block: bytes of one transfer.
        offsets: int64, in the order of the queue; it begins anew after its end.
        queue: int64 of two words: the place in the queue, which all threads count up, and the place
            from which on nothing is transferred any more.
        writes_in_ten: of ten transfers on average, how many are writes: 0, 10 or between.
        end_ns: nothing begins afterwards, but for a thread's first transfer.
        ends: int64, filled with the nanosecond at which each transfer ended; its size is the most
            transfers of this thread. Negative for a write.
        latencies: int64, filled with the nanoseconds of each.
        out: int64 of N_WORDS: when the first began and the last ended, the number of the error (or
            SHORT) that ended the loop or 0, how many transfers were made, then the offset and the
            slot of the last write or -1, the offset of the last read or -1.
    """
    place = output_address(queue)
    n, size, most = 0, offsets.size, queue[1]
    out[LAST_WRITE], out[LAST_SLOT], out[LAST_READ] = -1, 0, -1
    failed = 0
    now = now_ns()
    out[BEGAN] = now
    while n < ends.size and (n == 0 or now < end_ns):
        k = atomic_add(place, 1)
        if k >= most:
            break
        offset = offsets[k % size]
        is_write = (
            writes_in_ten > 0 and (((k + 1) * STAMP_FACTOR >> 40) & 0xFFFF) % 10 < writes_in_ten
        )
        if is_write:
            slot = n % n_slots
            address = writing + slot * block
            stamp(address, block, offset)
            now = now_ns()
            moved = _pwrite(descriptor, address, block, offset)
            if moved == -1 and _last_error() == EINTR:
                moved = _pwrite(descriptor, address, block, offset)
        else:
            slot = 0
            moved = _pread(descriptor, reading, block, offset)
            if moved == -1 and _last_error() == EINTR:
                moved = _pread(descriptor, reading, block, offset)
        if moved != block:
            failed = _last_error() if moved == -1 else SHORT
            break
        later = now_ns()
        latencies[n] = later - now
        ends[n] = -later if is_write else later
        now = later
        n += 1
        if is_write:
            out[LAST_WRITE], out[LAST_SLOT] = offset, slot
        else:
            out[LAST_READ] = offset
    out[ENDED], out[ERROR], out[COUNT] = now, failed, n


APPEND_FSYNC, APPEND_FDATASYNC, APPEND_ONLY = 0, 1, 2


@kernel
def append(
    descriptor: int,
    address: int,
    block: int,
    first: int,
    how: int,
    end_ns: int,
    latencies: Any,
    out: Any,
) -> None:
    """Append stamped blocks, each made durable before the next, until the time is over.

    Args:
        descriptor: the file.
        address: of the block.
        block: bytes of it.
        first: offset of the end of the file.
        how: APPEND_FSYNC, APPEND_FDATASYNC, or APPEND_ONLY for a file whose writes wait for the
            device (O_DSYNC).
        end_ns: nothing begins afterwards, but for the first.
        latencies: int64, filled with the nanoseconds of each: of the write and what follows it.
        out: int64 of N_WORDS, as :func:`transfer` has it.
    """
    n, failed = 0, 0
    now = now_ns()
    out[BEGAN] = now
    while n < latencies.size and (n == 0 or now < end_ns):
        offset = first + n * block
        stamp(address, block, offset)
        now = now_ns()
        moved = _pwrite(descriptor, address, block, offset)
        if moved != block:
            failed = _last_error() if moved == -1 else SHORT
            break
        done = 0
        if how == APPEND_FSYNC:
            done = _fsync(descriptor)
        elif how == APPEND_FDATASYNC:
            done = _fdatasync(descriptor)
        if done != 0:
            failed = _last_error()
            break
        later = now_ns()
        latencies[n] = later - now
        now = later
        n += 1
    out[ENDED], out[ERROR], out[COUNT] = now, failed, n


@kernel
def sum_pages(first: int, n_pages: int, end_ns: int, sums: Any, latencies: Any) -> int:
    """Add up all words of each page from the address *first* on, until the time is over.

    Args:
        first: address of a mapped file.
        n_pages: how many there are, of STAMPED_BYTES each.
        end_ns: no page is begun afterwards, but for the first.
        sums: int64 of *n_pages*, filled with the sum of each page that was reached.
        latencies: int64 of *n_pages*, filled with the nanoseconds of each.

    Returns:
        How many pages were reached.
    """
    n = 0
    now = now_ns()
    while n < n_pages and (n == 0 or now < end_ns):
        place = first + n * STAMPED_BYTES
        total = 0
        for j in range(STAMPED_BYTES // 8):
            total += load_word(place + 8 * j)
        sums[n] = total
        later = now_ns()
        latencies[n] = later - now
        now = later
        n += 1
    return n
