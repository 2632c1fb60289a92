"""Full tensor product: every Clebsch-Gordan path of two sums of O(3) irreps, each to its own output.

z_{l3 m3} = sum over m1, m2 of <l1 m1 l2 m2 | l3 m3> x_{l1 m1} y_{l2 m2}, in the real basis, for every pair of
irreps of x and y and every l3 from |l1 - l2| to l1 + l2, parity p1 p2. Coefficients of one pair of copies are
orthogonal, so |z|^2 summed over its paths is |x|^2 |y|^2: e3nn's irrep_normalization="component" up to the
sign of a path. Layout and order are e3nn's: inputs simplified, mul_ir, outputs sorted, copies of (i1, i2) at
u * mul2 + v.

    table    the sparse list of nonzero coefficients
    vector   every path, even or odd, from pointwise products of vector fields on the sphere (`vector_path`)
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property
from typing import Literal, get_args

from reptheory.build.paths import coefficients
from reptheory.errors import LabelError
from reptheory.groups.o3 import Irrep, Irreps
from reptheory.operations.bilinear import Accumulate, BilinearProduct
from reptheory.operations.engines import Engine, TableEngine
from reptheory.operations.full_paths import Instruction, full_paths, products_of_copies
from reptheory.operations.transposed import TransposedProduct
from reptheory.operations.vector_paths_engine import VectorPathsEngine

__all__ = ["FullMethod", "FullTensorProduct", "Instruction"]

FullMethod = Literal["table", "vector"]


class FullTensorProduct(BilinearProduct):
    """Full Clebsch-Gordan tensor product, e3nn's `o3.FullTensorProduct`.

    irreps_in1, irreps_in2   strings or Irreps; simplified as e3nn does
    filter_ir_out            output irreps to keep, a list or "0e + 1o"; None keeps all
    method                   "table", the fast one, or "vector"
    accumulate, threads      as `BilinearProduct`

    Memory: as `BilinearProduct`; a bound by vectors takes the fields of 512 samples, one for each pair of
    copies.

    >>> product = FullTensorProduct("1x0e+1x1o", "1x1o")
    >>> product.irreps_out
    1x0e+1x1o+1x1e+1x2e
    >>> product([1.0, 0.0, 0.0, 1.0], [1.0, 0.0, 0.0]).round(6).tolist()
    [0.0, 1.0, 0.0, 0.0, 0.0, 0.707107, 0.0, 0.707107, 0.0, 0.0, 0.0, 0.0]
    """

    def __init__(
        self,
        irreps_in1: str | Irreps,
        irreps_in2: str | Irreps,
        filter_ir_out: Iterable[str | Irrep] | None = None,
        method: FullMethod = "table",
        *,
        accumulate: Accumulate | None = None,
        threads: int | None = None,
    ) -> None:
        super().__init__(accumulate, threads)
        if method not in get_args(FullMethod):
            raise LabelError(f"method: got {method!r}; choose one of {', '.join(get_args(FullMethod))}")
        self.method = method
        self.irreps_in1 = Irreps(irreps_in1).simplify()
        self.irreps_in2 = Irreps(irreps_in2).simplify()
        self.irreps_out, self.instructions = full_paths(self.irreps_in1, self.irreps_in2, filter_ir_out)
        self.dim1, self.dim2, self.dim_out = (
            irreps.dim for irreps in (self.irreps_in1, self.irreps_in2, self.irreps_out)
        )

    @cached_property
    def _meanings(self) -> tuple[str, str]:
        return f"the dimension of {self.irreps_in1}", f"the dimension of {self.irreps_in2}"

    @cached_property
    def _table_engine(self) -> TableEngine:
        paths = ((path.ir1.l, path.ir2.l, path.ir_out.l) for path in self.instructions)
        table = coefficients("clebsch_gordan", paths)
        products = products_of_copies(self.irreps_in1, self.irreps_in2, self.instructions, lambda ir: ir.l)
        return TableEngine(table, products, (self.dim1, self.dim2, self.dim_out))

    @cached_property
    def _engine(self) -> Engine:
        if self.method == "table":
            return self._table_engine
        slices = self.irreps_in1.slices(), self.irreps_in2.slices()
        return VectorPathsEngine(self.instructions, *slices, self.dim_out)

    def _transposed(self, operand: int) -> BilinearProduct:
        return TransposedProduct(self, operand)

    def __repr__(self) -> str:
        method = "" if self.method == "table" else f", method={self.method!r}"
        return f"FullTensorProduct({str(self.irreps_in1)!r}, {str(self.irreps_in2)!r}{method})"
