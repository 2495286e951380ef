"""Compiled kernels are only a cache: damaged, foreign, read-only, full or none, nobody notices.

That nothing foreign is loaded is held by tests/kernels/test_cache.py; here is what a user sees.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from faults.conftest import User

MEASURE = ("measure", "core.null", "--budget", "5ms", "--json")
NOBODY = 65534


def measures(user: User, **variables: str | None) -> None:
    """See that a point is measured, and that nobody is bothered with the cache."""
    shown = user.hwperf(*MEASURE, **variables)
    (point,) = shown.points()
    assert (shown.code, shown.err) == (0, "")
    assert point["value"] > 0


def files_of(cache: Path) -> list[Path]:
    return [path for path in cache.rglob("*") if path.is_file()]


def test_garbage_in_the_cache_is_set_aside_and_compiled_anew(user: User) -> None:
    cache = user.directory / "cache"
    measures(user, HWPERF_CACHE_DIR=str(cache))
    (kept,) = files_of(cache)
    kept.write_bytes(b"garbage" * 1000)
    measures(user, HWPERF_CACHE_DIR=str(cache))
    assert kept.read_bytes()[:7] != b"garbage"
    assert len(files_of(cache)) == 2


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_a_cache_of_somebody_else_is_left_alone(user: User) -> None:
    cache = user.directory / "cache"
    cache.mkdir()
    os.chown(cache, NOBODY, NOBODY)
    measures(user, HWPERF_CACHE_DIR=str(cache))
    assert files_of(cache) == []


def test_a_cache_that_others_may_write_to_is_left_alone(user: User) -> None:
    cache = user.directory / "cache"
    cache.mkdir()
    cache.chmod(0o777)
    measures(user, HWPERF_CACHE_DIR=str(cache))
    assert files_of(cache) == []


@pytest.mark.parametrize("options", ["ro", "size=4k"], ids=["read-only", "full"])
def test_a_disk_that_takes_nothing_is_no_failure(
    user: User, small_disk: Callable[..., None], options: str
) -> None:
    cache = user.directory / "cache"
    small_disk(cache, f"{options},mode=700")
    measures(user, HWPERF_CACHE_DIR=str(cache))
    assert files_of(cache) == []


@pytest.mark.parametrize(
    "variables",
    [
        {"HOME": None},
        {"HOME": "/dev/null"},
        {"HWPERF_CACHE_DIR": "/dev/null/cache", "HOME": "relative"},
        {"XDG_CACHE_HOME": "/proc/none"},
    ],
    ids=["no home", "a home that is no directory", "a cache that is none", "no XDG cache"],
)
def test_no_place_for_a_cache_is_no_failure(user: User, variables: dict[str, str | None]) -> None:
    measures(user, **{"HWPERF_CACHE_DIR": None, **variables})
