"""Messages through sockets and pipes: sent and received whole, by functions of the C library.

Nothing here has a deadline: what waits for another process ends when that process is dead, and
whoever starts the processes sees to it that one that hangs is ended.
"""

from __future__ import annotations

from llvmlite import ir
from numba import types
from numba.core import cgutils

from hwperf.kernels.atomic import external
from hwperf.kernels.io import EINTR, SHORT
from hwperf.kernels.io import _last_error as last_error
from hwperf.kernels.jit import kernel
from hwperf.kernels.llvm import intrinsic

STREAM, DATAGRAM, PIPE = 0, 1, 2
"""What a descriptor is: a socket of bytes, one of whole messages, or a pipe."""

# Linux, include/linux/socket.h and asm-generic/errno-base.h (x86-64 and aarch64 alike).
MSG_PEEK, MSG_DONTWAIT, MSG_ERRQUEUE, MSG_NOSIGNAL = 0x2, 0x40, 0x2000, 0x4000
MSG_ZEROCOPY = 0x4000000
EAGAIN, ENOBUFS = 11, 105
POLLIN, POLLERR = 0x1, 0x8

CUT_SHORT = -2
"""In place of an error number: the other process ended, or gave up."""

_INT32, _INT64 = ir.IntType(32), ir.IntType(64)
_BYTE = ir.IntType(8).as_pointer()
_MOVE = types.int64(types.int64, types.intp, types.int64, types.int64)


def _moving(name: str, has_flags: bool):  # type: ignore[no-untyped-def]
    """Return the generator of a call of send, recv, write or read."""

    def generate(context, builder, signature, args):  # type: ignore[no-untyped-def]
        kinds = [_INT32, _BYTE, _INT64, *([_INT32] if has_flags else [])]
        descriptor, address, nbytes, flags = args
        given = [builder.trunc(descriptor, _INT32), builder.inttoptr(address, _BYTE), nbytes]
        if has_flags:
            given.append(builder.trunc(flags, _INT32))
        return builder.call(external(builder, name, _INT64, kinds), given)

    return generate


@intrinsic
def send(typingctx, descriptor, address, nbytes, flags):  # type: ignore[no-untyped-def]
    """``send(descriptor, address, nbytes, flags)``: the bytes taken, or -1."""
    return _MOVE, _moving("send", has_flags=True)


@intrinsic
def receive(typingctx, descriptor, address, nbytes, flags):  # type: ignore[no-untyped-def]
    """``receive(descriptor, address, nbytes, flags)``: the bytes that came, 0 at the end, or -1."""
    return _MOVE, _moving("recv", has_flags=True)


@intrinsic
def _write(typingctx, descriptor, address, nbytes, flags):  # type: ignore[no-untyped-def]
    """``_write(descriptor, address, nbytes, 0)``: the bytes written, or -1."""
    return _MOVE, _moving("write", has_flags=False)


@intrinsic
def _read(typingctx, descriptor, address, nbytes, flags):  # type: ignore[no-untyped-def]
    """``_read(descriptor, address, nbytes, 0)``: the bytes read, 0 at the end, or -1."""
    return _MOVE, _moving("read", has_flags=False)


@intrinsic
def receive_message(typingctx, descriptor, header, flags):  # type: ignore[no-untyped-def]
    """``receive_message(descriptor, header, flags)``: recvmsg with the struct msghdr there."""

    def generate(context, builder, signature, args):  # type: ignore[no-untyped-def]
        function = external(builder, "recvmsg", _INT64, [_INT32, _BYTE, _INT32])
        descriptor, header, flags = args
        return builder.call(
            function,
            [
                builder.trunc(descriptor, _INT32), builder.inttoptr(header, _BYTE),
                builder.trunc(flags, _INT32),
            ],
        )  # fmt: skip

    return types.int64(types.int64, types.intp, types.int64), generate


