"""The C references: compiled here, then kept running. This module asks them for single timings."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO, ClassVar

from ratios import Timing

HERE = Path(__file__).resolve().parent

# -march=native: what a C programmer would use for this machine. The other one keeps gcc from
# making calls of memcpy and memset, which choose their own stores, of copy and fill; and the last
# one lets a square root be one instruction.
FLAGS = (
    "-O3",
    "-march=native",
    "-fno-tree-loop-distribute-patterns",
    "-fno-math-errno",
    "-fno-plt",
)
LIBRARIES = ("-pthread", "-ldl", "-lm")

ARRAYS = {"read": 1, "fill": 1, "copy": 2, "scale": 2, "add": 3, "triad": 3}

# Bytes by which the arrays of a peer's sweep are moved against one another: none, as hwperf's and
# those of most programs with large arrays lie; or 17 lines, so that a load and a store of the
# same turn differ in the 12 bits by which processors first compare addresses.
APART = (0, 17 * 64)

ARRAYS = {"read": 1, "fill": 1, "copy": 2, "scale": 2, "add": 3, "triad": 3}


class ReferenceError(Exception):
    """The reference could not be built, or could not do what was asked; the message says why."""


@dataclass(frozen=True)
class Request:
    """What reference.c is to run; see there for the meaning of each."""

    program: ClassVar[str] = "reference"

    kernel: str
    variant: str
    pages: str
    nbytes: int
    style: str = ""
    apart: int = 0

    def line(self, count: int) -> str:
        """Return the request for *count* steps, passes or reads."""
        return (
            f"{self.kernel} {self.variant} {self.style} {self.pages} {self.nbytes} {self.apart} "
            f"{count}\n"
        )

    def contestants(self, styles: Sequence[str]) -> Iterator[Request]:
        """Yield the request in each of *styles* and, where there are arrays, placements."""
        several = ARRAYS.get(self.kernel, 1) > 1
        for apart in APART if several else APART[:1]:
            for style in styles:
                yield replace(self, style=style, apart=apart)


@dataclass(frozen=True)
class CoresRequest:
    """What cores.c is to run; see there for the meaning of each."""

    program: ClassVar[str] = "cores"

    kernel: str
    variant: str
    threads: int = 1
    size: int = 0
    style: str = ""

    def line(self, count: int) -> str:
        """Return the request for *count* of what the kernel counts, on each thread."""
        return f"{self.kernel} {self.variant} {self.style} {self.threads} {self.size} {count}\n"

    def contestants(self, styles: Sequence[str]) -> Iterator[CoresRequest]:
        """Yield the request in each of *styles*."""
        for style in styles:
            yield replace(self, style=style)


@dataclass(frozen=True)
class Blas:
    """A BLAS that can be called from C: its file, and what these functions are called in it."""

    path: str
    sgemm: str
    dgemm: str
    set_threads: str


def compiler() -> str | None:
    """Return the path of a C compiler, or None."""
    named = os.environ.get("CC")
    return next((path for path in map(shutil.which, [named or "gcc", "gcc", "cc"]) if path), None)


def build(directory: Path, cc: str, name: str = "reference") -> Path:
    """Compile the program *name*, "reference", "cores" or "network", into *directory*.

    Raises:
        ReferenceError: with the compiler's own words.
    """
    program = directory / name
    if name in ("reference", "network"):
        _compile(cc, f"{name}.c", program)
    else:
        _compile(cc, f"{name}.c", program.with_suffix(".so"), "-shared", "-fPIC")
        _compile(cc, "launch.c", program)
    return program


def _compile(cc: str, source: str, output: Path, *flags: str) -> None:
    command = [cc, *FLAGS, *flags, "-o", str(output), str(HERE / source), *LIBRARIES]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0:
        raise ReferenceError(f"{' '.join(command)} failed:\n{done.stderr.strip()}")


class Reference:
    """A running reference. It answers one request at a time and sleeps between them."""

    def __init__(self, stdin: IO[str], stdout: IO[str]) -> None:
        self._stdin, self._stdout = stdin, stdout
        listed = self._ask("styles\n")["styles"]
        self._styles = [(kernel, variant, style) for kernel, variant, style in listed]

    def styles(self, request: Request | CoresRequest) -> Sequence[str]:
        """Return the styles in which the reference has the kernel of *request*."""
        return [
            style
            for kernel, variant, style in self._styles
            if kernel == request.kernel and variant in ("", request.variant)
        ]

    def time(self, request: Request | CoresRequest, count: int) -> Timing:
        """Run *request* and return its timing.

        Raises:
            ReferenceError: if the reference cannot, or computed something wrong.
        """
        answer = self._ask(request.line(count))
        return Timing(answer["wall_s"], answer["cpu_s"], answer["switches"])

    def prepare(self, request: Request | CoresRequest) -> None:
        """Map and write the working set of *request*."""
        self.time(request, 1)

    def release(self) -> None:
        """Give the memory back."""
        self._ask("release\n")

    def use_cpus(self, cpus: Sequence[int]) -> None:
        """Pin the program to the first of *cpus*, and further threads to the next ones."""
        self._ask(f"cpus {' '.join(map(str, cpus))}\n")

    def probe(self) -> tuple[float, float]:
        """Have cores.c look how its first two CPUs lie to one another.

        Returns:
            The seconds that a cache line takes from one to the other, and how many times the
            multiply-adds of one thread two do.
        """
        answer = self._ask("probe\n")
        return answer["one_way_s"], answer["speed_up"]

    def load_blas(self, blas: Blas) -> None:
        """Have cores.c load a BLAS, on the CPUs that it was told to use: its threads stay there."""
        self._ask(f"blas {blas.path} {blas.sgemm} {blas.dgemm} {blas.set_threads}\n")

    def _ask(self, line: str) -> dict:  # type: ignore[type-arg]
        try:
            self._stdin.write(line)
            self._stdin.flush()
            answered = self._stdout.readline()
        except BrokenPipeError:
            answered = ""
        return answer_of(answered, line)


def answer_of(answered: str, asked: str) -> dict:  # type: ignore[type-arg]
    """Return the answer in one line of the reference.

    Raises:
        ReferenceError: if it is an error, or none.
    """
    if not answered:
        raise ReferenceError(f"the C reference ended at the request {asked.strip()!r}")
    answer: dict = json.loads(answered)  # type: ignore[type-arg]
    if "error" in answer:
        raise ReferenceError(f"{asked.strip()}: {answer['error']}")
    return answer


@contextmanager
def running(program: Path) -> Iterator[Reference]:
    """Run the program; end it at the end."""
    process = subprocess.Popen(
        [str(program)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdin is not None
        assert process.stdout is not None
        yield Reference(process.stdin, process.stdout)
    finally:
        process.kill()
        process.communicate()
