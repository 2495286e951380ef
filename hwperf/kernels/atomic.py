"""What threads meet on: atomic words, a line thrown out of the caches, a spin hint, a clock.

Addresses are byte addresses held in ``intp``, of words of 8 bytes at multiples of 8.
"""

from __future__ import annotations

from typing import Any

from llvmlite import binding, ir
from numba import types
from numba.core import cgutils

from hwperf.kernels.llvm import hold, intrinsic

_INT64 = ir.IntType(64)
_INT32 = ir.IntType(32)
# clock_gettime's CLOCK_MONOTONIC: Linux, include/uapi/linux/time.h; macOS, <time.h>.
_MONOTONIC = {"linux": 1, "darwin": 6}


def word_pointer(builder: Any, address: Any) -> Any:
    """Return *address* as a pointer to a word."""
    return builder.inttoptr(address, _INT64.as_pointer())


def external(builder: Any, name: str, result: Any, arguments: list[Any]) -> Any:
    """Return the C function *name* of this process, declared in the module being built."""
    known = builder.module.globals.get(name)
    return known or ir.Function(builder.module, ir.FunctionType(result, arguments), name)


@intrinsic
def atomic_load(typingctx, address):  # type: ignore[no-untyped-def]
    """``atomic_load(address)``: the word, with all that was written before it was (acquire)."""

    def generate(context, builder, signature, args):  # type: ignore[no-untyped-def]
        return builder.load_atomic(word_pointer(builder, args[0]), "acquire", 8)

    return types.int64(types.intp), generate


@intrinsic
def atomic_store(typingctx, address, value):  # type: ignore[no-untyped-def]
    """``atomic_store(address, value)``: write the word after all that was written (release)."""

    def generate(context, builder, signature, args):  # type: ignore[no-untyped-def]
        builder.store_atomic(args[1], word_pointer(builder, args[0]), "release", 8)
        return context.get_dummy_value()

    return types.void(types.intp, types.int64), generate


@intrinsic
def atomic_add(typingctx, address, value):  # type: ignore[no-untyped-def]
    """``atomic_add(address, value)``: add to the word in one step; the word before.

    lock xadd on x86-64; ldaddal, or a loop of ldaxr and stlxr, on aarch64.
    """

    def generate(context, builder, signature, args):  # type: ignore[no-untyped-def]
        return builder.atomic_rmw("add", word_pointer(builder, args[0]), args[1], "seq_cst")

    return types.int64(types.intp, types.int64), generate


@intrinsic
def compare_exchange(typingctx, address, expected, value):  # type: ignore[no-untyped-def]
    """``compare_exchange(address, expected, value)``: write *value* if the word is *expected*.

    Returns whether it was. lock cmpxchg on x86-64; casal, or a loop, on aarch64.
    """

    def generate(context, builder, signature, args):  # type: ignore[no-untyped-def]
        pointer = word_pointer(builder, args[0])
        found = builder.cmpxchg(pointer, args[1], args[2], "seq_cst", "seq_cst")
        return context.cast(
            builder, builder.extract_value(found, 1), types.boolean, signature.return_type
        )

    return types.boolean(types.intp, types.int64, types.int64), generate


@intrinsic
def increment(typingctx, address):  # type: ignore[no-untyped-def]
    """``increment(address)``: load the word, add 1, store it; made each time, in memory.

    One instruction with a memory operand on x86-64, and not atomic.
    """

    def generate(context, builder, signature, args):  # type: ignore[no-untyped-def]
        pointer = word_pointer(builder, args[0])
        builder.store(builder.add(builder.load(pointer), ir.Constant(_INT64, 1)), pointer)
        hold(builder)
        return context.get_dummy_value()

    return types.void(types.intp), generate


def _machine(builder: Any) -> str:
    return str(builder.module.triple).partition("-")[0]


@intrinsic
def pause(typingctx):  # type: ignore[no-untyped-def]
    """``pause()``: tell the core that it waits in a loop: pause on x86-64, isb on aarch64.

    On Arm's server cores yield does nothing, and isb waits about as long as pause does.
    """

    def generate(context, builder, signature, args):  # type: ignore[no-untyped-def]
        if _machine(builder) == "x86_64":
            builder.call(external(builder, "llvm.x86.sse2.pause", ir.VoidType(), []), [])
        elif _machine(builder) == "aarch64":
            wait = external(builder, "llvm.aarch64.isb", ir.VoidType(), [_INT32])
            builder.call(wait, [ir.Constant(_INT32, 15)])  # 15: SY, the only kind there is
        return context.get_dummy_value()

    return types.void(), generate


@intrinsic
def flush_line(typingctx, address):  # type: ignore[no-untyped-def]
    """``flush_line(address)``: write the line back and out of every cache, on every core.

    clflush on x86-64, dc civac on aarch64; done for certain after :func:`full_fence`.
    """

    def generate(context, builder, signature, args):  # type: ignore[no-untyped-def]
        byte = ir.IntType(8).as_pointer()
        if _machine(builder) == "x86_64":
            flush = external(builder, "llvm.x86.sse2.clflush", ir.VoidType(), [byte])
            builder.call(flush, [builder.inttoptr(args[0], byte)])
        elif _machine(builder) == "aarch64":
            # LLVM has no intrinsic for it, and reads assembly only where its parser is loaded.
            binding.initialize_native_asmparser()
            kind = ir.FunctionType(ir.VoidType(), [_INT64])
            builder.asm(kind, "dc civac, $0", "r,~{memory}", [args[0]], side_effect=True)
        return context.get_dummy_value()

    return types.void(types.intp), generate


@intrinsic
def full_fence(typingctx):  # type: ignore[no-untyped-def]
    """``full_fence()``: everything before it is done, and seen by all, before anything after it."""

    def generate(context, builder, signature, args):  # type: ignore[no-untyped-def]
        builder.fence("seq_cst")
        return context.get_dummy_value()

    return types.void(), generate


@intrinsic
def now_ns(typingctx):  # type: ignore[no-untyped-def]
    """``now_ns()``: nanoseconds since some moment, by the C library's clock_gettime.

    The same clock as Python's ``time.monotonic`` and, on Linux, ``time.perf_counter``.
    """

    def generate(context, builder, signature, args):  # type: ignore[no-untyped-def]
        number = _MONOTONIC["darwin" if "darwin" in builder.module.triple else "linux"]
        pair = cgutils.alloca_once(builder, ir.ArrayType(_INT64, 2))
        first = builder.bitcast(pair, _INT64.as_pointer())
        clock = external(builder, "clock_gettime", _INT32, [_INT32, _INT64.as_pointer()])
        builder.call(clock, [ir.Constant(_INT32, number), first])
        seconds = builder.load(first)
        rest = builder.load(builder.gep(first, [ir.Constant(_INT64, 1)]))
        return builder.add(builder.mul(seconds, ir.Constant(_INT64, 10**9)), rest)

    return types.int64(), generate


@intrinsic
def give_way(typingctx):  # type: ignore[no-untyped-def]
    """``give_way()``: let another thread have the core, by the C library's sched_yield."""

    def generate(context, builder, signature, args):  # type: ignore[no-untyped-def]
        builder.call(external(builder, "sched_yield", _INT32, []), [])
        return context.get_dummy_value()

    return types.void(), generate
