"""What physics and data sheets allow. This module derives upper bounds for rates on this host.

A measured rate above its bound did not happen: a loop was deleted, an amount is wrong. So each
bound is generous upward, is never measured, and is None where the host does not tell enough.

Each function takes a workload's parameters as keywords and uses those that it knows: ``nbytes``
(bytes of one array), ``n_threads`` (cores at work, 1) and ``chains`` (independent chases, 1); of
arithmetic ``op``, ``dtype`` ("f64", "int8") and ``width`` (bits of a register, or "scalar").
"""

from __future__ import annotations

import mmap
from collections.abc import Callable
from functools import cache

from hwperf.host import caches, cpu, dimms, memory, microarchitecture, simd, storage, virtualization
from hwperf.host import pages as working_memory
from hwperf.host.facts import Fact, Unavailable
from hwperf.host.files import HOST, optional
from hwperf.units import format_quantity

__all__ = [
    "branches",
    "copy_bandwidth",
    "core_clock",
    "core_copy_bandwidth",
    "core_flops",
    "core_integer_ops",
    "core_load_bandwidth",
    "core_store_bandwidth",
    "dependent_loads",
    "dependent_operations",
    "dram_bandwidth",
    "facts",
    "first_touches",
    "load_bandwidth",
    "loads",
    "storage_bandwidth",
    "store_bandwidth",
    "updates",
]

# Hz. The highest clock that a processor has been sold with: Intel Core i9-14900KS, maximum turbo
# frequency 6.2 GHz (Intel product specification, 2024). Used where the host does not tell.
FASTEST_CLOCK_HZ = 6.2e9

# cpufreq drivers whose cpuinfo_max_freq includes the boost clock; acpi-cpufreq gives the nominal
# one, and Arm firmware differs. Source: Linux, drivers/cpufreq/intel_pstate.c and amd-pstate.c,
# where cpuinfo.max_freq follows turbo or boost as it is switched on or off.
_DRIVERS_WITH_BOOST = ("intel_pstate", "intel_cpufreq", "amd-pstate", "amd-pstate-epp")

# B per cycle out of L1, by the bytes of a vector register: the most load pipes of any core with
# registers of that width, times the width.
#   64: 2 x 64 (Intel since Skylake-SP, Optimization Reference Manual; AMD Zen 5, its
#       Software Optimization Guide 58455, section 2.12)
#   32: 3 x 32 (Intel Golden Cove, Optimization Reference Manual, "Golden Cove")
#   16: 4 x 16 (Arm Cortex-X925, Software Optimization Guide, "load/store pipelines")
_LOADED_PER_CYCLE = {64: 128, 32: 96, 16: 64}

# B per cycle into L1: one line of 64 B. No core listed above commits more, whatever its width.
_STORED_PER_CYCLE = 64

# Bits of registers that are multiplied and added per cycle, by the bytes of a vector register: the
# most multiply-adders of any core with registers of that width, times the width of each.
#   64: 2 x 512 (Intel since Skylake-SP; AMD Zen 5, its Software Optimization Guide 58455, 2.11)
#   32: 2 x 256 (Intel since Haswell, AMD since Zen 2), 4 x 128 (Intel Skymont)
#   16: 6 x 128 (Arm Cortex-X925, Software Optimization Guide, "FP/ASIMD pipelines")
_MULTIPLIED_PER_CYCLE = {64: 1024, 32: 512, 16: 768}

# Bits of registers of integers that are added per cycle, as above; multiplications are fewer.
#   64: 4 x 512 (AMD Zen 5); 32: 4 x 256 (AMD Zen 3); 16: 6 x 128 (Arm Cortex-X925)
_ADDED_PER_CYCLE = {64: 2048, 32: 1024, 16: 768}

# Vector instructions per cycle, whatever their width: 6 pipes (Arm Cortex-X925); x86 has 4.
_VECTORS_PER_CYCLE = 6

# Cycles from one multiply-add to the next of its chain: 3 and more, 4 on most cores; 2 on Arm's
# where only the sum waits.
_MULTIPLY_ADD_CYCLES = 2

# Conditional jumps per cycle: 2, of which 1 is taken, on cores of 2020 to 2024; Intel Lion Cove and
# AMD Zen 5 foresee 2 that are taken, and some carry out 3.
_JUMPS_PER_CYCLE = 4

_BITS = {"f64": 64, "f32": 32, "f16": 16, "bf16": 16}
_BITS |= {"int64": 64, "int32": 32, "int16": 16, "int8": 8}

# A core that our table of microarchitectures does not know may be newer than these figures: each
# doubling of a path to L1 so far took more than five years, so one doubling is allowed for.
_UNKNOWN_CORE = 2

# Cycles from a load's address to its value in a dependent load: 4 or 5 on x86, 4 on Arm's cores,
# 3 on Apple's Firestorm and some in-order cores. No shipping core does it in 2.
_LOAD_TO_USE_CYCLES = 3


