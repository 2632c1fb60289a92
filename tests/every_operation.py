"""Every operation of the package, small, with operands for any number of samples.

`python tests/every_operation.py` prints what a process of its own computes, its fork, and a spawned one.
"""

from __future__ import annotations

import hashlib
import multiprocessing
import os
import sys
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

import reptheory as rt

Array = Any
UVU = [(0, 0, 0, "uvu", True), (1, 0, 1, "uvu", True), (0, 1, 1, "uvu", False)]


class Case(NamedTuple):
    """An operation, how it is made for so many samples on so many threads, and the shapes of its operands.

    make     (samples, threads) -> the operation
    shapes   (operation, samples) -> the shape of each operand
    """

    make: Callable[[int, int | None], Any]
    shapes: Callable[[Any, int], list[tuple[int, ...]]]

    def draw(self, samples: int, dtype: str, threads: int | None = None) -> tuple[Any, list[Array]]:
        """Return the operation and operands."""
        rng = np.random.default_rng(samples)
        operation = self.make(samples, threads)
        made = [rng.standard_normal(shape) for shape in self.shapes(operation, samples)]
        if isinstance(operation, rt.SpinTensorProduct):
            made = [one + 1j * rng.standard_normal(one.shape) for one in made]
            dtype = {"float32": "complex64", "float64": "complex128"}[dtype]
        return operation, [one.astype(dtype) for one in made]


def two(operation: Any, samples: int) -> list[tuple[int, ...]]:
    return [(samples, operation.dim1), (samples, operation.dim2)]


def three(operation: Any, samples: int) -> list[tuple[int, ...]]:
    return [*two(operation, samples), (samples, operation.weight_numel)]


def features(operation: Any, samples: int) -> list[tuple[int, ...]]:
    weights = [(operation.weight_numel,)] if operation.weighted else []
    return [*((samples, dim) for dim in operation.dims), *weights]


def shared(operation: Any, samples: int) -> list[tuple[int, ...]]:
    return [*two(operation, samples), (operation.weight_numel,)]


UUU = [(i, j, k, "uuu", True) for i, j, k, *_ in UVU]


def one(operation: Any, samples: int) -> list[tuple[int, ...]]:
    return [(samples, *operation.shape_in)]


def product(make: Callable[..., Any], *arguments: Any, shapes: Any = two, **options: Any) -> Case:
    return Case(lambda _, threads: make(*arguments, **options, threads=threads), shapes)


def messages(samples: int, threads: int | None, mode: str = "uvu") -> rt.MessagePassing:
    """A ring: every node sends to the next."""
    nodes = np.arange(samples)
    instructions = [(i, j, k, mode, True) for i, j, k, *_ in UVU]
    tp = rt.TensorProduct(
        "4x0e+4x1o", "1x0e+1x1o", "4x0e+4x1o", instructions, shared_weights=False, threads=threads
    )
    return rt.MessagePassing(tp, rt.Edges(nodes, (nodes + 1) % max(samples, 1), samples))


class _Function:
    """A function of arrays in the place of an operation: a class, so that it can be told by its name."""

    def __init__(self, function: Callable[..., Any], *arguments: Any) -> None:
        self.function, self.arguments = function, arguments

    def __call__(self, operand: Array, **options: Any) -> Array:
        return self.function(operand, *self.arguments, **options)


def _multiply(left: Array, right: Array) -> Array:
    return left * right


def _gate(values: Array) -> Array:
    """Multiply every channel but the last by the last."""
    return values[..., :-1, :, :] * values[..., -1:, :, :]


def _ungate(values: Array, grad: Array) -> tuple[Array]:
    last = (grad * values[..., :-1, :, :]).sum(axis=-3, keepdims=True)
    return (np.concatenate([grad * values[..., -1:, :, :], last], axis=-3),)


def _crossed(left: Array, right: Array) -> tuple[Array, Array]:
    return right, left


