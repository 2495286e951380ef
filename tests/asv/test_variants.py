"""What makes another series is part of asv's key, and nothing else is."""

from __future__ import annotations

from typing import Any

import pytest

from hwperf.asv import variants
from hwperf.domains.storage import engines
from hwperf.errors import UsageError


def keys(matrix: dict[str, Any]) -> list[str]:
    """Return the names of the environments that asv makes of *matrix*."""
    from asv import environment
    from asv.config import Config

    conf = Config()
    conf.matrix = matrix
    found = []
    for entries in environment.iter_matrix("host", ["3.11"], conf):
        python, requirements, tagged = environment._parse_matrix_entries(entries)
        found.append(environment.get_env_name("host", python, requirements, tagged))
    return found


@pytest.mark.parametrize(
    "environ",
    [
        {},
        {"HWPERF_STORAGE_ENGINE": "hwperf"},
        {"HWPERF_STORAGE_ENGINE": "", "HWPERF_TARGET": ""},
        {"HWPERF_PROFILE": "full"},
    ],
)
def test_where_nothing_else_is_said_the_key_is_as_ever(environ: dict[str, str]) -> None:
    assert keys(variants.keyed({}, variants.of(environ))) == ["host-py3.11"]


def test_fio_and_another_target_are_series_of_their_own() -> None:
    fio = variants.of({"HWPERF_STORAGE_ENGINE": "fio"})
    both = variants.of({"HWPERF_STORAGE_ENGINE": "fio", "HWPERF_TARGET": "nvme"})
    assert keys(variants.keyed({}, fio)) == ["host-py3.11-HWPERF_STORAGE_ENGINEfio"]
    assert keys(variants.keyed({}, both)) == [
        "host-py3.11-HWPERF_STORAGE_ENGINEfio-HWPERF_TARGETnvme"
    ]


@pytest.mark.parametrize(
    "matrix",
    [
        {"numpy": ["1.26"]},
        {"req": {"numpy": ["1.26"]}},
        {"req": {"numpy": ["1.26"]}, "env_nobuild": {"A": ["1"]}},
    ],
)
def test_what_the_matrix_has_of_its_own_stays(matrix: dict[str, Any]) -> None:
    before = keys(matrix)
    after = keys(variants.keyed(matrix, {"HWPERF_TARGET": "nvme"}))
    assert after == [f"{name}-HWPERF_TARGETnvme" for name in before]
    assert keys(matrix) == before  # It was not changed.


@pytest.mark.parametrize("kind", ["env", "env_nobuild"])
def test_a_matrix_that_names_the_variable_itself_is_not_overruled(kind: str) -> None:
    matrix = {kind: {"HWPERF_TARGET": ["a", "b"]}}
    assert variants.keyed(matrix, {"HWPERF_TARGET": "nvme"})[kind] == matrix[kind]
    assert len(keys(variants.keyed(matrix, {"HWPERF_TARGET": "nvme"}))) == 2


def test_an_engine_that_there_is_not_is_bad_input() -> None:
    with pytest.raises(UsageError, match="'dd' is no engine; there are: hwperf, fio"):
        variants.choose_engine(None, {"HWPERF_STORAGE_ENGINE": "dd"})


def test_what_is_chosen_on_the_command_line_holds_for_this_process_and_its_children() -> None:
    environ = {"HWPERF_STORAGE_ENGINE": "dd"}
    variants.choose_engine("fio", environ)
    assert environ == {"HWPERF_STORAGE_ENGINE": "fio"}
    variants.choose_engine("hwperf", environ)
    assert variants.of(environ) == {}


def test_the_names_are_those_that_others_read() -> None:
    assert (variants.ENGINE, variants.ENGINES) == (engines.ENGINE, engines.ENGINES)


def test_without_a_pattern_fio_runs_what_it_can_measure() -> None:
    import re

    from hwperf.plugins import load

    chosen = [name for name in load().workloads if re.search(variants.FIO_MEASURES, name)]
    assert sorted(chosen) == [
        "storage.fsync", "storage.mixed", "storage.random_read", "storage.random_write",
        "storage.sequential_read", "storage.sequential_write",
    ]  # fmt: skip
