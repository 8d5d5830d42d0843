"""AdamW over float32 masters of the adapters, which are bfloat16 on a GPU."""

import math
from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

BETAS, EPSILON, DECAY, CLIP = (0.9, 0.999), 1e-8, 0.01, 1.0


class Optimizer:
    """Masters, gradients and moments, all in float32."""

    def __init__(self, parameters: Sequence[Tensor]) -> None:
        self.parameters = list(parameters)
        for parameter in self.parameters:
            parameter.requires_grad_(True)
        self._masters = [parameter.detach().float().clone() for parameter in self.parameters]
        self._grads, self._means, self._squares = (
            [torch.zeros_like(master) for master in self._masters] for _ in range(3)
        )

    def gather(self, share: float) -> None:
        """Add the gradients of a backward pass, times a share, to the step's."""
        with torch.no_grad():
            found = [parameter.grad.float() for parameter in self.parameters]
            torch._foreach_add_(self._grads, found, alpha=share)
        self._forget()

    @property
    def gradients(self) -> list[Tensor]:
        """Of the step so far, in float32."""
        return self._grads

    def discard(self) -> None:
        """Begin the step again."""
        torch._foreach_zero_(self._grads)
        self._forget()

    def _forget(self) -> None:
        for parameter in self.parameters:
            parameter.grad = None

    @torch.no_grad()
    def update(self, step: int, rate: float) -> float:
        """One step (from 1); returns the norm of the gradient before it was clipped."""
        norm = float(torch.stack(torch._foreach_norm(self._grads)).norm())
        if norm > CLIP:
            torch._foreach_mul_(self._grads, CLIP / norm)
        first, second = BETAS
        torch._foreach_lerp_(self._means, self._grads, 1 - first)
        torch._foreach_mul_(self._squares, second)
        torch._foreach_addcmul_(self._squares, self._grads, self._grads, 1 - second)
        spread = torch._foreach_sqrt(self._squares)
        torch._foreach_div_(spread, math.sqrt(1 - second**step))
        torch._foreach_add_(spread, EPSILON)
        torch._foreach_mul_(self._masters, 1 - rate * DECAY)
        torch._foreach_addcdiv_(self._masters, self._means, spread, -rate / (1 - first**step))
        self._publish()
        torch._foreach_zero_(self._grads)
        return norm

    def _publish(self) -> None:
        torch._foreach_copy_([parameter.data for parameter in self.parameters], self._masters)

    def state(self) -> dict[str, Tensor]:
        """Everything the next step depends on."""
        named = {"master": self._masters, "mean": self._means, "square": self._squares}
        return {
            f"{name}.{at}": tensor.detach().cpu().contiguous()
            for name, tensors in named.items()
            for at, tensor in enumerate(tensors)
        }

    @torch.no_grad()
    def restore(self, state: Mapping[str, Tensor]) -> None:
        """Go on from a state.

        Raises:
            KeyError: if it lacks something.
            RuntimeError: if it is of another shape.
        """
        named = {"master": self._masters, "mean": self._means, "square": self._squares}
        for name, tensors in named.items():
            for at, tensor in enumerate(tensors):
                tensor.copy_(state[f"{name}.{at}"])
        self._publish()
