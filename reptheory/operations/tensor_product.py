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
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from reptheory.conversion.path_signs import path_signs
from reptheory.errors import LabelError
from reptheory.groups.labels import shown
from reptheory.groups.o3 import O3, Irrep, Irreps
from reptheory.operations.bilinear import Accumulate
from reptheory.operations.certified import Chain, inputs
from reptheory.operations.channel_engine import ChannelEngine
from reptheory.operations.channel_plan import suits_channels
from reptheory.operations.connected_engine import ConnectedEngine
from reptheory.operations.connected_plan import suits_connected
from reptheory.operations.copy_engine import CopyEngine
from reptheory.operations.copy_plan import suits_copies
from reptheory.operations.full_paths import kept_labels, require_few_paths
from reptheory.operations.instructions import (
    IrrepNormalization,
    PathNormalization,
    read_instructions,
    require_choice,
)
from reptheory.operations.layouts import Layout
from reptheory.operations.operands import (
    Weighted,
    thread_count,
    weighted_operands,
)
from reptheory.operations.pieces_engine import PiecesEngine, suits_pieces
from reptheory.operations.weighted_engine import ProductEngine, SampleEngine
from reptheory.operations.weighted_maps import WeightedMaps
from reptheory.operations.weighted_plan import WeightedSpec
from reptheory.operations.weighted_product import Bound, Bounded, WeightedProduct, bounded

__all__ = ["ElementwiseTensorProduct", "FullyConnectedTensorProduct", "TensorProduct"]

Array = NDArray[Any]


class TensorProduct(WeightedProduct[Weighted]):
    """A product of two sums of O(3) irreps, path by path as its instructions say; e3nn's `o3.TensorProduct`.

    irreps_in1, irreps_in2, irreps_out   strings or Irreps
    instructions                         (i_in1, i_in2, i_out, mode, has_weight[, path_weight]), see
                                         `operations.instructions`
    irrep_normalization                  "component", "norm" or "none"
    path_normalization                   "element", "path" or "none"
    layout                               "mul_ir" (e3nn's): copies outside, orders inside; "ir_mul": reversed
    shared_weights                       True: weights (weight_numel,); False: (..., weight_numel), one set a
                                         sample
    accumulate                           "float64": float32 operands are computed in float64, rounded once
    threads                              None: as many as the work is worth; an int: at most that many
    raises                               LabelError

    Called with x (..., dim1), y (..., dim2) and weight (weight_numel,), or (..., weight_numel) if not shared;
    leading axes broadcast, and the result is (..., dim_out). Weights of all instructions follow one another,
    each in row-major order of its `path_shape`.

    Memory: as `WeightedProduct`. A tile of a thread takes 256 bytes for each number of a sample, operands and
    result; products of all pairs of copies, uvuv, that would take more than 64 MiB run in pieces of 8 MiB for
    each of x, y and z, with copies of their operands and results, 32 MiB or those of one sample.

    >>> tp = TensorProduct("2x0e+1x1o", "1x1o", "2x1o", [(0, 0, 0, "uvu", True)])
    >>> tp([1.0, 2.0, 0.0, 0.0, 0.0], [1.0, 0.0, -1.0], [1.0, 10.0]).tolist()
    [1.0, 0.0, -1.0, 20.0, 0.0, -20.0]
    """

    _constant = False
    """Whether y is a constant that has no gradient."""

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
        accumulate: Accumulate | None = None,
        threads: int | None = None,
    ) -> None:
        super().__init__(accumulate)
        self.irreps_in1, self.irreps_in2, self.irreps_out = map(Irreps, (irreps_in1, irreps_in2, irreps_out))
        require_choice("layout", layout, Layout)
        if shared_weights not in (True, False):
            raise LabelError(f"shared_weights: got {shown(shared_weights)}; it must be True or False")
        irreps = (self.irreps_in1, self.irreps_in2, self.irreps_out)
        self.instructions = read_instructions(instructions, irreps, irrep_normalization, path_normalization)
        self.layout, self.shared_weights, self.threads = layout, bool(shared_weights), thread_count(threads)
        self._spec = WeightedSpec(irreps, self.instructions, layout, self._constant)
        self.dim1, self.dim2, self.dim_out = self._spec.dims
        self.weight_numel = self._spec.weight_starts[-1]

    @cached_property
    def _engine(self) -> ProductEngine:
        if suits_channels(self._spec):
            return ChannelEngine(self._spec)
        if self.shared_weights and suits_connected(self._spec):
            return ConnectedEngine(self._spec)
        if suits_copies(self._spec):
            return CopyEngine(self._spec)
        return PiecesEngine(self._spec) if suits_pieces(self._spec) else SampleEngine(self._spec)

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

    def path_signs(self, convention: str) -> Array:
        """Return the sign of each instruction's path in a package: its weights carry over times it.

        convention   a name of `CONVENTIONS`, such as "e3nn@0.6" or "cuequivariance"
        returns      (instructions,) of 1.0 and -1.0
        raises       LabelError

        >>> TensorProduct("1x1o", "1x1o", "1x0e", [(0, 0, 0, "uuu", True)]).path_signs("e3nn@0.6").tolist()
        [-1.0]
        """
        sides = self.irreps_in1, self.irreps_in2, self.irreps_out
        degrees = [[ir.l for _, ir in irreps] for irreps in sides]
        paths = [(degrees[0][a], degrees[1][b], degrees[2][c]) for a, b, c, *_ in self.instructions]
        return path_signs(convention, paths)

    @cached_property
    def _meanings(self) -> tuple[str, str, str]:
        """What the last axes of x, y and the weights count."""
        first, second = (f"the dimension of {irreps}" for irreps in (self.irreps_in1, self.irreps_in2))
        return first, second, "the weights of all instructions"

    def _operands(self, x: ArrayLike, y: ArrayLike, weight: ArrayLike | None) -> Weighted:
        return weighted_operands(
            (x, y, self._given_weight(weight)),
            (self.dim1, self.dim2, self.weight_numel),
            self._meanings,
            shared=self.shared_weights or weight is None,
        )

    def _product(self, given: Weighted, z: Array, *, with_bound: bool) -> Bound | None:
        operands = given.x, given.y, given.weight
        self._engine.run(*operands, z, self.threads)
        if not with_bound:
            return None
        with np.errstate(over="ignore", invalid="ignore"):
            return self._engine.bound(*operands, z.dtype)

    def _pulled(self, given: Weighted, grad: Array, *, with_bound: bool) -> tuple[Bounded, Bounded, Bounded]:
        operands = given.x, given.y, given.weight, grad
        found = self._engine.gradients(*operands, self.threads)
        if not with_bound:
            return bounded(found)
        with np.errstate(over="ignore", invalid="ignore"):
            return bounded(found, self._engine.gradient_bounds(*operands, grad.dtype))

    @cached_property
    def _maps(self) -> WeightedMaps:
        return WeightedMaps(self._spec)

    def _chain(self, operands: Sequence[ArrayLike], shape: tuple[int, ...]) -> Chain:
        maps = self._maps
        return Chain(maps, inputs(operands, shape), self.dim_out, maps.terms, threads=self.threads)

    def __repr__(self) -> str:
        return (
            f"{type(self).__name__}({self.irreps_in1} x {self.irreps_in2} -> {self.irreps_out} | "
            f"{len(self.instructions)} instructions, {self.weight_numel} weights)"
        )


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
            if O3.contains(ir1, ir2, ir_out)
        ]
        super().__init__(first, second, out, instructions, **options)


