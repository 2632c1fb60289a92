"""Linear: the equivariant linear layer, copies of an irrep mixed with one another; e3nn's `o3.Linear`.

    z_w,m = sum over entries and u of w_uw x_u,m / sqrt(n) + b_w

with n the terms that one output sums ("element"), or those of the entry times the number of entries ("path").
Biases b are for scalars, 0e, alone. Without them it is the fully connected product with the number 1, and has
the bounds and gradients of one.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Literal, NamedTuple, overload

import numpy as np
from numpy.typing import ArrayLike, NDArray

from reptheory.errors import LabelError, OperandError
from reptheory.groups.labels import shown
from reptheory.groups.o3 import Irreps
from reptheory.kernels.bounds import unit_roundoff
from reptheory.operations.bilinear import Accumulate
from reptheory.operations.broadcast import reduce_broadcast
from reptheory.operations.certified import Chain, certify, certify_gradients, inputs
from reptheory.operations.exact_maps import ExactMap, Pairs, constant, joined
from reptheory.operations.layouts import Layout
from reptheory.operations.operands import incoming_gradient, last_axis, read_operand
from reptheory.operations.tensor_product import TensorProduct
from reptheory.operations.weighted_product import finite

__all__ = ["Linear", "LinearGradients"]

Array = NDArray[Any]


class LinearGradients(NamedTuple):
    """Gradients of a linear layer, or bounds on their errors."""

    x: Array
    weight: Array
    bias: Array | None


class Linear:
    """Copies of each irrep to copies of the same irrep, by matrices of weights.

    irreps_in, irreps_out   strings or Irreps
    instructions            (i_in, i_out) entries to connect; None: all pairs of the same irrep
    path_normalization      "element" or "path"
    biases                  True: for every scalar entry of the result; or a truth value for each entry
    layout, shared_weights, accumulate, threads   as `TensorProduct`
    raises                  LabelError

    Weights of all instructions follow one another, each (copies in, copies out) in row-major order; biases,
    one a copy, in the order of their entries. Memory: as `TensorProduct`, and one number a sample.

    >>> linear = Linear("2x0e+1x1o", "1x0e+1x1o")
    >>> linear([3.0, 1.0, 0.0, 2.0, 0.0], [2.0, 0.0, 5.0]).round(6).tolist()
    [4.242641, 0.0, 10.0, 0.0]
    >>> Linear("1x0e", "2x0e", biases=True)([3.0], [1.0, 2.0], [0.5, 0.0]).tolist()
    [3.5, 6.0]
    """

    def __init__(
        self,
        irreps_in: str | Irreps,
        irreps_out: str | Irreps,
        *,
        instructions: Iterable[tuple[int, int]] | None = None,
        path_normalization: Literal["element", "path"] = "element",
        biases: bool | Sequence[bool] = False,
        layout: Layout = "mul_ir",
        shared_weights: bool = True,
        accumulate: Accumulate | None = None,
        threads: int | None = None,
    ) -> None:
        self.irreps_in, self.irreps_out = Irreps(irreps_in), Irreps(irreps_out)
        if path_normalization not in ("element", "path"):
            raise LabelError(
                f"path_normalization: got {shown(path_normalization)}; it must be element or path"
            )
        pairs = (
            self._all_pairs()
            if instructions is None
            else [_pair(k, pair) for k, pair in enumerate(instructions)]
        )
        self._product = _Mixing(
            self.irreps_in,
            "1x0e",
            self.irreps_out,
            [(i_in, 0, i_out, "uvw", True) for i_in, i_out in pairs],
            path_normalization=path_normalization,
            layout=layout,
            shared_weights=shared_weights,
            accumulate=accumulate,
            threads=threads,
        )
        self.dim_in, self.dim_out = self._product.dim1, self._product.dim_out
        self.weight_numel = self._product.weight_numel
        self.layout, self.shared_weights = self._product.layout, self._product.shared_weights
        self.accumulate, self.threads = self._product.accumulate, self._product.threads
        entries = zip(_flags(biases, self.irreps_out), self.irreps_out.slices(), strict=True)
        self._places = np.array([place for flag, where in entries if flag for place in _range(where)], int)
        self.bias_numel = len(self._places)
        self.instructions = tuple((one.i_in1, one.i_out) for one in self._product.instructions)

    def _all_pairs(self) -> list[tuple[int, int]]:
        return [
            (i_in, i_out)
            for i_in, (_, ir_in) in enumerate(self.irreps_in)
            for i_out, (_, ir_out) in enumerate(self.irreps_out)
            if ir_in == ir_out
        ]

    def weight_views(self, weight: Array) -> list[Array]:
        """Return the matrix (..., copies in, copies out) of each instruction, as views."""
        return [view[..., 0, :] for view in self._product.weight_views(weight)]

    @overload
    def __call__(
        self, x: ArrayLike, weight: ArrayLike, bias: ArrayLike | None = None, *, out: Array | None = None,
        with_bound: Literal[False] = False,
    ) -> Array: ...  # fmt: skip

    @overload
    def __call__(
        self, x: ArrayLike, weight: ArrayLike, bias: ArrayLike | None = None, *, out: Array | None = None,
        with_bound: Literal[True],
    ) -> tuple[Array, NDArray[np.float64]]: ...  # fmt: skip

    def __call__(
        self, x: ArrayLike, weight: ArrayLike, bias: ArrayLike | None = None, *, out: Array | None = None,
        with_bound: bool = False,
    ) -> Array | tuple[Array, NDArray[np.float64]]:  # fmt: skip
        """Return the mixed copies, and with `with_bound` a bound on the error elementwise.

        x, weight, bias   float32 or float64, the widest operand decides: (..., dim_in); (weight_numel,) and
                          (bias_numel,) shared, else one row a sample; no bias where there are none
        out               (..., dim_out) array of the result's dtype to write into
        returns           (..., dim_out)
        raises            OperandError
        """
        added = self._given_bias(bias)
        one = _ones(x) if added is None else _ones(x, added.dtype)
        found = self._product(x, one, weight, out=out, with_bound=with_bound)  # type: ignore[call-overload]
        z, limit = found if with_bound else (found, None)
        if added is not None:
            if added.shape[:-1] not in ((), z.shape[:-1]):
                raise OperandError(
                    f"bias: got shape {list(added.shape)}; give one row a sample, "
                    f"{[*z.shape[:-1], self.bias_numel]}"
                )
            z[..., self._places] += added
            if limit is not None:
                limit[..., self._places] += unit_roundoff(z.dtype) * np.abs(z[..., self._places])
                limit = finite(z, limit * (1 + 2.0**-48))
        return z if limit is None else (z, limit)

    def _given_bias(self, bias: ArrayLike | None) -> Array | None:
        """Check the biases; None where there are none."""
        if bias is None:
            if self.bias_numel:
                raise OperandError(f"bias: got None; this layer has {self.bias_numel} biases; pass them")
            return None
        array = read_operand(bias, "bias")
        last_axis(array, "bias", self.bias_numel, "the biases of all scalar entries")
        if self.shared_weights and array.ndim != 1:
            raise OperandError(
                f"bias: got shape {list(array.shape)}; shared biases have one axis of length "
                f"{self.bias_numel}; for one set a sample make the layer with shared_weights=False"
            )
        return array.copy()

    def certificate(
        self, x: ArrayLike, weight: ArrayLike, bias: ArrayLike | None, z: ArrayLike
    ) -> NDArray[np.float64]:
        """Bound |z - exact| elementwise, tightly, for any z.

        x, weight, bias   as for the layer
        z                 (..., dim_out) float32 or float64, a claimed result
        returns           (..., dim_out) float64; inf where z or the result is not finite
        raises            OperandError
        """
        added = self._given_bias(bias)
        added = np.zeros(0) if added is None else added
        shape = self._product._operands(x, _ones(x), weight).shape
        return certify(
            self, (x, weight, bias), z, (*shape, self.dim_out), lambda: self._chain((x, weight, added), shape)
        )

    def backward_certificate(
        self, x: ArrayLike, weight: ArrayLike, grad: ArrayLike, gradients: LinearGradients
    ) -> LinearGradients:
        """Bound the errors of gradients elementwise, tightly, for any that `backward` may claim.

        x, weight, grad   as for `backward`
        gradients         of x, weight and bias (None where there are no biases), float32 or float64
        returns           float64 arrays of their shapes; inf where something is not finite
        raises            OperandError
        """
        shape = self._product._operands(x, _ones(x), weight).shape
        incoming_gradient(grad, (*shape, self.dim_out))
        own = () if self.shared_weights else shape
        bias = np.zeros((*own, self.bias_numel)) if self.bias_numel else None
        operands = x, weight, np.zeros(0) if bias is None else bias

        def backward(x: ArrayLike, weight: ArrayLike, _: object, **options: Any) -> Any:
            return self.backward(x, weight, **options)

        return LinearGradients(*certify_gradients(
            backward, (x, weight, bias), grad, gradients, lambda: self._chain(operands, shape)
        ))  # fmt: skip

    def _chain(self, operands: Sequence[ArrayLike], shape: tuple[int, ...]) -> Chain:
        """Return the layer as exact maps; the bias of each output stands behind the product."""
        maps, dim = self._product._maps, self.dim_out
        columns = np.concatenate([np.arange(dim), self._places])
        places = np.arange(len(columns)), np.zeros_like(columns), columns
        add = ExactMap((len(columns), 1, dim), places)

        def layer(x: Pairs, weight: Pairs, bias: Pairs) -> Pairs:
            one = constant(x)
            return add(joined([maps(x, one, weight), bias]), one)

        return Chain(layer, inputs(operands, shape), dim, maps.terms, threads=self.threads)

    @overload
    def backward(
        self, x: ArrayLike, weight: ArrayLike, grad: ArrayLike, *, with_bound: Literal[False] = False
    ) -> LinearGradients: ...

    @overload
    def backward(
        self, x: ArrayLike, weight: ArrayLike, grad: ArrayLike, *, with_bound: Literal[True]
    ) -> tuple[LinearGradients, LinearGradients]: ...

    def backward(
        self, x: ArrayLike, weight: ArrayLike, grad: ArrayLike, *, with_bound: bool = False
    ) -> LinearGradients | tuple[LinearGradients, LinearGradients]:
        """Return the gradients of a loss whose gradient with respect to the result is `grad`.

        returns   arrays of the shapes of x, weight and bias (None where there are no biases; they do not
                  depend on the biases); with `with_bound` also bounds on their errors
        raises    OperandError
        """
        found = self._product.backward(x, _ones(x), weight, grad, with_bound=with_bound)  # type: ignore[call-overload]
        values, limits = found if with_bound else (found, None)
        bias = bound = None
        if self.bias_numel:
            columns = np.asarray(grad)[..., self._places].astype(values.x.dtype)
            shape = (self.bias_numel,) if self.shared_weights else columns.shape
            bias, bound = reduce_broadcast(columns, np.zeros(columns.shape), shape)
        gradients = LinearGradients(values.x, values.weight, bias)
        return gradients if limits is None else (gradients, LinearGradients(limits.x, limits.weight, bound))

    def __repr__(self) -> str:
        biases = f", {self.bias_numel} biases" if self.bias_numel else ""
        return f"Linear({self.irreps_in} -> {self.irreps_out} | {self.weight_numel} weights{biases})"


class _Mixing(TensorProduct):
    """A product with the number 1, of which nobody asks for a gradient."""

    _constant = True


_SINGLE, _DOUBLE = np.dtype(np.float32), np.dtype(np.float64)


def _ones(x: ArrayLike, dtype: np.dtype[Any] = _SINGLE) -> Array:
    """Return the number 1, of each sample if x is an array: then nothing is repeated or converted."""
    if not isinstance(x, np.ndarray):
        return np.ones(1, dtype)
    return np.ones((*x.shape[:-1], 1), _DOUBLE if x.dtype == _DOUBLE else dtype)


def _pair(number: int, pair: Any) -> tuple[int, int]:
    """Check the form of one instruction; what it says is checked as that of a product."""
    if not isinstance(pair, tuple | list) or len(pair) != 2:
        raise LabelError(f"instructions[{number}]: got {shown(pair)}; write (i_in, i_out)")
    return pair[0], pair[1]


def _flags(biases: bool | Sequence[bool], irreps: Irreps) -> list[bool]:
    """Check which entries of the result have biases."""
    scalars = [ir.l == 0 and ir.p == 1 for _, ir in irreps]
    if biases is True or biases is False:
        return [biases and scalar for scalar in scalars]
    flags = list(biases) if isinstance(biases, list | tuple) else None
    if flags is None or len(flags) != len(scalars) or any(flag not in (True, False) for flag in flags):
        raise LabelError(
            f"biases: got {shown(biases)}; it must be True, False or a truth value for each of the "
            f"{len(scalars)} entries of {irreps}"
        )
    for place, (flag, scalar) in enumerate(zip(flags, scalars, strict=True)):
        if flag and not scalar:
            raise LabelError(
                f"biases[{place}]: got True for {irreps[place]}; biases are for scalars, 0e, alone"
            )
    return [bool(flag) for flag in flags]


def _range(place: slice) -> range:
    return range(place.start, place.stop)
