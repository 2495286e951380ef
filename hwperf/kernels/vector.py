"""Vectors of a given width as values inside a kernel, with loads, stores and arithmetic.

``load_f64(address, width)`` loads one vector; *width* is a constant of the kernel: a number of
bytes or a :class:`Width`. LLVM carries out a vector of several times the processor's width as so
many operations on as many registers, which is how a kernel writes out several vectors per turn of
a loop: see :func:`several`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from llvmlite import ir
from numba import types
from numba.core.errors import TypingError
from numba.core.imputils import lower_constant
from numba.extending import models, register_model, typeof_impl

from hwperf.kernels.llvm import intrinsic, literal
from hwperf.kernels.target import native_width_bytes

# One SSE2 or NEON register to eight AVX-512 registers.
WIDTHS_BYTES = (16, 32, 64, 128, 256, 512)
# Arrays start on a cache line: 64 B on x86-64 and most Arm cores.
LINE_BYTES = 64
_BITS = {types.float64: 64, types.float32: 32, types.int64: 64}


@dataclass(frozen=True)
class Width:
    """A vector width that belongs to the machine, not to the kernel's text.

    An int in a kernel is part of what the kernel is; this is not: the same kernel, with the same
    version, runs 32 B wide on one machine and 64 B wide on another.
    """

    nbytes: int


NATIVE = Width(native_width_bytes())


def several(n: int, width: Width) -> Width:
    """Return the width of *n* vectors of *width*: one value, *n* registers."""
    return Width(n * width.nbytes)


class _WidthType(types.Opaque):  # type: ignore[misc]
    def __init__(self, nbytes: int) -> None:
        self.literal_value = nbytes
        super().__init__(name=f"Width({nbytes})")


register_model(_WidthType)(models.OpaqueModel)


def _typeof_width(value: Width, context: Any) -> _WidthType:
    return _WidthType(value.nbytes)


def _lower_width(context: Any, builder: Any, kind: Any, value: Any) -> Any:
    return context.get_dummy_value()


typeof_impl.register(Width)(_typeof_width)
lower_constant(_WidthType)(_lower_width)


class Vector(types.Type):  # type: ignore[misc]
    """The numba type of a vector of *n_lanes* elements of *dtype*."""

    def __init__(self, dtype: Any, n_lanes: int) -> None:
        self.dtype = dtype
        self.n_lanes = n_lanes
        super().__init__(name=f"Vector({dtype} x {n_lanes})")


@register_model(Vector)
class _VectorModel(models.PrimitiveModel):  # type: ignore[misc]
    def __init__(self, dmm: Any, fe_type: Vector) -> None:
        lane = dmm.lookup(fe_type.dtype).get_value_type()
        super().__init__(dmm, fe_type, ir.VectorType(lane, fe_type.n_lanes))


def _vector_type(dtype: Any, width: Any) -> Vector:
    nbytes = literal(width, "width")
    if nbytes not in WIDTHS_BYTES:
        raise TypingError(f"width={nbytes} bytes is no vector width; use one of {WIDTHS_BYTES}")
    return Vector(dtype, nbytes * 8 // _BITS[dtype])


def _alignment(vector: Vector) -> int:
    return min(vector.n_lanes * _BITS[vector.dtype] // 8, LINE_BYTES)


def _require_vector(*vectors: Any) -> None:
    if not all(isinstance(vector, Vector) and vector == vectors[0] for vector in vectors):
        raise TypingError(f"expected vectors of one type, got {', '.join(map(str, vectors))}")


def _pointer(context: Any, builder: Any, address: Any, vector: Vector) -> Any:
    return builder.inttoptr(address, context.get_value_type(vector).as_pointer())


@intrinsic
def size_of(typingctx, width):  # type: ignore[no-untyped-def]
    """``size_of(width)``: the number of bytes of *width*, a constant to LLVM."""
    nbytes = literal(width, "width")

    def generate(context, builder, signature, args):  # type: ignore[no-untyped-def]
        return ir.Constant(ir.IntType(64), nbytes)

    return types.intp(width), generate


def _load(dtype: Any, is_aligned: bool) -> Any:
    def load(typingctx, address, width):  # type: ignore[no-untyped-def]
        vector = _vector_type(dtype, width)
        align = _alignment(vector) if is_aligned else 1

        def generate(context, builder, signature, args):  # type: ignore[no-untyped-def]
            return builder.load(_pointer(context, builder, args[0], vector), align=align)

        return vector(types.intp, width), generate

    load.__doc__ = f"One vector of {dtype} from *address*, {'' if is_aligned else 'un'}aligned."
    return intrinsic(load)


# ``load_...(address, width)``: aligned to the width, at most 64 B; ``loadu_...``: at any address.
load_f64 = _load(types.float64, is_aligned=True)
load_f32 = _load(types.float32, is_aligned=True)
load_i64 = _load(types.int64, is_aligned=True)
loadu_f64 = _load(types.float64, is_aligned=False)
loadu_f32 = _load(types.float32, is_aligned=False)
loadu_i64 = _load(types.int64, is_aligned=False)


def _store(context: Any, builder: Any, signature: Any, args: Any, align: int) -> Any:
    return builder.store(
        args[1], _pointer(context, builder, args[0], signature.args[1]), align=align
    )


def _store_regular(context: Any, builder: Any, signature: Any, args: Any) -> Any:
    _store(context, builder, signature, args, _alignment(signature.args[1]))
    return context.get_dummy_value()


def _store_streaming(context: Any, builder: Any, signature: Any, args: Any) -> Any:
    instruction = _store(context, builder, signature, args, _alignment(signature.args[1]))
    hint = builder.module.add_metadata([ir.Constant(ir.IntType(32), 1)])
    instruction.set_metadata("nontemporal", hint)
    return context.get_dummy_value()


@intrinsic
def store(typingctx, address, vector):  # type: ignore[no-untyped-def]
    """``store(address, vector)``: a regular store, aligned to the width, at most 64 B."""
    _require_vector(vector)
    return types.void(types.intp, vector), _store_regular


@intrinsic
def storeu(typingctx, address, vector):  # type: ignore[no-untyped-def]
    """``storeu(address, vector)``: a regular store at any address."""
    _require_vector(vector)

    def generate(context, builder, signature, args):  # type: ignore[no-untyped-def]
        _store(context, builder, signature, args, 1)
        return context.get_dummy_value()

    return types.void(types.intp, vector), generate


@intrinsic
def stream_store(typingctx, address, vector):  # type: ignore[no-untyped-def]
    """``stream_store(address, vector)``: a non-temporal store, aligned as :func:`store`.

    movntpd / vmovntpd on x86-64 (SSE2 has it, so every x86-64 has), stnp on aarch64. Elsewhere
    the hint has no instruction and LLVM emits a regular store. Ordered by :func:`store_fence`.
    """
    _require_vector(vector)
    return types.void(types.intp, vector), _store_streaming


@intrinsic
def put(typingctx, address, vector, is_streaming):  # type: ignore[no-untyped-def]
    """``put(address, vector, is_streaming)``: one kind of store or the other, by a constant."""
    _require_vector(vector)
    generate = _store_streaming if literal(is_streaming, "is_streaming") else _store_regular
    return types.void(types.intp, vector, is_streaming), generate


@intrinsic
def store_fence(typingctx):  # type: ignore[no-untyped-def]
    """``store_fence()``: wait until the streaming stores before it are globally visible.

    sfence on x86-64, where only it orders non-temporal stores; dmb on aarch64.
    """

    def generate(context, builder, signature, args):  # type: ignore[no-untyped-def]
        if builder.module.triple.startswith("x86_64"):
            # LLVM's fences are no sfence on x86-64, as regular stores need none there.
            name = "llvm.x86.sse.sfence"
            function = builder.module.globals.get(name)
            if function is None:
                function = ir.Function(builder.module, ir.FunctionType(ir.VoidType(), []), name)
            builder.call(function, [])
        else:
            builder.fence("seq_cst")
        return context.get_dummy_value()

    return types.void(), generate


@intrinsic
def splat(typingctx, value, width):  # type: ignore[no-untyped-def]
    """``splat(value, width)``: a vector with *value* (f64, f32 or i64) in every lane."""
    dtype = types.unliteral(value)
    if dtype not in _BITS:
        raise TypingError(f"splat expects a float64, float32 or int64, got {value}")
    vector = _vector_type(dtype, width)

    def generate(context, builder, signature, args):  # type: ignore[no-untyped-def]
        result = ir.Constant(context.get_value_type(vector), ir.Undefined)
        for lane in range(vector.n_lanes):
            result = builder.insert_element(result, args[0], ir.Constant(ir.IntType(32), lane))
        return result

    return vector(dtype, width), generate


@intrinsic
def lane_numbers(typingctx, width):  # type: ignore[no-untyped-def]
    """``lane_numbers(width)``: the float64 vector 0, 1, 2, ..."""
    vector = _vector_type(types.float64, width)

    def generate(context, builder, signature, args):  # type: ignore[no-untyped-def]
        return ir.Constant(
            context.get_value_type(vector), [float(n) for n in range(vector.n_lanes)]
        )

    return vector(width), generate


def _same_bits(dtype: Any) -> Any:
    def same_bits(typingctx, vector):  # type: ignore[no-untyped-def]
        _require_vector(vector)
        result = Vector(dtype, vector.n_lanes * _BITS[vector.dtype] // _BITS[dtype])

        def generate(context, builder, signature, args):  # type: ignore[no-untyped-def]
            return builder.bitcast(args[0], context.get_value_type(result))

        return result(vector), generate

    same_bits.__doc__ = f"The bits of a vector as a vector of {dtype}; no instruction."
    return intrinsic(same_bits)


bits_f64 = _same_bits(types.float64)
bits_i64 = _same_bits(types.int64)


@intrinsic
def plus(typingctx, a, b):  # type: ignore[no-untyped-def]
    """``plus(a, b)``: the sum of two vectors, lane by lane; integers wrap around."""
    _require_vector(a, b)

    def generate(context, builder, signature, args):  # type: ignore[no-untyped-def]
        return builder.add(*args) if a.dtype == types.int64 else builder.fadd(*args)

    return a(a, b), generate


@intrinsic
def times(typingctx, a, b):  # type: ignore[no-untyped-def]
    """``times(a, b)``: the product of two vectors, lane by lane; integers wrap around."""
    _require_vector(a, b)

    def generate(context, builder, signature, args):  # type: ignore[no-untyped-def]
        return builder.mul(*args) if a.dtype == types.int64 else builder.fmul(*args)

    return a(a, b), generate


@intrinsic
def fma(typingctx, a, b, c):  # type: ignore[no-untyped-def]
    """``fma(a, b, c)``: ``a * b + c`` of three floating-point vectors, rounded once.

    A processor without the instruction gets a call of libm's fma per lane: exact, and slow.
    """
    _require_vector(a, b, c)
    if a.dtype == types.int64:
        raise TypingError("fma expects vectors of float64 or float32, got int64")

    def generate(context, builder, signature, args):  # type: ignore[no-untyped-def]
        kind = context.get_value_type(a)
        # llvmlite's declare_intrinsic does not know vector types: declare it by its full name.
        name = f"llvm.fma.v{a.n_lanes}f{_BITS[a.dtype]}"
        function = builder.module.globals.get(name)
        if function is None:
            function = ir.Function(builder.module, ir.FunctionType(kind, [kind] * 3), name)
        return builder.call(function, args)

    return a(a, b, c), generate


@intrinsic
def sum_lanes(typingctx, vector):  # type: ignore[no-untyped-def]
    """``sum_lanes(vector)``: the sum of its lanes, from the first to the last."""
    _require_vector(vector)

    def generate(context, builder, signature, args):  # type: ignore[no-untyped-def]
        plus = builder.add if vector.dtype == types.int64 else builder.fadd
        lanes = [
            builder.extract_element(args[0], ir.Constant(ir.IntType(32), lane))
            for lane in range(vector.n_lanes)
        ]
        total = lanes[0]
        for lane in lanes[1:]:
            total = plus(total, lane)
        return total

    return vector.dtype(vector), generate
