"""Reads of 8-byte words at regular distances: strides, matrix orders, directions, offsets.

One loop serves all of them, so that two results differ by the memory alone: the same
instructions walk a matrix by rows and by columns, forwards and backwards. The loads do not depend
on one another, and the words are summed as integers, which never is the bottleneck (an addition
takes 1 cycle) and is exact in any order: 8 loads in a turn, in 4 sums.

Bytes: 8 per access are useful; a line of 64 B moves for each line that is touched.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from llvmlite import ir
from numba import types

from hwperf.kernels.jit import kernel
from hwperf.kernels.llvm import address_of, barrier, hide, hold, intrinsic, load_word

LOADS_PER_TURN = 8
_PLACES = LOADS_PER_TURN // 2


class Walk(NamedTuple):
    """Where a walk goes: *n_inner* words at distance *inner_bytes*, *n_outer* times.

    Args:
        start_bytes: place of the first word.
        n_outer: number of inner walks.
        outer_bytes: distance of the starts of two inner walks; negative goes backwards.
        n_inner: words of an inner walk.
        inner_bytes: distance of two words; negative goes backwards.
    """

    start_bytes: int
    n_outer: int
    outer_bytes: int
    n_inner: int
    inner_bytes: int

    @property
    def n_accesses(self) -> int:
        """Number of words that are read."""
        return self.n_outer * self.n_inner


def every(nbytes: int, stride_bytes: int, offset_bytes: int = 0) -> Walk:
    """Return the walk over *nbytes* that reads 8 B at each *stride_bytes* from *offset_bytes* on.

    An offset that is no multiple of 8 makes every access misaligned: at stride 64, offset 60
    crosses a line each time; at stride 4096, offset 4092 a page.

    Raises:
        ValueError: if the stride is not positive, or no word fits.
    """
    if stride_bytes < 1 or offset_bytes < 0 or nbytes < offset_bytes + 8:
        raise ValueError(
            f"stride_bytes={stride_bytes!r}, offset_bytes={offset_bytes!r}: expected a stride of "
            f"at least 1 and an offset that leaves 8 B of nbytes={nbytes!r}"
        )
    return Walk(offset_bytes, 1, 0, (nbytes - offset_bytes - 8) // stride_bytes + 1, stride_bytes)


def matrix(n_rows: int, n_columns: int, order: str, direction: str = "forward") -> Walk:
    """Return the walk over a matrix of 8-byte elements that lies in memory row by row.

    Args:
        n_rows: number of rows.
        n_columns: number of columns, the contiguous dimension.
        order: "row" visits row after row, "column" column after column.
        direction: "forward", or "backward" from the last element to the first.

    Raises:
        ValueError: for another order or direction.
    """
    if order not in ("row", "column") or direction not in ("forward", "backward"):
        raise ValueError(
            f"order={order!r}, direction={direction!r}: expected 'row' or 'column', and "
            "'forward' or 'backward'"
        )
    row, column = (n_rows, 8 * n_columns), (n_columns, 8)
    (n_outer, outer), (n_inner, inner) = (row, column) if order == "row" else (column, row)
    if direction == "forward":
        return Walk(0, n_outer, outer, n_inner, inner)
    return Walk(8 * (n_rows * n_columns - 1), n_outer, -outer, n_inner, -inner)


@intrinsic
def _turn(typingctx, registers, stride):  # type: ignore[no-untyped-def]
    """``_turn((sums..., places...), stride)``: 8 loads from 4 places, each then 8 strides on.

    Four places since a single one, moved on after each load, would allow one load per cycle.
    """

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> ir.Value:
        word = ir.IntType(64)
        values = [builder.extract_value(args[0], i) for i in range(2 * _PLACES)]
        sums, places = values[:_PLACES], values[_PLACES:]
        for hop in (0, _PLACES):
            offset = builder.mul(args[1], ir.Constant(word, hop))
            for i in range(_PLACES):
                at = builder.inttoptr(builder.add(places[i], offset), word.as_pointer())
                sums[i] = builder.add(sums[i], builder.load(at, align=1))
            # A stride is meant in its order. LLVM would take two loads of one place together, and
            # prefetchers see that (Zen 3, 64 B from memory: 5.4 in place of 4.6 ns).
            hold(builder)
        turn = builder.mul(args[1], ir.Constant(word, LOADS_PER_TURN))
        # Hidden, or LLVM derives each place from the one before.
        places = [hide(builder, builder.add(place, turn)) for place in places]
        return context.make_tuple(builder, signature.return_type, sums + places)

    kind = types.UniTuple(types.int64, 2 * _PLACES)
    return kind(kind, types.int64), generate


def read(data: Any, walk: Walk, out: Any, n_passes: int = 1) -> None:
    """Read the words of *walk*, *n_passes* times, and write their sum to *out*.

    Args:
        data: C-contiguous array.
        walk: from :func:`every` or :func:`matrix`; all of its words lie in *data*.
        out: int64 array; ``out[0]`` becomes the sum of all words read, modulo 2**64.
        n_passes: whole walks; each is made, whatever the one before found.

    Raises:
        ValueError: if a word lies outside of *data*.
    """
    if not walk_words(data, *walk, out, n_passes):
        raise ValueError(f"strided.read: {walk!r} leaves the array of {data.nbytes} B")


@kernel
def walk_words(
    data: Any,
    start: int,
    n_outer: int,
    outer: int,
    n_inner: int,
    inner: int,
    out: Any,
    n_passes: int,
) -> bool:
    """Read and sum as :func:`read` says; return False, with nothing read, outside of *data*."""
    far_outer, far_inner = (n_outer - 1) * outer, (n_inner - 1) * inner
    lowest = start + min(0, far_outer) + min(0, far_inner)
    end = start + max(0, far_outer) + max(0, far_inner) + 8
    if n_outer < 1 or n_inner < 1 or lowest < 0 or end > data.nbytes:
        return False
    s0 = s1 = s2 = s3 = rest = 0
    for _ in range(n_passes):
        barrier()
        for i in range(n_outer):
            p = address_of(data) + start + i * outer
            turn = (s0, s1, s2, s3, p, p + inner, p + 2 * inner, p + 3 * inner)
            for _ in range(n_inner // LOADS_PER_TURN):
                turn = _turn(turn, inner)
            s0, s1, s2, s3, p, _, _, _ = turn
            for _ in range(n_inner % LOADS_PER_TURN):
                rest += load_word(p)
                p += inner
    out[0] = s0 + s1 + s2 + s3 + rest
    return True
