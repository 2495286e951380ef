"""What took the core away is read from the system, and what it does not tell is said."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path

import pytest

from hwperf.host import cpu
from hwperf.measure.interference import CAUSES, Counters, Probes, difference

TICKS_PER_S = os.sysconf("SC_CLK_TCK") if hasattr(os, "sysconf") else 100
STAT = """cpu  100 0 50 9000 10 0 0 70 0 0
cpu0 50 0 25 4500 5 0 0 30 0 0
cpu1 50 0 25 4500 5 0 0 40 0 0
intr 123 0 0
"""
QUIET = Counters(
    involuntary_switches=5, core=1, runqueue_wait_s=1.0, steal_s=2.0, throttled_s=3.0,
    pressure_s=4.0, minor_faults=6, major_faults=7,
)  # fmt: skip

Tree = Callable[[dict[str, str]], Path]


def after(**changes: float | None) -> Counters:
    return Counters(**{**{f.name: getattr(QUIET, f.name) for f in fields(QUIET)}, **changes})


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Tree:
    """Return a function that writes files under a root; the thread is on CPU 1 there."""
    monkeypatch.setattr(cpu, "current_cpu", lambda: 1)

    def write(files: dict[str, str]) -> Path:
        for path, content in files.items():
            target = tmp_path / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(content)
        return tmp_path

    return write


def schedstat() -> str:
    return f"proc/{os.getpid()}/task/{threading.get_native_id()}/schedstat"


def cgroup_v2(quota: str = "max 100000", told: str = "throttled_usec 2500\n") -> dict[str, str]:
    """Return a system where we are in /pod/own and a quota can be set on /pod."""
    return {
        "proc/self/cgroup": "0::/pod/own\n",
        "proc/self/mountinfo": "30 23 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n",
        "sys/fs/cgroup/pod/own/cpu.max": "max 100000\n",
        "sys/fs/cgroup/pod/own/cpu.stat": f"usage_usec 1\nnr_throttled 0\n{told}",
        "sys/fs/cgroup/pod/cpu.max": f"{quota}\n",
        "sys/fs/cgroup/pod/cpu.stat": "usage_usec 1\nnr_throttled 3\nthrottled_usec 750000\n",
    }


CGROUP_V1 = {
    "proc/self/cgroup": "4:cpu,cpuacct:/job\n1:name=systemd:/\n",
    "proc/self/mountinfo": "30 23 0:26 / /sys/fs/cgroup/cpu rw - cgroup none rw,cpu,cpuacct\n",
    "sys/fs/cgroup/cpu/job/cpu.stat": "nr_periods 5\nnr_throttled 1\nthrottled_time 40000000\n",
}


def test_a_quiet_sample_has_no_cause() -> None:
    seen = difference(QUIET, QUIET, 1e-3)
    assert seen.causes == ()
    assert set(seen.counts.values()) == {0}


@pytest.mark.parametrize(
    ("changes", "cause"),
    [
        ({"involuntary_switches": 6}, "involuntary_switches"),
        ({"core": 0}, "migrations"),
        ({"runqueue_wait_s": 1.0001}, "runqueue_wait_s"),
        ({"steal_s": 2.01}, "steal_s"),
        ({"throttled_s": 3.05}, "throttled_s"),
        ({"major_faults": 8}, "major_faults"),
    ],
)
def test_each_way_to_lose_the_core_disturbs(changes: dict[str, float], cause: str) -> None:
    seen = difference(QUIET, after(**changes), 1e-3)
    assert seen.causes == (cause,)
    assert cause in CAUSES


def test_waiting_counts_from_two_thousandths_of_the_sample_on() -> None:
    waited = after(runqueue_wait_s=1.0 + 1e-5)
    assert difference(QUIET, waited, 4e-3).causes == ("runqueue_wait_s",)
    assert difference(QUIET, waited, 6e-3).causes == ()
    assert difference(QUIET, waited, 6e-3).counts["runqueue_wait_s"] == pytest.approx(1e-5)


@pytest.mark.parametrize("changes", [{"minor_faults": 900}, {"pressure_s": 9.0}])
def test_circumstances_are_counted_but_disturb_nothing(changes: dict[str, float]) -> None:
    seen = difference(QUIET, after(**changes), 1e-3)
    assert seen.causes == ()
    assert max(seen.counts.values()) > 0


def test_what_is_not_available_is_not_counted() -> None:
    assert difference(Counters(), Counters(), 1e-3).counts == {}
    half = difference(QUIET, after(steal_s=None, core=None), 1e-3)
    assert not {"steal_s", "migrations"} & set(half.counts)


def test_a_counter_that_runs_backwards_counts_nothing() -> None:
    """Steal time does, when a virtual machine has moved to another host."""
    seen = difference(QUIET, after(steal_s=1.0), 1e-3)
    assert (seen.counts["steal_s"], seen.causes) == (0, ())


def test_every_file_is_read_in_its_unit(tree: Tree) -> None:
    root = tree(
        {
            schedstat(): "123456 7000000 88\n",
            "proc/stat": STAT,
            "proc/pressure/cpu": "some avg10=3.3 avg60=0.7 avg300=0.2 total=16000000\n"
            "full avg10=0.0 avg60=0.0 avg300=0.0 total=5\n",
            **cgroup_v2(),
        }
    )
    with Probes(root) as probes:
        counters = probes.read()
        assert probes.unavailable == {}
    assert counters.runqueue_wait_s == pytest.approx(7e-3)  # second word, nanoseconds
    assert counters.steal_s == pytest.approx(40 / TICKS_PER_S)  # CPU 1's own, not the sum
    assert counters.pressure_s == pytest.approx(16.0)  # microseconds
    assert counters.throttled_s == pytest.approx(2.5e-3)  # microseconds
    assert counters.core == 1


def test_counters_are_read_anew_each_time(tree: Tree) -> None:
    root = tree({schedstat(): "1 1000000 1\n"})
    with Probes(root) as probes:
        assert probes.read().runqueue_wait_s == pytest.approx(1e-3)
        (root / schedstat()).write_text("1 3000000 2\n")
        assert probes.read().runqueue_wait_s == pytest.approx(3e-3)


def test_where_the_cpu_is_unknown_the_sum_of_steal_is_read(
    tree: Tree, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cpu, "current_cpu", lambda: None)
    with Probes(tree({"proc/stat": STAT})) as probes:
        counters = probes.read()
    assert (counters.core, counters.steal_s) == (None, pytest.approx(70 / TICKS_PER_S))


def test_a_cpu_is_not_taken_for_one_whose_number_begins_alike(
    tree: Tree, monkeypatch: pytest.MonkeyPatch
) -> None:
    stat = "cpu  0 0 0 0 0 0 0 9 0 0\ncpu10 0 0 0 0 0 0 0 8 0 0\ncpu1 0 0 0 0 0 0 0 7 0 0\n"
    with Probes(tree({"proc/stat": stat})) as probes:
        assert probes.read().steal_s == pytest.approx(7 / TICKS_PER_S)


def test_throttling_is_read_where_the_quota_is_set(tree: Tree) -> None:
    """The quota binds on the parent; our own group's counter would stay 0 for ever."""
    with Probes(tree(cgroup_v2(quota="150000 100000"))) as probes:
        assert probes.read().throttled_s == pytest.approx(0.75)


