"""Convolutions in float32 by fewer multiplications (Winograd 1980; Lavin and Gray 2016).

A tile of outputs is a product of two polynomials, computed from its values at a few points instead
of tap by tap: of 4 × 2 outputs of a 3 × 3 kernel 24 products for each pair of channels instead of
72; of 4 outputs of 4 taps 7 instead of 16, and a longer kernel is a sum of such fours. The sums
before and after cost little where there are many channels. oneDNN, which computes torch's
convolutions on processors, has no such algorithm for x86 any more. The error is that of float32
(about 1e-6 relative; the direct sum has 2e-7).
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Final

import torch
from torch import nn

from soundstudio.engine.narrow_convolution import has_plain_padding

FEWEST_CHANNELS: Final = 128
"""Below, the transforms of the maps cost more than the products that they save."""
_WIDE: Final = 2**18
"""From so many pairs of channels on, the larger tile's weights take more than they save, in time or
in memory."""
_FEWEST_TAPS: Final = 5
"""Of a kernel in one dimension: three taps are as quick as they are."""
_TAPS: Final = 4
"""A longer kernel is cut into pieces of so many taps; a tile has as many outputs."""
_CHUNK_BYTES: Final = 2**21
"""Of maps at once, so that what lies between the transforms stays in the processor's cache."""
_POINTS: Final = (0.0, 1.0, -1.0, 2.0, -2.0, 0.5)
"""Where the polynomials are evaluated, and at infinity. At 1 every power is 1: what is added to
that product is added to each output."""
_ONE: Final = 1


