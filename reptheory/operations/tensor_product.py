"""Tensor products with instructions: e3nn's weighted products, forward and backward, with bounds.

    z = tp(x, y, weight)
    z, bound = tp(x, y, weight, with_bound=True)
    grad_x, grad_y, grad_weight = tp.backward(x, y, weight, grad)

What an instruction computes and how it is normalised: `operations.instructions`. The product is linear in
each of its three operands: gradients are products with the same coefficients, with bounds of the same kind.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cached_property
from itertools import pairwise
from typing import Any, Literal, NamedTuple, get_args, overload

import numpy as np
from numpy.typing import ArrayLike, NDArray

from reptheory.errors import LabelError, OperandError
from reptheory.groups.labels import shown
from reptheory.groups.o3 import Irrep, Irreps
from reptheory.operations.broadcast import reduce_broadcast
from reptheory.operations.channel_engine import ChannelEngine
from reptheory.operations.channel_plan import suits_channels
from reptheory.operations.instructions import (
    IrrepNormalization,
    PathNormalization,
    read_instructions,
)
from reptheory.operations.operands import (
    Weighted,
    allocate,
    incoming_gradient,
    thread_count,
    weighted_operands,
)
from reptheory.operations.weighted_engine import ProductEngine, SampleEngine
from reptheory.operations.weighted_plan import Layout, WeightedSpec

__all__ = ["ElementwiseTensorProduct", "FullyConnectedTensorProduct", "Gradients", "TensorProduct", "finite"]

Array = NDArray[Any]


class Gradients(NamedTuple):
    """Gradients of a weighted product, or bounds on their errors; `weight` is None where there are none."""

    x: Array
    y: Array
    weight: Array | None


class TensorProduct:
    """A product of two sums of O(3) irreps, path by path as its instructions say; e3nn's `o3.TensorProduct`.

    irreps_in1, irreps_in2, irreps_out   strings or Irreps
    instructions                         (i_in1, i_in2, i_out, mode, has_weight[, path_weight]), see
                                         `operations.instructions`
    irrep_normalization                  "component", "norm" or "none"
    path_normalization                   "element", "path" or "none"
    layout                               "mul_ir" (e3nn's): copies outside, orders inside; "ir_mul": reversed
    shared_weights                       True: weights (weight_numel,); False: (..., weight_numel), one set a
                                         sample
    threads                              None: as many as the work is worth; an int: at most that many
    raises                               LabelError

    Weights of all instructions follow one another, each in row-major order of its `path_shape`.

    >>> tp = TensorProduct("2x0e+1x1o", "1x1o", "2x1o", [(0, 0, 0, "uvu", True)])
    >>> tp([1.0, 2.0, 0.0, 0.0, 0.0], [1.0, 0.0, -1.0], [1.0, 10.0]).tolist()
    [1.0, 0.0, -1.0, 20.0, 0.0, -20.0]
    """

    def __init__(
        self,
        irreps_in1: str | Irreps,
        irreps_in2: str | Irreps,
        irreps_out: str | Irreps,
        instructions: Iterable[Sequence[Any]],
        *,
        irrep_normalization: IrrepNormalization = "component",
        path_normalization: PathNormalization = "element",
        layout: Layout = "mul_ir",
        shared_weights: bool = True,
        threads: int | None = None,
    ) -> None:
        self.irreps_in1, self.irreps_in2, self.irreps_out = map(Irreps, (irreps_in1, irreps_in2, irreps_out))
        if layout not in get_args(Layout):
            raise LabelError(f"layout: got {shown(layout)}; it must be one of {', '.join(get_args(Layout))}")
        if shared_weights not in (True, False):
            raise LabelError(f"shared_weights: got {shown(shared_weights)}; it must be True or False")
        irreps = (self.irreps_in1, self.irreps_in2, self.irreps_out)
        self.instructions = read_instructions(instructions, irreps, irrep_normalization, path_normalization)
        self.layout, self.shared_weights, self.threads = layout, bool(shared_weights), thread_count(threads)
        self._spec = WeightedSpec(irreps, self.instructions, layout)
        self.dim1, self.dim2, self.dim_out = self._spec.dims
        self.weight_numel = self._spec.weight_starts[-1]

    def __getstate__(self) -> dict[str, Any]:
        """Leave the engines behind: a copy, or the same product in another process, makes its own."""
        return {name: value for name, value in self.__dict__.items() if not name.endswith("_engine")}

    @cached_property
    def _engine(self) -> ProductEngine:
        return ChannelEngine(self._spec) if suits_channels(self._spec) else SampleEngine(self._spec)

    @property
    def cost(self) -> int:
        """Multiplications of one product."""
        return self._engine.cost

    def weight_views(self, weight: Array) -> list[Array]:
        """Return the weights of each instruction that has some, with its `path_shape`, as views.

        weight   (..., weight_numel)

        >>> tp = FullyConnectedTensorProduct("2x0e+1x1o", "1x1o", "3x1o")
        >>> [view.shape for view in tp.weight_views(np.zeros(tp.weight_numel))]
        [(2, 1, 3)]
        """
        starts = zip(self._spec.weight_starts, self.instructions, strict=False)
        return [
            weight[..., start : start + one.weight_numel].reshape(*weight.shape[:-1], *one.path_shape)
            for start, one in starts
            if one.has_weight
        ]

    @cached_property
    def meanings(self) -> tuple[str, str, str]:
        """What the last axes of x, y and the weights count."""
        first, second = (f"the dimension of {irreps}" for irreps in (self.irreps_in1, self.irreps_in2))
        return first, second, "the weights of all instructions"

    def given_weight(self, weight: ArrayLike | None) -> ArrayLike:
        """Return the weights, none where there are none to give.

        raises  OperandError: there are weights, and None was given
        """
        if weight is None and self.weight_numel:
            raise OperandError(f"weight: got None; this product has {self.weight_numel} weights; pass them")
        return np.zeros(0, np.float16) if weight is None else weight

    def _operands(self, x: ArrayLike, y: ArrayLike, weight: ArrayLike | None) -> Weighted:
        return weighted_operands(
            (x, y, self.given_weight(weight)),
            (self.dim1, self.dim2, self.weight_numel),
            self.meanings,
            shared=self.shared_weights or weight is None,
        )

    @overload
    def __call__(
        self, x: ArrayLike, y: ArrayLike, weight: ArrayLike | None = None, *, out: Array | None = None,
        with_bound: Literal[False] = False,
    ) -> Array: ...  # fmt: skip

    @overload
    def __call__(
        self, x: ArrayLike, y: ArrayLike, weight: ArrayLike | None = None, *, out: Array | None = None,
        with_bound: Literal[True],
    ) -> tuple[Array, NDArray[np.float64]]: ...  # fmt: skip

    def __call__(
        self, x: ArrayLike, y: ArrayLike, weight: ArrayLike | None = None, *, out: Array | None = None,
        with_bound: bool = False,
    ) -> Array | tuple[Array, NDArray[np.float64]]:  # fmt: skip
        """Return the product, and with `with_bound` a bound on its error elementwise.

        x, y      (..., dim1), (..., dim2): float32 or float64, the widest operand decides
        weight    (weight_numel,) shared, else (..., weight_numel); not needed where there are none
        out       (..., dim_out) array of the result's dtype to write into; may overlap an operand
        returns   (..., dim_out); the bound is float64, >= |z - exact product|, inf where z is not finite
        raises    OperandError
        """
        given = self._operands(x, y, weight)
        z, buffer = allocate(
            out, (*given.shape, self.dim_out), given.x.dtype, (given.x, given.y, given.weight)
        )
        flat = buffer.reshape(len(given.x), self.dim_out)
        self._engine.run(given.x, given.y, given.weight, flat, self.threads)
        bound = None
        if with_bound:
            with np.errstate(over="ignore", invalid="ignore"):
                limit = self._engine.bound(given.x, given.y, given.weight, flat.dtype)
            bound = finite(flat, limit).reshape(z.shape)
        if buffer is not z:
            z[...] = buffer
        return z if bound is None else (z, bound)

    @overload
    def backward(
        self, x: ArrayLike, y: ArrayLike, weight: ArrayLike | None, grad: ArrayLike, *,
        with_bound: Literal[False] = False,
    ) -> Gradients: ...  # fmt: skip

    @overload
    def backward(
        self,
        x: ArrayLike,
        y: ArrayLike,
        weight: ArrayLike | None,
        grad: ArrayLike,
        *,
        with_bound: Literal[True],
    ) -> tuple[Gradients, Gradients]: ...

    def backward(
        self,
        x: ArrayLike,
        y: ArrayLike,
        weight: ArrayLike | None,
        grad: ArrayLike,
        *,
        with_bound: bool = False,
    ) -> Gradients | tuple[Gradients, Gradients]:
        """Return the gradients of a loss whose gradient with respect to the product is `grad`.

        x, y, weight   as for the product
        grad           (..., dim_out), the shape of the product
        returns        arrays of the shapes of x, y and weight, summed over axes along which one was
                       broadcast; with `with_bound` also bounds on their errors
        raises         OperandError
        """
        given = self._operands(x, y, weight)
        incoming = incoming_gradient(grad, (*given.shape, self.dim_out))
        flat = np.require(incoming, given.x.dtype, ["C", "A"]).reshape(len(given.x), self.dim_out)
        operands = given.x, given.y, given.weight, flat
        found = dict(zip(Gradients._fields, self._engine.gradients(*operands, self.threads), strict=True))
        bounds: dict[str, Any] = dict.fromkeys(found)
        if with_bound:
            with np.errstate(over="ignore", invalid="ignore"):
                limits = self._engine.gradient_bounds(*operands, given.x.dtype)
            bounds = {name: finite(found[name], limit) for name, limit in zip(found, limits, strict=True)}
        shapes = {"x": np.shape(x), "y": np.shape(y), "weight": np.shape(weight)}  # type: ignore[arg-type]
        totals: dict[str, Any] = {}
        limited: dict[str, Any] = {}
        for name, full in found.items():
            if name == "weight" and (weight is None or self.shared_weights):
                totals[name], limited[name] = (None, None) if weight is None else (full, bounds[name])
                continue
            shape = (*given.shape, full.shape[-1])
            limit = bounds[name]
            totals[name], limited[name] = reduce_broadcast(
                full.reshape(shape), None if limit is None else limit.reshape(shape), shapes[name]
            )
        return (Gradients(**totals), Gradients(**limited)) if with_bound else Gradients(**totals)

    def __repr__(self) -> str:
        return (
            f"{type(self).__name__}({self.irreps_in1} x {self.irreps_in2} -> {self.irreps_out} | "
            f"{len(self.instructions)} instructions, {self.weight_numel} weights)"
        )


def finite(result: Array, bound: Array) -> NDArray[np.float64]:
    """Return a bound, inf where it or the result is not finite."""
    return np.where(np.isfinite(result) & np.isfinite(bound), bound, np.inf)


class FullyConnectedTensorProduct(TensorProduct):
    """Every path that the selection rules allow, each pair of copies to each of the result; e3nn's class.

    >>> FullyConnectedTensorProduct("8x0e+8x1o", "1x0e+1x1o", "8x1o")
    FullyConnectedTensorProduct(8x0e+8x1o x 1x0e+1x1o -> 8x1o | 2 instructions, 128 weights)
    """

    def __init__(
        self, irreps_in1: str | Irreps, irreps_in2: str | Irreps, irreps_out: str | Irreps, **options: Any
    ) -> None:
        first, second, out = map(Irreps, (irreps_in1, irreps_in2, irreps_out))
        instructions = [
            (i1, i2, i_out, "uvw", True)
            for i1, (_, ir1) in enumerate(first)
            for i2, (_, ir2) in enumerate(second)
            for i_out, (_, ir_out) in enumerate(out)
            if ir_out in tuple(ir1 * ir2)
        ]
        super().__init__(first, second, out, instructions, **options)


class ElementwiseTensorProduct(TensorProduct):
    """Copy u of the first operand with copy u of the second, every path, without weights; e3nn's class.

    irreps_in1, irreps_in2   as many irreps, copies counted, in each; entries are split where they differ
    filter_ir_out            output irreps to keep; None keeps all
    raises                   LabelError

    >>> ElementwiseTensorProduct("5x1o+5x1e", "10x1e", ["0e", "0o"]).irreps_out
    5x0o+5x0e
    """

    def __init__(
        self,
        irreps_in1: str | Irreps,
        irreps_in2: str | Irreps,
        filter_ir_out: Iterable[str | Irrep] | None = None,
        **options: Any,
    ) -> None:
        first, second = Irreps(irreps_in1).simplify(), Irreps(irreps_in2).simplify()
        if first.num_irreps != second.num_irreps:
            raise LabelError(
                f"irreps_in2: got {second.num_irreps} irreps, {second}; irreps_in1 has {first.num_irreps}; "
                "give both as many"
            )
        kept = None if filter_ir_out is None else {Irrep(ir) for ir in filter_ir_out}
        left, right = _split(first, second)
        found = [
            (place, mul, ir)
            for place, ((mul, ir1), (_, ir2)) in enumerate(zip(left, right, strict=True))
            for ir in ir1 * ir2
            if kept is None or ir in kept
        ]
        instructions = [(place, place, i_out, "uuu", False) for i_out, (place, _, _) in enumerate(found)]
        super().__init__(left, right, Irreps([(mul, ir) for _, mul, ir in found]), instructions, **options)


def _split(first: Irreps, second: Irreps) -> tuple[Irreps, Irreps]:
    """Cut entries so that both sums have the same multiplicities."""
    ends = sorted({0}.union(*(np.cumsum([mul for mul, _ in irreps]).tolist() for irreps in (first, second))))
    labels = [[ir for mul, ir in irreps for _ in range(mul)] for irreps in (first, second)]
    cut = [Irreps([(end - start, irs[start]) for start, end in pairwise(ends)]) for irs in labels]
    return cut[0], cut[1]
