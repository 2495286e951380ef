"""Libraries: absent ones are named, threads are limited and given back, what ran is told."""

from __future__ import annotations

import _thread
import os
import sys
import threading

import pytest
import threadpoolctl

from hwperf import Unsupported
from hwperf.domains.simd import libraries


def pools(n_threads: int) -> list[dict[str, object]]:
    one = {
        "user_api": "blas",
        "internal_api": "openblas",
        "num_threads": n_threads,
        "version": "0.3.31.188.0",
        "architecture": "Zen",
        "filepath": "site-packages/numpy.libs/libscipy_openblas64_-1.so",
    }
    other = {**one, "filepath": "site-packages/scipy.libs/libscipy_openblas-2.so", "version": "9"}
    gomp = {"user_api": "openmp", "internal_api": "openmp", "num_threads": 8, "filepath": "x"}
    return [gomp, other, one]


def test_what_is_not_installed_is_named_with_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(libraries, "find_spec", lambda name: None)
    assert libraries.missing("torch") == "torch is not installed: pip install 'hwperf[torch]'"
    assert libraries.missing("cffi") == "cffi is not installed: pip install cffi"
    assert libraries.missing("numpy") is None
    monkeypatch.setattr(libraries, "find_spec", lambda name: object())
    assert libraries.missing("torch") is None


def test_the_threads_of_numpys_blas_are_limited_and_given_back() -> None:
    before = libraries.numpy_blas()
    with libraries.on_threads("numpy", 1):
        name, n_threads = libraries.numpy_blas()
        assert (n_threads, name.rsplit(", ", 1)[-1]) == (1, "1 thread")
    assert libraries.numpy_blas() == before


def test_the_threads_are_given_back_when_a_measurement_fails() -> None:
    before = libraries.numpy_blas()
    with pytest.raises(RuntimeError), libraries.on_threads("numpy", 1):
        raise RuntimeError
    assert libraries.numpy_blas() == before


def test_numpys_blas_is_told_from_that_of_others(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(threadpoolctl, "threadpool_info", lambda: pools(2))
    monkeypatch.delenv("OPENBLAS_CORETYPE", raising=False)
    assert libraries.numpy_blas() == ("OpenBLAS 0.3.31, Zen, 2 threads", 2)


def test_a_kernel_chosen_by_the_environment_is_said_to_be(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(threadpoolctl, "threadpool_info", lambda: pools(1))
    monkeypatch.setenv("OPENBLAS_CORETYPE", "ZEN")
    assert libraries.numpy_blas()[0] == (
        "OpenBLAS 0.3.31, Zen, 1 thread, chosen by OPENBLAS_CORETYPE=ZEN"
    )


def test_a_blas_that_cannot_be_counted_is_unsupported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(threadpoolctl, "threadpool_info", lambda: pools(1)[:1])
    with pytest.raises(Unsupported, match="none that threadpoolctl knows"):
        libraries.numpy_blas()


@pytest.mark.skipif(sys.platform != "linux", reason="affinities of threads are Linux's")
def test_a_pools_thread_that_inherited_one_cpu_gets_them_all() -> None:
    """A thread that no Python object stands for, like those of a library."""
    allowed = os.sched_getaffinity(0)
    started: list[int] = []
    ready, end = threading.Event(), threading.Event()

    def wait() -> None:
        os.sched_setaffinity(0, {min(allowed)})
        started.append(threading.get_native_id())
        ready.set()
        end.wait(10)

    _thread.start_new_thread(wait, ())
    assert ready.wait(10)
    try:
        libraries.unpin()
        assert os.sched_getaffinity(started[0]) == allowed
    finally:
        end.set()


@pytest.mark.skipif(sys.platform != "linux", reason="affinities of threads are Linux's")
def test_a_thread_of_pythons_own_keeps_its_cpu() -> None:
    allowed = os.sched_getaffinity(0)
    seen: list[set[int]] = []
    ready, end = threading.Event(), threading.Event()

    def wait() -> None:
        os.sched_setaffinity(0, {min(allowed)})
        ready.set()
        end.wait(10)
        seen.append(os.sched_getaffinity(0))

    thread = threading.Thread(target=wait)
    thread.start()
    assert ready.wait(10)
    libraries.unpin()
    end.set()
    thread.join()
    assert seen == [{min(allowed)}]
