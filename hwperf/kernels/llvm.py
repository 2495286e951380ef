"""The scalar operations that a kernel must mean exactly, as numba intrinsics.

Addresses are byte addresses held in ``intp``: a load is then one instruction with no index
arithmetic and no bounds check. A kernel checks its arrays once, at its start.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from llvmlite import ir
from numba import types
from numba.core.errors import TypingError
from numba.extending import intrinsic as numba_intrinsic

_INT64 = ir.IntType(64)


def intrinsic(function: Callable[..., Any]) -> Any:
    """Turn *function* into a numba intrinsic whose constant arguments are known while typing."""
    return numba_intrinsic(prefer_literal=True)(function)


def literal(argument: Any, name: str) -> Any:
    """Return the value of the constant *argument* of an intrinsic.

    Raises:
        TypingError: if *argument* is not a constant of the kernel.
    """
    value = getattr(argument, "literal_value", None)
    if value is None:
        raise TypingError(
            f"{name} must be a constant of the kernel, got a value of type {argument}"
        )
    return value


def _address(context, builder, signature, args):  # type: ignore[no-untyped-def]
    data = context.make_array(signature.args[0])(context, builder, args[0]).data
    return builder.ptrtoint(data, _INT64)


def _require_contiguous(array: Any) -> None:
    if not isinstance(array, types.Array) or array.layout != "C":
        raise TypingError(f"expected a C-contiguous array, got {array}")


@intrinsic
def address_of(typingctx, array):  # type: ignore[no-untyped-def]
    """``address_of(array)``: the address of the first element of a C-contiguous array."""
    _require_contiguous(array)
    return types.intp(array), _address


@intrinsic
def output_address(typingctx, array):  # type: ignore[no-untyped-def]
    """``output_address(array)``: as :func:`address_of`, of an array that may be written."""
    _require_contiguous(array)
    if not array.mutable:
        raise TypingError("expected an array that may be written, got a read-only one")
    return types.intp(array), _address


@intrinsic
def load_word(typingctx, address):  # type: ignore[no-untyped-def]
    """``load_word(address)``: the int64 at *address*, at any alignment; one plain load."""

    def generate(context, builder, signature, args):  # type: ignore[no-untyped-def]
        return builder.load(builder.inttoptr(args[0], _INT64.as_pointer()), align=1)

    return types.int64(types.intp), generate


@intrinsic
def store_word(typingctx, address, value):  # type: ignore[no-untyped-def]
    """``store_word(address, value)``: write the int64 *value* at *address*, at any alignment."""

    def generate(context, builder, signature, args):  # type: ignore[no-untyped-def]
        builder.store(args[1], builder.inttoptr(args[0], _INT64.as_pointer()), align=1)
        return context.get_dummy_value()

    return types.void(types.intp, types.int64), generate


def hold(builder: Any) -> None:
    """Emit a point that no memory access crosses; no instruction."""
    nothing = ir.FunctionType(ir.VoidType(), [])
    builder.asm(nothing, "", "~{memory}", [], side_effect=True)


@intrinsic
def barrier(typingctx):  # type: ignore[no-untyped-def]
    """``barrier()``: no memory access moves across, none before it may be dropped; no instruction.

    LLVM must take it that any memory was read and written here, so a pass over an array that
    stands between two barriers is made each time.
    """

    def generate(context, builder, signature, args):  # type: ignore[no-untyped-def]
        hold(builder)
        return context.get_dummy_value()

    return types.void(), generate


def hide(builder: Any, value: Any) -> Any:
    """Emit *value* (an int64) as something of which LLVM knows nothing; no instruction."""
    kind = ir.FunctionType(_INT64, [_INT64])
    return builder.asm(kind, "", "=r,0", [value], side_effect=False)


@intrinsic
def opaque(typingctx, value):  # type: ignore[no-untyped-def]
    """``opaque(value)``: the int64 *value* in a register, of which LLVM knows nothing.

    It keeps a chain of additions from being folded into one, and a constant from becoming an
    immediate operand. No instruction, on any processor.
    """

    def generate(context, builder, signature, args):  # type: ignore[no-untyped-def]
        return hide(builder, args[0])

    return types.int64(types.int64), generate


@intrinsic
def sink(typingctx, value):  # type: ignore[no-untyped-def]
    """``sink(value)``: use the int64 *value*, so that what computed it is not deleted."""

    def generate(context, builder, signature, args):  # type: ignore[no-untyped-def]
        kind = ir.FunctionType(ir.VoidType(), [_INT64])
        builder.asm(kind, "", "r", [args[0]], side_effect=True)
        return context.get_dummy_value()

    return types.void(types.int64), generate


@intrinsic
def high_product(typingctx, a, b):  # type: ignore[no-untyped-def]
    """``high_product(a, b)``: the upper 64 bits of the product of two uint64.

    With *a* uniform over uint64 it is uniform over 0 ... b - 1, at one multiplication.

    Source: Lemire (2019), "Fast random integer generation in an interval".
    """

    def generate(context, builder, signature, args):  # type: ignore[no-untyped-def]
        wide = ir.IntType(128)
        product = builder.mul(builder.zext(args[0], wide), builder.zext(args[1], wide))
        return builder.trunc(builder.lshr(product, ir.Constant(wide, 64)), _INT64)

    return types.uint64(types.uint64, types.uint64), generate
