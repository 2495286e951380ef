"""Working memory. This module allocates it page-aligned, on pages of a known size, and faulted in.

Memory from malloc will not do: which pages it lies on is chance, and under the setting "madvise"
it never gets huge pages. Reading pages that were never written reads one shared page of zeros.
"""

from __future__ import annotations

import mmap
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hwperf.errors import Unsupported
from hwperf.host import memory
from hwperf.host.files import HOST, optional
from hwperf.units import format_bytes

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import DTypeLike

__all__ = [
    "PAGES",
    "allocate",
    "huge_page_bytes",
    "huge_pages_denied",
    "lacking",
    "require_pages",
    "side_by_side",
    "untouched",
]

PAGES = ("small", "huge")
THP = "/sys/kernel/mm/transparent_hugepage"

# The byte of fresh memory: as float64 4.8e-4, as float32 0.75, as int64 4.6e18. Never zero, since
# whole lines of zeros are stored up to 2.4 times faster on some cores.
FILL = 0x3F

# Part of a huge-page set that must lie on huge pages: below it, the small pages' share of the
# misses (10 % of 60 ns and more each) would no longer be small beside a 1 % interval.
GRANTED = 0.9

# 17 lines of 64 B. On Zen 3, of 2 MiB arrays on huge pages, copy 64 in place of 60 GB/s and add
# 65 in place of 59. STREAM has OFFSET for the same.
APART_BYTES = 17 * 64

_MADV_COLLAPSE = 25  # Linux 6.1, include/uapi/asm-generic/mman-common.h; not in Python's mmap


def allocate(
    nbytes: int, *, pages: str = "small", dtype: DTypeLike = "float64"
) -> np.ndarray[tuple[int], Any]:
    """Return page-aligned memory on pages of the wanted size, every page written once.

    Huge means aligned to and verified on transparent huge pages, in whole huge pages; small means
    that the kernel was told to use none, and verified where it tells. The memory is unmapped with
    the last array that refers to it.

    Args:
        nbytes: size in bytes, a positive multiple of the item size.
        pages: "small" (the system's base pages) or "huge" (transparent huge pages).
        dtype: element type of the array.

    Returns:
        Array of shape (nbytes // item size,), finite and not zero in every element.

    Raises:
        Unsupported: when memory is too small, or the system does not grant the pages.
        ValueError: when nbytes or pages is none of the above.
    """
    mapping = _map(nbytes, pages, dtype)
    mapping.region.fill(FILL)
    if sys.platform == "linux":
        _verify(mapping, pages)
    return mapping.items(nbytes, dtype)


def untouched(
    nbytes: int, *, pages: str = "small", dtype: DTypeLike = "float64"
) -> np.ndarray[tuple[int], Any]:
    """Return memory as `allocate` does, but with no page present yet: for first-touch costs.

    Which pages the first touch gets is not verified; `huge_pages_denied` tells what is known.
    """
    return _map(nbytes, pages, dtype).items(nbytes, dtype)