def core_clock(**params: object) -> float | None:
    """Return the clock in Hz that no core of this host passes; dependent adds per second."""
    return _clock_hz()


def core_load_bandwidth(**params: object) -> float | None:
    """Return the B/s that the cores at work can load from L1."""
    per_cycle = _loaded_per_cycle()
    return None if per_cycle is None else per_cycle * _clock_hz() * _count(params, "n_threads")


def core_store_bandwidth(**params: object) -> float | None:
    """Return the B/s that the cores at work can store into L1."""
    return _STORED_PER_CYCLE * _newer() * _clock_hz() * _count(params, "n_threads")


def core_copy_bandwidth(**params: object) -> float | None:
    """Return the B/s, loads and stores counted, that the cores at work can move through L1."""
    loads, stores = core_load_bandwidth(**params), core_store_bandwidth(**params)
    return None if loads is None or stores is None else loads + stores


def dram_bandwidth(**params: object) -> float | None:
    """Return the B/s at which arrays of *nbytes* each can be gone through, by the memory modules.

    Peak = sum over the modules of (transfers per second) x (bytes of data bus), as if each had a
    channel of its own: two on one channel share it, so this can be above the truth, never below.

    Of n bytes at most C, the capacity of all caches, are still there from the pass before, so
    n - C come from the modules and the rate is at most peak x n / (n - C): None for n <= C. With
    no nbytes the working set counts as far larger than the caches.

    None in a virtual machine (its modules are made up) and where the modules are not told or do
    not add up to the memory that is there, as with memory stacked on the package.
    """
    peak, cached = _dram_peak(), _cached_bytes()
    nbytes = params.get("nbytes")
    if peak is None or not isinstance(nbytes, (int, float)):
        return peak
    return peak * nbytes / (nbytes - cached) if cached is not None and nbytes > cached else None


def loads(**params: object) -> float | None:
    """Return the op/s of loads of 8 bytes, independent of one another: bytes out of L1 over 8."""
    bandwidth = core_load_bandwidth(**params)
    return None if bandwidth is None else bandwidth / 8


def updates(**params: object) -> float | None:
    """Return the FLOP/s of one addition to each float64: a load and a store of 8 bytes for each."""
    bandwidth = core_store_bandwidth(**params)
    return None if bandwidth is None else bandwidth / 8


def first_touches(*, pages: str = "small") -> float | None:
    """Return the op/s of first touches of a page: the system has to clear it through L1."""
    nbytes = (working_memory.huge_page_bytes() if pages == "huge" else None) or mmap.PAGESIZE
    bandwidth = core_store_bandwidth()
    return None if bandwidth is None else bandwidth / nbytes


def storage_bandwidth(**params: object) -> float | None:
    """Return the B/s of the link of the disks that storage is measured on; see `link_bandwidth`."""
    return storage.link_bandwidth(storage.target_directory())


def load_bandwidth(**params: object) -> float | None:
    """Return the lower of `core_load_bandwidth` and `dram_bandwidth`, of those that are known."""
    return _tighter(core_load_bandwidth, params)


def store_bandwidth(**params: object) -> float | None:
    """Return the lower of `core_store_bandwidth` and `dram_bandwidth`, of those that are known."""
    return _tighter(core_store_bandwidth, params)


def copy_bandwidth(**params: object) -> float | None:
    """Return the lower of `core_copy_bandwidth` and `dram_bandwidth`, of those that are known."""
    return _tighter(core_copy_bandwidth, params)


def dependent_loads(**params: object) -> float | None:
    """Return the op/s of *chains* independent chains of loads, each waiting for the one before.

    At least 3 cycles from a load to the next of its chain, at the highest clock.
    """
    return _clock_hz() / _LOAD_TO_USE_CYCLES * _count(params, "chains", "n_threads")


def dependent_operations(**params: object) -> float | None:
    """Return the op/s of operations that wait for the one before: each takes a cycle or more."""
    return _clock_hz()


def branches(**params: object) -> float | None:
    """Return the conditional jumps per second of a core that foresees all of them."""
    return _JUMPS_PER_CYCLE * _newer() * _clock_hz()


def core_flops(**params: object) -> float | None:
    """Return the FLOP/s of multiply-adds of *dtype* in registers of *width*, in *chains* chains.

    The dot product of bf16 counts as a multiply-add of 16-bit numbers. Without a width, the widest
    vectors; None there where the core has matrix units (AMX, SME), which do far more.
    """
    per_cycle = _bits_per_cycle(_MULTIPLIED_PER_CYCLE, params)
    return None if per_cycle is None else 2 * _lanes_per_second(per_cycle, params)


