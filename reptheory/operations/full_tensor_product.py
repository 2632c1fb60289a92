"""Full tensor product: every Clebsch-Gordan path of two sums of O(3) irreps, each to its own output.

z_{l3 m3} = sum over m1, m2 of <l1 m1 l2 m2 | l3 m3> x_{l1 m1} y_{l2 m2}, in the real basis, for every pair of
irreps of x and y and every l3 from |l1 - l2| to l1 + l2, parity p1 p2. Coefficients of one pair of copies are
orthogonal, so |z|^2 summed over its paths is |x|^2 |y|^2: e3nn's irrep_normalization="component", "norm" and
"none" as in `operations.instructions`. The sign of each path in a package is `path_signs`. Order is e3nn's:
inputs simplified, outputs sorted, copies of (i1, i2) at u * mul2 + v.

    table    the sparse list of nonzero coefficients
    vector   every path, even or odd, from pointwise products of vector fields on the sphere (`vector_path`)
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from reptheory.build.paths import PathTable, coefficients
from reptheory.build.scaled_paths import scaled_paths
from reptheory.conversion.path_signs import path_signs
from reptheory.errors import LabelError
from reptheory.exact.surd import Surd
from reptheory.groups.o3 import Irrep, Irreps
from reptheory.operations.bilinear import Accumulate, BilinearProduct
from reptheory.operations.engines import Engine, TableEngine
from reptheory.operations.full_paths import Instruction, full_paths, products_of_copies
from reptheory.operations.instructions import IrrepNormalization, irrep_square, require_choice
from reptheory.operations.layouts import Layout, Places, layout_places
from reptheory.operations.transposed import TransposedProduct
from reptheory.operations.vector_paths_engine import VectorPathsEngine
from reptheory.tables.table import Table

__all__ = ["FullMethod", "FullTensorProduct", "Instruction"]

FullMethod = Literal["table", "vector"]


class FullTensorProduct(BilinearProduct):
    """Full Clebsch-Gordan tensor product, e3nn's `o3.FullTensorProduct`.

    irreps_in1, irreps_in2   strings or Irreps; simplified as e3nn does
    filter_ir_out            output irreps to keep, a list or "0e + 1o"; None keeps all
    method                   "table", the fast one, or "vector"
    irrep_normalization      "component", "norm" or "none"
    layout                   "mul_ir" (e3nn's): copies outside, orders inside; "ir_mul": reversed
    accumulate, threads      as `BilinearProduct`

    Memory: as `BilinearProduct`; a bound by vectors takes the fields of 512 samples, one for each pair of
    copies, and with "ir_mul" copies of operands and result in "mul_ir".

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
        irrep_normalization: IrrepNormalization = "component",
        layout: Layout = "mul_ir",
        accumulate: Accumulate | None = None,
        threads: int | None = None,
    ) -> None:
        super().__init__(accumulate, threads)
        if method not in get_args(FullMethod):
            raise LabelError(f"method: got {method!r}; choose one of {', '.join(get_args(FullMethod))}")
        require_choice("irrep_normalization", irrep_normalization, IrrepNormalization)
        require_choice("layout", layout, Layout)
        self.method = method
        self.irrep_normalization: IrrepNormalization = irrep_normalization
        self.layout: Layout = layout
        self.irreps_in1 = Irreps(irreps_in1).simplify()
        self.irreps_in2 = Irreps(irreps_in2).simplify()
        self.irreps_out, self.instructions = full_paths(self.irreps_in1, self.irreps_in2, filter_ir_out)
        self.dim1, self.dim2, self.dim_out = (
            irreps.dim for irreps in (self.irreps_in1, self.irreps_in2, self.irreps_out)
        )

    @cached_property
    def _meanings(self) -> tuple[str, str]:
        return f"the dimension of {self.irreps_in1}", f"the dimension of {self.irreps_in2}"

    def path_signs(self, convention: str) -> NDArray[np.float64]:
        """Return the sign of each instruction's path in a package, as `TensorProduct.path_signs`.

        convention   a name of `CONVENTIONS`, such as "e3nn@0.6" or "cuequivariance"
        returns      (instructions,) of 1.0 and -1.0
        raises       LabelError

        >>> FullTensorProduct("1x1o", "1x1o").path_signs("e3nn@0.6").tolist()
        [-1.0, 1.0, 1.0]
        """
        return path_signs(convention, self._degrees)

    def output_signs(self, convention: str) -> NDArray[np.float64]:
        """Return the sign of every component of the result in a package: its result is ours times these.

        convention   as for `path_signs`
        returns      (dim_out,) of 1.0 and -1.0
        raises       LabelError

        >>> FullTensorProduct("1x1o", "1x1o").output_signs("e3nn@0.6").tolist()
        [-1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0]
        """
        signs = np.empty(self.dim_out)
        for path, sign in zip(self.instructions, self.path_signs(convention), strict=True):
            signs[path.columns] = sign
        return signs

    @property
    def _degrees(self) -> list[tuple[int, int, int]]:
        return [(path.ir1.l, path.ir2.l, path.ir_out.l) for path in self.instructions]

    @cached_property
    def _factors(self) -> dict[tuple[int, int, int], Surd]:
        """What multiplies the Clebsch-Gordan coefficients of each path."""
        return {path: Surd.sqrt(irrep_square(*path, self.irrep_normalization)) for path in self._degrees}

    @cached_property
    def _places(self) -> Places:
        irreps = self.irreps_in1, self.irreps_in2, self.irreps_out
        first, second, out = (layout_places(one, self.layout) for one in irreps)
        return first, second, out

    @cached_property
    def _table_engine(self) -> TableEngine:
        if self.irrep_normalization == "component":
            table: Table | PathTable = coefficients("clebsch_gordan", self._factors)
        else:
            table = scaled_paths({(*path, 0): one for path, one in self._factors.items()}, repr(self))
        products = products_of_copies(self.irreps_in1, self.irreps_in2, self.instructions, lambda ir: ir.l)
        dims = self.dim1, self.dim2, self.dim_out
        return TableEngine(table, products, dims, columns=self._places)

    @cached_property
    def _engine(self) -> Engine:
        if self.method == "table":
            return self._table_engine
        slices = self.irreps_in1.slices(), self.irreps_in2.slices()
        return VectorPathsEngine(self.instructions, *slices, self._places, self._factors)

    def _transposed(self, operand: int) -> BilinearProduct:
        return TransposedProduct(self, operand)

    def __repr__(self) -> str:
        options = {
            "method": (self.method, "table"),
            "irrep_normalization": (self.irrep_normalization, "component"),
            "layout": (self.layout, "mul_ir"),
        }
        written = "".join(f", {name}={one!r}" for name, (one, usual) in options.items() if one != usual)
        return f"FullTensorProduct({str(self.irreps_in1)!r}, {str(self.irreps_in2)!r}{written})"