def test_throttling_is_read_in_version_1_in_nanoseconds(tree: Tree) -> None:
    with Probes(tree(CGROUP_V1)) as probes:
        assert probes.read().throttled_s == pytest.approx(0.04)


def test_each_probe_that_the_system_lacks_says_why(tree: Tree) -> None:
    root = tree({})
    with Probes(root) as probes:
        counters = probes.read()
    assert probes.unavailable == {
        "runqueue_wait_s": f"{root / schedstat()}: No such file or directory",
        "pressure_s": f"{root}/proc/pressure/cpu: No such file or directory",
        "steal_s": f"{root}/proc/stat: No such file or directory",
        "throttled_s": "no control group of ours tells of CPU throttling",
    }
    assert (counters.runqueue_wait_s, counters.pressure_s) == (None, None)
    assert (counters.steal_s, counters.throttled_s) == (None, None)


@pytest.mark.parametrize(
    ("path", "content", "name", "why"),
    [
        ("proc/stat", "cpu1 1 2 3\n", "steal_s", "cannot be read: list index out of range"),
        ("proc/stat", "", "steal_s", "the system's file does not tell it"),
        ("proc/pressure/cpu", "some total=abc\n", "pressure_s", "cannot be read: invalid literal"),
        ("proc/pressure/cpu", "full total=1\n", "pressure_s", "the system's file does not tell"),
    ],
)
def test_a_file_that_says_something_else_is_not_available(
    tree: Tree, path: str, content: str, name: str, why: str
) -> None:
    with Probes(tree({path: content})) as probes:
        assert getattr(probes.read(), name) is None
        assert probes.unavailable[name].startswith(why)
        assert getattr(probes.read(), name) is None  # asked no more, and no failure


