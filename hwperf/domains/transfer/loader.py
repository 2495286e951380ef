"""A torch data loader and what takes from it. This module holds them, for `feed`."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
import torch
from torch.utils.data import DataLoader, Dataset

from hwperf.checks import Floats
from hwperf.devices import Device

__all__ = ["Loader"]

_SHAPE = (3, 64, 64)
_SOURCE_IMAGES = 64


class _Images(Dataset):  # type: ignore[misc]
    """Samples that are made when they are asked for: shifted by their number, scaled to f32."""

    def __init__(self, n: int) -> None:
        rng = np.random.default_rng(0)
        self.n = n
        self.bytes = rng.integers(0, 256, (_SOURCE_IMAGES, *_SHAPE), np.uint8)

    def __len__(self) -> int:
        return self.n

    def __getitem__(self, i: int) -> Any:
        image = np.roll(self.bytes[i % _SOURCE_IMAGES], i % _SHAPE[2], axis=2)
        return torch.from_numpy((image.astype(np.float32) - 127.5) * np.float32(1 / 127.5))


class Loader:
    """An epoch of batches, and a device that multiplies each by a matrix.

    Args:
        device: a device of torch.
        workers: processes that make samples; 0: this one does.
        non_blocking: whether batches are pinned and copied without waiting.
        batch: samples of one.
        n_batches: of an epoch.
        columns: of the matrix.
    """

    def __init__(
        self,
        device: Device,
        workers: int,
        non_blocking: bool,
        batch: int,
        n_batches: int,
        columns: int,
    ) -> None:
        self.device, self.non_blocking = device, non_blocking
        self.target: Any = torch.device(device.info.id.removeprefix("torch:"))
        self.images = _Images(batch * n_batches)
        self.batch, self.n_batches = batch, n_batches
        self.loader: Any = DataLoader(
            self.images,
            batch_size=batch,
            num_workers=workers,
            pin_memory=non_blocking,
            persistent_workers=workers > 0,
        )
        # Ones: what each batch comes to is then known.
        self.matrix = torch.ones(int(np.prod(_SHAPE)), columns, device=self.target) / columns

    def epoch(self) -> Floats:
        """Return the sum that the device forms of each batch, in order."""
        sums = []
        for images in self.loader:
            on_device = images.to(self.target, non_blocking=self.non_blocking)
            sums.append(self._compute(on_device))
        stacked = torch.stack(sums).cpu()
        return np.asarray(stacked.numpy(), np.float64)

    def compute_alone_s(self) -> float:
        """Return the seconds that the device needs for the batches of an epoch, by itself."""
        images = torch.zeros(self.batch, *_SHAPE, device=self.target)
        self._compute(images)
        self.device.sync()
        begin = time.perf_counter()
        for _ in range(self.n_batches):
            self._compute(images)
        self.device.sync()
        return time.perf_counter() - begin

    def expected(self) -> Floats:
        """Return what the device should make of each batch."""
        found = []
        for start in range(0, len(self.images), self.batch):
            numbers = (self.images[i].double().sum() for i in range(start, start + self.batch))
            found.append(float(sum(numbers)))
        return np.array(found)

    def close(self) -> None:
        """End the workers."""
        iterator = getattr(self.loader, "_iterator", None)
        shut_down = getattr(iterator, "_shutdown_workers", None)
        if shut_down is not None:
            shut_down()

    def _compute(self, images: Any) -> Any:
        return (images.reshape(images.shape[0], -1) @ self.matrix).sum()
