"""A second process that runs compiled code and nothing else: a copy of this one, and its end.

The copy is made within compiled code and never returns to Python, so that nothing of the
interpreter, and no lock that another thread held, matters to it. It is there at once, as all that
it needs is loaded already.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils

from hwperf.kernels.atomic import external
from hwperf.kernels.jit import kernel
from hwperf.kernels.llvm import address_of, intrinsic

_INT32, _INT64 = ir.IntType(32), ir.IntType(64)
_BYTE = ir.IntType(8).as_pointer()

MASK_WORDS = 128  # Of 64 CPUs each: more than Linux can be built for (CONFIG_NR_CPUS, 8192).

# Linux: include/uapi/linux/prctl.h and asm-generic/signal.h.
_PR_SET_PDEATHSIG, _SIGKILL = 1, 9
_SIGNALS = (2, 15)  # SIGINT, SIGTERM: Python's own handlers would only take note of them.
# struct rusage: two struct timeval, then ru_maxrss and so on; ru_nivcsw is the last one.
_RUSAGE_WORDS, _NIVCSW = 18, 17


def _call(builder: Any, name: str, given: list[Any]) -> Any:
    """Emit a call of a C function of ints that returns an int."""
    kinds = [value.type for value in given]
    return builder.sext(builder.call(external(builder, name, _INT32, kinds), given), _INT64)


@intrinsic
def fork(typingctx):  # type: ignore[no-untyped-def]
    """``fork()``: the number of the copy, 0 in the copy, or -1."""

    def generate(context, builder, signature, args):  # type: ignore[no-untyped-def]
        return _call(builder, "fork", [])

    return types.int64(), generate


@intrinsic
def leave(typingctx, status):  # type: ignore[no-untyped-def]
    """``leave(status)``: end this process at once, and run nothing that was put off to its end."""

    def generate(context, builder, signature, args):  # type: ignore[no-untyped-def]
        function = external(builder, "_exit", ir.VoidType(), [_INT32])
        builder.call(function, [builder.trunc(args[0], _INT32)])
        return context.get_dummy_value()

    return types.void(types.int64), generate


@intrinsic
def _settle(typingctx, parent, mask, nbytes):  # type: ignore[no-untyped-def]
    """``_settle(parent, mask, nbytes)``: whether the process will end with its parent."""

    def generate(context, builder, signature, args):  # type: ignore[no-untyped-def]
        zero, nothing = ir.Constant(_INT32, 0), ir.Constant(_BYTE, None)
        parent, mask, nbytes = args
        words = [ir.Constant(_INT64, value) for value in (_SIGKILL, 0, 0, 0)]
        prctl = external(builder, "prctl", _INT32, [_INT32, *[_INT64] * 4])
        builder.call(prctl, [ir.Constant(_INT32, _PR_SET_PDEATHSIG), *words])
        for number in _SIGNALS:
            handle = external(builder, "signal", _BYTE, [_INT32, _BYTE])
            builder.call(handle, [ir.Constant(_INT32, number), nothing])
        _call(builder, "setpgid", [zero, zero])
        pin = external(builder, "sched_setaffinity", _INT32, [_INT32, _INT64, _BYTE])
        with builder.if_then(builder.icmp_signed(">", nbytes, ir.Constant(_INT64, 0))):
            builder.call(pin, [zero, nbytes, builder.inttoptr(mask, _BYTE)])
        # It may have ended before it was asked to take this one along.
        is_there = builder.icmp_signed("==", _call(builder, "getppid", []), parent)
        return context.cast(builder, is_there, types.boolean, signature.return_type)

    return types.boolean(types.int64, types.intp, types.int64), generate


@intrinsic
def shut(typingctx, descriptor):  # type: ignore[no-untyped-def]
    """``shut(descriptor)``: close it."""

    def generate(context, builder, signature, args):  # type: ignore[no-untyped-def]
        return _call(builder, "close", [builder.trunc(args[0], _INT32)])

    return types.int64(types.int64), generate


@intrinsic
def switches(typingctx):  # type: ignore[no-untyped-def]
    """``switches()``: how often the scheduler has taken the core away from this process."""

    def generate(context, builder, signature, args):  # type: ignore[no-untyped-def]
        usage = cgutils.alloca_once(builder, ir.ArrayType(_INT64, _RUSAGE_WORDS))
        function = external(builder, "getrusage", _INT32, [_INT32, _BYTE])
        builder.call(function, [ir.Constant(_INT32, 0), builder.bitcast(usage, _BYTE)])
        first = builder.bitcast(usage, _INT64.as_pointer())
        return builder.load(builder.gep(first, [ir.Constant(_INT32, _NIVCSW)]))

    return types.int64(), generate


@kernel
def settle(parent: int, mask: Any, unwanted: Any) -> None:
    """Make the copy a process of its own, that ends with its parent; or end at once.

    It leads a group of its own, so that what is typed at a terminal reaches the parent alone.

    Args:
        parent: the number of the process that made it.
        mask: int64 array, a bit for each CPU that it may run on; empty for all.
        unwanted: int64 array of descriptors that are the parent's alone.
    """
    if not _settle(parent, address_of(mask), 8 * mask.size):
        leave(1)
    for i in range(unwanted.size):
        shut(unwanted[i])