def test_a_group_without_quota_counters_tells_no_throttling(tree: Tree) -> None:
    files = {k: v for k, v in cgroup_v2(told="").items() if "/pod/cpu" not in k}
    files["sys/fs/cgroup/pod/own/cpu.stat"] = "usage_usec 1\n"
    with Probes(tree(files)) as probes:
        assert "throttled_s" in probes.unavailable


def test_a_system_without_thread_usage_says_so(tree: Tree, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "resource", None)
    with Probes(tree({})) as probes:
        counters = probes.read()
    assert counters.involuntary_switches is None
    for name in ("involuntary_switches", "minor_faults", "major_faults"):
        assert probes.unavailable[name] == "the system has no getrusage(RUSAGE_THREAD)"


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="counts open files in /proc")
def test_no_file_stays_open() -> None:
    before = len(os.listdir("/proc/self/fd"))
    with Probes() as probes:
        probes.read()
    assert len(os.listdir("/proc/self/fd")) == before


@pytest.mark.skipif(sys.platform != "linux", reason="the counters are Linux's")
def test_threads_that_are_woken_may_wait_a_little_each_time() -> None:
    """0.3 ms for each time they were woken; who waited longest counts, not all together."""
    before = Counters(team_wait_s=(0.0, 0.0, 0.0), runqueue_wait_s=0.0)
    little = Counters(team_wait_s=(2e-4, 2e-4, 2e-4), runqueue_wait_s=2e-4)
    much = Counters(team_wait_s=(0.0, 1e-3, 0.0), runqueue_wait_s=0.0)
    assert difference(before, little, 1e-3, wakes=1).causes == ()
    assert difference(before, much, 1e-3, wakes=1).causes == ("team_wait_s",)
    assert difference(before, much, 1e-3, wakes=4).causes == ()
    assert difference(before, little, 1e-3).causes == ("runqueue_wait_s", "team_wait_s")


def test_what_a_kernel_brings_about_itself_does_not_disturb_it() -> None:
    before = Counters(runqueue_wait_s=0.0, involuntary_switches=0)
    after = Counters(runqueue_wait_s=1e-3, involuntary_switches=1)
    own = ("runqueue_wait_s",)
    seen = difference(before, after, 2e-3, own=own)
    assert seen.causes == ("involuntary_switches",)
    assert seen.counts["runqueue_wait_s"] == 1e-3


def test_this_machine_tells_its_counters_or_why_not() -> None:
    with Probes() as probes:
        counters = probes.read()
        # Of other threads there is nothing to tell where the kernel runs on this one alone.
        for field in [field for field in fields(Counters) if field.name != "team_wait_s"]:
            told = getattr(counters, field.name) is not None
            assert told != (field.name in probes.unavailable), field.name
