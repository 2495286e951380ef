"""What the compiler makes of the kernels, without a device: nothing measured is optimised away.

The PTX is libNVVM's; ptxas assembles it for three generations (Turing, Ampere, Hopper), and where
nvdisasm is there, the instructions themselves are counted.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from collections import Counter
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from hwperf.devices.numba_cuda.geometry import ON_DEVICE, WAYS

GENERATIONS = ((7, 5), (8, 0), (9, 0))
KERNELS = [
    ("copy", "f32"), ("copy", "f64"), ("scale", "f32"), ("add", "f32"), ("triad", "f32"),
    ("triad", "f64"), ("dot", "f32"), ("dot", "f64"), ("total", "f32"), ("gemm", "f32"),
    ("gemm", "f64"), ("count", "f32"), ("chase", "f32"), ("chase_local", "f32"),
    ("coalesce", "f32"), ("checksum", "f32"), ("diverge", "f32"), ("ramp", "f32"),
]  # fmt: skip
SMALL = [name for name, dtype in KERNELS if dtype == "f32"]


@pytest.fixture(scope="module", autouse=True)
def compiler() -> None:
    """Skip where numba.cuda cannot compile."""
    pytest.importorskip("numba.cuda")
    from numba.core import config

    if config.ENABLE_CUDASIM:
        pytest.skip("the CUDA simulator compiles nothing")
    from numba.cuda.cudadrv import nvvm

    if not nvvm.is_available():
        pytest.skip("no libNVVM: the CUDA toolkit is not installed")


@cache
def ptx(name: str, dtype: str = "f32", cc: tuple[int, int] = (7, 5)) -> str:
    """Return the kernel as PTX; that for 7.5 is assembled for every later generation, too."""
    from numba import cuda

    from hwperf.devices.numba_cuda.compiled import signature, source

    code: Any = cuda.compile_ptx(source(name, dtype), signature(name, dtype), cc=cc)[0]
    return code if isinstance(code, str) else code.decode()


def instructions(code: str) -> Counter[str]:
    """Return how often each instruction stands in PTX, by its name with all parts."""
    found = re.findall(r"^\s*(?:@!?%p\d+\s+)?([a-z][\w.:]*)\b[^\n]*;", code, re.MULTILINE)
    assert "ret" in found
    return Counter(found)


def n(code: str, pattern: str) -> int:
    """Return how many instructions of PTX have a name that *pattern* matches."""
    return sum(times for name, times in instructions(code).items() if re.fullmatch(pattern, name))


def cubin(name: str, dtype: str, cc: tuple[int, int], folder: Path) -> Path:
    assembler = shutil.which("ptxas")
    if assembler is None:
        pytest.skip("no ptxas: the CUDA toolkit is not installed")
    source, made = folder / "kernel.ptx", folder / "kernel.cubin"
    source.write_text(ptx(name, dtype))
    run = subprocess.run(
        [assembler, f"-arch=sm_{cc[0]}{cc[1]}", "-v", "-o", str(made), str(source)],
        capture_output=True,
        text=True,
    )
    if run.returncode and re.search("Unsupported .version|not defined for option", run.stderr):
        pytest.skip(f"this ptxas is too old or too new: {run.stderr.splitlines()[0]}")
    assert run.returncode == 0, run.stderr
    assert "0 bytes spill stores, 0 bytes spill loads" in run.stderr
    return made


@pytest.mark.parametrize("cc", GENERATIONS)
@pytest.mark.parametrize(("name", "dtype"), KERNELS)
def test_each_generation_assembles_each_kernel_without_spilling(
    name: str, dtype: str, cc: tuple[int, int], tmp_path: Path
) -> None:
    assert cubin(name, dtype, cc, tmp_path).stat().st_size > 0


@pytest.mark.parametrize("name", SMALL)
def test_no_float64_slips_into_kernels_of_float32(name: str) -> None:
    assert n(ptx(name), r".*\.f64(\..*)?") == 0
    assert n(ptx(name), r"st\.global\..*|atom\..*|red\..*") > 0


@pytest.mark.parametrize(("name", "dtype"), KERNELS)
def test_sums_and_indices_stay_in_registers(name: str, dtype: str) -> None:
    """Nothing lies in local memory, which is in the device's DRAM."""
    assert ".local" not in ptx(name, dtype)


@pytest.mark.parametrize("dtype", ["f32", "f64"])
@pytest.mark.parametrize(
    ("name", "n_inputs"), [("copy", 1), ("scale", 1), ("add", 2), ("triad", 2)]
)
def test_a_thread_of_stream_loads_four_elements_before_it_stores(
    name: str, n_inputs: int, dtype: str
) -> None:
    code = ptx(name, dtype)
    block = max(re.split(r"^\S+:", code, flags=re.MULTILINE), key=lambda b: b.count("ld.global"))
    order = re.findall(r"\b(ld|st)\.global\.\w+", block)
    assert order == ["ld"] * 4 * n_inputs + ["st"] * 4


