"""Symmetric contraction: a feature times itself, up to `correlation` times, by weighted paths, as in MACE.

    z = contraction(x, weight, species)
    z, bound = contraction(x, weight, species, with_bound=True)
    grad_x, grad_weight = contraction.backward(x, weight, species, grad)

    z[n, u] = sum over paths p of  weight[species[n], p, u] P_p(x[n, u]),

with the equivariant polynomials P of degrees 1 to `correlation` of `exact.symmetric_coupling`: every copy u
is contracted with itself alone, with weights of its own [Batatia et al., NeurIPS 2022, eqs. 10 and 11].
"""

from __future__ import annotations

from functools import cached_property
from itertools import pairwise
from math import prod
from typing import Any, Literal, NamedTuple, get_args, overload

import numpy as np
from numpy.typing import ArrayLike, NDArray

from reptheory.conversion.path_signs import path_sign, require_paths
from reptheory.conversion.registry import convention as convention_of
from reptheory.errors import LabelError
from reptheory.exact.symmetric_coupling import SymmetricBasis, SymmetricCoupling, SymmetricPath
from reptheory.groups.labels import shown, whole
from reptheory.groups.o3 import Irreps
from reptheory.operations.broadcast import Bounded, finite, rounded_gradients, total, write_rounded
from reptheory.operations.certified import certify, certify_gradients
from reptheory.operations.operands import (
    Accumulate,
    allocate,
    incoming_gradient,
    read_accumulate,
    thread_count,
)
from reptheory.operations.species import Species, species_operands
from reptheory.operations.symmetric_engine import SymmetricEngine
from reptheory.operations.symmetric_maps import CopiesChain, SymmetricMaps
from reptheory.operations.symmetric_plan import ContractionLayout, SymmetricSpec

__all__ = ["ContractionGradients", "SymmetricContraction"]

Array = NDArray[Any]
Bound = NDArray[np.float64]


class ContractionGradients(NamedTuple):
    """Gradients of a symmetric contraction, or bounds on their errors."""

    x: Array
    weight: Array


