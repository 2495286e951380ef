"""What the operating system is asked for: a call, a switch, a thread, a process, a sleep, the time.

All by functions of the C library, in loops of compiled code, as a C program calls them.
"""

from __future__ import annotations

import time
from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils

from hwperf.kernels.atomic import external, now_ns
from hwperf.kernels.jit import kernel
from hwperf.kernels.llvm import address_of, intrinsic, output_address

_INT32, _INT64 = ir.IntType(32), ir.IntType(64)
_BYTE = ir.IntType(8)
_POINTER = _BYTE.as_pointer()

# A signal interrupts read, write and waitpid, which are then called again; so many times, in case
# that something else is wrong.
_TRIES = 100


def _null(kind: Any) -> Any:
    return ir.Constant(kind, None)


def _as_int64(builder: Any, value: Any) -> Any:
    return builder.sext(value, _INT64)


@intrinsic
def _getppid(typingctx):  # type: ignore[no-untyped-def]
    """``_getppid()``: the number of the parent process, for which the system is asked each time."""

    def generate(context, builder, signature, args):  # type: ignore[no-untyped-def]
        return _as_int64(builder, builder.call(external(builder, "getppid", _INT32, []), []))

    return types.int64(), generate


@kernel
def ask_for_parent(n: int, out: Any) -> None:
    """Ask for the number of the parent process *n* times: ``out[0]`` is the sum of the answers."""
    total = 0
    for _ in range(n):
        total += _getppid()
    out[0] = total


@intrinsic
def _clock_gettime(typingctx, address):  # type: ignore[no-untyped-def]
    """``_clock_gettime(address)``: write seconds and nanoseconds of the monotonic clock there."""
    number = ir.Constant(_INT32, time.CLOCK_MONOTONIC)

    def generate(context, builder, signature, args):  # type: ignore[no-untyped-def]
        words = _INT64.as_pointer()
        function = external(builder, "clock_gettime", _INT32, [_INT32, words])
        builder.call(function, [number, builder.inttoptr(args[0], words)])
        return context.get_dummy_value()

    return types.void(types.intp), generate


@kernel
def read_clock(readings: Any) -> None:
    """Read the clock into each row of *readings*: int64 seconds and nanoseconds, shape (n, 2).

    They stay as the system writes them: a conversion would cost a twentieth of the reading.
    """
    address = output_address(readings)
    for i in range(readings.shape[0]):
        _clock_gettime(address + 16 * i)


@intrinsic
def _nanosleep(typingctx, address):  # type: ignore[no-untyped-def]
    """``_nanosleep(address)``: sleep as long as the seconds and nanoseconds there; 0 if done."""

    def generate(context, builder, signature, args):  # type: ignore[no-untyped-def]
        function = external(builder, "nanosleep", _INT32, [_POINTER, _POINTER])
        wanted = builder.inttoptr(args[0], _POINTER)
        return _as_int64(builder, builder.call(function, [wanted, _null(_POINTER)]))

    return types.int64(types.intp), generate


@kernel
def sleep(n: int, wanted: Any, out: Any) -> None:
    """Sleep *n* times; ``out[0]`` is how often that was done to the end.

    Args:
        n: number of sleeps.
        wanted: int64 seconds and nanoseconds of one.
        out: int64 array.
    """
    done = 0
    for _ in range(n):
        if _nanosleep(address_of(wanted)) == 0:
            done += 1
    out[0] = done


def _thread_function(module: Any) -> Any:
    """Return what a new thread runs: it adds 1 to the int64 that it is given, and returns."""
    kind = ir.FunctionType(_POINTER, [_POINTER])
    function = ir.Function(module, kind, module.get_unique_name("thread"))
    function.linkage = "internal"
    inside = ir.IRBuilder(function.append_basic_block())
    counter = inside.bitcast(function.args[0], _INT64.as_pointer())
    inside.store(inside.add(inside.load(counter), ir.Constant(_INT64, 1)), counter)
    inside.ret(_null(_POINTER))
    return function


@intrinsic
def _run_thread(typingctx, address):  # type: ignore[no-untyped-def]
    """``_run_thread(address)``: start a thread that adds 1 to the int64 there, and wait for it."""

    def generate(context, builder, signature, args):  # type: ignore[no-untyped-def]
        function = _thread_function(builder.module)
        thread = cgutils.alloca_once(builder, _INT64)  # pthread_t: a word on Linux and macOS.
        create = external(
            builder,
            "pthread_create",
            _INT32,
            [thread.type, _POINTER, function.type, _POINTER],
        )
        join = external(builder, "pthread_join", _INT32, [_INT64, _POINTER])
        counter = builder.inttoptr(args[0], _POINTER)
        error = builder.call(create, [thread, _null(_POINTER), function, counter])
        with builder.if_then(builder.icmp_signed("==", error, ir.Constant(_INT32, 0))):
            builder.call(join, [builder.load(thread), _null(_POINTER)])
        return context.get_dummy_value()

    return types.void(types.intp), generate


@kernel
def start_threads(n: int, out: Any) -> None:
    """Start a thread and wait for its end, *n* times; ``out[0]`` is how many have run."""
    out[0] = 0
    for _ in range(n):
        _run_thread(output_address(out))