@pytest.mark.parametrize("cc", [(7, 5), (9, 0)])
def test_the_chase_loads_what_the_next_load_needs(cc: tuple[int, int]) -> None:
    """Every load but those of parameters is of an entry, and no index is tested for its sign."""
    code = ptx("chase", cc=cc)
    assert n(code, r"ld\.global\.u32") >= 1
    assert n(code, r"ld\.global\..*") == n(code, r"ld\.global\.u32")
    assert n(code, r"mul\.wide\.u32") == n(code, r"ld\.global\.u32")
    assert n(code, r"bra(\.uni)?") >= 1
    near = ptx("chase_local", cc=cc)
    assert n(near, r"ld\.shared\.u32") >= 1
    assert (n(near, r"st\.shared\.u32"), n(near, r"ld\.global\.u32")) == (1, 1)
    assert n(near, r"bar\.sync|barrier\.sync") == 1


def test_coalesce_divides_nothing() -> None:
    code = ptx("coalesce")
    assert n(code, r"(div|rem)\..*") == 0
    assert (n(code, r"ld\.global\.f32"), n(code, r"st\.global\.f32")) == (1, 1)


@pytest.mark.parametrize("cc", [(7, 5), (9, 0)])
def test_ramp_keeps_four_chains_and_a_loop(cc: tuple[int, int]) -> None:
    """Four chains that begin equal are not one; 16 rounds at a time and one at a time are loops."""
    code = ptx("ramp", cc=cc)
    fma = n(code, r"fma\.rn\.f32")
    assert fma % 4 == 0
    assert fma >= 4 * 17
    assert n(code, r"bra(\.uni)?") >= 2
    destinations = re.findall(r"fma\.rn\.f32\s+(%f\d+)", code)
    assert len(set(destinations)) > 4
    assert n(code, r"st\.global\.f32") == 1


@pytest.mark.parametrize("cc", [(7, 5), (9, 0)])
def test_diverge_has_a_loop_for_each_way(cc: tuple[int, int]) -> None:
    """Each way has its own FMAs, as many as any other, with its own constant; none is selected."""
    code = ptx("diverge", cc=cc)
    added = Counter(re.findall(r"fma\.rn\.f32\s+%f\d+, %f\d+, [^,]+, (0f[0-9A-F]{8});", code))
    assert len(added) == WAYS
    assert len(set(added.values())) == 1
    assert n(code, r"bra(\.uni)?|brx\..*") >= 2 * WAYS  # Into each way, and back in its loop.
    assert n(code, r"selp\.f32|slct\..*") == 0


@pytest.mark.parametrize("dtype", ["f32", "f64"])
def test_gemm_uses_each_element_of_shared_memory_often(dtype: str) -> None:
    each = ON_DEVICE.each
    code = ptx("gemm", dtype)
    fma, read = n(code, rf"fma\.rn\.{dtype}"), n(code, rf"ld\.shared\.{dtype}")
    assert fma >= each * each
    assert fma / read == each / 2
    assert n(code, rf"st\.shared\.{dtype}") == 2 * each


def test_dot_adds_in_four_sums() -> None:
    code = ptx("dot")
    assert n(code, r"fma\.rn\.f32") >= 5  # Four at a time, and the rest one by one.
    assert n(code, r"ld\.global\.f32") == 2 * n(code, r"fma\.rn\.f32")


def disassembled(name: str, folder: Path, dtype: str = "f32") -> str:
    tool = shutil.which("nvdisasm")
    if tool is None:
        pytest.skip("no nvdisasm: pip install nvidia-cuda-nvdisasm has it")
    made = cubin(name, dtype, (9, 0), folder)
    return subprocess.run(
        [tool, "-c", str(made)], capture_output=True, text=True, check=True
    ).stdout


def test_the_machine_code_of_diverge_has_a_loop_for_each_way(tmp_path: Path) -> None:
    code = disassembled("diverge", tmp_path)
    added = Counter(re.findall(r"FFMA\S* R\d+, R\d+(?:\.reuse)?, [^,]+, (\d+)", code))
    assert sorted(map(int, added)) == list(range(1, WAYS + 1))
    assert len(set(added.values())) == 1
    assert len(re.findall(r"\bBRA\b", code)) >= 2 * WAYS


def test_the_machine_code_of_ramp_is_mostly_fma(tmp_path: Path) -> None:
    code = disassembled("ramp", tmp_path)
    issued = re.findall(r"/\*[0-9a-f]{4,}\*/\s+(?:@!?U?P\d+ )?([A-Z][A-Z0-9]*)", code)
    assert Counter(issued)["FFMA"] > 2 / 3 * len([each for each in issued if each != "NOP"])


@pytest.mark.parametrize(("name", "load"), [("chase", "LDG"), ("chase_local", "LDS")])
def test_the_machine_code_of_the_chase_has_one_instruction_between_loads(
    name: str, load: str, tmp_path: Path
) -> None:
    """The address of the next load: IMAD.WIDE, or IMAD or LEA in shared memory."""
    code = disassembled(name, tmp_path)
    destinations = re.findall(rf"\b{load}\.?\w* (R\d+),", code)
    assert len(destinations) >= 16
    made = re.findall(r"\b(?:IMAD|LEA|IMAD\.WIDE\.U32) (R\d+), (R\d+)(?:\.reuse)?, 0x4,", code)
    shifted = re.findall(r"\bLEA (R\d+), (R\d+)(?:\.reuse)?, R\d+, 0x2", code)
    assert len(made) + len(shifted) >= len(destinations) - 2