FULL = "2x0e+1x1o+1x2e", "1x0o+2x1o"
CASES: dict[str, Case] = {
    **{f"Gaunt {m}": product(rt.GauntTensorProduct, 2, 3, 4, m) for m in ("table", "grid", "fourier")},
    "Gaunt in float64": product(rt.GauntTensorProduct, 3, accumulate="float64"),
    "full": product(rt.FullTensorProduct, *FULL),
    "full, ir_mul": product(rt.FullTensorProduct, *FULL, irrep_normalization="none", layout="ir_mul"),
    "full by vectors": product(rt.FullTensorProduct, "1x0e+1x1o", "1x1o", method="vector"),
    "full by vectors, ir_mul": product(
        rt.FullTensorProduct, "1x0e+2x1o", "2x1o", method="vector", layout="ir_mul"
    ),
    "spins": product(rt.SpinTensorProduct, "1/2+1", "2x1/2+3/2"),
    "vectors by table": product(rt.VectorSphericalProduct, "dot", 1, 2, 2, "table"),
    "vectors by grid": product(rt.VectorSphericalProduct, "cross", 1, 2, 2, "grid"),
    "matrices": product(rt.MatrixProduct, "1x0e+1x1o", "2x1e", "1x2o"),
    "matrices by table": product(rt.MatrixProduct, "1x0e+1x1o", "2x1e", "1x2o", "table"),
    "interaction": product(rt.GauntInteraction, 2, 1, 3, shapes=three),
    "interaction, shared weights": product(rt.GauntInteraction, 2, 1, 3, "grid", shapes=shared),
    "convolution": product(
        rt.GauntConvolution, 2, 1, 2, shapes=lambda p, n: [(n, p.dim_in), (n, 3), (n, p.weight_numel)]
    ),
    "many-body": product(
        rt.GauntManyBody, [2, 1], 2, [(0,), (0, 1), (0, 0, 1)], "grid", weighted=True, shapes=features
    ),
    "many-body by table": product(rt.GauntManyBody, [2, 1], 2, [(0, 1, 1)], "table", shapes=features),
    "fully connected": product(
        rt.FullyConnectedTensorProduct, "3x0e+2x1o", "1x0e+1x1o", "2x0e+3x1o", shapes=shared
    ),
    "fully connected, own weights": product(
        rt.FullyConnectedTensorProduct, "3x0e+2x1o", "1x0e+1x1o", "2x0e+3x1o", shared_weights=False,
        shapes=three,
    ),
    "channelwise": product(
        rt.TensorProduct, "4x0e+4x1o", "1x0e+1x1o", "4x0e+4x1o", UVU, shared_weights=False, shapes=three
    ),
    "channelwise, copies as lanes": product(
        rt.TensorProduct, "9x0e+9x1o", "1x0e+1x1o", "9x0e+9x1o", UVU, shared_weights=False, shapes=three
    ),
    "copy by copy": product(
        rt.TensorProduct, "9x0e+9x1o", "9x0e+9x1o", "9x0e+9x1o", UUU, shared_weights=False, shapes=three
    ),
    "elementwise": product(rt.ElementwiseTensorProduct, "3x0e+2x1o", "3x1o+2x1e", shapes=shared),
    "linear": product(
        rt.Linear, "3x0e+2x1o", "2x0e+4x1o", shapes=lambda p, n: [(n, p.dim_in), (p.weight_numel,)]
    ),
    "messages": Case(messages, three),
    "messages of other modes": Case(lambda samples, threads: messages(samples, threads, "uvw"), three),
    "contraction": product(
        rt.SymmetricContraction, "4x0e+4x1o", "4x0e+4x1o", 3,
        shapes=lambda p, n: [(n, p.dim_in), (p.weight_numel,)],
    ),
    "to grid": product(rt.ToGrid, 3, rt.SphereGrid(7), shapes=one),
    "from grid": product(rt.FromGrid, 3, rt.SphereGrid(7, "equiangular"), shapes=one),
    "activation": product(rt.SphereActivation, 2, "silu", shapes=lambda _, n: [(n, 9)]),
    "separable activation": product(
        rt.SeparableSphereActivation, 2, "tanh", "silu", shapes=lambda _, n: [(n,), (n, 9)]
    ),
    "sphere function": product(
        rt.SphereFunction, (1, 2), _multiply, _crossed, shapes=lambda _, n: [(n, 4), (n, 9)]
    ),
    "sphere function of channels": product(
        rt.SphereFunction, (1,), _gate, channels=(3, 2), pullback=_ungate, shapes=lambda _, n: [(n, 3, 4)]
    ),
    "harmonics": product(rt.SphericalHarmonics, 3, "component", shapes=lambda _, n: [(n, 3)]),
    "points": product(rt.PointExpansion, 3, shapes=lambda _, n: [(n, 5, 3), (n, 5)]),
    "integral": Case(
        lambda *_: _Function(rt.SphereGrid(4).integral), lambda _, n: [(n, *rt.SphereGrid(4).shape)]
    ),
    "blocks_from_irreps": Case(
        lambda *_: _Function(rt.blocks_from_irreps, "1x0e+1x1o", "1x1o"), lambda _, n: [(n, 12)]
    ),
    "irreps_from_blocks": Case(
        lambda *_: _Function(rt.irreps_from_blocks, "1x0e+1x1o", "1x1o"), lambda _, n: [(n, 4, 3)]
    ),
    "field_from_function": Case(
        lambda *_: _Function(rt.field_from_function, "gradient"), lambda _, n: [(n, 9)]
    ),
    "function_from_field": Case(
        lambda *_: _Function(rt.function_from_field, "gradient"), lambda _, n: [(n, 48)]
    ),
}  # fmt: skip
OTHERS = {
    "Edges",
    "Expressivity",
    "ManyBodyExpressivity",
    "SphereGrid",
    "expressivity",
    "blocks_from_irreps",
    "irreps_from_blocks",
    "field_from_function",
    "function_from_field",
}
"""Names of the layer of operations that are no operation, or stand above as functions."""


