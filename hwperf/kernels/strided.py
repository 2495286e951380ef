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
from hwperf.kernels.llvm import address_of, barrier, intrinsic, load_word

LOADS_PER_TURN = 8
_SUMS = 4


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
def _sum_words(typingctx, sums, address, stride):  # type: ignore[no-untyped-def]
    """``_sum_words(sums, address, stride)``: add one turn's words to the sums, in rotation."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> ir.Value:
        totals = [builder.extract_value(args[0], i) for i in range(_SUMS)]
        word = ir.IntType(64)
        for i in range(LOADS_PER_TURN):
            at = builder.add(args[1], builder.mul(args[2], ir.Constant(word, i)))
            value = builder.load(builder.inttoptr(at, word.as_pointer()), align=1)
            totals[i % _SUMS] = builder.add(totals[i % _SUMS], value)
        return context.make_tuple(builder, signature.return_type, totals)

    kind = types.UniTuple(types.int64, _SUMS)
    return kind(kind, types.intp, types.intp), generate


@kernel
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
    start, n_outer, outer, n_inner, inner = walk
    far_outer, far_inner = (n_outer - 1) * outer, (n_inner - 1) * inner
    lowest = start + min(0, far_outer) + min(0, far_inner)
    highest = start + max(0, far_outer) + max(0, far_inner) + 8
    if n_outer < 1 or n_inner < 1 or lowest < 0 or highest > data.nbytes:
        raise ValueError("strided.read: the walk leaves the array")
    sums = (0, 0, 0, 0)
    rest = 0
    for _ in range(n_passes):
        barrier()
        for i in range(n_outer):
            p = address_of(data) + start + i * outer
            for _ in range(n_inner // LOADS_PER_TURN):
                sums = _sum_words(sums, p, inner)
                p += LOADS_PER_TURN * inner
            for _ in range(n_inner % LOADS_PER_TURN):
                rest += load_word(p)
                p += inner
    out[0] = sums[0] + sums[1] + sums[2] + sums[3] + rest
