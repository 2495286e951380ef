"""The environment "host": this interpreter, under a name that lasts."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from asv.config import Config
from asv.environment import EnvironmentUnavailable, get_environments

from hwperf.asv import plugin
from hwperf.asv.environment import Host

VERSION = f"{sys.version_info[0]}.{sys.version_info[1]}"


@pytest.fixture
def conf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Config:
    plugin.setup()
    monkeypatch.chdir(tmp_path)
    return Config.from_json(
        {"repo": ".", "env_dir": str(tmp_path / "env"), "environment_type": "host"}
    )


def test_it_is_found_by_its_name_and_named_after_the_version(conf: Config) -> None:
    (made,) = get_environments(conf, ["host"])
    assert isinstance(made, Host)
    assert (made.name, made.python) == (f"host-py{VERSION}", VERSION)
    assert [env.name for env in get_environments(conf, ["host:same"])] == [made.name]


def test_the_matrix_of_variables_makes_series_of_their_own(conf: Config) -> None:
    conf.matrix = {"env_nobuild": {"OMP_NUM_THREADS": ["1", "2"]}}
    names = [env.name for env in get_environments(conf, ["host"])]
    assert names == [f"host-py{VERSION}-OMP_NUM_THREADS{n}" for n in (1, 2)]


def test_another_python_is_passed_over(conf: Config) -> None:
    with pytest.raises(EnvironmentUnavailable, match=r"is this interpreter, .* 3\.1 is passed"):
        Host(conf, "3.1", {}, {})


def test_requirements_must_be_there(conf: Config) -> None:
    with pytest.raises(EnvironmentUnavailable, match="no-such-thing is not installed"):
        Host(conf, VERSION, {"no-such-thing": ""}, {})
    with pytest.raises(EnvironmentUnavailable, match=r"asv is 0\.6.*, not 99"):
        Host(conf, VERSION, {"asv": "99"}, {})
    assert Host(conf, VERSION, {"asv": ""}, {}).requirements == {"asv": ""}


def test_asvs_variables_are_set_and_the_chosen_code_comes_first(
    conf: Config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = Host(conf, VERSION, {}, {("nobuild", "OMP_NUM_THREADS"): "3"})
    made._set_commit_hash("abc")
    made._code = str(tmp_path)
    monkeypatch.setenv("ASV_PYTHONPATH", "/elsewhere")
    program = "import os, sys; print(sys.executable, *(os.environ.get(n) for n in sys.argv[1:]))"
    names = ["ASV_COMMIT", "ASV_ENV_TYPE", "ASV_PROJECT", "ASV_PYTHONPATH"]
    said = made.run(["-c", program, *names], dots=False).split()
    assert said == [sys.executable, "abc", "host", "project", f"{tmp_path}:/elsewhere"]
    assert made.env_vars == {"OMP_NUM_THREADS": "3"}
