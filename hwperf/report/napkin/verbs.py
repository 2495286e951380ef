"""What a plan can say. This module holds the verbs and which recorded point each stands on."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Literal

from hwperf.units import KiB, MiB

__all__ = ["VERBS", "Given", "Need", "Scale", "Verb"]

Scale = Literal["best", "by_size", "by_shape"]
"""How points become one time.

best: the best point, time = amount / rate or amount x latency; by_size: through the points of all
sizes, straight lines between them; by_shape: the point whose size is nearest by ratio.
"""

_LARGEST_BLOCK = 16 * MiB  # Of storage.sequential_read and _write.
_LEVELS = {"memory": 256 * MiB, "l3": 2 * MiB, "l2": 64 * KiB, "l1": 8 * KiB}


@dataclass(frozen=True)
class Given:
    """What stands beside a verb.

    Attributes:
        amount: bytes, a number or FLOP, as the verb takes it.
        choices: the chosen word of each slot.
        options: numbers by name.
    """

    amount: float
    choices: Mapping[str, str]
    options: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Need:
    """What must have been measured for a step, and how it becomes a time.

    Attributes:
        resource: what the step keeps busy; steps on different ones may overlap.
        workload: id of the workload.
        amount: units of its metric in one time: bytes, FLOP, operations.
        fixed: the values that each parameter may have.
        scale: how its points become one time.
        axis: the parameter that is a size, where it is scaled.
        size: the size that is asked for, in units of *axis*.
        fit: workload and parameters of a fitted a + n / b, used where it was measured.
        start: workload, parameters and factor of a latency that comes on top.
    """

    resource: str
    workload: str
    amount: float
    fixed: Mapping[str, tuple[Any, ...]] = field(default_factory=dict)
    scale: Scale = "best"
    axis: str = ""
    size: float = 0.0
    fit: tuple[str, Mapping[str, tuple[Any, ...]]] | None = None
    start: tuple[str, Mapping[str, tuple[Any, ...]], float] | None = None


@dataclass(frozen=True)
class Verb:
    """One thing that a step can do.

    Attributes:
        name: in a plan.
        says: what it means, one line.
        example: a whole step.
        need: which measurement it stands on.
        amount: what it takes: bytes, n (a number), flop, or none.
        usual: the amount where none is given; None where it must be.
        choices: the words that it takes, by slot; the first of each is the default.
        options: names that it takes with ``=N``.
        aliases: other names.
    """

    name: str
    says: str
    example: str
    need: Callable[[Given], Need]
    amount: Literal["bytes", "n", "flop", "none"] = "bytes"
    usual: float | None = None
    choices: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    options: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()


def _stream(workload: str, amount: float) -> Need:
    """Return what a whole file stands on; a small one is a block, whose latency counts."""
    if amount >= _LARGEST_BLOCK:
        return Need("disk", workload, amount, {"io": ("direct",)})
    fixed = {"io": ("direct",), "queue_depth": (1,)}
    return Need("disk", workload, amount, fixed, "by_size", "block_bytes", amount)


def _read(given: Given) -> Need:
    place = given.choices["place"]
    if place == "disk":
        return _stream("storage.sequential_read", given.amount)
    if place == "page_cache":
        fixed = {"how": ("read",), "cache": ("warm",), "read_ahead": ("on",)}
        return Need("memory", "storage.cached_read", given.amount, fixed)
    return Need("memory", "memory.read", given.amount, {"nbytes": (_LEVELS[place],)})


def _write(given: Given) -> Need:
    place = given.choices["place"]
    if place == "disk":
        return _stream("storage.sequential_write", given.amount)
    fixed = {"nbytes": (_LEVELS[place],), "data": ("varied",)}
    return Need("memory", "memory.fill", given.amount, fixed)


def _copy(given: Given) -> Need:
    place = given.choices["place"]
    if place in _LEVELS:  # Both the load and the store are counted, as STREAM does.
        return Need("memory", "memory.copy", 2 * given.amount, {"nbytes": (_LEVELS[place],)})
    if place == "device_to_device":
        return Need("device", "transfer.device_to_device", 2 * given.amount)
    memory = {"memory": (given.choices["memory"],)}
    return Need(
        "link", f"transfer.{place}", given.amount, memory, "by_size", "nbytes", given.amount,
        fit=("transfer.fit", {"direction": (place,), **memory}),
    )  # fmt: skip


def _random_read(given: Given) -> Need:
    if given.choices["place"] == "memory":
        return Need("memory", "memory.random_read", 1, {}, "by_size", "burst_bytes", given.amount)
    return _random("storage.random_read", given)


def _random(workload: str, given: Given) -> Need:
    fixed = {"queue_depth": (given.options.get("depth", 1),)}
    return Need("disk", workload, 1, fixed, "by_size", "block_bytes", given.amount)


def _load(given: Given) -> Need:
    fixed = {"nbytes": (_LEVELS[given.choices["place"]],), "order": ("whole",)}
    return Need("memory", "memory.latency", 1, fixed)


def _gemm(given: Given) -> Need:
    flops = 2 * given.amount**3
    dtype = (given.choices["dtype"],)
    if given.choices["where"] == "device":
        return Need(
            "device", "transfer.gemm", flops, {"dtype": dtype}, "by_shape", "n", given.amount
        )
    fixed = {"dtype": dtype, "threads": (given.choices["threads"],)}
    return Need("cores", "simd.gemm", flops, fixed, "by_shape", "n", given.amount)


def _fma(given: Given) -> Need:
    if given.choices["threads"] == "all":
        return Need("cores", "multicore.flops", given.amount)
    return Need("cores", "simd.fma", given.amount, {"dtype": (given.choices["dtype"],)})


def _send(given: Given) -> Need:
    transport = {"transport": (given.choices["transport"],)}
    return Need(
        "network", "network.bandwidth", given.amount, {**transport, "zero_copy": ("off",)},
        start=("network.round_trip", {**transport, "nbytes": (1,)}, 0.5),
    )  # fmt: skip


def _collective(op: str) -> Callable[[Given], Need]:
    def need(given: Given) -> Need:
        fixed = {
            "op": (op,),
            "ranks": (given.options.get("ranks", 2),),
            "backend": (given.choices["backend"],),
        }
        return Need(
            "network", "network.collective", given.amount, fixed, "by_size", "nbytes", given.amount
        )

    return need


def _checkpoint(op: str) -> Callable[[Given], Need]:
    def need(given: Given) -> Need:
        fixed = {"op": (op,), "library": (given.choices["library"],)}
        return Need(
            "disk", "storage.checkpoint", given.amount, fixed, "by_size", "nbytes", given.amount
        )

    return need


def _one(resource: str, workload: str, **fixed: Any) -> Callable[[Given], Need]:
    return lambda given: Need(resource, workload, 1, {k: (v,) for k, v in fixed.items()})


_PLACES = ("disk", "page_cache", *_LEVELS)
_TRANSFERS = ("host_to_device", "device_to_host", "device_to_device")
_DTYPES = ("f64", "f32", "bf16", "int8", "tf32", "f16", "fp8")

_ALL = (
    Verb("read", "read a file or an array from end to end", "read 10GiB disk", _read,
         choices={"place": _PLACES}),
    Verb("write", "write a file or an array", "write 4GiB disk", _write,
         choices={"place": ("disk", *_LEVELS)}),
    Verb("copy", "copy an array, or data to or from the device", "copy 10GiB host_to_device", _copy,
         choices={"place": ("memory", "l3", "l2", "l1", *_TRANSFERS),
                  "memory": ("pinned", "pageable")}),
    Verb("random_read", "read at random places, one after the other or depth=N at once",
         "random reads 4KiB disk depth=32 x1000000", _random_read, usual=4096,
         choices={"place": ("disk", "memory")}, options=("depth",)),
    Verb("random_write", "write at random places of the disk", "random writes 4KiB x1000000",
         lambda given: _random("storage.random_write", given), usual=4096,
         choices={"place": ("disk",)}, options=("depth",)),
    Verb("load", "a load that depends on the one before, a cache miss", "load memory x1e6", _load,
         amount="none", choices={"place": tuple(_LEVELS)}, aliases=("miss", "misses")),
    Verb("gemm", "the product of two N by N matrices, 2 N^3 FLOP", "gemm 8192 f32 x100", _gemm,
         amount="n", choices={"dtype": _DTYPES, "where": ("cpu", "device"),
                              "threads": ("all", "one")}, aliases=("matmul",)),
    Verb("fma", "multiply-adds on registers, counted as two FLOP each", "fma 10TFLOP f64", _fma,
         amount="flop", choices={"dtype": _DTYPES, "threads": ("one", "all")},
         aliases=("flop", "compute")),
    Verb("send", "a stream of bytes to another process of this host", "send 1GiB tcp", _send,
         choices={"transport": ("tcp", "udp", "unix")}),
    Verb("round_trip", "a byte there and back", "round trips tcp x1000",
         lambda given: Need("network", "network.round_trip", 1, {
             "transport": (given.choices["transport"],), "nbytes": (1,)}),
         amount="none",
         choices={"transport": ("tcp", "udp", "unix", "pipe", "shared_memory")}),
    *(Verb(op, f"{op.replace('_', '-')} between processes, bytes of one of them",
           f"{op} 256MiB ranks=2", _collective(op), choices={"backend": ("gloo", "nccl")},
           options=("ranks",), aliases=(op.replace("_", ""),))
      for op in ("all_reduce", "all_gather", "broadcast", "reduce_scatter", "all_to_all")),
    Verb("checkpoint", "save the state of a training", "checkpoint 1GiB torch", _checkpoint("save"),
         choices={"library": ("torch", "numpy")}, aliases=("save",)),
    Verb("restore", "load the state of a training", "restore 1GiB torch", _checkpoint("load"),
         choices={"library": ("torch", "numpy")}),
    Verb("launch", "start a kernel on the device", "launch x1000",
         _one("device", "transfer.launch", how="queued"), amount="none"),
    Verb("fsync", "make 4 KiB durable", "fsync x1000",
         _one("disk", "storage.fsync", how="fdatasync"), amount="none"),
    *(Verb(what, says, f"{what} x10000", _one("cores", "multicore.system", what=what),
           amount="none")
      for what, says in (
          ("syscall", "one request to the operating system"),
          ("context_switch", "give the core to another thread and get it back"),
          ("thread_start", "start a thread and wait for it"),
          ("process_start", "start a process and wait for it"),
      )),
    *(Verb(what, f"{what} a small file", f"{what} x10000",
           _one("disk", "storage.metadata", what=what), amount="none")
      for what in ("create", "stat", "unlink")),
)  # fmt: skip

VERBS: Mapping[str, Verb] = MappingProxyType({verb.name: verb for verb in _ALL})
"""Every verb by its name."""