@intrinsic
def _run_process(typingctx, path, arguments, environment):  # type: ignore[no-untyped-def]
    """``_run_process(path, arguments, environment)``: start a program and wait for its end.

    All three are addresses: of a string, and of two lists of addresses of strings, ended by 0.
    Returns 1 if it ended with the exit status 0.
    """

    def generate(context, builder, signature, args):  # type: ignore[no-untyped-def]
        process = cgutils.alloca_once(builder, _INT32)
        status = cgutils.alloca_once(builder, _INT32)
        ended_well = cgutils.alloca_once_value(builder, ir.Constant(_INT64, 0))
        spawn = external(builder, "posix_spawn", _INT32, [process.type, *[_POINTER] * 5])
        wait = external(builder, "waitpid", _INT32, [_INT32, status.type, _INT32])
        zero = ir.Constant(_INT32, 0)
        path, arguments, environment = (builder.inttoptr(arg, _POINTER) for arg in args)
        null = _null(_POINTER)
        error = builder.call(spawn, [process, path, null, null, arguments, environment])
        with builder.if_then(builder.icmp_signed("==", error, zero)):
            number = builder.load(process)
            with cgutils.for_range(builder, ir.Constant(_INT64, _TRIES)) as loop:
                waited = builder.call(wait, [number, status, zero])
                with builder.if_then(builder.icmp_signed("==", waited, number)):
                    is_zero = builder.icmp_signed("==", builder.load(status), zero)
                    builder.store(builder.zext(is_zero, _INT64), ended_well)
                    loop.do_break()
        return builder.load(ended_well)

    return types.int64(types.intp, types.intp, types.intp), generate


@kernel
def start_processes(n: int, path: Any, arguments: Any, environment: Any, out: Any) -> None:
    """Start a program and wait for its end, *n* times; ``out[0]`` is how many ended with 0.

    Args:
        n: how many.
        path: bytes of the program's absolute path, ended by 0.
        arguments: int64 array of the addresses of its arguments' bytes, ended by 0.
        environment: likewise, of its environment.
        out: int64 array.
    """
    done = 0
    for _ in range(n):
        done += _run_process(address_of(path), address_of(arguments), address_of(environment))
    out[0] = done


@intrinsic
def _receive(typingctx, descriptor):  # type: ignore[no-untyped-def]
    """``_receive(descriptor)``: read one byte; -1 where there is none any more."""

    def generate(context, builder, signature, args):  # type: ignore[no-untyped-def]
        return _transferred(builder, "read", args[0], cgutils.alloca_once(builder, _BYTE))

    return types.int64(types.int64), generate


@intrinsic
def _send(typingctx, descriptor, value):  # type: ignore[no-untyped-def]
    """``_send(descriptor, value)``: write one byte; *value*, or -1 where nobody reads any more."""

    def generate(context, builder, signature, args):  # type: ignore[no-untyped-def]
        byte = cgutils.alloca_once(builder, _BYTE)
        builder.store(builder.trunc(args[1], _BYTE), byte)
        return _transferred(builder, "write", args[0], byte)

    return types.int64(types.int64, types.int64), generate


def _transferred(builder: Any, name: str, descriptor: Any, byte: Any) -> Any:
    """Emit ``read`` or ``write`` of one byte until it is done; return the byte, or -1."""
    function = external(builder, name, _INT64, [_INT32, _POINTER, _INT64])
    result = cgutils.alloca_once_value(builder, ir.Constant(_INT64, -1))
    one = ir.Constant(_INT64, 1)
    arguments = [builder.trunc(descriptor, _INT32), byte, one]
    with cgutils.for_range(builder, ir.Constant(_INT64, _TRIES)) as loop:
        count = builder.call(function, arguments)
        with builder.if_then(builder.icmp_signed("==", count, one)):
            builder.store(builder.zext(builder.load(byte), _INT64), result)
        with builder.if_then(builder.icmp_signed(">=", count, ir.Constant(_INT64, 0))):
            loop.do_break()
    return builder.load(result)


@kernel
def ping(n: int, there: int, back: int, out: Any) -> int:
    """Send a byte and wait for the next higher one, *n* times and once before.

    The first round trip waits for the other side to come, and is not counted. A thread runs it
    beside one that runs :func:`pong`.

    Args:
        n: round trips.
        there: descriptor to write to, which :func:`pong` reads from.
        back: descriptor to read from.
        out: int64 array: ``out[0]`` is how many of the *n* answers were right.

    Returns:
        The nanoseconds of the *n* round trips.
    """
    right, begin = 0, now_ns()
    for i in range(n + 1):
        if i == 1:
            right, begin = 0, now_ns()
        sent = _send(there, i & 127)
        if sent >= 0 and _receive(back) == sent + 1:
            right += 1
    elapsed: int = now_ns() - begin
    out[0] = right
    return elapsed


@kernel
def pong(there: int, back: int) -> None:
    """Answer every byte from *there* by the next higher one into *back*, until there is none."""
    received = _receive(there)
    while received >= 0 and _send(back, received + 1) >= 0:
        received = _receive(there)