class ElementwiseTensorProduct(TensorProduct):
    """Copy u of the first operand with copy u of the second, every path, without weights; e3nn's class.

    irreps_in1, irreps_in2   as many irreps, copies counted, in each; entries are split where they differ
    filter_ir_out            output irreps to keep, a list or "0e + 1o"; None keeps all
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
        kept = kept_labels(Irreps, filter_ir_out)
        left, right = _split(first, second)
        require_few_paths((ir1, ir2) for (_, ir1), (_, ir2) in zip(left, right, strict=True))
        found = [
            (place, mul, ir)
            for place, ((mul, ir1), (_, ir2)) in enumerate(zip(left, right, strict=True))
            for ir in ir1 * ir2
            if kept is None or ir in kept
        ]
        instructions = [(place, place, i_out, "uuu", False) for i_out, (place, _, _) in enumerate(found)]
        super().__init__(left, right, Irreps([(mul, ir) for _, mul, ir in found]), instructions, **options)

    def output_signs(self, convention: str) -> Array:
        """Return the sign of every component of the result in a package: its result is ours times these.

        convention   as for `path_signs`
        returns      (dim_out,) of 1.0 and -1.0
        raises       LabelError

        >>> ElementwiseTensorProduct("1o", "1o").output_signs("e3nn@0.6").tolist()
        [-1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0]
        """
        return np.repeat(self.path_signs(convention), [mul * ir.dim for mul, ir in self.irreps_out])


def _split(first: Irreps, second: Irreps) -> tuple[Irreps, Irreps]:
    """Cut entries so that both sums have the same multiplicities."""
    ends = [np.cumsum([mul for mul, _ in irreps], dtype=np.int64) for irreps in (first, second)]
    cuts = np.union1d(*ends)
    muls = np.diff(cuts, prepend=0).tolist()
    left, right = (
        Irreps([(mul, irreps[place].ir) for mul, place in zip(muls, np.searchsorted(own, cuts), strict=True)])
        for irreps, own in zip((first, second), ends, strict=True)
    )
    return left, right
