"""Settings stand in one place of three, and every fault of them is told at once."""

from __future__ import annotations

from pathlib import Path

import pytest

from hwperf.errors import UsageError
from hwperf.history.gate.settings import Settings, fraction, read
from tests.history.planted import configure


def test_without_any_the_defaults_hold(tmp_path: Path) -> None:
    assert read(None, tmp_path) == Settings()
    found = read(configure(tmp_path), tmp_path)
    assert (found.min_change, found.fail_change, found.fail_on) == (
        0.01, 0.03, ("code", "mixed", "unclear"),
    )  # fmt: skip


@pytest.mark.parametrize("place", ["asv.conf.json", "hwperf.toml", "pyproject.toml"])
def test_each_place_is_read(tmp_path: Path, place: str) -> None:
    conf = configure(tmp_path)
    if place == "asv.conf.json":
        conf = configure(tmp_path, hwperf={"track": {"fail_change": "5%", "fdr": 0.1}})
    else:
        table = "track" if place == "hwperf.toml" else "tool.hwperf.track"
        (tmp_path / place).write_text(f'[{table}]\nfail_change = "5%"\nfdr = 0.1\n')
    found = read(conf, tmp_path)
    assert (found.fail_change, found.fdr) == (0.05, 0.1)


def test_asvs_configuration_counts_before_the_others(tmp_path: Path) -> None:
    conf = configure(tmp_path, hwperf={"track": {"fail_change": 0.05}})
    (tmp_path / "hwperf.toml").write_text("[track]\nfail_change = 0.5\n")
    assert read(conf, tmp_path).fail_change == 0.05


def test_every_fault_is_told_at_once(tmp_path: Path) -> None:
    track = {
        "min_chnge": 1, "fail_change": "300%", "fdr": 0, "min_points_after": 1.5,
        "fail_on": ["codes"], "group_params": "yes",
        "rule": [{"bench": "["}, {"direction": "up"}, {"bench": "x", "direction": "up", "y": 1}],
    }  # fmt: skip
    conf = configure(
        tmp_path, hwperf={"track": track}, regressions_thresholds={"(": 0.1, "x": "much"}
    )
    with pytest.raises(UsageError) as raised:
        read(conf, tmp_path)
    said = str(raised.value)
    for part in (
        "'min_chnge' is no setting (did you mean min_change?)", "fail_change='300%'", "fdr=0",
        "min_points_after=1.5", "fail_on=['codes']", "group_params='yes'",
        "rule 1: '[' is no regular expression", "rule 2 has no bench",
        "rule 3: 'y' is no setting of a rule", "direction='up' is not higher or lower",
        "regressions_thresholds: '(' is no regular expression", "'much' is no fraction",
    ):  # fmt: skip
        assert part in said
    assert "\n" not in said


@pytest.mark.parametrize("text", ["[track\n", 'track = 3\n"'])
def test_a_file_that_is_no_toml_is_named(tmp_path: Path, text: str) -> None:
    (tmp_path / "hwperf.toml").write_text(text)
    with pytest.raises(UsageError, match=r"hwperf\.toml cannot be read"):
        read(None, tmp_path)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("3%", 0.03), ("0.5 %", 0.005), (0.03, 0.03), (0, 0.0), ("0.03", 0.03),
        ("x", None), ("100%", None), (-0.1, None), (1, None), (True, None), (None, None),
        ("nan", None), ([], None),
    ],
)  # fmt: skip
def test_a_change_is_a_fraction_or_per_cent(value: object, expected: float | None) -> None:
    found = fraction(value)
    assert found == (None if expected is None else pytest.approx(expected))