def core_integer_ops(**params: object) -> float | None:
    """Return the op/s of additions of *dtype* in registers of *width*; of *op* "dot" twice that."""
    per_cycle = _bits_per_cycle(_ADDED_PER_CYCLE, params)
    each = 2 if params.get("op") == "dot" else 1
    return None if per_cycle is None else each * _lanes_per_second(per_cycle, params)


def facts() -> tuple[Fact, ...]:
    """Return the limits of one core and of the memory modules, each with its derivation."""
    clock, width = _clock_hz(), simd.widest_bytes(simd.simd_sets())
    told = (
        "by cpufreq" if clock != FASTEST_CLOCK_HZ else "the fastest ever sold: host does not tell"
    )
    at = f"B per cycle at {format_quantity(clock, 'Hz')}"
    loaded = f"{_loaded_per_cycle()} {at}, {width} B registers"
    fused = f"multiply-adds at {format_quantity(clock, 'Hz')}, {width} B registers"
    stored = f"{_STORED_PER_CYCLE * _newer()} {at}"
    untold = "hwperf knows no SIMD set of this processor"
    modules = "virtual machine, or modules that are not told or not all listed"
    link = "virtual machine, network, memory, or a link that is not told"
    return (
        _limit("clock", clock, "Hz", told),
        _limit("loads of a core", core_load_bandwidth(), "B/s", loaded, untold),
        _limit("stores of a core", core_store_bandwidth(), "B/s", stored),
        _limit("f64 arithmetic of a core", core_flops(), "FLOP/s", fused, untold),
        _limit("dependent loads", dependent_loads(), "op/s", f"{_LOAD_TO_USE_CYCLES} cycles each"),
        _limit("memory modules", dram_bandwidth(), "B/s", "transfers/s x width, summed", modules),
        _limit("storage link", storage_bandwidth(), "B/s", "rate x lanes x encoding, summed", link),
    )


def _limit(name: str, value: float | None, unit: str, source: str, why: str = "") -> Fact:
    return Fact(name, value, unit, source, why if value is None else "")


def _tighter(core: Callable[..., float | None], params: dict[str, object]) -> float | None:
    known = [bound for bound in (core(**params), dram_bandwidth(**params)) if bound is not None]
    return min(known, default=None)


def _count(params: dict[str, object], *names: str) -> int:
    """Return the product of those counts among *params* that *names* give; 1 for the others."""
    product = 1
    for name in names:
        value = params.get(name)
        product *= value if isinstance(value, int) else 1
    return product


def _bits_per_cycle(table: dict[int, int], params: dict[str, object]) -> float | None:
    """Return the bits of registers that instructions work on per cycle, at most."""
    sets = simd.simd_sets()
    widest = simd.widest_bytes(sets)
    if widest is None:
        return None
    most = table[widest] * _newer()
    width = params.get("width")
    if width is None:
        return None if any(name.startswith(("amx", "sme")) for name in sets) else most
    bits = _bits_of(params) if width == "scalar" else int(str(width))
    at_once = min(_VECTORS_PER_CYCLE * _newer(), most / bits)
    chains = params.get("chains")
    if isinstance(chains, int):
        at_once = min(at_once, chains / _MULTIPLY_ADD_CYCLES)
    return at_once * bits


def _lanes_per_second(bits_per_cycle: float, params: dict[str, object]) -> float:
    return bits_per_cycle / _bits_of(params) * _clock_hz() * _count(params, "n_threads")


def _bits_of(params: dict[str, object]) -> int:
    return _BITS[str(params.get("dtype", "f64"))]


@cache
def _clock_hz() -> float:
    """Return a clock in Hz that no core of this host passes."""
    driver = optional(HOST, f"{cpu.CPUS}/cpu0/cpufreq/scaling_driver")
    told = cpu.max_clock_hz() if driver in _DRIVERS_WITH_BOOST else None
    return told or FASTEST_CLOCK_HZ


@cache
def _loaded_per_cycle() -> int | None:
    width = simd.widest_bytes(simd.simd_sets())
    return None if width is None else _LOADED_PER_CYCLE[width] * _newer()


@cache
def _newer() -> int:
    try:
        microarchitecture.microarchitecture()
    except Unavailable:
        return _UNKNOWN_CORE
    return 1


@cache
def _cached_bytes() -> int | None:
    """Return the capacity of all caches that hold data, or None where the host does not tell."""
    sizes = [each.size_bytes for each in caches.caches() if each.kind != "instruction"]
    return sum(size for size in sizes if size) if any(sizes) else None


@cache
def _dram_peak() -> float | None:
    if virtualization.is_virtual() is not False:
        return None
    try:
        modules = dimms.dimms()
        total = memory.total_bytes()
    except Unavailable:
        return None
    peaks = [module.peak_bandwidth for module in modules]
    listed = sum(module.size_bytes for module in modules)
    if listed < total or None in peaks:
        return None
    return sum(peak for peak in peaks if peak)
