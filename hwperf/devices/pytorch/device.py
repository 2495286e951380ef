"""One device by torch. This module reaches memory, streams and events through torch.accelerator."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from typing import Any

import torch

from hwperf.devices.protocol import Bytes, Device, DeviceBuffer, DeviceInfo, Enqueue, HostBuffer
from hwperf.devices.pytorch import kernels
from hwperf.devices.pytorch.properties import info_of
from hwperf.errors import Unsupported

__all__ = ["TorchDevice"]

_PART = 2**22  # Words that are added up at a time: their int64 copies take 32 MiB.
_MASK = 2**32 - 1


@dataclass(frozen=True, eq=False)
class Buffer:
    """Bytes in a tensor of uint8, on whatever device it is."""

    tensor: Any

    @property
    def nbytes(self) -> int:
        return int(self.tensor.numel())

    @property
    def array(self) -> Bytes:
        array: Bytes = self.tensor.numpy()
        return array

    def part(self, offset: int, nbytes: int) -> Buffer:
        return Buffer(self.tensor[offset : offset + nbytes])


class TorchDevice:
    """A device of torch.

    Args:
        kind: torch's name of it: "cuda" (ROCm's, too), "xpu", "mps", "cpu".
        index: its number.
    """

    def __init__(self, kind: str, index: int) -> None:
        self.kind, self.index = kind, index
        self.device = torch.device(kind) if kind in ("cpu", "mps") else torch.device(kind, index)
        self._threads: int | None = None
        if kind == "cpu":
            # The measuring thread is pinned to one core: more threads would share it.
            self._threads = torch.get_num_threads()
            torch.set_num_threads(1)
        else:
            torch.accelerator.set_device_index(index)
            torch.empty(1, device=self.device)  # Makes the context.
            torch.accelerator.synchronize()
        self.info: DeviceInfo = info_of(kind, index)
        self.capabilities = self._tried_capabilities()

    def clock(self) -> float:
        return time.perf_counter()

    def free_bytes(self) -> int | None:
        if self.kind == "cpu":
            import psutil

            return int(psutil.virtual_memory().available)
        for ask in (
            getattr(torch.accelerator, "get_memory_info", None),
            getattr(getattr(torch, self.kind, None), "mem_get_info", None),
        ):
            if ask is not None:
                try:
                    return int(ask(self.index)[0])
                except (RuntimeError, NotImplementedError):
                    continue
        return None

    def host(self, nbytes: int, *, pinned: bool) -> HostBuffer:
        if pinned and "pinned" not in self.capabilities:
            raise Unsupported(f"torch has no pinned memory for {self.kind} devices")
        # Written to, so that each page is there before anything is timed.
        with self._or_no_memory(f"{nbytes} bytes of the host"):
            return Buffer(torch.zeros(nbytes, dtype=torch.uint8, pin_memory=pinned).fill_(1))

    def alloc(self, nbytes: int) -> DeviceBuffer:
        with self._or_no_memory(f"{nbytes} bytes"):
            return Buffer(torch.empty(nbytes, dtype=torch.uint8, device=self.device))

    def copy(self, destination: Any, source: Any, stream: Any = None) -> None:
        if stream is None:
            destination.tensor.copy_(source.tensor, non_blocking=True)
            return
        with stream:
            destination.tensor.copy_(source.tensor, non_blocking=True)

    def fill(self, buffer: Any, value: int, stream: Any = None) -> None:
        with self._in(stream):
            buffer.tensor.fill_(value)

    def checksum(self, buffer: Any) -> tuple[int, int]:
        data = buffer.tensor
        whole = data.numel() // 4 * 4
        words = data[:whole].view(torch.int32)
        plain = weighted = 0
        places = torch.arange(1, min(_PART, words.numel()) + 1, device=self.device)
        for start in range(0, words.numel(), _PART):
            part = words[start : start + _PART].to(torch.int64)
            sum_here = int(part.sum())
            plain += sum_here
            weighted += int((part * places[: part.numel()]).sum()) + start * sum_here
        if whole < data.numel():
            last = int.from_bytes(data[whole:].cpu().numpy().tobytes(), "little")
            plain += last
            weighted += last * (words.numel() + 1)
        return plain & _MASK, weighted & _MASK

    def stream(self) -> Any:
        self._require("streams")
        return torch.Stream(device=self.device)

    def mark(self, stream: Any = None) -> Any:
        self._require("events")
        event = torch.Event(device=self.device, enable_timing=True)
        event.record(
            stream if stream is not None else torch.accelerator.current_stream(self.device)
        )
        return event

    def elapsed(self, first: Any, second: Any) -> float:
        second.synchronize()
        return float(first.elapsed_time(second)) / 1e3

    def sync(self, stream: Any = None) -> None:
        if self.kind == "cpu":
            return
        if stream is not None:
            stream.synchronize()
        else:
            torch.accelerator.synchronize(self.device)

    def kernel(self, name: str, buffers: Sequence[Any], **params: Any) -> Enqueue:
        enqueue = kernels.build(name, [each.tensor for each in buffers], params, self.device)

        def put(stream: Any = None) -> None:
            if stream is None:
                enqueue(None)
                return
            with stream:
                enqueue(stream)

        return put

    def graph(self, enqueues: Sequence[Enqueue]) -> Enqueue:
        self._require("graphs")
        side, recorded = torch.cuda.Stream(self.device), torch.cuda.CUDAGraph()
        side.wait_stream(torch.cuda.current_stream(self.device))
        with torch.cuda.graph(recorded, stream=side):
            for enqueue in enqueues:
                enqueue(None)

        def replay(stream: Any = None) -> None:
            with self._in(stream):
                recorded.replay()

        return replay

    def peer(self) -> Sequence[Device]:
        if "peer" not in self.capabilities:
            return ()
        others = [TorchDevice(self.kind, i) for i in self._reachable()]
        torch.accelerator.set_device_index(self.index)  # Each of them has made itself the current.
        return others

    def close(self) -> None:
        if self._threads is not None:
            torch.set_num_threads(self._threads)
            return
        torch.accelerator.synchronize(self.device)
        for name in ("empty_cache", "empty_host_cache"):
            release = getattr(torch.accelerator, name, None)
            if release is not None:
                release()

    @contextmanager
    def _or_no_memory(self, what: str) -> Iterator[None]:
        try:
            yield
        except RuntimeError as error:  # torch.OutOfMemoryError is one; the CPU raises it plainly.
            if "memory" not in str(error).lower():
                raise
            raise Unsupported(f"{self.info.id}: no memory for {what}") from error

    def _in(self, stream: Any) -> AbstractContextManager[Any]:
        return nullcontext() if stream is None else stream

    def _require(self, capability: str) -> None:
        if capability not in self.capabilities:
            raise Unsupported(f"torch has no {capability} for {self.kind} devices")

    def _reachable(self) -> list[int]:
        if self.kind != "cuda":
            return []
        others = (i for i in range(torch.cuda.device_count()) if i != self.index)
        return [i for i in others if torch.cuda.can_device_access_peer(self.index, i)]

    def _tried_capabilities(self) -> frozenset[str]:
        """Return what works when it is tried: torch makes CPU objects in place of what it lacks."""
        if self.kind == "cpu":
            return frozenset()
        tried = {
            "pinned": self._try_pinned,
            "events": self._try_events,
            "streams": self._try_streams,
        }
        found = {name for name, trial in tried.items() if _works(trial)}
        if self.kind == "cuda":
            found.add("graphs")
        if self._reachable():
            found.add("peer")
        return frozenset(found)

    def _try_pinned(self) -> bool:
        return bool(torch.zeros(1, pin_memory=True).is_pinned())

    def _try_events(self) -> bool:
        stream = torch.accelerator.current_stream(self.device)
        first, second = (torch.Event(device=self.device, enable_timing=True) for _ in range(2))
        first.record(stream)
        torch.zeros(1, device=self.device)
        second.record(stream)
        second.synchronize()
        return float(first.elapsed_time(second)) >= 0

    def _try_streams(self) -> bool:
        stream = torch.Stream(device=self.device)
        with stream:
            torch.zeros(1, device=self.device)
        stream.synchronize()
        return self.kind != "mps"  # There all streams are one.


def _works(trial: Any) -> bool:
    try:
        return bool(trial())
    except (RuntimeError, NotImplementedError, TypeError, AttributeError):
        return False
