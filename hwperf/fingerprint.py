"""The version of a workload. This module hashes what a workload runs: its function and its kernels.

What counts is the source text: it is the same on every machine and interpreter, and reading it
compiles nothing. How it is laid out, documented and declared does not count, so that documenting a
kernel does not end its history.
"""

from __future__ import annotations

import ast
import hashlib
import importlib.util
import inspect
import sys
import textwrap
from collections.abc import Callable, Mapping
from functools import lru_cache
from types import FunctionType, ModuleType
from typing import Any

from hwperf.source import Chain, bound, names, normal, statements

__all__ = ["fingerprint"]

_KERNELS = "hwperf.kernels"
_SCALARS = (bool, int, float, complex, str, bytes, type(None))
_WHOLE = "*"  # Stands for every name of a module.


def fingerprint(function: Callable[..., Any], params: Mapping[str, Any]) -> str:
    """Return 16 hexadecimal digits that change when the function, a kernel or a parameter does.

    Followed are the functions, classes and constants that *function* names and those that these
    name in turn, as long as they stand in the workload's own package or in the kernels of hwperf.
    """
    trail = _Trail(_own_package(function.__module__))
    trail.follow_function(function)
    digest = hashlib.sha256(repr({k: list(v) for k, v in params.items()}).encode())
    for text in sorted(trail.texts):
        digest.update(f"\0{text}".encode())
    return digest.hexdigest()[:16]


def _own_package(module: str) -> str:
    """Return the package whose code belongs to the workload: for hwperf's own, its domain."""
    parts = module.split(".")
    return ".".join(parts[:3]) if parts[:2] == ["hwperf", "domains"] else parts[0]


class _Trail:
    """What has been followed so far."""

    def __init__(self, own: str) -> None:
        self.homes = (own, _KERNELS)
        self.texts: set[str] = set()
        self.seen: set[Any] = set()

    def follow_function(self, function: Callable[..., Any]) -> None:
        """Take the text of a function, and what it names in its closure and its module."""
        function = inspect.unwrap(function)
        if id(function) in self.seen or not self.is_home(function.__module__):
            return
        self.seen.add(id(function))
        node = _parsed(function)
        if node is None:  # Typed at a prompt: there is no source, only what it was compiled to.
            code = function.__code__
            self.texts.add(f"{code.co_code.hex()} {code.co_consts!r}")
        else:
            self.take(node, function.__module__, _closure(function))

    def follow_value(self, value: Any, chain: Chain) -> None:
        """Take what a name of a closure stands for."""
        if isinstance(value, _SCALARS):
            self.texts.add(f"{chain[0]} = {value!r}")
        elif isinstance(value, ModuleType):
            self.follow_attributes(value.__name__, chain[1:])
        elif isinstance(value, Mapping):
            for key, item in value.items():
                self.follow_value(item, (f"{chain[0]}[{key!r}]",))
        elif isinstance(value, (list, tuple)):
            for i, item in enumerate(value):
                self.follow_value(item, (f"{chain[0]}[{i}]",))
        else:
            # numba's wrappers, functools.partial and workloads keep the function that they wrap.
            kept = (getattr(value, n, None) for n in ("py_func", "_defn", "func", "function"))
            for inner in (value, *kept):
                if isinstance(inner, FunctionType):
                    self.follow_function(inner)

    def follow(self, module: str, chain: Chain) -> None:
        """Take what binds a name at the top level of *module*, and what that names in turn."""
        if (module, chain) in self.seen or not self.is_home(module):
            return
        self.seen.add((module, chain))
        bindings = _bindings(module)
        if chain[0] == _WHOLE:
            found = tuple(node for nodes in bindings.values() for node in nodes)
        else:
            found = bindings.get(chain[0]) or bindings.get(_WHOLE, ())  # from ... import *
        for node in found:
            if isinstance(node, (ast.Import, ast.ImportFrom)):
                self.follow_import(module, node, chain)
            else:
                self.take(node, module, {})

    def take(self, node: ast.stmt, module: str, closure: Mapping[str, Any]) -> None:
        """Take the text of a statement of *module*, and follow every name in it."""
        self.texts.add(normal(node))
        imports = {
            name: inner
            for inner in ast.walk(node)
            if isinstance(inner, (ast.Import, ast.ImportFrom))
            for name in bound(inner)
        }
        for chain in names(node):
            if chain[0] in closure:
                self.follow_value(closure[chain[0]], chain)
            elif chain[0] in imports:
                self.follow_import(module, imports[chain[0]], chain)
            else:
                self.follow(module, chain)

    def follow_import(self, module: str, node: ast.Import | ast.ImportFrom, chain: Chain) -> None:
        """Go on where an import statement of *module* points to."""
        for alias in node.names:
            if isinstance(node, ast.Import):
                origin = alias.name if alias.asname else alias.name.split(".")[0]
                if chain[0] in (alias.asname or origin, _WHOLE):
                    self.follow_attributes(origin, chain[1:])
                continue
            origin = _origin(module, node)
            if alias.name == _WHOLE:
                self.follow(origin, chain)
            elif chain[0] in (alias.asname or alias.name, _WHOLE):
                if origin == module:  # A package that names its own submodule.
                    self.follow_attributes(f"{origin}.{alias.name}", chain[1:])
                else:
                    self.follow_attributes(origin, (alias.name, *chain[1:]))

    def follow_attributes(self, module: str, attributes: Chain) -> None:
        """Go on with the attributes of a module; all of it where it is a value by itself."""
        if not (self.is_home(module) or any(h.startswith(f"{module}.") for h in self.homes)):
            return
        if attributes and _is_package(module) and attributes[0] not in _bindings(module):
            self.follow_attributes(f"{module}.{attributes[0]}", attributes[1:])
        else:
            self.follow(module, attributes or (_WHOLE,))

    def is_home(self, module: str) -> bool:
        """Return whether the text of *module* is the workload's own or a kernel's."""
        return any(module == home or module.startswith(f"{home}.") for home in self.homes)


