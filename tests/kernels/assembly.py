"""The machine code of a kernel, for this processor or another, and the loops in it."""

from __future__ import annotations

import re
from collections.abc import Callable
from types import FunctionType
from typing import Any

import llvmlite.binding as llvm
import numba
import pytest
from llvmlite import ir

from hwperf.kernels.jit import OPTIONS

_LABEL = re.compile(r"^(\.?L\w+):")
_JUMP = re.compile(r"^(?:j\w+|b(?:\.\w+)?|cbn?z|tbn?z)\s+(?:.*,\s*)?(\.?L\w+)$")


def fresh(kernel: Any) -> Any:
    """Compile *kernel* anew: code that comes from the cache cannot be inspected."""
    function = kernel.py_func
    copy = FunctionType(
        function.__code__,
        function.__globals__,
        function.__name__,
        function.__defaults__,
        function.__closure__,
    )
    # Numba's symbols are made of names: two kernels of one name must not meet in one process.
    copy.__qualname__ = f"{function.__qualname__}_fresh"
    copy.__module__ = function.__module__
    return numba.njit(**OPTIONS)(copy)


def native(kernel: Any, *args: Any, marks: bool = False) -> list[str]:
    """Return the instructions and labels that run here when *kernel* is called with *args*.

    With *marks*, a line "barrier" stands where a barrier is (or another empty piece of assembly).
    """
    dispatcher = fresh(kernel)
    dispatcher.compile(tuple(numba.typeof(arg) for arg in args))
    text = next(iter(dispatcher.inspect_asm().values()))
    return _instructions(text.replace("#APP", "barrier") if marks else text)


def on(cpu: str, kernel: Any, *args: Any, triple: str = "x86_64-unknown-linux-gnu") -> list[str]:
    """Return the instructions of *kernel* on another processor."""
    llvm.initialize_all_targets()
    llvm.initialize_all_asmprinters()
    dispatcher = fresh(kernel)
    dispatcher.compile(tuple(numba.typeof(arg) for arg in args))
    text = next(iter(dispatcher.inspect_llvm().values()))
    if not triple.startswith("x86_64"):
        text = _portable(text)
    machine = llvm.Target.from_triple(triple).create_target_machine(cpu=cpu, opt=3)
    module = llvm.parse_assembly(text)
    module.triple = triple
    module.data_layout = str(machine.target_data)
    return _instructions(machine.emit_assembly(module))


def needs_llvm_of(cpu: str) -> None:
    """Skip where this LLVM is older than the processor, and would stop the process."""
    if cpu == "znver4" and llvm.llvm_version_info < (16,):
        pytest.skip(f"LLVM {llvm.llvm_version_info[0]} does not know {cpu}")


def emitted(
    emit: Callable[..., None], n_args: int, cpu: str, triple: str = "x86_64-unknown-linux-gnu"
) -> list[str]:
    """Return the instructions of what ``emit(builder, *args)`` emits, on another processor.

    Without numba, which generates code for the processor it runs on, and for no instruction that
    this one lacks; the arguments are int64.
    """
    llvm.initialize_all_targets()
    llvm.initialize_all_asmprinters()
    module = ir.Module("emitted")
    module.triple = triple
    kind = ir.FunctionType(ir.VoidType(), [ir.IntType(64)] * n_args)
    function = ir.Function(module, kind, "emitted")
    builder = ir.IRBuilder(function.append_basic_block())
    emit(builder, *function.args)
    builder.ret_void()
    machine = llvm.Target.from_triple(triple).create_target_machine(cpu=cpu, opt=3)
    parsed = llvm.parse_assembly(str(module))
    parsed.triple = triple
    parsed.data_layout = str(machine.target_data)
    return _instructions(machine.emit_assembly(parsed))


def _portable(text: str) -> str:
    """Replace what a kernel and numba's reference counting ask of x86-64 alone.

    Numba generates code for the processor it runs on; there the fence is what stands here.
    """
    text = re.sub(r"(tail )?call void @llvm\.x86\.sse\.sfence\(\)", "fence seq_cst", text)
    return text.replace("llvm.x86.atomic", "other.atomic").replace("i32 immarg)", "i32)")


def _instructions(assembly: str) -> list[str]:
    """Return the first function's code: what follows it are wrappers for Python."""
    body = assembly[: assembly.index(".cfi_endproc")]
    # "#" begins a comment on x86-64, and an immediate operand on aarch64.
    lines = (re.split(r"(?:^|\s)#|//", line)[0] for line in body.splitlines())
    lines = (" ".join(line.split()) for line in lines)
    return [line for line in lines if line and (_LABEL.match(line) or line[0] not in "._")]


def spans(instructions: list[str]) -> list[tuple[int, int]]:
    """Return the loops, each as the places of a label and of a jump back to it."""
    at = {match[1]: i for i, line in enumerate(instructions) if (match := _LABEL.match(line))}
    jumps = ((i, _JUMP.match(line)) for i, line in enumerate(instructions))
    return sorted({(at[jump[1]], i) for i, jump in jumps if jump and at.get(jump[1], i) < i})


def loops(instructions: list[str]) -> list[list[str]]:
    """Return the instructions of the innermost loops: those that hold no other."""
    found = spans(instructions)
    inner = [
        (a, b)
        for a, b in found
        if not any((a, b) != (c, d) and a <= c and d <= b for c, d in found)
    ]
    return [[line for line in instructions[a : b + 1] if not _LABEL.match(line)] for a, b in inner]


def count(instructions: list[str], pattern: str) -> int:
    """Return how many of the instructions match the whole regular expression."""
    return sum(re.fullmatch(pattern, line) is not None for line in instructions)
