"""The directory of compiled kernels: where it is, what it depends on, and whether it is ours.

One directory for each combination of kernel sources, compiler, Python and processor, below
``$NUMBA_CACHE_DIR`` where the user set it, else below ``numba`` in hwperf's cache directory
(``$HWPERF_CACHE_DIR``, ``$XDG_CACHE_HOME/hwperf``, ``~/.cache/hwperf``). The sources are in the
name since numba itself does not see that a kernel changed when an intrinsic in another file did.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import os
import re
import shutil
import stat
import sys
from pathlib import Path

# A few commits, interpreters and numba versions at once, at about 1 MB each.
N_KEPT = 8
_NAME = re.compile(r"kernels-[0-9a-f]{16}")
# What changes the code that numba generates and is not in the source.
_CODEGEN_OPTIONS = (
    "OPT",
    "LOOP_VECTORIZE",
    "SLP_VECTORIZE",
    "BOUNDSCHECK",
    "DEBUGINFO_DEFAULT",
)


@functools.cache
def directory() -> Path | None:
    """Return this process's directory, made or not, or None: compile, and keep nothing."""
    from numba.core import config

    sources = source_digest(__file__)
    base = Path(os.path.abspath(config.CACHE_DIR)) if config.CACHE_DIR else _default_base()
    if base is None or sources is None:
        return None
    return base / f"kernels-{hashlib.sha256(_circumstances(sources).encode()).hexdigest()[:16]}"


def _default_base() -> Path | None:
    cache = _hwperf_cache()
    with contextlib.suppress(OSError):  # Not there yet, or never: see make().
        if cache is not None and not is_private(cache.stat()):
            return None
    return None if cache is None else cache / "numba"


def _hwperf_cache() -> Path | None:
    for name, below in (("HWPERF_CACHE_DIR", ""), ("XDG_CACHE_HOME", "hwperf")):
        told = os.environ.get(name, "")
        if os.path.isabs(told):
            return Path(told) / below
    home = os.environ.get("HOME") or os.path.expanduser("~")
    return Path(home) / ".cache" / "hwperf" if os.path.isabs(home) else None


def _circumstances(sources: str) -> str:
    import llvmlite
    import numba
    from numba.core import config
    from numba.core.registry import cpu_target

    return repr(
        (
            sources,
            numba.__version__,
            llvmlite.__version__,
            sys.implementation.cache_tag,
            getattr(sys, "abiflags", ""),
            cpu_target.target_context.codegen().magic_tuple(),
            [(name, getattr(config, name, None)) for name in _CODEGEN_OPTIONS],
        )
    )


@functools.cache
def source_digest(filename: str) -> str | None:
    """Return a digest of a kernel's source: its package's modules, or its one file.

    None where the source is not a file: such a kernel is not kept.
    """
    file = Path(filename)
    files = sorted(file.parent.glob("*.py")) if (file.parent / "__init__.py").exists() else [file]
    digest = hashlib.sha256()
    try:
        for source in files:
            digest.update(f"\0{source.name}\0".encode() + source.read_bytes())
    except OSError:
        return None
    return digest.hexdigest()


def is_private(status: os.stat_result) -> bool:
    """Whether a file is this user's and nobody else may write to it."""
    if os.name != "posix":
        return True
    return status.st_uid == os.geteuid() and not status.st_mode & (stat.S_IWGRP | stat.S_IWOTH)


def is_ours(path: Path) -> bool:
    """Whether the directory of a module's kernels exists and is ours, up to the cache's base.

    Code is loaded from it: who may write to it, or replace one of the two above it, may run code
    as this user.
    """
    with contextlib.suppress(OSError):
        levels = [level.lstat() for level in (path, path.parent)] + [path.parent.parent.stat()]
        return all(stat.S_ISDIR(level.st_mode) and is_private(level) for level in levels)
    return False


def make(path: Path) -> bool:
    """Make the directory of a module's kernels, for us alone; return whether it can be used.

    Raises:
        OSError: if it cannot be made.
    """
    root = path.parent
    is_new = not root.exists()
    # The mode counts for the last directory only; those in between follow the umask.
    root.parent.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    for level in (root.parent, root, path):
        level.mkdir(mode=0o700, exist_ok=True)
    if not is_ours(path):
        return False
    if is_new:
        remove_oldest(root.parent)
    return True


def remove_oldest(base: Path) -> None:
    """Keep the :data:`N_KEPT` directories that were used last."""
    found = [entry for entry in base.iterdir() if _NAME.fullmatch(entry.name)]
    found.sort(key=lambda entry: entry.lstat().st_mtime, reverse=True)
    for entry in found[N_KEPT:]:
        shutil.rmtree(entry, ignore_errors=True)


@functools.cache
def mark_used(root: Path) -> None:
    """Note that this process uses *root*, so that it is not taken for an old one."""
    with contextlib.suppress(OSError):
        os.utime(root)