def _parsed(function: Callable[..., Any]) -> ast.stmt | None:
    try:
        return ast.parse(textwrap.dedent(inspect.getsource(function))).body[0]
    except (OSError, TypeError, SyntaxError):
        return None


def _closure(function: Any) -> dict[str, Any]:
    found = {}
    for name, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=True):
        try:
            found[name] = cell.cell_contents
        except ValueError:
            continue  # Not bound yet.
    return found


def _is_package(module: str) -> bool:
    if module in sys.modules:
        return hasattr(sys.modules[module], "__path__")
    try:
        spec = importlib.util.find_spec(module)
    except (ImportError, ValueError):
        return False
    return spec is not None and spec.submodule_search_locations is not None


def _origin(module: str, node: ast.ImportFrom) -> str:
    """Return the full name of the module that ``from ... import`` in *module* names."""
    package = module if _is_package(module) else module.rpartition(".")[0]
    name = "." * node.level + (node.module or "")
    return importlib.util.resolve_name(name, package) if node.level else name


@lru_cache(maxsize=256)
def _bindings(module: str) -> Mapping[str, tuple[ast.stmt, ...]]:
    """Return the top-level statements of *module* that bind each name."""
    found: dict[str, list[ast.stmt]] = {}
    for node in statements(ast.parse(_source(module)).body):
        for name in bound(node):
            found.setdefault(name, []).append(node)
    return {name: tuple(nodes) for name, nodes in found.items()}


def _source(module: str) -> str:
    """Return the text of *module* without executing it; nothing where there is none."""
    try:
        if module in sys.modules:
            return inspect.getsource(sys.modules[module])
        spec = importlib.util.find_spec(module)
        get_source = getattr(spec and spec.loader, "get_source", None)
        return (get_source(module) if get_source else None) or ""
    except (ImportError, OSError, TypeError, ValueError):
        return ""
