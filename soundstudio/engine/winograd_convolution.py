"""3 × 3 convolutions in float32 by fewer multiplications (Winograd 1980; Lavin and Gray 2016).

A tile of 4 × 2 outputs takes 24 products for each pair of channels instead of 72, a tile of 2 × 2
takes 16 instead of 36; sums and differences before and after them cost little where there are many
channels. oneDNN, which computes torch's convolutions on processors, has no such algorithm for x86
any more. The error is that of float32 (about 1e-6 relative; the direct sum has 2e-7).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Final, TypeAlias

import torch
from torch import nn

from soundstudio.engine.narrow_convolution import has_plain_padding

FEWEST_CHANNELS: Final = 128
"""Below, the transforms of the maps cost more than the products that they save."""
_WIDE: Final = 2**18
"""From so many pairs of channels on, the larger tile's weights take more than they save, in time or
in memory."""
_CHUNK_BYTES: Final = 2**21
"""Of maps at once, so that what lies between the transforms stays in the processor's cache."""

# Of Lavin and Gray: what is done to inputs, kernels and products for 2 and 4 outputs.
_Matrices: TypeAlias = Mapping[int, tuple[tuple[float, ...], ...]]
_INPUTS: Final[_Matrices] = {
    2: ((1, 0, -1, 0), (0, 1, 1, 0), (0, -1, 1, 0), (0, 1, 0, -1)),
    4: (
        (4, 0, -5, 0, 1, 0),
        (0, -4, -4, 1, 1, 0),
        (0, 4, -4, -1, 1, 0),
        (0, -2, -1, 2, 1, 0),
        (0, 2, -1, -2, 1, 0),
        (0, 4, 0, -5, 0, 1),
    ),
}
_KERNELS: Final[_Matrices] = {
    2: ((1, 0, 0), (1 / 2, 1 / 2, 1 / 2), (1 / 2, -1 / 2, 1 / 2), (0, 0, 1)),
    4: (
        (1 / 4, 0, 0),
        (-1 / 6, -1 / 6, -1 / 6),
        (-1 / 6, 1 / 6, -1 / 6),
        (1 / 24, 1 / 12, 1 / 6),
        (1 / 24, -1 / 12, 1 / 6),
        (0, 0, 1),
    ),
}
_PRODUCTS: Final[_Matrices] = {
    2: ((1, 1, 1, 0), (0, 1, -1, -1)),
    4: ((1, 1, 1, 1, 1, 0), (0, 1, -1, 2, -2, 0), (0, 1, 1, 4, 4, 0), (0, 1, -1, 8, -8, 1)),
}


class WinogradConv2d(nn.Conv2d):
    """A 3 × 3 convolution with stride 1 and zeros around; transforms its weights at first use.

    kernels: the transformed weights [products, inputs, outputs], from then on instead of `weight`.
    """

    kernels: torch.Tensor | None
    rows: int

    def forward(self, input: torch.Tensor) -> torch.Tensor:
        """Maps [n, c, h, w] → [n, outputs, h, w], channels last."""
        if self.kernels is None:
            self.kernels = self._transformed()
            self.weight = nn.Parameter(self.weight.new_empty(0), requires_grad=False)
        maps = input.permute(0, 2, 3, 1)
        count, height, width, channels = maps.shape
        down, across = math.ceil(height / self.rows), math.ceil(width / 2)
        made = maps.new_empty(count, down, self.rows, across, 2, self.out_channels)
        # Images at a time, or where one is too large, bands of its rows of tiles.
        fitting = _CHUNK_BYTES // (4 * self.rows * width * channels)
        at_once, band = max(1, fitting // down), max(1, min(fitting, down))
        for image in range(0, count, at_once):
            for tile in range(0, down, band):
                outputs = made[image : image + at_once, tile : tile + band]
                self._convolve(maps[image : image + at_once], tile * self.rows, outputs)
        whole = made.view(count, down * self.rows, across * 2, self.out_channels)
        return whole[:, :height, :width].permute(0, 3, 1, 2)

    @torch.no_grad()
    def _transformed(self) -> torch.Tensor:
        down, across = (torch.tensor(_KERNELS[size]) for size in (self.rows, 2))
        products = (self.rows + 2) * 4
        made = self.weight.new_empty(products, self.in_channels, self.out_channels)
        # Some inputs at a time: what is made on the way is as large as the result.
        for part, kernels in zip(
            torch.split(self.weight, 128, 1), torch.split(made, 128, 1), strict=True
        ):
            transformed = torch.einsum("ai,bj,ocij->abco", down, across, part)
            kernels.copy_(transformed.reshape(kernels.shape))
        return made

    def _convolve(self, maps: torch.Tensor, start: int, outputs: torch.Tensor) -> None:
        """Maps [n, h, w, c] → `outputs` [n, tiles down, rows, tiles across, 2, outputs].

        start: the row of the maps where the outputs begin.
        """
        count, height, width, channels = maps.shape
        _, down, rows, across, columns, _ = outputs.shape
        padded = maps.new_zeros(count, down * rows + 2, across * columns + 2, channels)
        first, last = max(0, start - 1), min(height, start + down * rows + 1)
        padded[:, first - start + 1 : last - start + 1, 1 : width + 1] = maps[:, first:last]
        image, row, column, _ = padded.stride()
        # Neighbouring tiles share two rows and two columns.
        tiles = padded.as_strided(
            (rows + 2, columns + 2, count, down, across, channels),
            (row, column, image, rows * row, columns * column, 1),
        )
        assert self.kernels is not None
        products = len(self.kernels)
        spread = _both(_INPUTS, rows, maps) @ tiles.reshape(products, -1)
        summed = torch.bmm(spread.view(products, -1, channels), self.kernels)
        if self.bias is not None:
            # The product of the second row and column is part of every output, once.
            summed[columns + 3] += self.bias
        gathered = _both(_PRODUCTS, rows, maps) @ summed.view(products, -1)
        shape = (rows, columns, count, down, across, self.out_channels)
        outputs.copy_(gathered.view(shape).permute(2, 3, 0, 4, 1, 5))


def _both(matrices: _Matrices, rows: int, like: torch.Tensor) -> torch.Tensor:
    """The transforms over rows and over columns as one matrix."""
    down, across = (torch.tensor(matrices[size], dtype=like.dtype) for size in (rows, 2))
    return torch.kron(down, across)


def quicken_convolutions(module: nn.Module) -> None:
    """Change the wide 3 × 3 convolutions of `module` that compute in float32 on a processor.

    For inference only: their weights can then no longer be read from the module.
    """
    for part in module.modules():
        if type(part) is nn.Conv2d and _is_fit(part):
            part.__class__ = WinogradConv2d
            part.kernels = None  # type: ignore[assignment]
            wide = part.in_channels * part.out_channels >= _WIDE
            part.rows = 2 if wide else 4  # type: ignore[assignment]


def _is_fit(layer: nn.Conv2d) -> bool:
    return (
        layer.kernel_size == (3, 3)
        and layer.stride == layer.dilation == (1, 1)
        and layer.groups == 1
        and has_plain_padding(layer)
        and layer.padding == (1, 1)
        and layer.in_channels >= FEWEST_CHANNELS
        and layer.weight.dtype == torch.float32
        and layer.weight.device.type == "cpu"
    )
