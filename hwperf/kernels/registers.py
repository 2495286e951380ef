"""Loops over values that stay in registers: chains of operations side by side, and nothing else.

A *chain* is one register, a scalar or a vector; each *step* of it needs the step before. Several
chains do not wait for one another. How many cycles one chain takes per step is the latency of an
operation; how many steps all chains take per cycle is what the units of the core can do.

The loop is emitted as LLVM code, written out for several steps per turn, so that compiling it takes
some 40 ms, for one chain as for sixteen.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from llvmlite import ir
from numba import types
from numpy.typing import NDArray

from hwperf.kernels.jit import kernel
from hwperf.kernels.llvm import hide, intrinsic

_INT64 = ir.IntType(64)
_LANES = {
    "f64": (ir.DoubleType(), 8),
    "f32": (ir.FloatType(), 4),
    "f16": (ir.HalfType(), 2),
    "i64": (ir.IntType(64), 8),
    "i32": (ir.IntType(32), 4),
    "i16": (ir.IntType(16), 2),
    "i8": (ir.IntType(8), 1),
}

Array: TypeAlias = NDArray[Any]
# ``step(builder, chain, operands)`` emits one step of one chain and returns the chain after it.
Step: TypeAlias = Callable[[Any, Any, Sequence[Any]], Any]


@dataclass(frozen=True)
class Register:
    """What one chain is.

    Args:
        lane: the type of a lane: f64, f32, f16, i64, i32, i16 or i8.
        n_lanes: number of lanes; 1 is a scalar.
    """

    lane: str
    n_lanes: int = 1

    @property
    def nbytes(self) -> int:
        """Bytes of the register that are used."""
        return _LANES[self.lane][1] * self.n_lanes

    @property
    def type(self) -> Any:
        """LLVM's type."""
        lane = _LANES[self.lane][0]
        return lane if self.n_lanes == 1 else ir.VectorType(lane, self.n_lanes)