class SymmetricContraction:
    """Symmetric products of a feature with itself, weights of each path, copy and species.

    irreps_in, irreps_out   strings or Irreps, all entries of both with as many copies
    correlation             highest degree, nu >= 1
    basis                   "reduced": orthonormal, independent paths; "mace", "cuequivariance": theirs
    layout                  "mul_ir" (e3nn's): copies outside, orders inside; "ir_mul": reversed;
                            "mul_irreps": copies outside, all irreps inside, as MACE's (channels, dim), flat
    layout_in, layout_out   that of x and of the result where they differ
    accumulate              "float64": float32 operands are computed in float64 and rounded once at the end
    threads                 None: as many as the work is worth; an int: at most that many
    raises                  LabelError; TooLarge

    Called with x (..., dim_in), weight (species, weight_numel) and species (...), whole numbers; without
    species, weight is (weight_numel,) for all samples or (..., weight_numel), one set a sample. Leading axes
    broadcast; the result is (..., dim_out). Weights follow one another as MACE lists them: irrep after irrep
    of the result, from the highest degree down, paths, copies.

    Beyond operands and result a call holds the order of the samples by their weights, two ints a sample, and
    tiles, bounded a thread; `backward` one gradient of the weights for every 128 samples that share some.

    >>> contraction = SymmetricContraction("2x0e+2x1o", "2x0e", 2)
    >>> contraction
    SymmetricContraction(2x0e+2x1o -> 2x0e | correlation 2, 3 paths, 6 weights)
    >>> x = [2.0, 3.0, 1.0, 0.0, 2.0, 0.0, 0.0, 1.0]
    >>> contraction(x, [0.0, 0.0, 0.0, 3**0.5, 1.0, 1.0]).tolist()  # of copy 1, x . x and the scalar
    [2.0, 4.0]
    """

    def __init__(
        self,
        irreps_in: str | Irreps,
        irreps_out: str | Irreps,
        correlation: int,
        *,
        basis: SymmetricBasis = "reduced",
        layout: ContractionLayout = "mul_ir",
        layout_in: ContractionLayout | None = None,
        layout_out: ContractionLayout | None = None,
        accumulate: Accumulate | None = None,
        threads: int | None = None,
    ) -> None:
        self.accumulate = read_accumulate(accumulate)
        self.irreps_in, self.irreps_out = Irreps(irreps_in), Irreps(irreps_out)
        self.correlation = whole(correlation, "correlation")
        if not self.correlation:
            raise LabelError("correlation: got 0; it must be 1 or more")
        self.channels = _copies(self.irreps_in, self.irreps_out)
        self.layout_in, self.layout_out = layout_in or layout, layout_out or layout
        for name in ("layout_in", "layout_out"):
            if getattr(self, name) not in get_args(ContractionLayout):
                words = ", ".join(get_args(ContractionLayout))
                raise LabelError(f"{name}: got {shown(getattr(self, name))}; it must be one of {words}")
        self.basis, self.threads = basis, thread_count(threads)
        layouts = self.layout_in, self.layout_out
        self._spec = SymmetricSpec(
            self.irreps_in, self.irreps_out, self.correlation, basis, layouts, self.channels
        )
        self.dim_in, self.dim_out = self._spec.dims
        self.weight_numel = self._spec.path_starts[-1] * self.channels

    @cached_property
    def _engine(self) -> SymmetricEngine:
        return SymmetricEngine(self._spec)

    def __getstate__(self) -> dict[str, Any]:
        """Leave the engine behind: a copy, or the same contraction in another process, makes its own."""
        return {name: value for name, value in self.__dict__.items() if name not in ("_engine", "_maps")}

    @property
    def couplings(self) -> tuple[SymmetricCoupling, ...]:
        """The paths, in the order of their weights: one coupling an irrep of the result and degree."""
        return self._spec.couplings

    @property
    def cost(self) -> int:
        """Multiplications of one sample."""
        return self._engine.cost

    def weight_views(self, weight: Array) -> list[Array]:
        """Return the weights (..., paths, copies) of each of `couplings`, as views.

        weight   (..., weight_numel)

        >>> contraction = SymmetricContraction("8x0e+8x1o", "8x0e+8x1o", 2)
        >>> [view.shape for view in contraction.weight_views(np.zeros((5, contraction.weight_numel)))]
        [(5, 2, 8), (5, 1, 8), (5, 1, 8), (5, 1, 8)]
        """
        starts = self._spec.path_starts
        whole_view = weight.reshape(*weight.shape[:-1], starts[-1], self.channels)
        return [whole_view[..., first:last, :] for first, last in pairwise(starts)]

    def path_signs(self, convention: str) -> Array:
        """Return the sign of each path in a package: its weights carry over times it, not for "reduced".

        convention   a name of `CONVENTIONS`, such as "mace", "e3nn@0.6" or "cuequivariance"
        returns      (paths,) of 1.0 and -1.0
        raises       LabelError

        >>> SymmetricContraction("1x1o", "1x0e", 2, basis="mace").path_signs("e3nn@0.6").tolist()
        [-1.0]
        """
        if self.basis == "reduced":
            raise LabelError('path_signs: got basis "reduced"; make the contraction with basis="mace"')
        found = convention_of(convention)
        require_paths(found, "wigner_3j")
        degrees = [ir.l for _, ir in self.irreps_in]
        return np.array(
            [_sign(found, path, degrees) for coupling in self.couplings for path in coupling.paths],
            dtype=np.float64,
        )

    @overload
    def __call__(
        self, x: ArrayLike, weight: ArrayLike, species: ArrayLike | None = None, *, out: Array | None = None,
        with_bound: Literal[False] = False,
    ) -> Array: ...  # fmt: skip

    @overload
    def __call__(
        self, x: ArrayLike, weight: ArrayLike, species: ArrayLike | None = None, *, out: Array | None = None,
        with_bound: Literal[True],
    ) -> tuple[Array, Bound]: ...  # fmt: skip

    def __call__(
        self, x: ArrayLike, weight: ArrayLike, species: ArrayLike | None = None, *, out: Array | None = None,
        with_bound: bool = False,
    ) -> Array | tuple[Array, Bound]:  # fmt: skip
        """Return the contraction, and with `with_bound` a bound on its error elementwise.

        x, weight   float32 or float64, the wider decides; their shapes stand at the class
        species     whole numbers that choose rows of weight, or None
        out         array of the result's shape and dtype to write into; may overlap x
        returns     (..., dim_out); the bound is float64, >= |z - exact|, inf where z is not finite
        raises      OperandError
        """
        given = self._operands(x, weight, species)
        z, buffer = allocate(out, (*given.shape, self.dim_out), given.x.dtype, (given.x, given.weight))
        flat = buffer.reshape(prod(given.shape), self.dim_out)
        limit = self._run(given, flat, with_bound=with_bound)
        bound = None if limit is None else finite(flat, limit).reshape(z.shape)
        if buffer is not z:
            z[...] = buffer
        return z if bound is None else (z, bound)

    def _run(self, given: Species, z: Array, *, with_bound: bool) -> Bound | None:
        """Write the contraction, computed in float64 where that is asked for, and return its bound."""
        if self.accumulate and z.dtype != np.float64:
            wide = np.empty(z.shape)
            limit = self._run(given.widened(), wide, with_bound=with_bound)
            write_rounded(wide, z, limit)
            return limit
        arrays = given.x, given.weight, given.places
        self._engine.run(*arrays, z, self.threads)
        if not with_bound:
            return None
        with np.errstate(over="ignore", invalid="ignore"):
            return self._engine.bound(*arrays, z.dtype)

    def certificate(self, x: ArrayLike, weight: ArrayLike, species: ArrayLike | None, z: ArrayLike) -> Bound:
        """Bound |z - exact| elementwise, tightly, for any z.

        x, weight, species   as for the contraction
        z                    (..., dim_out) float32 or float64, a claimed result
        returns              (..., dim_out) float64; inf where z or the result is not finite
        raises               OperandError
        """
        given = self._operands(x, weight, species)
        return certify(
            self, (x, weight, species), z, (*given.shape, self.dim_out),
            lambda: CopiesChain(self._spec, self._maps, x, given, self.threads),
        )  # fmt: skip

    def backward_certificate(
        self, x: ArrayLike, weight: ArrayLike, species: ArrayLike | None, grad: ArrayLike,
        gradients: ContractionGradients,
    ) -> ContractionGradients:  # fmt: skip
        """Bound the errors of gradients elementwise, tightly, for any that `backward` may claim.

        x, weight, species, grad   as for `backward`
        gradients                  of x and weight, float32 or float64
        returns                    float64 arrays of their shapes; inf where something is not finite
        raises                     OperandError
        """
        given = self._operands(x, weight, species)
        incoming_gradient(grad, (*given.shape, self.dim_out))

        def backward(x: ArrayLike, weight: ArrayLike, **options: Any) -> Any:
            return self.backward(x, weight, species, **options)

        return ContractionGradients(*certify_gradients(
            backward, (x, weight), grad, gradients,
            lambda: CopiesChain(self._spec, self._maps, x, given, self.threads),
        ))  # fmt: skip

    @cached_property
    def _maps(self) -> SymmetricMaps:
        return SymmetricMaps(self._spec)

    @overload
    def backward(
        self, x: ArrayLike, weight: ArrayLike, species: ArrayLike | None, grad: ArrayLike, *,
        with_bound: Literal[False] = False,
    ) -> ContractionGradients: ...  # fmt: skip

    @overload
    def backward(
        self, x: ArrayLike, weight: ArrayLike, species: ArrayLike | None, grad: ArrayLike, *,
        with_bound: Literal[True],
    ) -> tuple[ContractionGradients, ContractionGradients]: ...  # fmt: skip

    def backward(
        self, x: ArrayLike, weight: ArrayLike, species: ArrayLike | None, grad: ArrayLike, *,
        with_bound: bool = False,
    ) -> ContractionGradients | tuple[ContractionGradients, ContractionGradients]:  # fmt: skip
        """Return the gradients of a loss whose gradient with respect to the result is `grad`.

        x, weight, species   as for the contraction
        returns              arrays of the shapes of x and weight, summed over samples that share weights and
                             over axes along which x was broadcast; with `with_bound` also bounds
        raises               OperandError
        """
        given = self._operands(x, weight, species)
        incoming = incoming_gradient(grad, (*given.shape, self.dim_out))
        dtype, given = given.x.dtype, given.widened() if self.accumulate else given
        flat = np.require(incoming, given.x.dtype, ["C", "A"]).reshape(prod(given.shape), self.dim_out)
        (to_x, limit_x), (to_w, limit_w) = self._gradients(given, flat, with_bound=with_bound)
        to_x, limit_x = total(to_x, limit_x, given.shape, np.shape(x))
        limit_w = None if limit_w is None else finite(to_w, limit_w).reshape(np.shape(weight))
        values = ContractionGradients(to_x, to_w.reshape(np.shape(weight)))
        if self.accumulate and dtype != np.float64:
            values = ContractionGradients(*rounded_gradients(values, (limit_x, limit_w), dtype))
        if limit_x is None or limit_w is None:
            return values
        return values, ContractionGradients(limit_x, limit_w)

    def _gradients(self, given: Species, grad: Array, *, with_bound: bool) -> tuple[Bounded, Bounded]:
        """Return the gradients of x and weight."""
        arrays = given.x, given.weight, given.places, grad
        to_x, to_w = self._engine.gradients(*arrays, self.threads)
        if not with_bound:
            return (to_x, None), (to_w, None)
        with np.errstate(over="ignore", invalid="ignore"):
            limit_x, limit_w = self._engine.gradient_bounds(*arrays, grad.dtype)
        return (to_x, limit_x), (to_w, limit_w)

    @cached_property
    def _meanings(self) -> tuple[str, str]:
        """What the last axes of x and weight count."""
        return f"the dimension of {self.irreps_in}", "the weights of all paths and copies"

    def _operands(self, x: ArrayLike, weight: ArrayLike, species: ArrayLike | None) -> Species:
        return species_operands(x, weight, species, (self.dim_in, self.weight_numel), self._meanings)

    def __repr__(self) -> str:
        return (
            f"SymmetricContraction({self.irreps_in} -> {self.irreps_out} | correlation {self.correlation}, "
            f"{self._spec.path_starts[-1]} paths, {self.weight_numel} weights)"
        )


def _copies(first: Irreps, second: Irreps) -> int:
    """Return how many copies every entry has."""
    muls = {mul for irreps in (first, second) for mul, _ in irreps}
    if not len(first) or len(muls) != 1 or 0 in muls:
        raise LabelError(
            f"irreps_in, irreps_out: got {first} and {second}; give all entries as many copies, one or more"
        )
    return muls.pop()


def _sign(convention: Any, path: SymmetricPath, degrees: list[int]) -> int:
    """Return the sign of a path: e3nn's `wigner_3j(l3, l1, l2)` at each step against our coefficient."""
    sign = 1
    for before, entry, after in zip(path.irreps, path.entries[1:], path.irreps[1:], strict=False):
        l1, l2, l3 = before.l, degrees[entry], after.l
        sign *= path_sign(convention, "wigner_3j", (l3, l1, l2)) * (-1) ** (l1 - l2)
    return sign
