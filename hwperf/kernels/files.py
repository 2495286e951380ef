"""Many small files: made, looked at, renamed and removed, in loops of compiled code.

All by functions of the C library that take a name in a directory that is open, as tools that
handle many files call them.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import types

from hwperf.kernels.atomic import external
from hwperf.kernels.jit import kernel
from hwperf.kernels.llvm import address_of, intrinsic, load_word

_INT32, _INT64 = ir.IntType(32), ir.IntType(64)
_BYTE = ir.IntType(8).as_pointer()

NAME_BYTES = 16
"""Bytes between two names in an array of them, each with a zero behind it."""

# O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, and statx's numbers: Linux, asm-generic/fcntl.h and
# linux/stat.h (x86-64 and aarch64 alike).
_CREATE = 0o100 | 0o200 | 0o1 | 0o2000000
_MODE = 0o600
_STATX_BASIC = 0x7FF
_INODE = 32  # Offset of stx_ino in struct statx.
STATX_WORDS = 32


def _c_function(name: str, arguments: list[Any]):  # type: ignore[no-untyped-def]
    """Return the generator of a call of the C function *name*, which returns an int."""

    def generate(context, builder, signature, args):  # type: ignore[no-untyped-def]
        function = external(builder, name, _INT32, arguments)
        given = [
            builder.inttoptr(arg, _BYTE) if kind == _BYTE else builder.trunc(arg, _INT32)
            for arg, kind in zip(args, arguments, strict=True)
        ]
        return builder.sext(builder.call(function, given), _INT64)

    return generate


@intrinsic
def _openat(typingctx, directory, name, flags, mode):  # type: ignore[no-untyped-def]
    """``_openat(directory, name, flags, mode)``: a descriptor, or -1."""

    def generate(context, builder, signature, args):  # type: ignore[no-untyped-def]
        known = builder.module.globals.get("openat")
        # Variadic, as <fcntl.h> has it: some systems pass such arguments elsewhere.
        kind = ir.FunctionType(_INT32, [_INT32, _BYTE, _INT32], var_arg=True)
        function = known or ir.Function(builder.module, kind, "openat")
        directory, name, flags, mode = args
        given = [
            builder.trunc(directory, _INT32),
            builder.inttoptr(name, _BYTE),
            builder.trunc(flags, _INT32),
            builder.trunc(mode, _INT32),
        ]
        return builder.sext(builder.call(function, given), _INT64)

    return types.int64(types.int64, types.intp, types.int64, types.int64), generate


@intrinsic
def _close(typingctx, descriptor):  # type: ignore[no-untyped-def]
    """``_close(descriptor)``: 0, or -1."""
    return types.int64(types.int64), _c_function("close", [_INT32])


@intrinsic
def _unlinkat(typingctx, directory, name, flags):  # type: ignore[no-untyped-def]
    """``_unlinkat(directory, name, flags)``: 0, or -1."""
    signature = types.int64(types.int64, types.intp, types.int64)
    return signature, _c_function("unlinkat", [_INT32, _BYTE, _INT32])


@intrinsic
def _renameat(typingctx, directory, name, other, new_name):  # type: ignore[no-untyped-def]
    """``_renameat(directory, name, other, new_name)``: 0, or -1."""
    signature = types.int64(types.int64, types.intp, types.int64, types.intp)
    return signature, _c_function("renameat", [_INT32, _BYTE, _INT32, _BYTE])


@intrinsic
def _statx(typingctx, directory, name, flags, mask, place):  # type: ignore[no-untyped-def]
    """``_statx(directory, name, flags, mask, place)``: 0, or -1; the answer is at *place*."""
    signature = types.int64(types.int64, types.intp, types.int64, types.int64, types.intp)
    return signature, _c_function("statx", [_INT32, _BYTE, _INT32, _INT32, _BYTE])


@kernel
def create(directory: int, names: Any, n: int) -> int:
    """Make *n* empty files in the directory; return how many could be made before one could not."""
    place = address_of(names)
    for i in range(n):
        descriptor = _openat(directory, place + i * NAME_BYTES, _CREATE, _MODE)
        if descriptor < 0:
            return i
        if _close(descriptor) != 0:
            return i
    return n


@kernel
def look(directory: int, names: Any, n: int, answer: Any, inodes: Any) -> int:
    """Ask for the status of *n* files; return how many answered before one did not.

    Args:
        directory: descriptor of it.
        names: uint8, NAME_BYTES each.
        n: how many.
        answer: int64 of STATX_WORDS: room for one answer.
        inodes: int64 of *n*, filled with the number of each file.
    """
    place, room = address_of(names), address_of(answer)
    for i in range(n):
        if _statx(directory, place + i * NAME_BYTES, 0, _STATX_BASIC, room) != 0:
            return i
        inodes[i] = load_word(room + _INODE)
    return n


@kernel
def rename(directory: int, names: Any, new_names: Any, n: int) -> int:
    """Give *n* files their new names; return how many took theirs before one did not."""
    place, new_place = address_of(names), address_of(new_names)
    for i in range(n):
        offset = i * NAME_BYTES
        if _renameat(directory, place + offset, directory, new_place + offset) != 0:
            return i
    return n


@kernel
def unlink(directory: int, names: Any, n: int) -> int:
    """Remove *n* files; return how many went before one did not."""
    place = address_of(names)
    for i in range(n):
        if _unlinkat(directory, place + i * NAME_BYTES, 0) != 0:
            return i
    return n
