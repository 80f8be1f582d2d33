"""Muon: momentum whose matrices are made orthogonal, with AdamW for everything else.

After Keller Jordan's description (2024): the momentum of each weight matrix is replaced by the
nearest orthogonal one, approached by three Newton-Schulz steps. Convolutions count as matrices
[outputs, inputs x taps]. On this recipe's networks it learns more from the same number of windows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch

if TYPE_CHECKING:
    from collections.abc import Iterable

_COEFFICIENTS = (3.4445, -4.7750, 2.0315)
_STEPS = 3
_MOMENTUM = 0.95
_RMS = 0.2
"""Root mean square of an update, as AdamW's usually is, so that both share a learning rate."""


def orthogonalised(matrix: torch.Tensor) -> torch.Tensor:
    """The nearest semi-orthogonal matrix of ``matrix`` [rows, columns], roughly."""
    a, b, c = _COEFFICIENTS
    tall = matrix.shape[0] > matrix.shape[1]
    x = matrix.T if tall else matrix
    x = x / (x.norm() + 1e-7)
    # Every step multiplies x from the left by a polynomial of its Gram matrix: gather them first.
    gram = x @ x.T
    identity = torch.eye(len(gram))
    product = identity
    for step in range(_STEPS):
        factor = a * identity + (b * identity + c * gram) @ gram
        product = factor @ product if step else factor
        if step < _STEPS - 1:
            gram = factor @ gram @ factor
    result: torch.Tensor = product @ x
    return result.T if tall else result


def is_matrix(parameter: torch.Tensor) -> bool:
    """Whether Muon updates it: weights with enough rows and columns."""
    return parameter.ndim >= 2 and min(parameter.shape[0], parameter[0].numel()) >= 16


class Muon(torch.optim.Optimizer):
    """Muon for the matrices among ``parameters``, AdamW for the others, one learning rate.

    ``plain`` lists weights that AdamW updates whatever their shape: a network's outer layers.
    """

    def __init__(
        self,
        parameters: Iterable[torch.nn.Parameter],
        betas: tuple[float, float] = (0.9, 0.99),
        weight_decay: float = 1e-3,
        plain: Iterable[torch.nn.Parameter] = (),
    ) -> None:
        chosen = list(parameters)
        outer = {id(p) for p in plain}
        shared = {"betas": betas, "weight_decay": weight_decay, "lr": 1e-3}
        matrices = [p for p in chosen if is_matrix(p) and id(p) not in outer]
        own = {id(p) for p in matrices}
        groups = [
            {"params": matrices, "muon": True, **shared},
            {"params": [p for p in chosen if id(p) not in own], "muon": False, **shared},
        ]
        super().__init__([group for group in groups if group["params"]], {})

    @torch.no_grad()
    def step(self, closure: Any = None) -> None:  # type: ignore[override]
        """One update of every parameter that has a gradient; there is no closure."""
        if closure is not None:
            raise ValueError("this optimiser takes no closure")
        for group in self.param_groups:
            update = self._muon if group["muon"] else self._adam
            for parameter in group["params"]:
                if parameter.grad is not None:
                    change = update(parameter, parameter.grad, group)
                    parameter.mul_(1.0 - group["lr"] * group["weight_decay"])
                    parameter.add_(change, alpha=-group["lr"])

    def _muon(
        self, parameter: torch.nn.Parameter, gradient: torch.Tensor, _group: dict[str, Any]
    ) -> torch.Tensor:
        state = self.state[parameter]
        if "momentum" not in state:
            state["momentum"] = torch.zeros_like(parameter)
        momentum = state["momentum"]
        momentum.lerp_(gradient, 1.0 - _MOMENTUM)
        matrix = gradient.lerp(momentum, _MOMENTUM).flatten(1)
        scale = _RMS * max(matrix.shape) ** 0.5
        return orthogonalised(matrix).mul_(scale).view_as(parameter)

    def _adam(
        self, parameter: torch.nn.Parameter, gradient: torch.Tensor, group: dict[str, Any]
    ) -> torch.Tensor:
        state = self.state[parameter]
        if "mean" not in state:
            state["mean"], state["square"] = (torch.zeros_like(parameter) for _ in range(2))
            state["step"] = torch.zeros(())
        state["step"] += 1
        step, (first, second) = float(state["step"]), group["betas"]
        state["mean"].lerp_(gradient, 1.0 - first)
        state["square"].lerp_(gradient.square(), 1.0 - second)
        spread = (state["square"] / (1.0 - second**step)).sqrt() + 1e-8
        update: torch.Tensor = state["mean"] / (1.0 - first**step) / spread
        return update
