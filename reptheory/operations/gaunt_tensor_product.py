"""Gaunt tensor product: the pointwise product of two functions on the sphere, expanded in harmonics.

z_{l3 m3} = sum over l1 m1, l2 m2 of G(l1 m1, l2 m2, l3 m3) x_{l1 m1} y_{l2 m2}, G the integral of three real
orthonormal harmonics [Luo, Chen, Krishnapriyan 2024]. Coefficient (l, m) stands at l*l + l + m. Paths with
l1 + l2 + l3 odd do not contribute; a path is sqrt((2 l1 + 1)(2 l2 + 1) / (4 pi (2 l3 + 1))) <l1 0 l2 0|l3 0>
times the Clebsch-Gordan one. In O(3) degree l has parity (-1)^l on all three sides.

    table     the sparse list of nonzero G
    unrolled  the same list as machine code of its own, for few terms; compiled once a product and dtype
    grid      Gauss-Legendre rings, the smallest grid that is exact
    fourier   harmonics -> 2D Fourier basis -> convolution by DFTs -> harmonics
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import Literal, get_args

from reptheory.build.paths import coefficients
from reptheory.errors import LabelError
from reptheory.groups.labels import feature_degree
from reptheory.groups.o3 import Irreps
from reptheory.operations.bilinear import Accumulate, BilinearProduct
from reptheory.operations.coupling_plan import product_rows
from reptheory.operations.engines import Engine, RingEngine, TableEngine
from reptheory.operations.gaunt_costs import MOST_TERMS, cheapest, few_terms
from reptheory.operations.transposed import TransposedProduct
from reptheory.operations.unrolled_engine import UnrolledEngine

__all__ = ["GauntTensorProduct", "Method"]

Method = Literal["auto", "table", "unrolled", "grid", "fourier"]


class GauntTensorProduct(BilinearProduct):
    """Full tensor product of x (degrees 0..lmax1) and y (0..lmax2) by pointwise multiplication.

    lmax1, lmax2, lmax_out   highest degrees, ints >= 0; lmax2 defaults to lmax1, lmax_out to lmax1 + lmax2
    method       "table", "unrolled", "grid", "fourier"; "auto" takes the cheapest by a measured model
                 (`operations.gaunt_costs`). "unrolled" compiles a code for each product, up to 0.7 s once,
                 and takes at most 640 terms; gradients of more go by "table"
    accumulate, threads      as `BilinearProduct`

    Memory: as `BilinearProduct`.

    >>> import numpy as np
    >>> product = GauntTensorProduct(1, 1, 2)
    >>> z = product(np.array([0.0, 0.0, 1.0, 0.0]), np.array([0.0, 0.0, 1.0, 0.0]))
    >>> z.round(6).tolist()  # Y_10 squared is Y_00 and Y_20
    [0.282095, 0.0, 0.0, 0.0, 0.0, 0.0, 0.252313, 0.0, 0.0]
    """

    def __init__(
        self,
        lmax1: int,
        lmax2: int | None = None,
        lmax_out: int | None = None,
        method: Method = "auto",
        *,
        accumulate: Accumulate | None = None,
        threads: int | None = None,
    ) -> None:
        super().__init__(accumulate, threads)
        if method not in get_args(Method):
            raise LabelError(f"method: got {method!r}; choose one of {', '.join(get_args(Method))}")
        self.lmax1 = feature_degree(lmax1, "lmax1")
        self.lmax2 = self.lmax1 if lmax2 is None else feature_degree(lmax2, "lmax2")
        highest = self.lmax1 + self.lmax2
        self.lmax_out = highest if lmax_out is None else feature_degree(lmax_out, "lmax_out")
        if self.lmax_out > highest:
            raise LabelError(
                f"lmax_out: got {self.lmax_out}; the product of degrees {self.lmax1} and {self.lmax2} "
                f"ends at {highest}"
            )
        self.dim1, self.dim2, self.dim_out = (
            (degree + 1) ** 2 for degree in (self.lmax1, self.lmax2, self.lmax_out)
        )
        self._asked: Method = method
        degrees = (self.lmax1, self.lmax2, self.lmax_out)
        self.method = method if method != "auto" else cheapest(degrees)
        if self.method == "unrolled" and not few_terms(degrees):
            raise LabelError(
                f'method: "unrolled" takes at most {MOST_TERMS} terms, and degrees {degrees} have more; '
                '"table" has no such limit'
            )

    @cached_property
    def _meanings(self) -> tuple[str, str]:
        return f"(lmax1 + 1)^2 with lmax1 = {self.lmax1}", f"(lmax2 + 1)^2 with lmax2 = {self.lmax2}"

    @property
    def irreps_in1(self) -> Irreps:
        """The harmonics of x: one copy of each l <= lmax1, parity (-1)^l."""
        return Irreps.spherical_harmonics(self.lmax1)

    @property
    def irreps_in2(self) -> Irreps:
        """The harmonics of y."""
        return Irreps.spherical_harmonics(self.lmax2)

    @property
    def irreps_out(self) -> Irreps:
        """The harmonics of the product."""
        return Irreps.spherical_harmonics(self.lmax_out)

    def _paths(self) -> Iterator[tuple[int, int, int]]:
        """List the paths that contribute: l1 + l2 + l3 even."""
        for l1 in range(self.lmax1 + 1):
            for l2 in range(self.lmax2 + 1):
                for l3 in range(abs(l1 - l2), min(l1 + l2, self.lmax_out) + 1, 2):
                    yield l1, l2, l3

    @cached_property
    def _table_engine(self) -> TableEngine:
        table = coefficients("gaunt", self._paths())
        products = product_rows((l1 * l1, l1, l2 * l2, l2, l3 * l3, l3, 0) for l1, l2, l3 in self._paths())
        kind = UnrolledEngine if self.method == "unrolled" else TableEngine
        return kind(table, products, (self.dim1, self.dim2, self.dim_out))

    @cached_property
    def _engine(self) -> Engine:
        if self.method in ("table", "unrolled"):
            return self._table_engine
        return RingEngine(self.lmax1, self.lmax2, self.lmax_out, fourier=self.method == "fourier")

    def _transposed(self, operand: int) -> BilinearProduct:
        """Return a Gaunt product again, with the degrees in another order: G is symmetric.

        Degrees of the operand that no kept degree of the result depends on have gradient 0: a table says so.
        """
        if operand == 1:
            degrees = (self.lmax_out, self.lmax2, self.lmax1)
        else:
            degrees = (self.lmax1, self.lmax_out, self.lmax2)
        if degrees[2] > degrees[0] + degrees[1]:
            return TransposedProduct(self, operand)
        method = self._asked
        if method == "unrolled" and not few_terms(degrees):  # not symmetric, hence of twice the terms
            method = "table"
        return GauntTensorProduct(*degrees, method, accumulate=self.accumulate, threads=self.threads)

    def __repr__(self) -> str:
        degrees = f"{self.lmax1}, {self.lmax2}, {self.lmax_out}"
        return f"GauntTensorProduct({degrees}, method={self.method!r})"
