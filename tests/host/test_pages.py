"""Working memory lies on the pages that were asked for, present and not zero, or is refused."""

from __future__ import annotations

import gc
import itertools
import mmap
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hwperf.errors import Unsupported
from hwperf.host import pages

Unpack = Callable[[str], Path]
MiB = 2**20

needs_huge_pages = pytest.mark.skipif(
    pages.huge_pages_denied() is not None, reason=str(pages.huge_pages_denied())
)
on_linux = pytest.mark.skipif(sys.platform != "linux", reason="needs /proc")


def mapped(array: np.ndarray[Any, Any]) -> bool:
    return contains(array.ctypes.data)


def contains(address: int) -> bool:
    for line in Path("/proc/self/maps").read_text().splitlines():
        first, _, last = line.split()[0].partition("-")
        if int(first, 16) <= address < int(last, 16):
            return True
    return False


def resident_bytes() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * mmap.PAGESIZE


@pytest.mark.parametrize("nbytes", [8, 4096, 100 * 8, 3 * MiB])
def test_small_pages_are_aligned_and_of_the_size_asked_for(nbytes: int) -> None:
    array = pages.allocate(nbytes)
    assert array.nbytes == nbytes
    assert array.ctypes.data % mmap.PAGESIZE == 0
    assert array.flags.writeable


@needs_huge_pages
@pytest.mark.parametrize("nbytes", [8, 2 * MiB, 5 * MiB])
def test_huge_pages_are_aligned_to_whole_huge_pages(nbytes: int) -> None:
    array = pages.allocate(nbytes, pages="huge")
    assert array.nbytes == nbytes
    assert array.ctypes.data % (pages.huge_page_bytes() or 0) == 0


@pytest.mark.parametrize("dtype", [np.uint8, np.int64, np.float32, np.float64])
def test_no_element_is_zero_or_not_finite(dtype: type) -> None:
    array = pages.allocate(1 * MiB, dtype=dtype)
    assert array.dtype == dtype
    assert np.all(array != 0)
    assert np.all(np.isfinite(array))


@on_linux
def test_memory_is_present_before_it_is_used() -> None:
    before = resident_bytes()
    array = pages.allocate(32 * MiB)
    assert resident_bytes() - before >= 31 * MiB
    del array


@on_linux
def test_untouched_memory_is_not_present() -> None:
    before = resident_bytes()
    array = pages.untouched(64 * MiB)
    assert resident_bytes() - before < 8 * MiB
    assert array[-1] == 0


@on_linux
def test_the_last_reference_unmaps() -> None:
    array = pages.allocate(8 * MiB)
    address, part = array.ctypes.data, array[10:20]
    assert mapped(array)
    del array
    gc.collect()
    assert contains(address), "a view keeps the memory"
    del part
    gc.collect()
    assert not contains(address)


@on_linux
def test_neighbours_do_not_merge_into_one_mapping() -> None:
    """Each region's line in smaps counts its own pages only."""
    arrays = [pages.allocate(1 * MiB) for _ in range(4)]
    starts = {line.partition("-")[0] for line in Path("/proc/self/maps").read_text().splitlines()}
    assert {f"{array.ctypes.data:08x}" for array in arrays} <= starts


@pytest.mark.parametrize(("nbytes", "advice"), [(100, "nbytes=104"), (0, "nbytes=8"), (-8, "=8")])
def test_a_size_that_is_no_multiple_says_the_next(nbytes: int, advice: str) -> None:
    with pytest.raises(ValueError, match="not a positive multiple of 8") as refused:
        pages.allocate(nbytes)
    assert advice in str(refused.value)


def test_an_unknown_kind_of_pages_names_the_known() -> None:
    with pytest.raises(ValueError, match="'large' is none of 'small', 'huge'"):
        pages.allocate(4096, pages="large")


def test_more_than_there_is_is_unsupported_with_figures() -> None:
    with pytest.raises(Unsupported, match="1024 TiB of memory are needed"):
        pages.allocate(2**50)


def test_a_mapping_that_the_system_refuses_is_unsupported(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse(nbytes: int) -> mmap.mmap:
        raise OSError(12, "Cannot allocate memory")

    monkeypatch.setattr(pages, "_anonymous", refuse)
    with pytest.raises(Unsupported, match=r"the system refused to map .*Cannot allocate memory"):
        pages.allocate(4096)


@on_linux
@needs_huge_pages
def test_huge_pages_that_are_not_granted_are_unsupported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pages, "_huge_bytes", lambda address, size: 2 * MiB)
    with pytest.raises(Unsupported, match=r"the system granted 2 MiB of 64 MiB: free memory is"):
        pages.allocate(64 * MiB, pages="huge")


