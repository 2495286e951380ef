"""The version of a workload. This module hashes what a workload runs: its function and its kernels.

Comments, docstrings, decorators and layout do not count, so that documenting a kernel does not end
its history; neither does the Python version, so that two interpreters agree.
"""

from __future__ import annotations

import ast
import hashlib
import inspect
import io
import textwrap
import tokenize
from collections.abc import Callable, Iterator, Mapping
from types import FunctionType, ModuleType
from typing import Any

__all__ = ["fingerprint"]

_KERNELS = "hwperf.kernels"
_CONSTANTS = (bool, int, float, complex, str, bytes, type(None))


def fingerprint(function: Callable[..., Any], params: Mapping[str, Any]) -> str:
    """Return 16 hexadecimal digits that change when the function, a kernel or a parameter does.

    Followed are the functions, classes and constants that *function* names (directly, as an
    attribute of a module, in a dict or list) and those that these name in turn, as long as they
    are the workload's own package's or kernels of hwperf.
    """
    texts: dict[str, str] = {}
    _follow(function, _own_package(function.__module__), texts, set())
    digest = hashlib.sha256(repr({k: list(v) for k, v in params.items()}).encode())
    for name in sorted(texts):
        digest.update(f"\0{name}\0{texts[name]}".encode())
    return digest.hexdigest()[:16]


def _own_package(module: str) -> str:
    """Return the package whose code belongs to the workload: for hwperf's own, its domain."""
    parts = module.split(".")
    return ".".join(parts[:3]) if parts[:2] == ["hwperf", "domains"] else parts[0]


def _follow(value: Any, own: str, texts: dict[str, str], seen: set[int]) -> None:
    if id(value) in seen:
        return
    seen.add(id(value))
    if isinstance(value, Mapping):
        for item in value.values():
            _follow(item, own, texts, seen)
        return
    if isinstance(value, (list, tuple, set, frozenset)):
        for item in value:
            _follow(item, own, texts, seen)
        return
    source = _python_source(value)
    if source is None or not _belongs(source, own):
        return
    text = _normal_text(source)
    name = f"{source.__module__}.{source.__qualname__}"
    texts[name] = texts.get(name, "") + text
    for used, item in _names_used(source):
        if isinstance(item, _CONSTANTS):
            texts[f"{name}:{used}"] = repr(item)
        else:
            _follow(item, own, texts, seen)


def _python_source(value: Any) -> Any:
    """Return the Python function or class behind *value*: numba's wrappers keep theirs."""
    for attribute in ("py_func", "_defn", "__wrapped__", "func", "function"):
        inner = getattr(value, attribute, None)
        if isinstance(inner, FunctionType):
            return inner
    return value if isinstance(value, (FunctionType, type)) else None


def _belongs(source: Any, own: str) -> bool:
    module = getattr(source, "__module__", "") or ""
    return any(module == home or module.startswith(f"{home}.") for home in (own, _KERNELS))


def _normal_text(source: Any) -> str:
    try:
        text = textwrap.dedent(inspect.getsource(source))
        tree = ast.parse(text)
    except (OSError, TypeError, SyntaxError):
        code = getattr(source, "__code__", None)
        return "" if code is None else code.co_code.hex() + repr(code.co_consts)
    node = tree.body[0]
    dropped: set[int] = set()
    for inner in ast.walk(node):
        body = getattr(inner, "body", None)
        if isinstance(inner, (ast.FunctionDef, ast.ClassDef)) and body and _is_docstring(body[0]):
            dropped.update(range(body[0].lineno, body[0].end_lineno + 1))
        for decorator in getattr(inner, "decorator_list", []):
            dropped.update(range(decorator.lineno, decorator.end_lineno + 1))
    kept = [
        "" if number in dropped else line for number, line in enumerate(text.splitlines(), start=1)
    ]
    return " ".join(_without_comments("\n".join(kept)).split())


def _is_docstring(node: ast.stmt) -> bool:
    return (
        isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
    )


def _without_comments(text: str) -> str:
    lines = text.splitlines()
    try:
        for token in tokenize.generate_tokens(io.StringIO(text).readline):
            if token.type == tokenize.COMMENT:
                row, column = token.start
                lines[row - 1] = lines[row - 1][:column]
    except (tokenize.TokenError, IndentationError):
        pass  # A body that is only a docstring has no statement left; its lines are empty anyway.
    return "\n".join(lines)


def _names_used(source: Any) -> Iterator[tuple[str, Any]]:
    """Yield the globals and closure values that *source* names, attributes of modules resolved."""
    if not isinstance(source, FunctionType):
        return
    scope = {**source.__globals__}
    for name, cell in zip(source.__code__.co_freevars, source.__closure__ or (), strict=False):
        try:
            scope[name] = cell.cell_contents
        except ValueError:
            continue
    try:
        tree = ast.parse(textwrap.dedent(inspect.getsource(source)))
    except (OSError, TypeError, SyntaxError):
        for name in source.__code__.co_names:
            if name in scope:
                yield name, scope[name]
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute):
            chain = _chain(node)
            if chain and isinstance(scope.get(chain[0]), ModuleType):
                yield ".".join(chain), _resolve(scope[chain[0]], chain[1:])
        elif (
            isinstance(node, ast.Name)
            and node.id in scope
            and not isinstance(scope[node.id], ModuleType)
        ):
            yield node.id, scope[node.id]


def _chain(node: ast.Attribute) -> list[str]:
    names: list[str] = []
    inner: ast.expr = node
    while isinstance(inner, ast.Attribute):
        names.append(inner.attr)
        inner = inner.value
    return [inner.id, *reversed(names)] if isinstance(inner, ast.Name) else []


def _resolve(value: Any, attributes: list[str]) -> Any:
    for attribute in attributes:
        if not isinstance(value, ModuleType):
            break
        value = getattr(value, attribute, None)
    return value
