"""Candidates: the products under test, each in one precision, with outputs in one common order.

Operands have (lmax + 1)^2 components, position l*l + l + m, degree l of parity (-1)^l. The Gaunt product
gives (2 lmax + 1)^2 components in the same order; the full Clebsch-Gordan product is brought from e3nn's
order to that of `exact_product`: paths (l1, l2, l3) ascending, then m3.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal

import numpy as np
from numpy.typing import NDArray

from reptheory.verify.exact_product import paths_to

if TYPE_CHECKING:
    from collections.abc import Callable

    from reptheory.operations.bilinear import BilinearProduct

__all__ = [
    "FULL_METHODS",
    "METHODS",
    "PRECISIONS",
    "Candidate",
    "Precision",
    "candidates",
    "full_candidate",
    "gaunt_candidate",
]

Array = NDArray[Any]
Family = Literal["Clebsch-Gordan", "Gaunt"]
GauntMethod = Literal["table", "unrolled", "grid", "fourier"]
FullMethod = Literal["table", "matrix", "vector"]

METHODS: Final[tuple[GauntMethod, ...]] = ("table", "unrolled", "grid", "fourier")
"""Ways of computing the Gaunt product."""

FULL_METHODS: Final[tuple[FullMethod, ...]] = ("table", "matrix", "vector")
"""Ways of computing the Clebsch-Gordan product: table, product of a column and a row, products of fields."""

REBUILT_UP_TO: Final = 4
"""Degrees at which the last two are compared: the table is far faster at every degree."""

UNROLLED_UP_TO: Final = 3
"""Degrees at which a product to 2 lmax has few enough terms to be unrolled."""


@dataclass(frozen=True, slots=True)
class Precision:
    """The dtype of operands and result, and what is computed in between."""

    dtype: Literal["float32", "float64"]
    accumulate: Literal["float64"] | None = None

    def __str__(self) -> str:
        return f"{self.dtype} in {self.accumulate}" if self.accumulate else self.dtype


PRECISIONS: Final = (Precision("float32"), Precision("float32", "float64"), Precision("float64"))
"""Every precision that a product runs in."""


@dataclass(frozen=True, eq=False)
class Candidate:
    """One product in one precision.

    blocks     (degree, first output) of every irrep of the result
    parities   (outputs,) 1.0 or -1.0: what inversion does to each output
    multiply   (x, y) -> z, nothing else; what is timed
    bounded    (x, y) -> (z, bound)
    certify    (x, y, z) -> bound on |z - exact|
    cost       multiplications a product
    """

    family: Family
    method: GauntMethod | FullMethod
    precision: Precision
    lmax: int
    blocks: tuple[tuple[int, int], ...]
    parities: NDArray[np.float64]
    multiply: Callable[[Array, Array], Array]
    bounded: Callable[[Array, Array], tuple[Array, NDArray[np.float64]]]
    certify: Callable[[Array, Array, Array], NDArray[np.float64]]
    cost: int

    @property
    def label(self) -> str:
        """Short name for people, such as "Gaunt grid float32"."""
        return f"{self.family} {self.method} {self.precision}"


def candidates(lmax: int) -> tuple[Candidate, ...]:
    """Return both products by every method in every precision, rebuilt and unrolled at low degrees only."""
    methods = FULL_METHODS if lmax <= REBUILT_UP_TO else FULL_METHODS[:1]
    ways = [method for method in METHODS if method != "unrolled" or lmax <= UNROLLED_UP_TO]
    full = (full_candidate(lmax, precision, method) for method in methods for precision in PRECISIONS)
    gaunt = (gaunt_candidate(lmax, method, precision) for method in ways for precision in PRECISIONS)
    return (*full, *gaunt)


def gaunt_candidate(lmax: int, method: GauntMethod, precision: Precision) -> Candidate:
    """Return the Gaunt product of two functions to `lmax`, with outputs to 2 lmax."""
    from reptheory.operations.gaunt_tensor_product import GauntTensorProduct  # noqa: PLC0415 (loads Numba)

    product = GauntTensorProduct(lmax, method=method, accumulate=precision.accumulate)
    blocks = tuple((degree, degree * degree) for degree in range(2 * lmax + 1))
    parities = np.concatenate([np.full(2 * degree + 1, (-1.0) ** degree) for degree, _ in blocks])
    order = np.arange(len(parities))
    return _candidate("Gaunt", method, precision, lmax, product, order, blocks=blocks, parities=parities)


def full_candidate(lmax: int, precision: Precision, method: FullMethod = "table") -> Candidate:
    """Return the full Clebsch-Gordan product of one copy of each degree to `lmax`."""
    from reptheory.groups.o3 import Irrep, Irreps  # noqa: PLC0415
    from reptheory.operations.full_tensor_product import FullTensorProduct  # noqa: PLC0415 (loads Numba)
    from reptheory.operations.matrix_product import MatrixProduct  # noqa: PLC0415 (loads Numba)

    irreps = Irreps([(1, Irrep(degree, (-1) ** degree)) for degree in range(lmax + 1)])
    accumulate = precision.accumulate
    by: Literal["table", "vector"] = "vector" if method == "vector" else "table"
    product = FullTensorProduct(irreps, irreps, method=by, accumulate=accumulate)
    found = {(path.ir1.l, path.ir2.l, path.ir_out.l): path for path in product.instructions}
    paths = paths_to(lmax)
    blocks = tuple((path.l3, path.start) for path in paths)
    chosen = [found[path.l1, path.l2, path.l3] for path in paths]
    order = np.concatenate([np.arange(one.columns.start, one.columns.stop) for one in chosen])
    parities = np.concatenate([np.full(one.ir_out.dim, float(one.ir_out.p)) for one in chosen])
    run: BilinearProduct = product
    if method == "matrix":
        run = MatrixProduct(irreps, "0e", irreps, accumulate=accumulate)
    return _candidate("Clebsch-Gordan", method, precision, lmax, run, order, blocks=blocks, parities=parities)


def _candidate(
    family: Family,
    method: GauntMethod | FullMethod,
    precision: Precision,
    lmax: int,
    product: BilinearProduct,
    order: NDArray[np.int64],
    *,
    blocks: tuple[tuple[int, int], ...],
    parities: NDArray[np.float64],
) -> Candidate:
    """Wrap a product whose output `order[k]` is our output k."""
    back = np.argsort(order)

    def bounded(x: Array, y: Array) -> tuple[Array, NDArray[np.float64]]:
        z, bound = product(x, y, with_bound=True)
        return z[..., order], bound[..., order]

    def certify(x: Array, y: Array, z: Array) -> NDArray[np.float64]:
        return product.certificate(x, y, np.ascontiguousarray(z[..., back]))[..., order]

    return Candidate(
        family, method, precision, lmax, blocks, parities, product, bounded, certify, product.cost
    )
