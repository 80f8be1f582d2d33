"""Classifier-free guidance along a run of the sampler."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch


class GuidedUnet:
    """The UNet's guided prediction, against + w (wanted - against), one call after the other.

    Ho & Salimans 2022 (arXiv:2207.12598), eq. 6, with w = 1 + their weight. Both halves go through
    the UNet in one batch. With `every` above 1 that happens at each `every`-th call only; between
    them the wanted half alone is computed and the difference of the halves is the last one seen,
    which changes slowly along the way: half of a call's work is saved.

    wanted, against: embeddings [embedding]; without `against` nothing is guided.
    """

    def __init__(
        self,
        unet: Any,
        wanted: torch.Tensor,
        against: torch.Tensor | None,
        *,
        scale: float,
        every: int = 1,
        dtype: torch.dtype,
    ) -> None:
        self._unet = unet
        self._wanted = wanted.to(dtype)
        self._against = None if against is None else against.to(dtype)
        self._scale = scale
        self._every = every
        self._calls = 0
        self._difference: torch.Tensor | None = None

    def __call__(self, latents: torch.Tensor, timestep: torch.Tensor) -> torch.Tensor:
        """The prediction in float32 for latents [latents, channels, time, frequency]."""
        if self._against is None:
            return self._predict(latents, timestep, self._wanted[None])
        is_anew = self._calls % self._every == 0
        self._calls += 1
        if not is_anew:
            wanted = self._predict(latents, timestep, self._wanted[None])
            assert self._difference is not None
            return wanted + (self._scale - 1) * self._difference
        import torch

        both = torch.stack([self._against, self._wanted])
        against, wanted = self._predict(torch.cat([latents] * 2), timestep, both).chunk(2)
        difference = wanted - against
        if self._every > 1:
            self._difference = difference
        return against + self._scale * difference

    def _predict(
        self, latents: torch.Tensor, timestep: torch.Tensor, embeddings: torch.Tensor
    ) -> torch.Tensor:
        """One call: each of `embeddings` is for an equal share of the latents."""
        rows = embeddings.repeat_interleave(len(latents) // len(embeddings), dim=0)
        output: torch.Tensor = self._unet(
            latents.to(rows.dtype),
            timestep,
            encoder_hidden_states=None,
            class_labels=rows,
            return_dict=False,
        )[0]
        return output.float()
