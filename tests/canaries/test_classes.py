"""The classes that a suite imports: cheap, stable, and never a failure of the suite."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

import hwperf.canaries
from hwperf.canaries import classes, measured
from hwperf.canaries.kinds import CANARIES
from hwperf.measure import Result
from hwperf.metrics import CLOCK


@pytest.fixture(autouse=True)
def alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No test takes what another process has left."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))


def collected() -> dict[str, type]:
    """Return what the star brings into a module."""
    namespace: dict[str, type] = {}
    exec("from hwperf.canaries import *", namespace)
    return {name: held for name, held in namespace.items() if not name.startswith("__")}


def result(verdict: str, samples: tuple[float, ...] = (), reason: str = "") -> Result:
    return Result(
        workload_id="core.clock", params={}, metric=CLOCK, verdict=verdict,  # type: ignore[arg-type]
        version="1", reason=reason, samples=samples, cost_s=samples[0] if samples else None,
    )  # fmt: skip


def test_the_star_brings_the_canaries_and_nothing_else() -> None:
    names = {held.canary.name for held in collected().values()}  # type: ignore[attr-defined]
    assert names == {canary.name for canary in CANARIES}
    assert all(name.startswith("HwperfCanary") for name in collected())
    assert sorted(collected()) == sorted(hwperf.canaries.__all__)


def test_importing_loads_no_heavy_library_and_looks_at_no_hardware() -> None:
    code = (
        "import sys; from hwperf.canaries import *; "
        "print([m for m in ('numba', 'numpy', 'torch', 'scipy', 'hwperf.host', 'hwperf.domains') "
        "if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("held", collected().values(), ids=lambda held: held.__name__)
def test_asv_finds_what_it_keeps(held: type) -> None:
    """Unit, version and timeout on the class; rounds, name and mark on the function."""
    canary = held.canary  # type: ignore[attr-defined]
    assert (held.unit, held.version) == ("seconds", canary.version)  # type: ignore[attr-defined]
    function = held.track_cost  # type: ignore[attr-defined]
    assert (function.rounds, function.hwperf_canary) == (2, canary.name)
    assert canary.workload in function.pretty_source


def test_the_samples_become_asvs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(measured, "measure", lambda canary: result("noisy", (2e-10, 3e-10)))
    canary = classes.HwperfCanaryCoreClock()
    canary.setup()
    assert canary.track_cost() == {"samples": [2e-10, 3e-10], "number": 1}  # type: ignore[attr-defined]


@pytest.mark.parametrize("verdict", ["n/a", "failed", "impossible"])
def test_what_was_not_measured_is_not_available(
    monkeypatch: pytest.MonkeyPatch, verdict: str
) -> None:
    monkeypatch.setattr(measured, "measure", lambda canary: result(verdict, reason="no disk"))
    with pytest.raises(NotImplementedError, match=f"core clock: {verdict}, no disk"):
        classes.HwperfCanaryCoreClock().setup()


@pytest.mark.parametrize("error", [OSError("full"), MemoryError(), SystemExit(3), ValueError("x")])
def test_whatever_goes_wrong_is_not_available(
    monkeypatch: pytest.MonkeyPatch, error: BaseException
) -> None:
    def broken(canary: object) -> Result:
        raise error

    monkeypatch.setattr(measured, "measure", broken)
    with pytest.raises(NotImplementedError, match=type(error).__name__):
        classes.HwperfCanaryCoreClock().setup()


def test_a_place_that_cannot_be_found_is_not_available(monkeypatch: pytest.MonkeyPatch) -> None:
    def lost(held: type) -> Path:
        raise RuntimeError("a loop of links")

    monkeypatch.setattr(classes, "_directory_of", lost)
    with pytest.raises(NotImplementedError, match="a loop of links"):
        classes.HwperfCanaryFileSync().setup()


def test_ctrl_c_is_not_swallowed(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(canary: object) -> Result:
        raise KeyboardInterrupt

    monkeypatch.setattr(measured, "measure", interrupted)
    with pytest.raises(KeyboardInterrupt):
        classes.HwperfCanaryCoreClock().setup()


def test_the_suites_directory_is_where_it_was_imported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "somebodys_canaries.py").write_text("from hwperf.canaries import *\n")
    monkeypatch.syspath_prepend(tmp_path)
    __import__("somebodys_canaries")
    try:
        found = classes._directory_of(classes.HwperfCanaryFileSync)
        here = Path(__file__).resolve().parent  # This module does not import the class itself.
        assert found == tmp_path.resolve()
        assert found != here
    finally:
        del sys.modules["somebodys_canaries"]
