"""Source text as data. This module reduces Python source to what makes a difference when it runs.

Comments, docstrings, annotations, layout and the text of ``@workload`` make none.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import Any

__all__ = ["Chain", "bound", "names", "normal", "statements"]

Chain = tuple[str, ...]
"""A name with its attributes: ``stream.copy`` is ``("stream", "copy")``."""

_UNCOUNTED = {"annotation", "ctx", "kind", "returns", "type_comment"}


def statements(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    """Yield the statements of *body*, those under an ``if`` or ``try`` one by one."""
    for node in body:
        if isinstance(node, (ast.If, ast.Try)):
            handlers = [handler.body for handler in getattr(node, "handlers", [])]
            for part in (node.body, node.orelse, getattr(node, "finalbody", []), *handlers):
                yield from statements(part)
        else:
            yield node


def bound(node: ast.stmt) -> set[str]:
    """Return the names that a statement binds or changes."""
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        return {node.name}
    if isinstance(node, ast.Import):
        return {alias.asname or alias.name.split(".")[0] for alias in node.names}
    if isinstance(node, ast.ImportFrom):
        return {alias.asname or alias.name for alias in node.names}
    found = set()
    for inner in ast.walk(node):
        is_target = isinstance(getattr(inner, "ctx", None), ast.Store)
        root = inner
        if isinstance(inner, ast.Expr) and isinstance(inner.value, ast.Call):
            root = inner.value.func  # KERNELS.update(...)
            is_target = isinstance(root, ast.Attribute)
        while isinstance(root, (ast.Attribute, ast.Subscript)):
            root = root.value
        if is_target and isinstance(root, ast.Name):
            found.add(root.id)
    return found


def _counted(node: ast.AST) -> Iterator[tuple[str, Any]]:
    """Yield the fields of *node* that make a difference when it runs."""
    for name, value in ast.iter_fields(node):
        if name == "decorator_list":
            value = [decorator for decorator in value if not _declares(decorator)]
        if name == "body" and isinstance(value, list) and _is_docstring(value[0]):
            value = value[1:]
        if name not in _UNCOUNTED and value is not None and value != []:
            yield name, value


def _declares(decorator: ast.expr) -> bool:
    target = decorator.func if isinstance(decorator, ast.Call) else decorator
    return getattr(target, "attr", getattr(target, "id", "")) == "workload"


def _is_docstring(node: ast.stmt) -> bool:
    return (
        isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
    )


def normal(value: Any) -> str:
    """Return a normal form, the same for every layout and every Python since 3.11."""
    if isinstance(value, ast.Constant):
        return repr(value.value)
    if isinstance(value, ast.AST):
        fields = (f"{name}={normal(inner)}" for name, inner in _counted(value))
        return f"{type(value).__name__}({', '.join(fields)})"
    if isinstance(value, list):
        return f"[{', '.join(map(normal, value))}]"
    return repr(value)


def names(value: Any) -> Iterator[Chain]:
    """Yield every name in *value* but in decorators, with the attributes that are taken of it.

    A decorator belongs to the compiler, not to what is compiled: its own text counts, which says
    with what options, what stands behind it does not.
    """
    chain = _chain(value)
    if chain:
        yield chain
    elif isinstance(value, ast.AST):
        for field, inner in _counted(value):
            if field != "decorator_list":
                yield from names(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from names(inner)


def _chain(node: Any) -> Chain:
    names: list[str] = []
    while isinstance(node, ast.Attribute):
        names.append(node.attr)
        node = node.value
    return (node.id, *reversed(names)) if isinstance(node, ast.Name) else ()