def side_by_side(n: int, nbytes: int, *, pages: str = "small") -> list[np.ndarray[tuple[int], Any]]:
    """Return *n* float64 arrays of *nbytes* each that do not meet in a cache, in one block.

    Each starts `APART_BYTES` later in its pages than the one before. Arrays that start alike
    meet in the same sets of a cache, and loads agree with the stores before them in the 12 bits
    that are compared first. The arrays of one block differ in the bits above as well: Zen's L1
    cache finds a line by a hash of its address, and arrays of blocks of their own may hash alike,
    each line driving another out (of three of 8 KiB, 150 in place of 331 GB/s, for as long as the
    process lives).

    Args:
        n: number of arrays.
        nbytes: of each, a positive multiple of 8.
        pages: as for :func:`allocate`.

    Raises:
        Unsupported: when memory is too small, or the system does not grant the pages.

    Source: Lipp et al. (2020), "Take a way: exploring the security implications of AMD's cache way
    predictors".
    """
    step = -(-nbytes // mmap.PAGESIZE) * mmap.PAGESIZE + mmap.PAGESIZE + APART_BYTES
    block = allocate((n - 1) * step + nbytes, pages=pages)
    return [block[i * step // 8 :][: nbytes // 8] for i in range(n)]


def require_pages(array: np.ndarray[Any, Any], pages: str) -> None:
    """Raise Unsupported unless a whole array from `untouched`, now touched, got its pages.

    Nothing is verified where the system does not tell.
    """
    if sys.platform != "linux" or pages != "huge":
        return
    align = huge_page_bytes() or mmap.PAGESIZE
    size = -(-array.nbytes // align) * align
    huge = _huge_bytes(array.ctypes.data, size)
    if huge is not None and huge < GRANTED * size:
        raise Unsupported(_refusal(huge, size, "the first touch found no free huge page"))


def huge_page_bytes(root: Path = HOST) -> int | None:
    """Return the size of a transparent huge page, or None where the kernel has none."""
    size = optional(root, f"{THP}/hpage_pmd_size")
    return int(size) if size and size.isdecimal() else None


def lacking(pages: str) -> str | None:
    """Return why memory on such *pages* cannot be had here, or None."""
    return huge_pages_denied() if pages == "huge" else None


def huge_pages_denied(root: Path = HOST) -> str | None:
    """Return why no transparent huge page can be had, or None when they may be."""
    if root == HOST and sys.platform != "linux":
        return f"transparent huge pages are Linux's; this is {sys.platform}"
    enabled = optional(root, f"{THP}/enabled")
    if enabled is None or huge_page_bytes(root) is None:
        return f"this kernel has no transparent huge pages ({THP} is missing)"
    if "[never]" in enabled:
        return (
            f"transparent huge pages are 'never' in {THP}/enabled; "
            "as root: echo madvise > that file"
        )
    if "THP_enabled:\t0" in (optional(root, "/proc/self/status") or ""):
        return "transparent huge pages are switched off for this process (PR_SET_THP_DISABLE)"
    return None


class _Mapping:
    """One anonymous private mapping with the aligned region inside that is ours to use.

    At least one page on either side of the region gets no advice, so the kernel cannot merge the
    region with a neighbour and its line in smaps counts these pages only.
    """

    def __init__(self, nbytes: int, align: int) -> None:
        import numpy as np

        self.size = -(-nbytes // align) * align
        whole = self.size + align + 2 * mmap.PAGESIZE
        try:
            self.map = _anonymous(whole)
        except (OSError, OverflowError, ValueError) as error:
            raise Unsupported(
                f"the system refused to map {format_bytes(whole)}: {error}. "
                "See ulimit -v and /proc/sys/vm/overcommit_memory."
            ) from None
        everything: np.ndarray[tuple[int], Any] = np.frombuffer(self.map, np.uint8)
        first = everything.ctypes.data + mmap.PAGESIZE
        self.address = -(-first // align) * align
        self.offset = self.address - everything.ctypes.data
        self.region = everything[self.offset : self.offset + self.size]

    def advise(self, advice: int) -> None:
        self.map.madvise(advice, self.offset, self.size)

    def items(self, nbytes: int, dtype: DTypeLike) -> np.ndarray[tuple[int], Any]:
        import numpy as np

        # The array's base is the map itself (by its buffer): the last reference unmaps it.
        count = nbytes // np.dtype(dtype).itemsize
        return np.frombuffer(self.map, dtype, count=count, offset=self.offset)


def _anonymous(nbytes: int) -> mmap.mmap:
    if sys.platform == "win32":
        return mmap.mmap(-1, nbytes)
    return mmap.mmap(-1, nbytes, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)


def _map(nbytes: int, pages: str, dtype: DTypeLike) -> _Mapping:
    import numpy as np

    size = np.dtype(dtype).itemsize
    if pages not in PAGES:
        raise ValueError(f"pages={pages!r} is none of {', '.join(map(repr, PAGES))}")
    if nbytes <= 0 or nbytes % size:
        raise ValueError(
            f"nbytes={nbytes!r} is not a positive multiple of {size} ({np.dtype(dtype)}). "
            f"Use e.g. nbytes={max(size, -(-nbytes // size) * size)}."
        )
    align = mmap.PAGESIZE
    if pages == "huge":
        denied = huge_pages_denied()
        if denied:
            raise Unsupported(_refusal(0, nbytes, denied))
        align = huge_page_bytes() or align
    memory.require(-(-nbytes // align) * align)
    mapping = _Mapping(nbytes, align)
    if sys.platform == "linux":
        _advise(mapping, mmap.MADV_HUGEPAGE if pages == "huge" else mmap.MADV_NOHUGEPAGE)
    return mapping


def _advise(mapping: _Mapping, advice: int) -> None:
    try:
        mapping.advise(advice)
    except OSError as error:
        if advice == mmap.MADV_HUGEPAGE:
            raise Unsupported(_refusal(0, mapping.size, f"madvise failed: {error}")) from None
        # EINVAL: a kernel built without huge pages. Small pages are then all there is.
        if huge_pages_denied() is None:
            raise Unsupported(f"huge pages cannot be refused: madvise failed: {error}") from None


def _verify(mapping: _Mapping, pages: str) -> None:
    """Raise Unsupported unless the faulted region lies on pages of the wanted size."""
    huge = _huge_bytes(mapping.address, mapping.size)
    if huge is None and pages == "small":
        return  # Refused by madvise, or the kernel has none; smaps is only a second look.
    if huge is None:
        raise Unsupported("/proc/self/smaps does not say which pages the memory lies on")
    if pages == "small" and huge:
        raise Unsupported(
            f"small pages were asked for but the system gave {format_bytes(huge)} of "
            f"{format_bytes(mapping.size)} on huge pages, against MADV_NOHUGEPAGE"
        )
    if pages == "huge" and huge < GRANTED * mapping.size:
        huge = _collapsed(mapping, huge)
        if huge < GRANTED * mapping.size:
            setting = optional(HOST, f"{THP}/defrag") or "unknown"
            why = f"free memory is too fragmented (defrag is {setting!r})"
            raise Unsupported(_refusal(huge, mapping.size, why))


def _collapsed(mapping: _Mapping, huge: int) -> int:
    """Return the bytes on huge pages after asking the kernel to move the rest onto some."""
    try:
        mapping.advise(_MADV_COLLAPSE)
    except OSError:
        return huge  # before Linux 6.1, or no huge page is free
    return _huge_bytes(mapping.address, mapping.size) or 0


def _huge_bytes(address: int, size: int) -> int | None:
    """Return the bytes of a region on huge pages, by /proc/self/smaps; None: it does not say."""
    start = f"{address:08x}-{address + size:08x} "
    ours = False
    try:
        with open("/proc/self/smaps", encoding="utf-8", errors="replace") as smaps:
            for line in smaps:
                ours = ours or line.startswith(start)
                if ours and line.startswith("AnonHugePages:"):
                    return int(line.split()[1]) * 1024
    except OSError:
        return None
    return None


def _refusal(granted: int, wanted: int, why: str) -> str:
    share = f"{format_bytes(granted)} of {format_bytes(wanted)}"
    return f"huge pages were asked for but the system granted {share}: {why}"
