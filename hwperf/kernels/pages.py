"""Accesses page by page: a chase with one line on each page, and the first touch of fresh pages."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from hwperf.kernels.jit import kernel
from hwperf.kernels.llvm import output_address, store_word

Words: TypeAlias = NDArray[np.int64]


@kernel
def line_of(page: int, page_bytes: int, line_bytes: int) -> int:
    """Return where in its page the line of *page* lies, in bytes.

    Page after page one line further: lines at one place of every page would all fall into one set
    of the L1 cache, and the chase would measure that.
    """
    return page % (page_bytes // line_bytes) * line_bytes


def link(buffer: Any, order: Words, page_bytes: int, line_bytes: int = 64) -> None:
    """Write into one line of each page the address of the line on the next page.

    :func:`hwperf.kernels.chase.follow` walks it; it starts at :func:`line_of` page 0. The data
    take one line per page, so what grows with the number of pages is the address translation.

    Args:
        buffer: C-contiguous array of at least ``order.size * page_bytes`` bytes.
        order: which page comes after which, from :func:`hwperf.kernels.chase.chase_order`.
        page_bytes: size of a page, a multiple of *line_bytes*.
        line_bytes: size of a cache line.

    Raises:
        ValueError: if the pages do not fit into the buffer.
    """
    if line_bytes < 8 or page_bytes < line_bytes or order.size * page_bytes > buffer.nbytes:
        raise ValueError(
            f"pages.link: {order.size} pages of page_bytes={page_bytes!r} with lines of line_bytes="
            f"{line_bytes!r} do not fit into the buffer of {buffer.nbytes} B"
        )
    _link(buffer, order, page_bytes, line_bytes)


@kernel
def _link(buffer: Any, order: Words, page_bytes: int, line_bytes: int) -> None:
    start = output_address(buffer)
    for page in range(order.size):
        after = order[page]
        here = start + page * page_bytes + line_of(page, page_bytes, line_bytes)
        there = start + after * page_bytes + line_of(after, page_bytes, line_bytes)
        store_word(here, there)


@kernel
def touch(buffer: Any, page_bytes: int) -> int:
    """Write one 8-byte word, the page's number plus 1, at the start of each page.

    On memory that was never touched, each write is a page fault: the kernel finds a page and
    clears it. On memory that was, it costs next to nothing.

    Args:
        buffer: C-contiguous array.
        page_bytes: distance of two writes, at least 8.

    Returns:
        The number of pages.
    """
    if page_bytes < 8:
        raise ValueError("pages.touch: expected pages of at least 8 B")
    start = output_address(buffer)
    n_pages: int = buffer.nbytes // page_bytes
    for page in range(n_pages):
        store_word(start + page * page_bytes, page + 1)
    return n_pages
