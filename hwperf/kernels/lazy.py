"""Modules that are loaded when they are first used, so that naming one costs nothing."""

from __future__ import annotations

import importlib.util
import sys
import threading
from types import ModuleType
from typing import Any

_LOCK = threading.RLock()


class LazyModule(ModuleType):
    """A module that exists and is not executed yet.

    Unlike ``importlib.util.LazyLoader``'s it stays unloaded while somebody looks at its
    ``__file__``, ``__spec__`` or other dunder names, as ``inspect`` does with every module.
    """

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") and name != "__all__":
            raise AttributeError(f"module {self.__name__!r} has no attribute {name!r}")
        _load(self)
        return getattr(self, name)

    def __dir__(self) -> list[str]:
        _load(self)
        return dir(self)


class _Loading(ModuleType):
    """A lazy module while it is executed: its importers in this thread see what is there."""

    def __getattr__(self, name: str) -> Any:
        with _LOCK:  # Another thread waits here until the module is whole.
            if type(self) is _Loading or name not in self.__dict__:
                raise AttributeError(f"module {self.__name__!r} has no attribute {name!r}")
            return self.__dict__[name]


def lazy_module(name: str) -> ModuleType:
    """Return the module *name*: as it is when it was imported before, else unloaded."""
    loaded = sys.modules.get(name)
    if loaded is not None:
        return loaded
    spec = importlib.util.find_spec(name)
    if spec is None:
        raise ModuleNotFoundError(f"No module named {name!r}", name=name)
    module = importlib.util.module_from_spec(spec)
    module.__class__ = LazyModule
    return sys.modules.setdefault(name, module)


def _load(module: Any) -> None:
    with _LOCK:
        kind = type(module)
        if kind is not LazyModule:
            return  # Another thread did it, or this one is at it.
        before = dict(module.__dict__)
        module.__class__ = _Loading
        try:
            module.__spec__.loader.exec_module(module)
        except BaseException:
            module.__dict__.clear()
            module.__dict__.update(before)
            module.__class__ = LazyModule
            raise
        module.__class__ = ModuleType
