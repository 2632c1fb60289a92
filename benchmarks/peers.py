"""What comparisons with torch and JAX share: their settings, their calls, one report of all contenders.

A contender is a pair of calls: forward, and forward with the gradients of all operands.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from side_by_side import Measured, compare, measure_machine, print_times

__all__ = ["Calls", "Run", "jax_calls", "our_calls", "torch_calls"]

Calls = tuple[Callable[[], Any], Callable[[], Any] | None]


class Run:
    """One run: its options (`processors.against_peers`), its random samples, the limits of the machine in it.

    One thread is timed by what it uses of its processor, more by the clock.
    """

    def __init__(self, options: argparse.Namespace) -> None:
        import torch  # noqa: PLC0415

        torch.set_num_threads(options.threads)
        torch.set_default_dtype(getattr(torch, options.dtype))
        self.options = options
        self.machine = measure_machine(options.threads, options.dtype)
        self._clock = time.process_time if options.threads == 1 else time.perf_counter
        self._random = np.random.default_rng(0)
        print(f"{options.turns} turns, medians; here {self.machine}", flush=True)

    def samples(self, *shape: int) -> np.ndarray:
        """Return normally distributed numbers of the run's dtype."""
        return self._random.standard_normal(shape).astype(self.options.dtype)

    def report(
        self, title: str, calls: dict[str, Calls], count: int, work: float, sizes: tuple[float, float]
    ) -> list[list[Measured]]:
        """Time all contenders, ours first, forward and with gradients; print and return what came out.

        count   samples of a call
        work    floating-point operations of a call forward; with gradients thrice as many, since a
                multiply-add is two in reverse
        sizes   bytes of all operands, and of the results; with gradients operands are read twice and their
                gradients written, and a gradient of the results is read
        """
        operands, results = sizes
        found = []
        for number, mode in enumerate(("forward", "forward + backward")[: 2 - self.options.forward_only]):
            contenders = {
                name: pair[number]
                for name, pair in calls.items()
                if pair[number] and not any(word in name for word in self.options.without)
            }
            rows = compare(contenders, self.options.turns, self.options.seconds, self._clock)
            moved = (operands + results, 3 * operands + 2 * results)[number]
            full = f"{title}, {mode}, batch {count}, {self.options.dtype}"
            print_times(full, rows, count, self.machine, (1, 3)[number] * work, moved)
            found.append(rows)
        return found


def our_calls(product: Any, arrays: Sequence[Any], grad: Any) -> Calls:
    """Return calls of a product of this package."""
    return lambda: product(*arrays), lambda: (product(*arrays), product.backward(*arrays, grad))


def torch_calls(function: Any, arrays: Sequence[Any], grad: Any, parameters: Sequence[Any] = ()) -> Calls:
    """Return calls of a torch function; its parameters get gradients too."""
    import torch  # noqa: PLC0415

    tensors, incoming = [torch.from_numpy(array) for array in arrays], torch.from_numpy(grad)

    def both() -> None:
        leaves = [tensor.detach().requires_grad_() for tensor in tensors]
        torch.autograd.grad(function(*leaves), [*leaves, *parameters], incoming, allow_unused=True)

    return torch.no_grad()(lambda: function(*tensors)), both


def jax_calls(function: Any, given: Sequence[Any], grad: Any) -> Calls:
    """Return calls of a function for JAX, compiled; each of `given` is an array or a tree of them."""
    import jax  # noqa: PLC0415

    def pulled(given: Any, grad: Any) -> Any:
        value, pull = jax.vjp(function, *given)
        return value, pull(grad)

    forward, both = jax.jit(function), jax.jit(pulled)
    arrays, incoming = jax.tree.map(jax.numpy.asarray, tuple(given)), jax.numpy.asarray(grad)
    return (
        lambda: jax.block_until_ready(forward(*arrays)),
        lambda: jax.block_until_ready(both(arrays, incoming)),
    )
