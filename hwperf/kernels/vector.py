"""Vectors of a given width as values inside a kernel, with loads, stores and arithmetic.

``load_f64(address, width)`` loads one vector; *width* is a constant of the kernel: a number of
bytes or a :class:`Width`. One value may be of several registers, each of which gets an operation of
its own, which is how a kernel writes out several vectors per turn of a loop: see :func:`several`.
They are kept apart, since of one wide vector LLVM would make operations as wide as the processor
has, also where narrower ones are faster (64 B on Zen 4).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
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

    Args:
        nbytes: bytes of all registers together.
        n_registers: how many there are.
    """

    nbytes: int
    n_registers: int = 1


NATIVE = Width(native_width_bytes())


def several(n: int, width: Width) -> Width:
    """Return the width of *n* vectors of *width*: one value, *n* registers.

    Two of 16 B are one vector of 32 B to LLVM: only of such it makes stores of a pair of registers
    (stnp on aarch64), and no processor for which 16 B are the native width has wider ones.
    """
    pair = 2 if width.nbytes < 32 and n % 2 == 0 else 1
    return Width(n * width.nbytes, n * width.n_registers // pair)


class _WidthType(types.Opaque):  # type: ignore[misc]
    def __init__(self, nbytes: int, n_registers: int) -> None:
        self.literal_value = nbytes
        self.n_registers = n_registers
        super().__init__(name=f"Width({nbytes}, {n_registers})")


register_model(_WidthType)(models.OpaqueModel)


def _typeof_width(value: Width, context: Any) -> _WidthType:
    return _WidthType(value.nbytes, value.n_registers)


def _lower_width(context: Any, builder: Any, kind: Any, value: Any) -> Any:
    return context.get_dummy_value()


typeof_impl.register(Width)(_typeof_width)
lower_constant(_WidthType)(_lower_width)


class Vector(types.Type):  # type: ignore[misc]
    """The numba type of a vector of *n_lanes* elements of *dtype*, in all its registers."""

    def __init__(self, dtype: Any, n_lanes: int, n_registers: int = 1) -> None:
        self.dtype = dtype
        self.n_lanes = n_lanes
        self.n_registers = n_registers
        super().__init__(name=f"Vector({dtype} x {n_lanes}, {n_registers})")

    @property
    def register_bytes(self) -> int:
        """Bytes of one register."""
        return self.n_lanes * _BITS[self.dtype] // 8 // self.n_registers


@register_model(Vector)
class _VectorModel(models.PrimitiveModel):  # type: ignore[misc]
    def __init__(self, dmm: Any, fe_type: Vector) -> None:
        lane = dmm.lookup(fe_type.dtype).get_value_type()
        register = ir.VectorType(lane, fe_type.n_lanes // fe_type.n_registers)
        super().__init__(dmm, fe_type, ir.ArrayType(register, fe_type.n_registers))


def _vector_type(dtype: Any, width: Any) -> Vector:
    nbytes = literal(width, "width")
    if nbytes not in WIDTHS_BYTES:
        raise TypingError(f"width={nbytes} bytes is no vector width; use one of {WIDTHS_BYTES}")
    return Vector(dtype, nbytes * 8 // _BITS[dtype], getattr(width, "n_registers", 1))


def _alignment(vector: Vector) -> int:
    return min(vector.register_bytes, LINE_BYTES)


def _registers(builder: Any, value: Any) -> list[Any]:
    return [builder.extract_value(value, i) for i in range(value.type.count)]


def _joined(context: Any, builder: Any, vector: Vector, registers: Sequence[Any]) -> Any:
    """Return the registers as one value; no instruction."""
    value = ir.Constant(context.get_value_type(vector), ir.Undefined)
    for i, register in enumerate(registers):
        value = builder.insert_value(value, register, i)
    return value


def _each(operation: Callable[..., Any]) -> Callable[..., Any]:
    """Return what emits *operation* for each register of its operands, which are of one type."""

    def generate(context, builder, signature, args):  # type: ignore[no-untyped-def]
        operands = zip(*(_registers(builder, arg) for arg in args), strict=True)
        done = [operation(builder, signature.args[0], *each) for each in operands]
        return _joined(context, builder, signature.return_type, done)

    return generate


def _require_vector(*vectors: Any) -> None:
    if not all(isinstance(vector, Vector) and vector == vectors[0] for vector in vectors):
        raise TypingError(f"expected vectors of one type, got {', '.join(map(str, vectors))}")


def _pointers(context: Any, builder: Any, address: Any, vector: Vector) -> list[Any]:
    """Return a pointer to each register of a vector at *address*."""
    register = context.get_value_type(vector).element.as_pointer()
    first = builder.inttoptr(address, register)
    places = (ir.Constant(ir.IntType(64), i) for i in range(vector.n_registers))
    return [builder.gep(first, [place]) for place in places]


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
            pointers = _pointers(context, builder, args[0], vector)
            loaded = [builder.load(pointer, align=align) for pointer in pointers]
            return _joined(context, builder, vector, loaded)

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


def _store(context: Any, builder: Any, signature: Any, args: Any, align: int) -> list[Any]:
    pointers = _pointers(context, builder, args[0], signature.args[1])
    registers = _registers(builder, args[1])
    return [
        builder.store(register, pointer, align=align)
        for register, pointer in zip(registers, pointers, strict=True)
    ]


def _store_regular(context: Any, builder: Any, signature: Any, args: Any) -> Any:
    _store(context, builder, signature, args, _alignment(signature.args[1]))
    return context.get_dummy_value()


def _store_streaming(context: Any, builder: Any, signature: Any, args: Any) -> Any:
    instructions = _store(context, builder, signature, args, _alignment(signature.args[1]))
    hint = builder.module.add_metadata([ir.Constant(ir.IntType(32), 1)])
    for instruction in instructions:
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
        register = ir.Constant(context.get_value_type(vector).element, ir.Undefined)
        for lane in range(vector.n_lanes // vector.n_registers):
            register = builder.insert_element(register, args[0], ir.Constant(ir.IntType(32), lane))
        return _joined(context, builder, vector, [register] * vector.n_registers)

    return vector(dtype, width), generate


@intrinsic
def lane_numbers(typingctx, width):  # type: ignore[no-untyped-def]
    """``lane_numbers(width)``: the float64 vector 0, 1, 2, ..."""
    vector = _vector_type(types.float64, width)

    def generate(context, builder, signature, args):  # type: ignore[no-untyped-def]
        kind = context.get_value_type(vector)
        lanes = range(kind.element.count)
        registers = (
            ir.Constant(kind.element, [float(i * len(lanes) + lane) for lane in lanes])
            for i in range(vector.n_registers)
        )
        return _joined(context, builder, vector, list(registers))

    return vector(width), generate


def _same_bits(dtype: Any) -> Any:
    def same_bits(typingctx, vector):  # type: ignore[no-untyped-def]
        _require_vector(vector)
        n_lanes = vector.n_lanes * _BITS[vector.dtype] // _BITS[dtype]
        result = Vector(dtype, n_lanes, vector.n_registers)

        def generate(context, builder, signature, args):  # type: ignore[no-untyped-def]
            kind = context.get_value_type(result).element
            cast = [builder.bitcast(each, kind) for each in _registers(builder, args[0])]
            return _joined(context, builder, result, cast)

        return result(vector), generate

    same_bits.__doc__ = f"The bits of a vector as a vector of {dtype}; no instruction."
    return intrinsic(same_bits)


bits_f64 = _same_bits(types.float64)
bits_i64 = _same_bits(types.int64)


@intrinsic
def plus(typingctx, a, b):  # type: ignore[no-untyped-def]
    """``plus(a, b)``: the sum of two vectors, lane by lane; integers wrap around."""
    _require_vector(a, b)

    def add(builder: Any, kind: Vector, x: Any, y: Any) -> Any:
        return builder.add(x, y) if kind.dtype == types.int64 else builder.fadd(x, y)

    return a(a, b), _each(add)


@intrinsic
def times(typingctx, a, b):  # type: ignore[no-untyped-def]
    """``times(a, b)``: the product of two vectors, lane by lane; integers wrap around."""
    _require_vector(a, b)

    def multiply(builder: Any, kind: Vector, x: Any, y: Any) -> Any:
        return builder.mul(x, y) if kind.dtype == types.int64 else builder.fmul(x, y)

    return a(a, b), _each(multiply)


@intrinsic
def fma(typingctx, a, b, c):  # type: ignore[no-untyped-def]
    """``fma(a, b, c)``: ``a * b + c`` of three floating-point vectors, rounded once.

    A processor without the instruction gets a call of libm's fma per lane: exact, and slow.
    """
    _require_vector(a, b, c)
    if a.dtype == types.int64:
        raise TypingError("fma expects vectors of float64 or float32, got int64")

    def fuse(builder: Any, kind: Vector, *args: Any) -> Any:
        register = args[0].type
        # llvmlite's declare_intrinsic does not know vector types: declare it by its full name.
        name = f"llvm.fma.v{register.count}f{_BITS[kind.dtype]}"
        function = builder.module.globals.get(name)
        if function is None:
            function = ir.Function(builder.module, ir.FunctionType(register, [register] * 3), name)
        return builder.call(function, args)

    return a(a, b, c), _each(fuse)


@intrinsic
def sum_lanes(typingctx, vector):  # type: ignore[no-untyped-def]
    """``sum_lanes(vector)``: the sum of its lanes, from the first to the last."""
    _require_vector(vector)

    def generate(context, builder, signature, args):  # type: ignore[no-untyped-def]
        plus = builder.add if vector.dtype == types.int64 else builder.fadd
        lanes = [
            builder.extract_element(register, ir.Constant(ir.IntType(32), lane))
            for register in _registers(builder, args[0])
            for lane in range(register.type.count)
        ]
        total = lanes[0]
        for lane in lanes[1:]:
            total = plus(total, lane)
        return total

    return vector.dtype(vector), generate
