"""Matrix product: irreps read as matrices, the matrices multiplied, and the result as irreps again.

z = irreps(block(x) @ block(y)), the change of basis of `blocks`: x between irreps1 and irreps2, y between
irreps2 and irreps3. Blocks (a, b) and (b, c) couple (l1, l2, l3) with the exact `matrix_path_ratio`

    (-1)^(b + n/2) sqrt((2 l1 + 1)(2 l2 + 1)) {l1 l2 l3; c a b}

times the Clebsch-Gordan coefficient, even and odd paths alike, some of them with ratio 0 by accident.

    matrix    change of basis, small dense products, change of basis: the shells' dimensions cubed
    table     the sparse list of nonzero coefficients, from 6j symbols
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from itertools import product
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from reptheory.build.scaled_paths import ScaledPath, scaled_paths
from reptheory.errors import LabelError
from reptheory.exact.matrix_blocks import matrix_path_ratio
from reptheory.exact.surd import Surd
from reptheory.groups.o3 import Irreps
from reptheory.operations.bilinear import Accumulate, BilinearProduct
from reptheory.operations.blocks import BlockPiece, blocks_of
from reptheory.operations.coupling_plan import product_rows
from reptheory.operations.engines import Engine, TableEngine, Transposable
from reptheory.operations.full_tensor_product import FullTensorProduct
from reptheory.operations.matrix_engine import MatrixEngine, Side
from reptheory.operations.transposed import TransposedProduct

__all__ = ["MatrixMethod", "MatrixProduct"]

MatrixMethod = Literal["matrix", "table"]


class MatrixProduct(BilinearProduct):
    """Product of matrices whose rows and columns are irreps, on their coefficients.

    irreps1, irreps2, irreps3   x is a matrix (irreps1, irreps2), y (irreps2, irreps3), z (irreps1, irreps3);
                                strings or Irreps, simplified; irreps2 and irreps3 default to irreps1
    method                      "matrix" or "table"
    accumulate, threads         as `BilinearProduct`

    `irreps_in1`, `irreps_in2` and `irreps_out` are the irreps of the three matrices, sorted as
    `FullTensorProduct` sorts them. Of one shell "2e" they are one copy of each l <= 4: the coupling of e3x's
    FusedTensor, which has weights for each degree around it (docs/coming_from.md).

    Memory: as `BilinearProduct`.

    >>> product = MatrixProduct("1o")  # 3 x 3 matrices
    >>> product.irreps_in1
    1x0e+1x1e+1x2e
    >>> product([0, 1, 0, 0] + 5 * [0], [0, 0, 1, 0] + 5 * [0])[:4].round(6).tolist()  # half the commutator
    [0.0, 0.0, 0.0, -0.353553]
    """

    def __init__(
        self,
        irreps1: str | Irreps,
        irreps2: str | Irreps | None = None,
        irreps3: str | Irreps | None = None,
        method: MatrixMethod = "matrix",
        *,
        accumulate: Accumulate | None = None,
        threads: int | None = None,
    ) -> None:
        super().__init__(accumulate, threads)
        if method not in get_args(MatrixMethod):
            raise LabelError(f"method: got {method!r}; choose one of {', '.join(get_args(MatrixMethod))}")
        self.method = method
        middle = irreps1 if irreps2 is None else irreps2
        last = irreps1 if irreps3 is None else irreps3
        self._blocks = blocks_of(irreps1, middle), blocks_of(middle, last), blocks_of(irreps1, last)
        self.irreps_in1, self.irreps_in2, self.irreps_out = (one.irreps for one in self._blocks)
        self.dim1, self.dim2, self.dim_out = (one.irreps.dim for one in self._blocks)

    def operand_signs(
        self, convention: str
    ) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
        """Return the signs of x, of y and of z if a package's coefficients take irreps to matrices.

        Its product is sign_z * product(sign_x * x, sign_y * y).

        convention   a name of `CONVENTIONS`, such as "e3x/m-order"
        returns      (dim1,), (dim2,), (dim_out,) of 1.0 and -1.0
        raises       LabelError

        >>> MatrixProduct("1o").operand_signs("e3x/m-order")[0].tolist()
        [-1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0]
        """
        x, y, z = (
            FullTensorProduct(one.irreps1, one.irreps2).output_signs(convention) for one in self._blocks
        )
        return x, y, z

    @cached_property
    def _meanings(self) -> tuple[str, str]:
        return f"the dimension of {self.irreps_in1}", f"the dimension of {self.irreps_in2}"

    def _coupled(self) -> Iterator[tuple[BlockPiece, BlockPiece, list[BlockPiece]]]:
        """List every irrep of x with every one of y that shares its inner copy, and where they go."""
        x, y, z = (one.pieces for one in self._blocks)
        by_row: dict[int, list[BlockPiece]] = {}
        targets: dict[tuple[int, int], list[BlockPiece]] = {}
        for one in y:
            by_row.setdefault(one.row, []).append(one)
        for one in z:
            targets.setdefault((one.row, one.column), []).append(one)
        for left in x:
            for right in by_row.get(left.column, ()):
                yield left, right, targets[left.row, right.column]

    @cached_property
    def _table_engine(self) -> TableEngine:
        shells = [sorted({ir.l for _, ir in one}) for one in self._shells]
        variants = {abc: number for number, abc in enumerate(product(*shells))}
        factors: dict[ScaledPath, Surd] = {}
        products = []
        for left, right, out in self._coupled():
            abc = left.l1, left.l2, right.l2
            variant = variants[abc]
            for one in out:
                key = left.degree, right.degree, one.degree, variant
                if key not in factors:
                    factors[key] = matrix_path_ratio(*key[:3], *abc, "real")
                if factors[key]:
                    products.append(
                        (left.start, left.degree, right.start, right.degree, one.start, one.degree, variant)
                    )
        kept = {key: factor for key, factor in factors.items() if factor}
        table = scaled_paths(kept, repr(self))
        return TableEngine(table, product_rows(products), (self.dim1, self.dim2, self.dim_out))

    @property
    def _shells(self) -> tuple[Irreps, Irreps, Irreps]:
        first, second, _ = self._blocks
        return first.irreps1, first.irreps2, second.irreps2

    @property
    def _engine(self) -> Engine:
        own = self._own_engine
        return self._table_engine if own is None else own

    @cached_property
    def _own_engine(self) -> Transposable | None:
        if self.method == "table":
            return None
        first, second, third = (Side(one) for one in self._blocks)
        return MatrixEngine(first, second, third)

    def _transposed(self, operand: int) -> BilinearProduct:
        return TransposedProduct(self, operand)

    def __repr__(self) -> str:
        first, second, third = map(str, self._shells)
        return f"MatrixProduct({first!r}, {second!r}, {third!r}, method={self.method!r})"
