"""Whatever a plugin does, its user learns what and where, and nobody else loses a run."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from faults.conftest import Runner, User

GOOD = '''"""A workload that is as it should be."""

from hwperf import CheckFailed, Work, workload


@workload("good.sum", source="a test", metric="bandwidth")
def good():
    """Bandwidth of adding up a hundred numbers."""
    out = [None]

    def kernel():
        out[0] = sum(range(100))

    yield Work(kernel, bytes=800)
    if not out[0] == 4950:
        raise CheckFailed(f"{out[0]!r} (is) != 4950 (should)")
'''

# Each fault of a workload, and what its user is told.
FAULTS = {
    "set-up raises": ("failed", "the set-up raised RuntimeError: no such device (faulty.py:"),
    "set-up exits": ("failed", "the set-up raised SystemExit: 3 (faulty.py:"),
    "set-up has no memory": ("failed", "the set-up raised MemoryError: no message (faulty.py:"),
    "kernel raises": ("failed", "the kernel raised RuntimeError: device was lost (faulty.py:"),
    "kernel exits": ("failed", "the kernel raised SystemExit: bye (faulty.py:"),
    "kernel raises late": ("failed", "the kernel raised OSError: [Errno 5] I/O error (faulty.py:"),
    "check raises": ("failed", "the check raised KeyError: 'x' (faulty.py:"),
    "check exits": ("failed", "the check raised SystemExit: no message (faulty.py:"),
    "check asserts": ("failed", "an assertion of the check does not hold"),
    "tear-down raises": ("failed", "raised OSError: cannot close (faulty.py:"),
    "requires raises": ("failed", "the workload raised ZeroDivisionError: division by zero ("),
    "kernel returns NaN": ("failed", "nan (is) != 4950 (should)"),
    "kernel's clock returns NaN": ("failed", "the kernel times itself and returned [nan]; exp"),
    "check never fails": ("failed", "the check passes although the kernel did not run, so it"),
    "kernel does nothing": ("failed", "None (is) != 4950 (should)"),
    "output was there before": ("failed", "the check passes although the kernel did not run"),
    "kernel is too fast": ("impossible", "is beyond the physical limit of 1.00 TB/s by a factor"),
    "too many bytes": ("impossible", "a cache answered, a wrong amount"),
    "more bytes than can be": ("impossible", "expected a time above zero"),
    "no bytes": ("failed", "Work: bytes=0 is not above zero."),
    "fewer than no bytes": ("failed", "Work: bytes=-8 is not above zero."),
    "NaN bytes": ("failed", "Work: bytes=nan is not above zero."),
    "unknown amount": ("failed", "Work: byte= is no amount; amounts are bytes, flops, ops."),
    "another amount": ("failed", "Work gives flops, but the metric 'bandwidth' divides by bytes"),
    "yields nothing": ("failed", "the workload ended before it yielded its Work"),
    "yields a number": ("failed", "the workload yields 3; expected Work(kernel, bytes=...)"),
    "yields twice": ("failed", "the workload yields twice; write set-up, one 'yield Work(...)'"),
    "this host cannot": ("n/a", "no accelerator was found"),
}

FAULTY = f'''"""A workload with every fault that a workload can have."""

import math
import os
import signal

from hwperf import CheckFailed, Unsupported, Work, workload

FAULTS = {[*FAULTS, "process dies"]!r}


def required(fault):
    if fault == "requires raises":
        1 / 0


@workload(
    "faulty.point", params={{"fault": FAULTS}}, source="a test", metric="bandwidth", limit=1e12,
    requires=required,
)
def point(fault):
    """Bandwidth of a sum."""
    out, calls, amounts, clock = [None], [0], {{"bytes": 800}}, None
    if fault == "set-up raises":
        raise RuntimeError("no such device")
    if fault == "set-up exits":
        raise SystemExit(3)
    if fault == "set-up has no memory":
        raise MemoryError
    if fault == "this host cannot":
        raise Unsupported("no accelerator was found")
    if fault == "yields nothing":
        return

    def kernel():
        calls[0] += 1
        if fault == "kernel raises":
            raise RuntimeError("device was lost")
        if fault == "kernel exits":
            raise SystemExit("bye")
        if fault == "kernel raises late" and calls[0] == 5:
            raise OSError(5, "I/O error")
        if fault == "process dies":
            os.kill(os.getpid(), signal.SIGSEGV)
        if fault != "kernel does nothing" and fault != "output was there before":
            out[0] = sum(range(100))
        if fault == "kernel returns NaN":
            out[0] = math.nan
        return math.nan

    if fault == "yields a number":
        yield 3
    if fault == "kernel's clock returns NaN":
        clock = "a clock of its own"
    if fault == "output was there before":
        out[0] = 4950
    if fault == "kernel is too fast":
        amounts = {{"bytes": 10**9}}
    amounts = {{
        "too many bytes": {{"bytes": 1e15}},
        "more bytes than can be": {{"bytes": 1e304}},
        "no bytes": {{"bytes": 0}},
        "fewer than no bytes": {{"bytes": -8}},
        "NaN bytes": {{"bytes": math.nan}},
        "unknown amount": {{"byte": 8}},
        "another amount": {{"flops": 8}},
    }}.get(fault, amounts)
    try:
        yield Work(kernel, clock=clock, **amounts)
    finally:
        if fault == "tear-down raises":
            raise OSError("cannot close")
    if fault == "check never fails":
        return
    if fault == "check raises":
        raise KeyError("x")
    if fault == "check exits":
        raise SystemExit
    if fault == "check asserts":
        assert out[0] == 4951
    if not out[0] == 4950:
        raise CheckFailed(f"{{out[0]!r}} (is) != 4950 (should)")
    if fault == "yields twice":
        yield Work(kernel, bytes=800)
'''

AT_IMPORT = {
    "import numpi": "ModuleNotFoundError: No module named 'numpi'",
    "raise SystemExit(3)": "SystemExit: 3",
    "1 / 0": "ZeroDivisionError: division by zero",
    "def f(:": "SyntaxError: ",
    "import pytest; pytest.skip('no device', allow_module_level=True)": "Skipped: no device",
    "x = 1": "it declares no workload",
    GOOD.replace("good.sum", "core.null"): "core.null is already declared by hwperf.domains.core",
    GOOD.replace("good.sum", "Good"): "DeclarationError: Good: the id 'Good' is not of the form",
    GOOD.replace("yield", "return"): "DeclarationError: good.sum: the function never yields",
}


def test_each_fault_of_a_workload_is_told_and_costs_the_other_points_nothing(user: User) -> None:
    user.install("faulty", FAULTY)
    chosen = [word for fault in FAULTS for word in ("-p", f"fault={fault}")]
    shown = user.hwperf("measure", "faulty.point", *chosen, "--budget", "5ms", "--json")
    found = {point["params"]["fault"]: point for point in shown.points()}
    assert shown.code == 1
    assert list(found) == list(FAULTS)
    for fault, (verdict, reason) in FAULTS.items():
        assert (found[fault]["verdict"], found[fault]["value"]) == (verdict, None), fault
        assert reason in found[fault]["reason"], fault
        assert found[fault]["samples"] == []


def test_the_same_faults_in_a_run_are_told_and_nothing_of_them_is_stored(runner: Runner) -> None:
    runner.install("faulty", FAULTY)
    runner.install("good", GOOD)
    runner.install("bad_plugin", "print('hello')\nraise SystemExit(3)")
    shown = runner.hwperf("run", "-k", "faulty.point|good.sum")
    said = " ".join(shown.err.split())
    assert shown.code == 1
    for fault, (verdict, reason) in FAULTS.items():
        if verdict != "n/a":
            assert f"hwperf: faulty.point fault={fault}: {verdict}: " in said
            assert reason in said
    assert (
        "hwperf: faulty.point fault=process dies: failed: its process was killed or took too long"
    ) in said
    assert "good.sum" in shown.out
    assert "plugin 'bad_plugin' (bad_plugin) is left out: SystemExit: 3" in shown.err
    assert "hello" not in shown.out
    assert [value for value in runner.values("plugins.GoodSum.cost") if value] != []
    stored = runner.values("plugins.FaultyPoint.cost")
    assert [value for value in stored if value is not None and value > 0] == []


@pytest.mark.parametrize("source", AT_IMPORT, ids=lambda source: source[:24])
def test_a_plugin_that_cannot_be_imported_is_named_with_its_cause(user: User, source: str) -> None:
    user.install("bad_plugin", source)
    user.install("good", GOOD)
    shown = user.hwperf("list")
    assert shown.code == 0
    assert shown.err.startswith("hwperf: plugin 'bad_plugin' (bad_plugin) is left out: ")
    assert AT_IMPORT[source] in shown.err
    assert shown.err.count("\n") == 1
    assert "core.null" in shown.out
    assert "good.sum" in shown.out


def test_what_a_plugin_prints_at_import_is_no_json(user: User) -> None:
    user.install("good", "print('hello')\n" + GOOD)
    shown = user.hwperf("list", "--json")
    assert "good.sum" in [json.loads(line)["id"] for line in shown.out.splitlines()]
    assert shown.err == "hello\n"


def test_an_installation_that_is_damaged_costs_nobody_the_list(user: User) -> None:
    """Its metadata can be gone, or something else than text."""
    user.install("good", GOOD)
    for number, content in enumerate((b"\xff\xfe\x00", b"[hwperf.workloads", b"[]\n=\n", b"")):
        metadata = Path(user.plugins, f"damaged{number}-1.0.dist-info")
        metadata.mkdir()
        (metadata / "entry_points.txt").write_bytes(content)
    shown = user.hwperf("list")
    assert shown.code == 0
    assert "good.sum" in shown.out
    assert "hwperf: plugin 'damaged0-1.0.dist-info' (entry_points.txt) is left out: Un" in shown.err
    assert user.hwperf("info").code == 0
