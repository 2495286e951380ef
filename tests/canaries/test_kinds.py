"""A canary is known by what asv keeps of it, for ever."""

from __future__ import annotations

import pytest

from hwperf import plugins
from hwperf.canaries.kinds import BY_NAME, CANARIES, RESOURCES, Canary, recognised

# What each canary timed when its revision was chosen: the fingerprint of its workload. Where this
# test fails the kernel has changed: count up the canary's revision in kinds.py and write the new
# fingerprint here, so that numbers from before and after are never compared.
TIMED = {
    "core_clock": (1, "a2f1c9e4675be8ab"),
    "l2_latency": (1, "dbe44136388b56ff"),
    "system_call": (1, "70b9e87772ef3208"),
    "l3_latency": (1, "dbe44136388b56ff"),
    "memory_latency": (1, "dbe44136388b56ff"),
    "memory_bandwidth": (1, "2e69de59cf5df8d5"),
    "file_sync": (1, "56b45842999593e0"),
    "host_to_device": (1, "88273f78ec7ef321"),
}


@pytest.mark.parametrize("canary", CANARIES, ids=lambda canary: canary.name)
def test_each_canary_is_a_declared_point_of_its_workload(canary: Canary) -> None:
    workload = plugins.load().find(canary.workload)
    assert dict(canary.params) in list(workload.points())
    assert canary.metric == workload.metric
    assert canary.resource in RESOURCES


@pytest.mark.parametrize("canary", CANARIES, ids=lambda canary: canary.name)
def test_what_a_canary_times_does_not_change_without_its_revision(canary: Canary) -> None:
    workload = plugins.load().find(canary.workload)
    assert (canary.revision, workload.version) == TIMED[canary.name]


def test_a_canary_is_recognised_by_its_version_alone() -> None:
    assert [recognised(canary.version) for canary in CANARIES] == list(CANARIES)


def test_a_revision_of_another_hwperf_is_a_canary_all_the_same() -> None:
    assert recognised("hwperf-canary-core_clock-99") is BY_NAME["core_clock"]


@pytest.mark.parametrize(
    "version", ["", None, "1", "hwperf-canary-core_clock", "hwperf-canary-unheard_of-1",
                "x hwperf-canary-core_clock-1", "hwperf-canary-core_clock-1\n"],
)  # fmt: skip
def test_anything_else_is_none(version: str | None) -> None:
    assert recognised(version) is None


def test_there_are_six_to_eight_of_all_resources() -> None:
    assert 6 <= len(CANARIES) <= 8
    assert {canary.resource for canary in CANARIES} == set(RESOURCES)