@on_linux
def test_small_pages_that_came_huge_are_unsupported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pages, "_huge_bytes", lambda address, size: 2 * MiB)
    with pytest.raises(Unsupported, match="small pages were asked for"):
        pages.allocate(4 * MiB)


@on_linux
def test_where_the_system_does_not_tell_small_pages_are_taken_on_trust(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Some sandboxes have no smaps; huge pages are then not to be verified, hence not to be had."""
    monkeypatch.setattr(pages, "_huge_bytes", lambda address, size: None)
    assert pages.allocate(1 * MiB).nbytes == 1 * MiB
    monkeypatch.setattr(pages, "huge_pages_denied", lambda: None)
    monkeypatch.setattr(pages, "huge_page_bytes", lambda: 2 * MiB)
    monkeypatch.setattr(pages, "_advise", lambda mapping, advice: None)
    with pytest.raises(Unsupported, match="smaps does not say which pages"):
        pages.allocate(4 * MiB, pages="huge")


@on_linux
@pytest.mark.parametrize("denied", ["this kernel has no transparent huge pages", None])
def test_a_kernel_without_huge_pages_gives_small_ones(
    denied: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It knows no advice about them, so the region does not stand apart in smaps either."""

    def refuse(mapping: Any, advice: int) -> None:
        raise OSError(22, "Invalid argument")

    monkeypatch.setattr(pages._Mapping, "advise", refuse)
    monkeypatch.setattr(pages, "huge_pages_denied", lambda: denied)
    if denied:
        assert pages.allocate(1 * MiB)[-1] != 0
        return
    with pytest.raises(Unsupported, match=r"huge pages cannot be refused: .*Invalid argument"):
        pages.allocate(1 * MiB)


def test_denied_huge_pages_are_said_before_anything_is_mapped(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(pages, "huge_pages_denied", lambda: "they are 'never'")
    with pytest.raises(Unsupported, match=r"granted 0 B of 128 MiB: they are 'never'"):
        pages.allocate(128 * MiB, pages="huge")


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("kvm_zen3", None),
        ("hybrid_laptop", None),
        ("two_socket_epyc", "are 'never' in /sys/kernel/mm/transparent_hugepage/enabled"),
        ("silent", "this kernel has no transparent huge pages"),
    ],
)
def test_why_huge_pages_are_denied(machine: Unpack, name: str, reason: str | None) -> None:
    denied = pages.huge_pages_denied(machine(name))
    assert (denied is None) if reason is None else (denied is not None and reason in denied)


def test_a_process_may_be_denied_alone(machine: Unpack, unpack: Unpack) -> None:
    machine("kvm_zen3")
    denied = pages.huge_pages_denied(unpack("/proc/self/status: THP_enabled:\t0\n"))
    assert denied is not None
    assert "this process" in denied


def test_a_huge_page_is_512_mib_where_base_pages_are_64_kib(machine: Unpack) -> None:
    assert pages.huge_page_bytes(machine("neoverse_server")) == 512 * MiB


@on_linux
@needs_huge_pages
def test_pages_of_a_first_touch_are_verified_after_it() -> None:
    array = pages.untouched(4 * MiB, pages="huge")
    with pytest.raises(Unsupported, match="granted 0 B of 4 MiB"):
        pages.require_pages(array, "huge")
    array[:] = 1.0
    pages.require_pages(array, "huge")


def test_small_pages_need_no_proof_after_a_first_touch() -> None:
    pages.require_pages(pages.untouched(1 * MiB), "small")


def test_small_pages_are_never_lacking() -> None:
    assert pages.lacking("small") is None
    assert pages.lacking("huge") == pages.huge_pages_denied()


def test_arrays_side_by_side_do_not_meet_in_a_cache() -> None:
    arrays = pages.side_by_side(3, 8192)
    starts = [array.ctypes.data for array in arrays]
    assert [array.nbytes for array in arrays] == [8192] * 3
    in_page = [start % 4096 for start in starts]
    assert in_page == [0, pages.APART_BYTES, 2 * pages.APART_BYTES]
    assert all(second - first >= 8192 for first, second in itertools.pairwise(starts))