def vector(lane: str, width_bytes: int) -> Register:
    """Return the register of *width_bytes* with lanes of the type *lane*."""
    return Register(lane, width_bytes // _LANES[lane][1])


@dataclass(frozen=True)
class Shape:
    """The form of a loop.

    Args:
        register: what each chain is.
        n_chains: chains side by side.
        n_operands: registers beside the chains, which every step may use and none changes.
        steps_per_turn: steps of each chain in one turn of the loop, at least 1.
        sve_bits: on aarch64, the width of SVE's registers where vectors are wider than NEON's.
    """

    register: Register
    n_chains: int
    n_operands: int
    steps_per_turn: int
    sve_bits: int = 0


@dataclass(frozen=True)
class Loop:
    """A compiled loop.

    Attributes:
        run: ``run(start, operands, out, n_turns)``: read the chains at the address *start*, make
            *n_turns* turns, at least one, and write them to *out*; one chain after the other.
            Whoever calls it has seen to it that the arrays are there and are large enough.
        shape: its form.
    """

    run: Callable[[int, int, int, int], None]
    shape: Shape

    def bound(self, start: Array, operands: Array, out: Array, n_turns: int) -> Callable[[], None]:
        """Return a function of no argument that runs the loop on these arrays.

        Raises:
            ValueError: if an array is not of the size that the chains or the operands have, or
                there is no turn to make.
        """
        register = self.shape.register.nbytes
        n_start, n_operands = self.shape.n_chains * register, self.shape.n_operands * register
        arrays = (start, operands, out)
        if [each.nbytes for each in arrays] != [n_start, n_operands, n_start]:
            raise ValueError(
                f"Loop.bound: arrays of {', '.join(str(each.nbytes) for each in arrays)} B; "
                f"expected {n_start} B for the chains and {n_operands} B of operands"
            )
        if not all(each.flags.c_contiguous for each in arrays) or not out.flags.writeable:
            raise ValueError("Loop.bound: expected contiguous arrays, the last one to be written")
        if n_turns < 1:
            raise ValueError(f"Loop.bound: n_turns={n_turns!r}; expected at least 1")
        run, (a, b, c) = self.run, (each.ctypes.data for each in arrays)

        def bound(kept_alive: tuple[Array, ...] = arrays) -> None:
            run(a, b, c, n_turns)

        return bound


def make(name: str, shape: Shape, step: Step) -> Loop:
    """Return the loop that carries out *step*, under a name of its own.

    *step* is a function without default arguments, so that what it emits depends on its text and
    on what it encloses alone: the compiled loop is kept on disk. It takes addresses since numba
    needs as long for three arrays and their checks as for the whole of the loop (40 ms).
    """
    turns = _turns(shape, step)

    @kernel(name=name)
    def run(start: int, operands: int, out: int, n_turns: int) -> None:
        turns(start, operands, out, n_turns)

    return Loop(run, shape)


def _turns(shape: Shape, step: Step) -> Any:
    def turns(typingctx, start, operands, out, n_turns):  # type: ignore[no-untyped-def]
        def generate(context: Any, builder: Any, signature: Any, args: Any) -> ir.Value:
            emit(builder, shape, step, *args)
            return context.get_dummy_value()

        return types.void(types.intp, types.intp, types.intp, types.int64), generate

    return intrinsic(turns)


def emit(
    builder: Any, shape: Shape, step: Step, start: Any, operands: Any, out: Any, n_turns: Any
) -> None:
    """Emit the whole loop; *start*, *operands* and *out* are addresses (int64)."""
    if shape.sve_bits:
        # The width that vectors of a fixed width may count on. llvmlite does not know the name.
        n = shape.sve_bits // 128
        set.add(builder.function.attributes, f"vscale_range({n},{n})")
    kind = shape.register.type
    chains = [_load(builder, kind, start, i) for i in range(shape.n_chains)]
    fixed = [_load(builder, kind, operands, i) for i in range(shape.n_operands)]
    before, turn = builder.block, builder.append_basic_block("turn")
    after = builder.append_basic_block("after")
    builder.branch(turn)

    builder.position_at_end(turn)
    left = builder.phi(_INT64)
    left.add_incoming(n_turns, before)
    carried = [builder.phi(kind) for _ in chains]
    values: list[Any] = list(carried)
    for _ in range(shape.steps_per_turn):
        values = [step(builder, value, fixed) for value in values]
    for phi, first, last in zip(carried, chains, values, strict=True):
        phi.add_incoming(first, before)
        phi.add_incoming(last, turn)
    # Hidden, or some versions of LLVM write out several turns more.
    fewer = hide(builder, builder.sub(left, ir.Constant(_INT64, 1)))
    left.add_incoming(fewer, turn)
    builder.cbranch(builder.icmp_unsigned("!=", fewer, ir.Constant(_INT64, 0)), turn, after)

    builder.position_at_end(after)
    for i, value in enumerate(values):
        builder.store(value, _place(builder, kind, out, i), align=1)


def keep(builder: Any, value: Any) -> Any:
    """Emit *value*, a vector or a floating-point scalar, as something LLVM knows nothing of.

    It keeps steps from being folded into one, or several chains from becoming one vector; no
    instruction, on any processor. On x86-64 there is no such register for an f16.
    """
    is_arm = builder.module.triple.startswith(("aarch64", "arm64"))
    register = "w" if is_arm else "x"
    return builder.asm(
        ir.FunctionType(value.type, [value.type]), "", f"={register},0", [value], side_effect=False
    )


def call(builder: Any, name: str, result: Any, *args: Any) -> Any:
    """Emit a call of the LLVM intrinsic *name*, declared by the types of *result* and *args*."""
    function = builder.module.globals.get(name)
    if function is None:
        function = ir.Function(
            builder.module, ir.FunctionType(result, [arg.type for arg in args]), name
        )
    return builder.call(function, args)


def suffix(kind: Any) -> str:
    """Return how overloaded intrinsics of the type *kind* end: ``f64``, ``v4f64``."""
    if isinstance(kind, ir.VectorType):
        return f"v{kind.count}{suffix(kind.element)}"
    return next(name for name, (lane, _) in _LANES.items() if lane == kind)


def _place(builder: Any, kind: Any, address: Any, i: int) -> Any:
    pointer = builder.inttoptr(address, kind.as_pointer())
    return builder.gep(pointer, [ir.Constant(_INT64, i)])


def _load(builder: Any, kind: Any, address: Any, i: int) -> Any:
    return builder.load(_place(builder, kind, address, i), align=1)
