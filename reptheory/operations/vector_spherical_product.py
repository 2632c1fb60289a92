"""Vector spherical product: scalar, vector and scaling products of vector fields on the sphere.

x = sum x_{(l 1) j m} Y^{(l 1) j}_m in the real basis of `exact.tensor_harmonics`, l <= lmax, in the order of
l, then j, then m; a function is sum x_lm S_lm. Products are taken point by point and expanded again,

    dot     vector . vector -> function        cross   vector x vector -> vector
    scale   function times vector -> vector

and equal Clebsch-Gordan paths times the exact `vector_path_ratio`; with l1 + l2 + l3 even but j1 + j2 + j3 of
any parity, so what the Gaunt product loses is there [Xie et al., Asymptotically Fast Clebsch-Gordan Tensor
Products with Vector Spherical Harmonics, 2026].

    table   the sparse list of nonzero coefficients, from 9j symbols
    grid    components on Gauss-Legendre rings, the smallest grid that is exact

Fields are polar: (l 1) j has parity (-1)^(l + 1). Of an axial one it is (-1)^l; the cross product of two
polar fields is axial. Functions have parity (-1)^l; with one axial operand every parity is the other one.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from itertools import chain
from typing import Literal, get_args

from reptheory.build.scaled_paths import ScaledPath, scaled_paths
from reptheory.errors import LabelError
from reptheory.exact.surd import Surd
from reptheory.exact.vector_paths import SPINS, VectorKind, vector_path_ratio
from reptheory.groups.labels import shown, whole
from reptheory.groups.o3 import Irrep, Irreps
from reptheory.operations.bilinear import Accumulate, BilinearProduct
from reptheory.operations.coupling_plan import product_rows
from reptheory.operations.engines import Engine, TableEngine, Transposable
from reptheory.operations.transposed import TransposedProduct
from reptheory.operations.vector_costs import cheapest_fields
from reptheory.operations.vector_engine import TERMS, Field, VectorEngine, families

__all__ = ["VectorMethod", "VectorSphericalProduct"]

VectorMethod = Literal["auto", "table", "grid"]


class VectorSphericalProduct(BilinearProduct):
    """Pointwise product of vector fields on the sphere.

    kind                     "dot", "cross" or "scale"
    lmax1, lmax2, lmax_out   highest l, ints >= 0; lmax2 defaults to lmax1, lmax_out to lmax1 + lmax2
    method                   "table" or "grid"; "auto" takes the cheaper by a measured model
                             (`operations.vector_costs`)
    axial                    whether x and whether y is axial (of the other sign under inversion)
    accumulate, threads      as `BilinearProduct`

    Fields of a function, such as its gradient, are made by `field_from_function`.

    Memory: as `BilinearProduct`.

    >>> product = VectorSphericalProduct("cross", 0)  # of constant vectors, in the order y, z, x
    >>> product.irreps_in1, product.irreps_out
    (1x1o, 1x1e)
    >>> product([1, 0, 0], [0, 1, 0]).round(6).tolist()  # y x z = x
    [0.0, 0.0, 0.282095]
    """

    def __init__(
        self,
        kind: VectorKind,
        lmax1: int,
        lmax2: int | None = None,
        lmax_out: int | None = None,
        method: VectorMethod = "auto",
        *,
        axial: tuple[bool, bool] = (False, False),
        accumulate: Accumulate | None = None,
        threads: int | None = None,
    ) -> None:
        super().__init__(accumulate, threads)
        if not isinstance(kind, str) or kind not in SPINS:
            raise LabelError(f"kind: got {shown(kind)}; choose one of {', '.join(get_args(VectorKind))}")
        if method not in get_args(VectorMethod):
            raise LabelError(f"method: got {method!r}; choose one of {', '.join(get_args(VectorMethod))}")
        self.kind: VectorKind = kind
        self.lmax1 = whole(lmax1, "lmax1")
        self.lmax2 = self.lmax1 if lmax2 is None else whole(lmax2, "lmax2")
        highest = self.lmax1 + self.lmax2
        self.lmax_out = highest if lmax_out is None else whole(lmax_out, "lmax_out")
        if self.lmax_out > highest:
            raise LabelError(
                f"lmax_out: got {self.lmax_out}; the product of degrees {self.lmax1} and {self.lmax2} "
                f"ends at {highest}"
            )
        self.axial = _signs(axial)
        degrees = self.lmax1, self.lmax2, self.lmax_out
        self.method = method if method != "auto" else cheapest_fields(kind, degrees)
        self.dim1, self.dim2, self.dim_out = (field.dim for field in self._fields)

    @property
    def _fields(self) -> tuple[Field, Field, Field]:
        s1, s2, s3 = SPINS[self.kind]
        return Field(s1, self.lmax1), Field(s2, self.lmax2), Field(s3, self.lmax_out)

    @property
    def irreps_in1(self) -> Irreps:
        """The irreps of x, in their order."""
        return self._irreps(0)

    @property
    def irreps_in2(self) -> Irreps:
        """The irreps of y, in their order."""
        return self._irreps(1)

    @property
    def irreps_out(self) -> Irreps:
        """The irreps of the product, in their order."""
        return self._irreps(2)

    def _irreps(self, role: int) -> Irreps:
        spins, field = SPINS[self.kind], self._fields[role]
        signs = [(-1) ** (spin + one) for spin, one in zip(spins, self.axial, strict=False)]
        sign = signs[0] * signs[1] if role == 2 else signs[role]
        return Irreps(
            [(1, Irrep(j, sign * (-1) ** degree)) for j, degree, _ in families(field.spin, field.lmax)]
        )

    @cached_property
    def _meanings(self) -> tuple[str, str]:
        return f"the dimension of {self.irreps_in1}", f"the dimension of {self.irreps_in2}"

    def _paths(self) -> Iterator[tuple[ScaledPath, Surd, tuple[int, int, int]]]:
        """Yield every path that contributes: its label, its ratio, and where it stands in x, y and z."""
        first, second, out = (families(field.spin, field.lmax) for field in self._fields)
        for j1, l1, i0 in first:
            for j2, l2, j0 in second:
                for j3, l3, column in out:
                    triangles = abs(j1 - j2) <= j3 <= j1 + j2 and abs(l1 - l2) <= l3 <= l1 + l2
                    if not triangles or (l1 + l2 + l3) % 2:
                        continue
                    ratio = vector_path_ratio(self.kind, (j1, l1), (j2, l2), (j3, l3))
                    if ratio:
                        variant = (l1 - j1 + 1) * 9 + (l2 - j2 + 1) * 3 + l3 - j3 + 1
                        yield (j1, j2, j3, variant), ratio, (i0, j0, column)

    @cached_property
    def _table_engine(self) -> TableEngine:
        factors: dict[ScaledPath, Surd] = {}
        together: dict[tuple[int, ...], list[tuple[int, ...]]] = {}
        for path, ratio, (i0, j0, column) in self._paths():
            factors[path] = ratio
            j1, j2, j3, variant = path
            together.setdefault((i0, j0, variant), []).append((i0, j1, j0, j2, column, j3, variant))
        products = product_rows(chain.from_iterable(together.values()))
        return TableEngine(scaled_paths(factors, repr(self)), products, (self.dim1, self.dim2, self.dim_out))

    @property
    def _engine(self) -> Engine:
        own = self._own_engine
        return self._table_engine if own is None else own

    @cached_property
    def _own_engine(self) -> Transposable | None:
        return None if self.method == "table" else VectorEngine(self._fields, TERMS[self.kind])

    def _transposed(self, operand: int) -> BilinearProduct:
        return TransposedProduct(self, operand)

    def __repr__(self) -> str:
        degrees = f"{self.lmax1}, {self.lmax2}, {self.lmax_out}"
        return f"VectorSphericalProduct({self.kind!r}, {degrees}, method={self.method!r})"


def _signs(axial: object) -> tuple[bool, bool]:
    """Check `axial`."""
    if isinstance(axial, tuple) and len(axial) == 2 and all(isinstance(one, bool) for one in axial):
        return axial
    raise LabelError(f"axial: got {shown(axial)}; give two bools, one for x and one for y")