def gradients(operation: Any, operands: list[Array], grad: Array, **options: bool) -> Any:
    """Return what `backward` of an operation returns, a tuple of one where that is one array."""
    if isinstance(operation, rt.ToGrid | rt.FromGrid):
        return (operation.backward(grad, **options),)
    if isinstance(operation, rt.SphericalHarmonics | rt.SphereActivation):
        return (operation.backward(*operands, grad, **options),)
    extra = {"species": None} if isinstance(operation, rt.SymmetricContraction) else {}
    return operation.backward(*operands, **extra, grad=grad, **options)


def results(operation: Any, operands: list[Array]) -> list[Array]:
    """Return the result of an operation and every gradient that it has."""
    z = operation(*operands)
    if not hasattr(operation, "backward"):
        return [z]
    found = gradients(operation, operands, np.ones_like(z))
    return [z, *(one for one in found if one is not None)]


def digest() -> str:
    """Return a hash of everything that every operation computes, two threads each."""
    total = hashlib.sha256()
    for name, case in CASES.items():
        for dtype in ("float32", "float64"):
            operation, operands = case.draw(300, dtype, 2)
            for array in results(operation, operands):
                total.update(name.encode() + np.ascontiguousarray(array).tobytes())
    return total.hexdigest()


def in_processes() -> list[str]:
    """Return the hash of this process, of its fork after threads ran, and of a spawned one."""
    found = [digest()]
    receiving, sending = os.pipe()
    child = os.fork()
    if not child:
        os.write(sending, digest().encode())
        os._exit(0)
    os.waitpid(child, 0)
    found.append(os.read(receiving, 64).decode())
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        found.append(pool.apply(digest))
    return found


if __name__ == "__main__":
    from reptheory.kernels import pool as threads

    threads.WORTH_A_THREAD = 1
    sys.stdout.write("\n".join(in_processes()))
