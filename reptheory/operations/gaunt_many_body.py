"""Gaunt many-body product: products of any number of features on the sphere, with weights for each degree.

    z = product(x, .., weight)
    z, bound = product(x, .., weight, with_bound=True)
    grad_x, .., grad_weight = product.backward(x, .., weight, grad)

    z_l = sum over terms t of  w_tl (x_i x_j .. x_k)_l,      t = (i, j, .., k)

the third of the paper's classes [Luo, Chen, Krishnapriyan 2024, section 3.3]: its layer has the terms x, x^2,
.., x^n of one feature, each with one weight a degree and channel. Products are taken of whole functions and
truncated once, at the end, as the paper does; its products of halves in the Fourier basis are those of
method="table" here. Channels are leading axes, as samples are.

    table     two factors at a time by exact tables; what several terms share is computed once
    grid      each feature once to the points of a grid that is exact for the largest product
    fourier   the same through the 2D Fourier basis

Proof of the bounds: docs/proofs/many_body.md.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property
from math import prod
from typing import Any, Literal, get_args, overload

import numpy as np
from numpy.typing import ArrayLike, NDArray

from reptheory.errors import LabelError, OperandError
from reptheory.groups.labels import shown, whole
from reptheory.groups.o3 import Irreps
from reptheory.operations.broadcast import rounded_gradients, total, write_rounded
from reptheory.operations.certified import Chain, certify, certify_gradients, inputs
from reptheory.operations.many_body_bounds import ManyBodyBounds
from reptheory.operations.many_body_maps import ManyBodyMaps
from reptheory.operations.many_body_sums import gradient_sums, product_sums
from reptheory.operations.many_body_terms import Backward, Features, read_lmaxs, read_terms
from reptheory.operations.operands import (
    Accumulate,
    allocate,
    flat_rows,
    incoming_gradient,
    named_last,
    read_accumulate,
    thread_count,
)
from reptheory.operations.rows import row_operands
from reptheory.operations.term_engines import TermEngine, TermMethod, cheapest_terms, term_engine
from reptheory.operations.term_plan import Term, apart
from reptheory.operations.term_sums import TermSums, term_sums

__all__ = ["GauntManyBody", "ManyBodyMethod"]

Array = NDArray[Any]
Bound = NDArray[np.float64]
ManyBodyMethod = Literal["auto", "table", "grid", "fourier"]

BLOCK, MOST = 1 << 18, 8192
"""Numbers of the largest operand or result, and samples, that are computed at a time."""


class GauntManyBody:
    """Sums of products of features, (samples, (lmax + 1)^2) each, as functions on the sphere.

    lmaxs      highest degree of each feature; an int: of one feature
    lmax_out   of the result; None: of the largest product, so that nothing is truncated
    terms      which features each product multiplies: [(0, 1, 2)] three of them, [(0, 0, 0)] the cube of one,
               [(0,), (0, 0), (0, 0, 0)] the paper's layer; an int n: the n-th power of every feature
               together; None: the product of all features
    method     "table", "grid", "fourier"; "auto" takes the cheapest by a measured model
    weighted   whether each term has one weight a degree of the result: weight_numel of them, term by term,
               degrees ascending
    accumulate "float64": float32 operands are computed in float64 and rounded once at the end
    threads    None: as many as the work is worth; an int: at most that many
    raises     LabelError

    Called with the features (..., (lmax + 1)^2) and, where there are weights, these (..., weight_numel);
    leading axes broadcast. A feature that occurs n times in a term is transformed once. Beyond operands and
    result a call holds blocks of 2^18 numbers, one for every function and result, by tables also for every
    product on the way; and copies of operands that are converted or not C-contiguous.

    >>> square = GauntManyBody(1, terms=2)
    >>> square([0.0, 0.0, 1.0, 0.0]).round(6).tolist()  # Y_10 squared is Y_00 and Y_20
    [0.282095, 0.0, 0.0, 0.0, 0.0, 0.0, 0.252313, 0.0, 0.0]
    >>> layer = GauntManyBody(2, 2, terms=[(0,), (0, 0), (0, 0, 0)], weighted=True)
    >>> layer(np.ones((5, 8, 9)), np.ones((8, layer.weight_numel))).shape  # 5 samples, 8 channels
    (5, 8, 9)
    """

    def __init__(
        self,
        lmaxs: int | Sequence[int],
        lmax_out: int | None = None,
        terms: int | Sequence[Sequence[int]] | None = None,
        method: ManyBodyMethod = "auto",
        *,
        weighted: bool = False,
        accumulate: Accumulate | None = None,
        threads: int | None = None,
    ) -> None:
        self.accumulate = read_accumulate(accumulate)
        self.lmaxs = read_lmaxs(lmaxs)
        self.terms = read_terms(terms, len(self.lmaxs))
        if method not in get_args(ManyBodyMethod):
            raise LabelError(f"method: got {method!r}; choose one of {', '.join(get_args(ManyBodyMethod))}")
        highest = max(map(self._degree, self.terms))
        self.lmax_out = highest if lmax_out is None else whole(lmax_out, "lmax_out")
        if self.lmax_out > highest:
            raise LabelError(f"lmax_out: got {self.lmax_out}; the largest product ends at degree {highest}")
        if not isinstance(weighted, bool):
            raise LabelError(f"weighted: got {shown(weighted)}; give True or False")
        self.weighted, self.threads = weighted, thread_count(threads)
        self.dims = tuple((lmax + 1) ** 2 for lmax in self.lmaxs)
        self.dim_out = (self.lmax_out + 1) ** 2
        self.weight_numel = len(self.terms) * (self.lmax_out + 1) if self.weighted else 0
        self._asked: ManyBodyMethod = method
        self.method: TermMethod = self._method(self.lmaxs, self.lmax_out, self._products)

    @property
    def irreps_in(self) -> tuple[Irreps, ...]:
        """The harmonics of each feature."""
        return tuple(map(Irreps.spherical_harmonics, self.lmaxs))

    @property
    def irreps_out(self) -> Irreps:
        """The harmonics of the result."""
        return Irreps.spherical_harmonics(self.lmax_out)

    @property
    def cost(self) -> int:
        """Multiplications of one product."""
        return self._engine.cost

    def __getstate__(self) -> dict[str, Any]:
        """Leave the engines behind: a copy, or the same product in another process, makes its own."""
        return {
            name: value for name, value in self.__dict__.items() if not name.endswith(("_engine", "_maps"))
        }

    def _degree(self, term: Sequence[int]) -> int:
        return sum(self.lmaxs[place] for place in term)

    def _method(
        self, lmaxs: tuple[int, ...], lmax_out: int | tuple[int, ...], terms: tuple[Term, ...]
    ) -> TermMethod:
        return self._asked if self._asked != "auto" else cheapest_terms(lmaxs, lmax_out, terms)

    @cached_property
    def _products(self) -> tuple[Term, ...]:
        """The terms of two factors or more: each a result of its own if it has weights."""
        products = [term for term in self.terms if len(term) > 1]
        return tuple(Term(term, k if self.weighted else 0) for k, term in enumerate(products))

    @cached_property
    def _engine(self) -> TermEngine:
        return term_engine(self.lmaxs, self.lmax_out, self._products, self.method)

    @cached_property
    def _sums_engine(self) -> TermSums:
        sums = product_sums(self.lmaxs, self.lmax_out, self.terms, weighted=self.weighted)
        return term_sums(self._engine, sums)

    @cached_property
    def _bounds_engine(self) -> ManyBodyBounds:
        degrees = self.lmaxs, self.lmax_out
        return ManyBodyBounds(*degrees, self.terms, self._engine, self._back_engine, weighted=self.weighted)

    @cached_property
    def _names(self) -> tuple[list[str], tuple[str, ...]]:
        """The names of the operands, and what their last axes count."""
        names = ["x"] if len(self.dims) == 1 else [f"x{k + 1}" for k in range(len(self.dims))]
        meanings = [f"(lmax + 1)^2 with lmax = {lmax}" for lmax in self.lmaxs]
        if self.weighted:
            names, meanings = [*names, "weight"], [*meanings, f"the weights of {self!r}"]
        return names, tuple(meanings)

    def _operands(self, operands: Sequence[ArrayLike]) -> Features:
        names, meanings = self._names
        if len(operands) != len(names):
            raise OperandError(f"operands: got {len(operands)}; this product takes {', '.join(names)}")
        dims = (*self.dims, self.weight_numel)[: len(names)]
        rows, shape = row_operands(names, operands, dims, meanings)
        return Features(rows, shape)

    @cached_property
    def _block(self) -> int:
        """Samples that are computed at a time."""
        return max(64, BLOCK // max(*self.dims, self.dim_out, BLOCK // MOST))

    def _blocks(self, samples: int) -> Iterator[slice]:
        """Cut samples into blocks."""
        block = self._block
        for first in range(0, samples, block):
            yield slice(first, min(first + block, samples))

    @overload
    def __call__(
        self, *operands: ArrayLike, out: Array | None = None, with_bound: Literal[False] = False
    ) -> Array: ...

    @overload
    def __call__(
        self, *operands: ArrayLike, out: Array | None = None, with_bound: Literal[True]
    ) -> tuple[Array, Bound]: ...

    def __call__(
        self, *operands: ArrayLike, out: Array | None = None, with_bound: bool = False
    ) -> Array | tuple[Array, Bound]:
        """Return the result, and with `with_bound` a bound on its error elementwise.

        operands   the features, and the weights if there are some: float32 or float64, the widest decides
        out        (..., dim_out) array of the result's dtype to write into; may overlap an operand
        returns    (..., dim_out); the bound is float64, >= |z - exact result|, inf where z is not finite
        raises     OperandError
        """
        given = self._operands(operands)
        arrays = tuple(rows.array for rows in given.operands)
        z, buffer = allocate(out, (*given.shape, self.dim_out), arrays[0].dtype, arrays)
        flat = buffer.reshape(prod(given.shape), self.dim_out)
        bound = np.empty(flat.shape) if with_bound else None
        dtype = np.dtype(self.accumulate or z.dtype)
        for rows in self._blocks(len(flat)):
            block = given.block(rows, dtype)
            wide = flat[rows] if dtype == z.dtype else np.empty(flat[rows].shape)
            self._sums_engine.run(block, wide.reshape(-1), self.threads)
            limit = None if bound is None else bound[rows]
            if limit is not None:
                self._bounds_engine.product(block, wide, limit)
            if dtype != z.dtype:
                write_rounded(wide, flat[rows], limit)
        if buffer is not z:
            z[...] = buffer
        return z if bound is None else (z, bound.reshape(z.shape))

    @overload
    def backward(
        self, *operands: ArrayLike, grad: ArrayLike | None = None, with_bound: Literal[False] = False
    ) -> tuple[Array, ...]: ...

    @overload
    def backward(
        self, *operands: ArrayLike, grad: ArrayLike | None = None, with_bound: Literal[True]
    ) -> tuple[tuple[Array, ...], tuple[Bound, ...]]: ...

    def backward(
        self, *operands: ArrayLike, grad: ArrayLike | None = None, with_bound: bool = False
    ) -> tuple[Array, ...] | tuple[tuple[Array, ...], tuple[Bound, ...]]:
        """Return the gradients of a loss whose gradient with respect to the result is `grad`.

        operands   as for the product
        grad       the shape of the result; behind the operands, or by name
        returns    a tuple, one array an operand, of its shape, summed over axes along which it was
                   broadcast; with `with_bound` also bounds on their errors
        raises     OperandError
        """
        operands, (incoming,) = named_last(operands, grad=grad)
        given = self._operands(operands)
        incoming = incoming_gradient(incoming, (*given.shape, self.dim_out))
        dtype = given.operands[0].array.dtype
        inner = np.dtype(self.accumulate or dtype)
        flat = flat_rows(incoming, given.shape, inner)
        values, limits = self._pulled(given, flat, with_bound)
        found: list[Array] = []
        bounds: list[Bound] = []
        for operand, value, limit in zip(operands, values, limits, strict=True):
            summed, bound = total(value, limit, given.shape, np.shape(operand))
            found.append(summed)
            bounds += [] if bound is None else [bound]
        if inner != dtype:
            found = rounded_gradients(found, bounds if with_bound else None, dtype)
        return (tuple(found), tuple(bounds)) if with_bound else tuple(found)

    def _pulled(
        self, given: Features, grad: Array, with_bound: bool
    ) -> tuple[list[Array], list[Bound] | list[None]]:
        """Return the gradients of all operands, (samples, dim) each as `grad`, and bounds on their errors."""
        dims = (*self.dims, self.weight_numel)[: len(given.operands)]
        blocks = list(self._blocks(len(grad)))
        values = [np.empty((len(grad), dim), grad.dtype) for dim in dims] if len(blocks) != 1 else []
        limits = [np.empty((len(grad), dim)) for dim in dims] if with_bound else None
        for rows in blocks:
            block = [*given.block(rows, grad.dtype), grad[rows]]
            wide = np.empty(len(block[-1]) * sum(dims), grad.dtype)
            self._back_sums_engine.run(block, wide, self.threads)
            own = apart(wide, len(block[-1]), dims)
            if limits is not None:
                self._bounds_engine.gradients(block, own, [limit[rows] for limit in limits])
            if len(blocks) == 1:
                return own, limits or [None] * len(dims)
            for value, part in zip(values, own, strict=True):
                value[rows] = part
        return values, limits or [None] * len(dims)

    def certificate(self, *operands: ArrayLike, z: ArrayLike | None = None) -> Bound:
        """Bound |z - exact result| elementwise, tightly, for any z.

        operands   as for the product
        z          (..., dim_out) float32 or float64, a claimed result; behind the operands, or by name
        returns    (..., dim_out) float64; inf where z or the result is not finite
        raises     OperandError
        """
        operands, (claimed,) = named_last(operands, z=z)
        shape = self._operands(operands).shape
        return certify(self, operands, claimed, (*shape, self.dim_out), lambda: self._chain(operands, shape))

    def backward_certificate(
        self, *operands: Any, grad: ArrayLike | None = None, gradients: Sequence[ArrayLike] | None = None
    ) -> tuple[Bound, ...]:
        """Bound the errors of gradients elementwise, tightly, for any that `backward` may claim.

        operands, grad   as for `backward`
        gradients        one an operand, of its shape, float32 or float64; behind grad, or by name
        returns          float64 arrays of these shapes; inf where something is not finite
        raises           OperandError
        """
        operands, (incoming, claimed) = named_last(operands, grad=grad, gradients=gradients)
        shape = self._operands(operands).shape
        incoming_gradient(incoming, (*shape, self.dim_out))
        return tuple(certify_gradients(
            self.backward, operands, incoming, claimed, lambda: self._chain(operands, shape)
        ))  # fmt: skip

    @cached_property
    def _maps(self) -> ManyBodyMaps:
        return ManyBodyMaps(self.lmaxs, self.lmax_out, self.terms, weighted=self.weighted)

    def _chain(self, operands: Sequence[ArrayLike], shape: tuple[int, ...]) -> Chain:
        maps = self._maps
        return Chain(maps, inputs(operands, shape), self.dim_out, maps.terms, threads=self.threads)

    @cached_property
    def _back(self) -> Backward:
        return Backward.of(self.lmaxs, self.lmax_out, self._products, weighted=self.weighted)

    @cached_property
    def _back_engine(self) -> TermEngine:
        back = self._back
        method = self._method(back.lmaxs, back.ends, back.products)
        return term_engine(back.lmaxs, back.ends, back.products, method)

    @cached_property
    def _back_sums_engine(self) -> TermSums:
        sums = gradient_sums(self.lmaxs, self.lmax_out, self.terms, self._back, weighted=self.weighted)
        return term_sums(self._back_engine, sums)

    def __repr__(self) -> str:
        return (
            f"GauntManyBody({list(self.lmaxs)}, {self.lmax_out}, {list(self.terms)}, method={self.method!r})"
        )