@lru_cache
def matrices(outputs: int, taps: int) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Transforms of inputs [n, n], kernel [n, taps] and products [outputs, n], in float64.

    n = outputs + taps - 1 points. outputs = products @ ((inputs @ x) * (kernel @ k)) for x [n], k
    [taps] is the correlation of the two (Toom and Cook's way, transposed).
    """
    count = outputs + taps - 1

    def powers(of: int) -> torch.Tensor:
        finite = [[point**power for power in range(of)] for point in _POINTS[: count - 1]]
        return torch.tensor([*finite, [0.0] * (of - 1) + [1.0]], dtype=torch.float64)

    inputs = torch.linalg.inv(powers(count)).mT.contiguous()
    return inputs, powers(taps), powers(outputs).mT.contiguous()


@lru_cache
@torch.inference_mode(mode=False)
def _map_matrices(rows: int, columns: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Transforms of inputs and of products over both dimensions of a map, in float32.

    Plain tensors wherever the first call is made: the next may be outside of inference mode.
    """
    (inputs_down, _, gather_down), (inputs_across, _, gather_across) = (
        matrices(size, 3) for size in (rows, columns)
    )
    return (
        torch.kron(inputs_down, inputs_across).float(),
        torch.kron(gather_down, gather_across).float(),
    )


class WinogradConv2d(nn.Conv2d):
    """A 3 × 3 convolution with stride 1 and zeros around; transforms its weights at first use.

    kernels: the transformed weights [products, inputs, outputs], from then on instead of `weight`.
    """

    kernels: torch.Tensor | None

    @property
    def rows(self) -> int:
        """Of a tile of outputs."""
        return 2 if self.in_channels * self.out_channels >= _WIDE else 4

    def forward(self, input: torch.Tensor) -> torch.Tensor:
        """Maps [n, c, h, w] → [n, outputs, h, w], channels last."""
        kernels = _kernels_of(self)
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
                self._convolve(kernels, maps[image : image + at_once], tile * self.rows, outputs)
        whole = made.view(count, down * self.rows, across * 2, self.out_channels)
        return whole[:, :height, :width].permute(0, 3, 1, 2)

    @torch.no_grad()
    def _transformed(self) -> torch.Tensor:
        down, across = (matrices(size, 3)[1].to(self.weight.dtype) for size in (self.rows, 2))
        products = (self.rows + 2) * 4
        made = self.weight.new_empty(products, self.in_channels, self.out_channels)
        # Some inputs at a time: what is made on the way is as large as the result.
        for part, kernels in zip(
            torch.split(self.weight, 128, 1), torch.split(made, 128, 1), strict=True
        ):
            transformed = torch.einsum("ai,bj,ocij->abco", down, across, part)
            kernels.copy_(transformed.reshape(kernels.shape))
        return made

    def _convolve(
        self, kernels: torch.Tensor, maps: torch.Tensor, start: int, outputs: torch.Tensor
    ) -> None:
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
        products = len(kernels)
        inputs, gather = _map_matrices(rows, columns)
        spread = inputs @ tiles.reshape(products, -1)
        summed = torch.bmm(spread.view(products, -1, channels), kernels)
        if self.bias is not None:
            summed[_ONE * (columns + 2) + _ONE] += self.bias
        gathered = gather @ summed.view(products, -1)
        shape = (rows, columns, count, down, across, self.out_channels)
        outputs.copy_(gathered.view(shape).permute(2, 3, 0, 4, 1, 5))


class WinogradConv1d(nn.Conv1d):
    """A long kernel over time, of any dilation; transforms its weights at first use.

    kernels: the transformed weights [pieces, products, inputs, outputs], from then on instead of
    `weight`.
    """

    kernels: torch.Tensor | None

    def forward(self, input: torch.Tensor) -> torch.Tensor:
        """Sequences [n, c, length] → [n, outputs, length], channels last."""
        kernels = _kernels_of(self)
        sequences = input.transpose(1, 2)
        count, length, channels = sequences.shape
        # A dilated kernel sees so many interleaved sequences, each by itself.
        dilation = self.dilation[0]
        tiles = math.ceil(length / (_TAPS * dilation))
        made = sequences.new_empty(count, tiles, _TAPS, dilation, self.out_channels)
        band = max(1, _CHUNK_BYTES // (4 * _TAPS * dilation * channels))
        for sequence, outputs in zip(sequences, made, strict=True):
            for tile in range(0, tiles, band):
                part = outputs[tile : tile + band]
                self._convolve(kernels, sequence, tile * _TAPS * dilation, part)
        whole = made.view(count, tiles * _TAPS * dilation, self.out_channels)
        return whole[:, :length].transpose(1, 2)

    @torch.no_grad()
    def _transformed(self) -> torch.Tensor:
        pieces = math.ceil(self.kernel_size[0] / _TAPS)
        _, kernel, _ = matrices(_TAPS, _TAPS)
        weight = nn.functional.pad(self.weight, (0, pieces * _TAPS - self.kernel_size[0]))
        parts = weight.view(self.out_channels, self.in_channels, pieces, _TAPS)
        return torch.einsum("nt,ocpt->pnco", kernel.to(weight.dtype), parts).contiguous()

    def _convolve(
        self, kernels: torch.Tensor, sequence: torch.Tensor, start: int, outputs: torch.Tensor
    ) -> None:
        """A sequence [length, c] → `outputs` [tiles, outputs of a tile, dilation, outputs].

        start: where in the sequence the outputs begin.
        """
        length, channels = sequence.shape
        tiles, _, dilation, _ = outputs.shape
        pieces, products, _, _ = kernels.shape
        period = _TAPS * dilation
        padded = sequence.new_zeros((tiles + pieces) * period, channels)
        begin = start - int(self.padding[0])
        first, last = max(0, begin), min(length, begin + len(padded))
        padded[first - begin : last - begin] = sequence[first:last]
        # Neighbouring tiles share all but four; the next piece of the kernel sees the next tile.
        seen = tiles + pieces - 1
        windows = padded.as_strided(
            (products, seen, dilation, channels),
            (dilation * channels, period * channels, channels, 1),
        )
        inputs, _, gather = (matrix.to(sequence) for matrix in matrices(_TAPS, _TAPS))
        spread = (inputs @ windows.reshape(products, -1)).view(products, seen * dilation, channels)
        rows = tiles * dilation
        summed = torch.bmm(spread[:, :rows], kernels[0])
        for piece in range(1, pieces):
            shifted = spread[:, piece * dilation : piece * dilation + rows]
            summed.baddbmm_(shifted, kernels[piece])
        if self.bias is not None:
            summed[_ONE] += self.bias
        gathered = (gather @ summed.view(products, -1)).view(_TAPS, tiles, dilation, -1)
        outputs.copy_(gathered.transpose(0, 1))


def _kernels_of(layer: WinogradConv1d | WinogradConv2d) -> torch.Tensor:
    """The transformed weights, which take the place of the plain ones at the first call."""
    if layer.kernels is None:
        layer.kernels = layer._transformed()
        layer.weight = nn.Parameter(layer.weight.new_empty(0), requires_grad=False)
    return layer.kernels


def quicken_convolutions(module: nn.Module) -> None:
    """Change the wide convolutions of `module` that compute in float32 on a processor.

    3 × 3 in two dimensions, of five taps or more in one. For inference only: their weights can then
    no longer be read from the module.
    """
    for part in module.modules():
        if type(part) is nn.Conv2d and part.kernel_size == (3, 3) and _is_fit(part):
            part.__class__ = WinogradConv2d
            part.kernels = None  # type: ignore[assignment]
        elif type(part) is nn.Conv1d and part.kernel_size[0] >= _FEWEST_TAPS and _is_fit(part):
            part.__class__ = WinogradConv1d
            part.kernels = None  # type: ignore[assignment]


def _is_fit(layer: nn.Conv1d | nn.Conv2d) -> bool:
    """Whether the layer keeps a map's size, and is worth the transforms."""
    if not has_plain_padding(layer):
        return False
    around = [int(zeros) for zeros in layer.padding]
    sizes = zip(layer.kernel_size, layer.dilation, around, strict=True)
    return (
        all(taps % 2 and 2 * zeros == apart * (taps - 1) for taps, apart, zeros in sizes)
        and set(layer.stride) == {1}
        and (isinstance(layer, nn.Conv1d) or layer.dilation == (1, 1))
        and layer.groups == 1
        and min(layer.in_channels, layer.out_channels) >= FEWEST_CHANNELS
        and layer.weight.dtype == torch.float32
        and layer.weight.device.type == "cpu"
    )
