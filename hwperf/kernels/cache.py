"""Compiled kernels on disk, where nothing that is broken or not ours is trusted.

Numba's own cache fails at a truncated file, lets two processes that write at once confuse an
entry with another, does not notice a change of an intrinsic in another file, and needs a place to
write when a module is imported. Here each compiled signature is one file, written aside and moved
into place, with a checksum in front. A file that is damaged, unreadable, somebody else's or
writable for others is set aside as ``*.broken`` and its kernel compiled anew. A disk that is full
or read-only means no cache, and no error. Where the files lie: :mod:`hwperf.kernels.cachedir`.
"""

from __future__ import annotations

import contextlib
import hashlib
import logging
import os
import pickle
import secrets
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

from numba.core.caching import FunctionCache
from numba.core.compiler import CompileResult
from numba.core.serialize import dumps

from hwperf.kernels import cachedir

_MAGIC = b"hwperf compiled kernel 1\n"
_DIGEST_BYTES = hashlib.sha256().digest_size
_CONSTANTS = (bool, int, float, complex, str, bytes, type(None))
_LOG = logging.getLogger(__name__)


class Untrusted(Exception):
    """A cache file that is not what this user's process wrote."""


class KernelCache(FunctionCache):  # type: ignore[misc]
    """The cache of one kernel, in the shape that numba's dispatcher calls.

    Nothing is looked up, read or made before the kernel's first call.
    """

    def __init__(self, function: Callable[..., Any], options: dict[str, Any]) -> None:
        # Not FunctionCache's: it looks for a directory, and makes it.
        self._py_func = function
        self._name = repr(function)
        self._options = options
        # Now, and not when something is compiled: by then the file may have been edited.
        self._source = cachedir.source_digest(function.__code__.co_filename)
        self.enable()

    @property
    def cache_path(self) -> str | None:
        directory = self._directory()
        return None if directory is None else str(directory)

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        """Return the compiled *sig*, or None where it has to be compiled."""
        target_context.refresh()
        path = self._path(sig)
        if path is None or not cachedir.is_ours(path.parent):
            return None
        try:
            key, reduced = pickle.loads(read_sealed(path))
            if key != self._key(sig):
                raise Untrusted("it belongs to another kernel")
            loaded = CompileResult._rebuild(target_context, *reduced)
        except FileNotFoundError:
            return None
        except Exception as cause:  # Unpickling what another version wrote can raise anything.
            _LOG.debug("kernel cache: %s is set aside: %s", path, cause)
            with contextlib.suppress(OSError):
                path.replace(f"{path}.broken")
            return None
        cachedir.mark_used(path.parent.parent)
        return loaded

    def save_overload(self, sig: Any, data: Any) -> None:
        """Keep the compiled *sig*, where that is possible."""
        path = self._path(sig)
        if path is None:
            return
        try:
            if data.lifted or data.library.has_dynamic_globals:
                return  # As numba's own: it holds addresses of this process.
            payload = dumps((self._key(sig), data._reduce()))
            if cachedir.make(path.parent):
                write_sealed(path, payload)
        except Exception as cause:  # Full, read-only, not to be pickled: it is only a cache.
            _LOG.debug("kernel cache: %s is not kept: %s", path, cause)

    def flush(self) -> None:
        """Forget all compiled signatures of the kernel."""
        directory = self._directory()
        if directory is not None and cachedir.is_ours(directory):
            for path in directory.glob(f"{self._stem()}-*.kernel"):
                with contextlib.suppress(OSError):
                    path.unlink()

    def _directory(self) -> Path | None:
        root = cachedir.directory()
        return None if root is None else root / self._py_func.__module__.replace(os.sep, "_")

    def _stem(self) -> str:
        return "".join(c if c.isalnum() else "_" for c in self._py_func.__qualname__)

    def _path(self, sig: Any) -> Path | None:
        directory, key = self._directory(), self._key(sig)
        if not self._enabled or directory is None or key is None:
            return None
        return directory / f"{self._stem()}-{hashlib.sha256(key.encode()).hexdigest()[:32]}.kernel"

    def _key(self, sig: Any) -> str | None:
        """Return what tells this kernel and signature from all others, or None: do not keep it."""
        function = describe(self._py_func)
        if self._source is None or function is None:
            return None
        types = [str(kind) for kind in getattr(sig, "args", sig)]
        return repr((function, types, sorted(self._options.items()), self._source))


def describe(value: Any) -> str | None:
    """Return a text for *value* that is the same in every process, or None if there is none.

    Functions, kernels and intrinsics are told apart by their names, code and enclosed values.
    """
    function = getattr(value, "py_func", None) or getattr(value, "_defn", None) or value
    code = getattr(function, "__code__", None)
    if code is not None:
        cells = [describe(cell.cell_contents) for cell in function.__closure__ or ()]
        if None in cells:
            return None
        digest = hashlib.sha256(code.co_code).hexdigest()
        return f"{function.__module__}.{function.__qualname__}:{digest}:{cells}"
    if isinstance(value, tuple):
        items = [describe(item) for item in value]
        return None if None in items else repr(items)
    if isinstance(value, _CONSTANTS) or hasattr(value, "__dataclass_fields__"):
        return repr(value)
    return None


def read_sealed(path: Path) -> bytes:
    """Return what :func:`write_sealed` wrote.

    Raises:
        FileNotFoundError: if there is no such file.
        Untrusted: if it is somebody else's, writable for others, or damaged.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | getattr(os, "O_NOFOLLOW", 0))
    with open(descriptor, "rb") as file:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode) or not cachedir.is_private(status):
            raise Untrusted("it is not ours alone")
        content = file.read()
    head = len(_MAGIC) + _DIGEST_BYTES
    payload = content[head:]
    if content[:head] != _MAGIC + hashlib.sha256(payload).digest():
        raise Untrusted("its checksum is wrong")
    return payload


def write_sealed(path: Path, payload: bytes) -> None:
    """Write *payload* with its checksum, so that a reader sees all of it or nothing.

    Raises:
        OSError: if it cannot be written; then nothing is left behind.
    """
    aside = path.with_name(f"{path.name}.{secrets.token_hex(8)}.tmp")
    descriptor = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        with open(descriptor, "wb") as file:
            file.write(_MAGIC + hashlib.sha256(payload).digest() + payload)
        aside.replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            aside.unlink()
        raise