@intrinsic
def wait_for(typingctx, descriptor, events, timeout_ms):  # type: ignore[no-untyped-def]
    """``wait_for(descriptor, events, timeout_ms)``: poll; above 0 if any of *events* or an error.

    An error, and the end of the other side, are always waited for.
    """

    def generate(context, builder, signature, args):  # type: ignore[no-untyped-def]
        descriptor, events, timeout = (builder.trunc(arg, _INT32) for arg in args)
        asked = cgutils.alloca_once(builder, ir.ArrayType(_INT32, 2))  # struct pollfd
        first = builder.bitcast(asked, _INT32.as_pointer())
        builder.store(descriptor, first)
        builder.store(events, builder.gep(first, [ir.Constant(_INT32, 1)]))
        function = external(builder, "poll", _INT32, [_BYTE, _INT64, _INT32])
        came = builder.call(
            function, [builder.bitcast(asked, _BYTE), ir.Constant(_INT64, 1), timeout]
        )
        return builder.sext(came, _INT64)

    return types.int64(types.int64, types.int64, types.int64), generate


@intrinsic
def is_over(typingctx, control):  # type: ignore[no-untyped-def]
    """``is_over(control)``: whether the process at the other end has ended, or said something."""

    def generate(context, builder, signature, args):  # type: ignore[no-untyped-def]
        byte = cgutils.alloca_once(builder, ir.IntType(8))
        function = external(builder, "recv", _INT64, [_INT32, _BYTE, _INT64, _INT32])
        came = builder.call(
            function,
            [
                builder.trunc(args[0], _INT32), byte, ir.Constant(_INT64, 1),
                ir.Constant(_INT32, MSG_PEEK | MSG_DONTWAIT),
            ],
        )  # fmt: skip
        return context.cast(
            builder,
            builder.icmp_signed(">=", came, ir.Constant(_INT64, 0)),
            types.boolean,
            signature.return_type,
        )

    return types.boolean(types.int64), generate


@kernel
def send_whole(kind: int, descriptor: int, address: int, nbytes: int) -> int:
    """Send a message; 0, or the number of the error."""
    done = 0
    while done < nbytes:
        if kind == PIPE:
            moved = _write(descriptor, address + done, nbytes - done, 0)
        else:
            moved = send(descriptor, address + done, nbytes - done, MSG_NOSIGNAL)
        if moved < 0:
            error: int = last_error()
            if error != EINTR:
                return error
        elif kind == DATAGRAM and moved != nbytes:
            return SHORT
        else:
            done += moved
    return 0


@kernel
def receive_whole(kind: int, descriptor: int, address: int, nbytes: int, control: int) -> int:
    """Receive a message; 0, or the number of the error, SHORT or CUT_SHORT.

    Args:
        kind: STREAM, DATAGRAM or PIPE.
        descriptor: where from.
        address: where to; a datagram may be one byte longer, which tells that it is too long.
        nbytes: of the message.
        control: a socket whose other end is the process that sends. Datagrams do not tell of its
            end: where their socket has a time-out, this one is looked at each time.
    """
    done = 0
    while done < nbytes:
        if kind == PIPE:
            moved = _read(descriptor, address + done, nbytes - done, 0)
        elif kind == DATAGRAM:
            moved = receive(descriptor, address, nbytes + 1, 0)
        else:
            moved = receive(descriptor, address + done, nbytes - done, 0)
        if moved < 0:
            error: int = last_error()
            if error == EAGAIN and kind == DATAGRAM:
                if is_over(control):
                    return CUT_SHORT
            elif error != EINTR:
                return error
        elif kind == DATAGRAM and moved != nbytes:
            return SHORT
        elif moved == 0:
            return CUT_SHORT
        else:
            done += moved
    return 0


__all__ = [
    "CUT_SHORT", "DATAGRAM", "EAGAIN", "EINTR", "ENOBUFS", "MSG_DONTWAIT", "MSG_ERRQUEUE",
    "MSG_NOSIGNAL", "MSG_ZEROCOPY", "PIPE", "POLLERR", "POLLIN", "SHORT", "STREAM",
    "is_over", "last_error", "receive", "receive_message", "receive_whole", "send", "send_whole",
    "wait_for",
]  # fmt: skip
