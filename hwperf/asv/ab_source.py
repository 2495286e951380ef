"""The environment "source". This module lets asv measure a commit's sources with this interpreter.

For projects in pure Python: the whole commit is unpacked, and its root, or ``src/`` where it has
one, comes first on the path of modules. Nothing is built and nothing is installed.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from asv import util

from hwperf.asv import checkout
from hwperf.asv.environment import Host

__all__ = ["Source"]


class Source(Host):
    """This interpreter, on the sources of the commit."""

    tool_name = "source"

    def install_project(self, conf: Any, repo: Any, commit_hash: str | None = None) -> None:
        """Unpack *commit_hash* and choose its sources.

        Raises:
            UserError: if it cannot be unpacked.
        """
        self._set_commit_hash(commit_hash)
        repository = Path(getattr(repo, "_path", None) or ".")
        try:
            root = checkout.unpack(
                repository, str(commit_hash), ".", Path(self._env_dir, "commits")
            )
        except OSError as error:
            raise util.UserError(
                f"cannot unpack commit {str(commit_hash)[:8]} into {self._env_dir}: {error}"
            ) from error
        project = root / (self._repo_subdir or "")
        self._code = os.path.abspath(project / "src" if (project / "src").is_dir() else project)
        self._set_build_dirs(self._code, None)
