"""What a kernel computed. This module finds what a run has changed and can spoil one element of it.

Seen are numpy arrays and numbers (in lists, dicts, attributes and ``nonlocal`` names) that the
workload's function or its kernel refers to. What lies elsewhere, on an accelerator or in a file,
is not seen: copy it into an array.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from types import CellType, FrameType, FunctionType, MethodType, SimpleNamespace
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from hwperf.measure.stage import Stage

__all__ = ["Output", "run_and_find"]

Array: TypeAlias = NDArray[Any]
Kind: TypeAlias = Literal["fractions", "integers", "list", "number"]

_DEPTH = 5  # Containers within containers: deep enough for what authors write.
_PLACE = 0.382  # Of the changed elements: not the first, the last or the middle one.
_WORDS = {1: np.uint8, 2: np.uint16, 4: np.uint32, 8: np.uint64}


@dataclass(frozen=True)
class Output:
    """Something that a run of the kernel has changed.

    Attributes:
        name: how the author knows it.
        kind: an array of numbers with fractions, one of integers, a list, or a single number.
        spoil: makes one element wrong and says what it did.
    """

    name: str
    kind: Kind
    spoil: Callable[[], str]


@dataclass(frozen=True)
class _Holder:
    """Something that can hold what a kernel computes, and how its author names it."""

    name: str
    value: Any


def run_and_find(stage: Stage) -> list[Output]:
    """Run the kernel of *stage* once and return what it changed.

    Raises:
        StageError: if it raises.
    """
    before = list(_holders(stage))  # Kept, so that no other object gets the id of one of them.
    copies = {_key(holder.value): _copied(holder.value) for holder in before}
    stage.run()
    arrays: list[_Holder] = []
    numbers: list[Output] = []
    for holder in _holders(stage):
        old = copies.get(_key(holder.value))
        if not isinstance(holder.value, np.ndarray):
            numbers += _changed_numbers(holder, old)
        elif _changed_elements(holder.value, old).size:
            arrays.append(holder)
    return [*(_array_output(h, copies.get(_key(h.value))) for h in _apart(arrays)), *numbers]


def _array_output(holder: _Holder, old: Array | None) -> Output:
    kind: Kind = "fractions" if holder.value.dtype.kind in "fc" else "integers"
    return Output(holder.name, kind, partial(_spoil_array, holder, old))


def _holders(stage: Stage) -> Iterator[_Holder]:
    """Yield every array, list, dict, namespace and closure cell within reach of *stage*."""
    frame = getattr(stage.generator, "gi_frame", None)
    package = "" if frame is None else str(frame.f_globals.get("__name__", "")).split(".")[0]
    seen: set[Any] = set()

    def reach(name: str, value: Any, depth: int) -> Iterator[_Holder]:
        if depth > _DEPTH or _is_number(value) or isinstance(value, (str, bytes, type, type(None))):
            return
        key = _key(value)
        if key in seen:
            return
        seen.add(key)
        if isinstance(value, (np.ndarray, list, dict, CellType)) or _has_attributes(value, package):
            yield _Holder(name, value)
        for part, inner in _parts(name, value, package):
            yield from reach(part, inner, depth + 1)

    for name, value in _locals(frame).items():
        yield from reach(name, value, 0)
    yield from reach("the kernel", stage.kernel, 0)


def _locals(frame: FrameType | None) -> dict[str, Any]:
    if frame is None:
        return {}
    found = dict(frame.f_locals)
    if isinstance(frame.f_locals, dict):
        # Before Python 3.13 the frame would keep this copy, and with it memory that the workload's
        # tear-down wants to give back.
        frame.f_locals.clear()
    return found


def _parts(name: str, value: Any, package: str) -> Iterator[tuple[str, Any]]:
    """Yield what *value* refers to, with the names that an author would write."""
    if isinstance(value, (list, tuple, dict, CellType)) or _has_attributes(value, package):
        for key, inner in _items(value):
            yield _item_name(name, value, key), inner
    elif isinstance(value, FunctionType):
        yield from zip(value.__code__.co_freevars, value.__closure__ or (), strict=True)
        yield from ((f"{name}'s default", inner) for inner in value.__defaults__ or ())
    elif isinstance(value, MethodType):
        yield f"{name}'s self", value.__self__
        yield name, value.__func__
    elif isinstance(value, partial):
        yield name, value.func
        yield from ((f"{name}'s argument {i}", inner) for i, inner in enumerate(value.args))
        yield from ((f"{name}'s argument {key}", inner) for key, inner in value.keywords.items())


def _has_attributes(value: Any, package: str) -> bool:
    is_own = type(value).__module__.split(".")[0] == package
    is_record = isinstance(value, SimpleNamespace) or dataclasses.is_dataclass(value) or is_own
    return is_record and isinstance(getattr(value, "__dict__", None), dict)


def _items(value: Any) -> list[tuple[Any, Any]]:
    if isinstance(value, (list, tuple)):
        return list(enumerate(value))
    if isinstance(value, CellType):
        try:
            return [("", value.cell_contents)]
        except ValueError:
            return []  # Not bound yet.
    return list((value if isinstance(value, dict) else vars(value)).items())


def _item_name(name: str, value: Any, key: Any) -> str:
    if isinstance(value, CellType):
        return name
    return f"{name}[{key!r}]" if isinstance(value, (list, tuple, dict)) else f"{name}.{key}"


def _key(value: Any) -> Any:
    """Return what tells *value* from others; two arrays that look at the same elements are one."""
    if isinstance(value, np.ndarray):
        return value.ctypes.data, value.shape, value.strides, value.dtype.str
    return id(value)


def _copied(value: Any) -> Any:
    return value.copy() if isinstance(value, np.ndarray) else dict(_items(value))


def _changed_numbers(holder: _Holder, old: dict[Any, Any] | None) -> list[Output]:
    """Return the changed numbers of *holder*; of a list the one in the chosen place."""
    missing = object()
    changed = [
        key
        for key, new in _items(holder.value)
        if _is_number(new) and not _is_same((old or {}).get(key, missing), new)
    ]
    is_list = isinstance(holder.value, list)
    if is_list and changed:
        changed = [changed[int(_PLACE * len(changed))]]
    return [
        Output(
            holder.name if is_list else _item_name(holder.name, holder.value, key),
            "list" if is_list else "number",
            partial(_spoil_number, holder, key),
        )
        for key in changed
    ]


def _is_same(old: Any, new: Any) -> bool:
    return old is new or bool(type(old) is type(new) and old == new)


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float, complex, np.number, np.bool_))


def _changed_elements(new: Array, old: Array | None) -> NDArray[np.intp]:
    """Return the flat indices of the elements whose bytes have changed.

    Of an array that the run itself has made, those are taken that are not zero, if there are any:
    fresh memory is.
    """
    if new.dtype.kind not in "fciub" or not new.flags.writeable:
        return np.empty(0, np.intp)
    if old is None:
        return np.flatnonzero(new) if new.any() else np.arange(new.size)
    words = np.dtype(_WORDS.get(new.itemsize, (np.void, new.itemsize)))
    flat = [np.ascontiguousarray(part).reshape(-1).view(words) for part in (old, new)]
    return np.flatnonzero(flat[0] != flat[1])


def _apart(arrays: Sequence[_Holder]) -> list[_Holder]:
    """Return one array of those that share memory: the one that says best what is in it."""
    kept: list[_Holder] = []
    for holder in sorted(
        arrays,
        key=lambda h: (h.value.dtype.kind not in "fc", -h.value.itemsize, h.value.nbytes),
    ):
        if not any(np.may_share_memory(holder.value, other.value) for other in kept):
            kept.append(holder)
    return kept


def _spoil_array(holder: _Holder, old: Array | None) -> str:
    array = holder.value
    changed = _changed_elements(array, old)
    place = int(changed[int(_PLACE * changed.size)])
    index = np.unravel_index(place, array.shape)
    was = array[index]
    array[index] = _wrong(was)
    return f"{array[index]!r} in place of {was!r} in element {place} of {array.size}"


def _spoil_number(holder: _Holder, key: Any) -> str:
    value = holder.value
    was = dict(_items(value))[key]
    wrong = _wrong(was)
    if isinstance(value, CellType):
        value.cell_contents = wrong
    elif isinstance(value, (list, dict)):
        value[key] = wrong
    else:
        vars(value)[key] = wrong
    place = f" in element {key} of {len(value)}" if isinstance(value, list) else ""
    return f"{wrong!r} in place of {was!r}{place}"


def _wrong(value: Any) -> Any:
    """Return NaN for a number with a fraction, and every bit flipped for any other."""
    if isinstance(value, (bool, np.bool_)):
        return not value
    return ~value if isinstance(value, (int, np.integer)) else type(value)("nan")
