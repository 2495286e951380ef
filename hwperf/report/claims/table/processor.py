"""The arithmetic of a core, and several cores: which points each claim is judged from."""

from __future__ import annotations

from collections.abc import Mapping

from hwperf.report.claims.expressions import (
    At,
    Figure,
    Paired,
    Term,
    at,
    best,
    complement,
    first,
    scaled,
    times,
)
from hwperf.report.claims.needs import global_lock, own_cores
from hwperf.report.claims.rules import Compared, Law, Laws, Rule
from hwperf.units import KiB

__all__ = ["RULES", "multiply_adds"]

_ONE = "one thread"  # As the workloads name the kernel that they are measured in turn with.
_MANY = tuple(2**step for step in range(1, 9))
_WIDTHS = ("128", "256", "512")
_MISSED = 0.5  # Share of the jumps by chance that any predictor misses.


def multiply_adds(dtype: str) -> Term:
    """Return the highest rate of multiply-adds of one core."""
    return best(*(_fma(dtype, width, 12) for width in _WIDTHS))


def _fma(dtype: str, width: str, chains: int) -> Term:
    return at("simd.fma", dtype=dtype, width=width, chains=chains)


def _together(workload: str, **params: str) -> Term:
    """Return the best that several threads did."""
    return best(*(at(workload, threads=n, **params) for n in _MANY))


def _speed_up(workload: str, **params: str) -> Term:
    """Return the highest speed-up over one thread, measured in turn."""
    return best(*(Paired(workload, {"threads": n, **params}, _ONE) for n in _MANY))


def _jumps(pattern: str) -> dict[str, str]:
    return {"pattern": pattern}


def _stops_at(dtype: str) -> Term:
    params = {"dtype": dtype, "what": "sum"}
    return Figure("simd.precision", params, "first_failing_value", "ones", is_exact=True)


def _compressed(codec: str) -> Term:
    return at("simd.compress", nbytes=1 * KiB, codec=codec)


def _sharing(update: str) -> Law:
    """Return that two cores that count on one line make fewer updates than one core alone.

    A word on a line of its own costs a core what it costs it alone.
    """
    params = {"offset_bytes": 8, "update": update, "threads": 2}
    point = At("multicore.false_sharing", params)
    apart = Paired("multicore.false_sharing", params, "counters 256 B apart")
    return Law(
        ("one core alone", scaled(times(point, apart), 1, "op/s", is_inverse=True)),
        ("two on one line", scaled(point, 2, "op/s", is_inverse=True)),
        needs=(own_cores,),
        measured=scaled(apart, 0.5, "x", is_inverse=True),
    )


def _siblings() -> Law:
    """Return that both hardware threads of a core do less than two cores would."""
    point = at("multicore.smt", kernel="flops")
    gain = Paired("multicore.smt", {"kernel": "flops"}, _ONE)
    alone = times(point, scaled(gain, 1, "x", is_inverse=True))
    return Law(
        ("twice one thread", scaled(alone, 2, "op/s")),
        ("both threads of a core", point),
        measured=scaled(gain, 2, "x", is_inverse=True),
    )


def _turns(how: str) -> Term:
    return at("multicore.threads_or_processes", how=how, workers=2)


RULES: Mapping[str, Rule] = {
    "cpu.fma_latency": Compared(
        first(*(at("simd.operation_latency", operation=each) for each in ("fma", "mul")))
    ),
    "cpu.branch_mispredict": Compared(
        scaled(
            times(
                at("simd.branch", pattern="random"),
                complement(Paired("simd.branch", _jumps("random"), "predictable")),
            ),
            1 / _MISSED,
            "s",
        )
    ),
    "cpu.ilp": Law(
        ("eight chains", _fma("f64", "scalar", 8)), ("one chain", _fma("f64", "scalar", 1))
    ),
    "cpu.simd": Law(("vectors", multiply_adds("f64")), ("scalars", _fma("f64", "scalar", 12))),
    "cpu.vectorised_over_loop": Law(
        ("one call of numpy", at("simd.vector_add", how="numpy", n=10_000)),
        ("a Python loop", at("simd.vector_add", how="python", n=10_000)),
        measured=scaled(
            Paired("simd.vector_add", {"how": "python", "n": 10_000}, "numpy"),
            1,
            "x",
            is_inverse=True,
        ),
    ),
    "cpu.small_dtype_throughput": Law(
        # About doubles: three quarters of the way at least.
        ("f32", multiply_adds("f32")),
        ("f64", multiply_adds("f64")),
        least=1.5,
    ),
    "cpu.small_dtype_overflow": Law(
        ("f32 counts up to", _stops_at("f32")),
        ("f16 up to", _stops_at("f16")),
        note="of the types alone: how training or inference fare is not measured",
    ),
    "cpu.compress_1KB": Compared(
        best(*map(_compressed, ("zlib_1", "zlib_6", "zstd"))),
        note="Python brings no codec that is made for speed alone",
    ),
    "multicore.scaling": Laws(
        (
            Law(
                ("arithmetic of all threads", _together("multicore.flops")),
                ("of one", at("multicore.flops", threads=1)),
                needs=(own_cores,),
                measured=_speed_up("multicore.flops"),
            ),
            Law(
                ("speed-up of arithmetic", _speed_up("multicore.flops")),
                ("of copying memory", _speed_up("multicore.bandwidth", kernel="copy")),
                needs=(own_cores,),
                is_strict=False,
                # Each of a few cores may have a way to memory, and a cache, that one alone had not.
                least=0.8,
            ),
        )
    ),
    "multicore.smt": _siblings(),
    "multicore.false_sharing": Laws(tuple(map(_sharing, ("plain", "atomic"))), is_any=True),
    "multicore.shared_line": Compared(
        at("multicore.shared_line", state="clean"), needs=(own_cores,)
    ),
    "multicore.mutex": Compared(at("multicore.mutex", kind="pthread", threads=1)),
    "multicore.processes": Law(
        ("processes", _turns("processes")),
        ("threads", _turns("threads")),
        needs=(own_cores, global_lock),
    ),
}
