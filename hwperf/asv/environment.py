"""The environment "host". This module lets asv measure with this interpreter, building nothing.

Stock ``existing`` keeps no results, takes no range of commits, ignores the environment matrix and
puts the interpreter's path into the key of every series. ``host`` does what a built environment
does, and measures the code of the commit that it says: the working tree for the commit that is
checked out, the commit's own ``hwperf/``, unpacked, for any other.
"""

from __future__ import annotations

import importlib.metadata
import os
import sys
from pathlib import Path
from typing import Any

from asv import util
from asv.console import log
from asv.environment import Environment, EnvironmentUnavailable

from hwperf.asv import checkout

__all__ = ["Host"]

PACKAGE = "hwperf"


class Host(Environment):  # type: ignore[misc]
    """This interpreter, with what is installed for it."""

    tool_name = "host"
    matches_python_fallback = False

    def __init__(
        self, conf: Any, python: str, requirements: dict[str, str], tagged_env_vars: dict[Any, str]
    ) -> None:
        version = f"{sys.version_info[0]}.{sys.version_info[1]}"
        if python not in (version, "same", ""):
            raise EnvironmentUnavailable(
                f"environment host is this interpreter, Python {version}; {python} is passed over"
            )
        for name, wanted in requirements.items():
            cause = _lacks(name.removeprefix("pip+"), wanted)
            if cause is not None:
                raise EnvironmentUnavailable(f"environment host installs nothing, and {cause}")
        self._code: str | None = None
        self._told = False
        self._requirements = requirements
        super().__init__(conf, version, requirements, tagged_env_vars)

    @property
    def code(self) -> str | None:
        """The directory of the code that is measured; None for what is installed."""
        return self._code

    @property
    def installed_commit_hash(self) -> None:
        """No commit: asv then calls install_project for each, which costs nothing here."""
        return

    def check_presence(self) -> bool:
        """Return True: the interpreter is there."""
        return True

    def create(self) -> None:
        """Do nothing: nothing is built."""

    def install_project(self, conf: Any, repo: Any, commit_hash: str | None = None) -> None:
        """Choose the code that *commit_hash* names.

        Raises:
            UserError: if it is not the commit that is checked out and has no hwperf of its own.
        """
        self._set_commit_hash(commit_hash)
        repository = Path(getattr(repo, "_path", None) or ".")
        package = os.path.join(self._repo_subdir or "", PACKAGE)
        if commit_hash is None or commit_hash == checkout.head(repository):
            root = checkout.work_tree(repository, package)
            if root is not None and not self._told and not checkout.is_clean(repository):
                self._told = True
                log.warning(
                    "the working tree differs from its commit; what is measured is the working tree"
                )
        elif checkout.contains(repository, commit_hash, package):
            try:
                root = checkout.unpack(
                    repository, commit_hash, package, Path(self._env_dir, "commits")
                )
            except OSError as error:
                raise util.UserError(
                    f"cannot unpack commit {commit_hash[:8]} into {self._env_dir}: {error}"
                ) from error
        else:
            raise util.UserError(
                f"environment host builds nothing, and commit {commit_hash[:8]} is not the one"
                f" that is checked out and has no {PACKAGE}/: run HEAD, or use the environment"
                " virtualenv"
            )
        self._code = None if root is None else os.path.abspath(root / (self._repo_subdir or ""))
        self._set_build_dirs(self._code, None)

    def find_executable(self, executable: str) -> str:
        """Return this interpreter for "python", else what the PATH has."""
        if executable == "python":
            return sys.executable
        return str(util.which(executable))

    def run(self, args: list[str], **kwargs: Any) -> Any:
        """Run this interpreter on the chosen code, with asv's variables set."""
        environment = {**(kwargs.pop("env", None) or os.environ), **self._global_env_vars}
        if self._code is not None:
            # asv drops PYTHONPATH and takes this one instead.
            before = environment.get("ASV_PYTHONPATH")
            environment["ASV_PYTHONPATH"] = os.pathsep.join(filter(None, (self._code, before)))
        return util.check_output([sys.executable, *args], env=environment, **kwargs)


def _lacks(package: str, wanted: str) -> str | None:
    try:
        version = importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return f"{package} is not installed"
    if wanted and version != wanted and not version.startswith(wanted + "."):
        return f"{package} is {version}, not {wanted}"
    return None
