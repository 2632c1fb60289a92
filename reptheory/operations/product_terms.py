"""Exact terms of bilinear products: which copies each couples, by which path, times what.

Read off the tables and instructions that the kernels multiply with, for `operations.expressivity` to count.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from itertools import accumulate
from typing import Any, NamedTuple

import numpy as np

from reptheory.errors import LabelError
from reptheory.exact.surd import Surd
from reptheory.groups.o3 import Irrep, Irreps
from reptheory.groups.spins import Spin, SpinIrreps
from reptheory.operations.bilinear import BilinearProduct
from reptheory.operations.engines import TableEngine
from reptheory.operations.gaunt_convolution import GauntConvolution
from reptheory.operations.gaunt_interaction import GauntInteraction
from reptheory.operations.message_passing import MessagePassing
from reptheory.operations.spin_tensor_product import SpinTensorProduct
from reptheory.operations.tensor_product import TensorProduct
from reptheory.tables.table import Table

__all__ = ["AnyIrreps", "Bilinear", "CoupledPath", "Path", "innermost", "irreps_of", "path_coefficients"]

AnyIrrep = Irrep | Spin
AnyIrreps = Irreps | SpinIrreps
Path = tuple[AnyIrrep, AnyIrrep, AnyIrrep]
Plain = BilinearProduct | TensorProduct | SpinTensorProduct
Bilinear = Plain | GauntInteraction | GauntConvolution | MessagePassing


class CoupledPath(NamedTuple):
    """One term of a product: copies i, j of X', Y' to copy k of Z', times `coefficient` and a weight.

    labels        irreps of the copies
    copies        (i, j, k), counted over all irreps of X', Y' and Z'
    coefficient   of the Clebsch-Gordan path, whose sign is that of its first coefficient that is not 0
    weight        which of the product's own weights multiplies it; -1: none does
    """

    labels: Path
    copies: tuple[int, int, int]
    coefficient: Surd
    weight: int = -1


def innermost(product: Bilinear) -> Plain:
    """Return the product of each edge, or that without weights of degrees, which layers have as well."""
    if isinstance(product, GauntConvolution):
        product = product.interaction
    return product.product if isinstance(product, GauntInteraction | MessagePassing) else product


def irreps_of(product: Any) -> tuple[AnyIrreps, AnyIrreps, AnyIrreps]:
    """Return the irreps of the operands and of the result."""
    names = ("irreps_in1", "irreps_in2", "irreps_out")
    if isinstance(product, Plain) and all(hasattr(product, one) for one in names):
        first, second, out = (getattr(product, name) for name in names)
        return first, second, out
    raise LabelError(f"product: got {product!r}; pass a product of features that has {', '.join(names)}")


def path_coefficients(product: Bilinear) -> list[CoupledPath]:
    """Return the exact terms of a product, path by path, with the weights of instructions.

    >>> from reptheory import GauntTensorProduct
    >>> labels, copies, coefficient, weight = path_coefficients(GauntTensorProduct(1, 1, 1))[1]
    >>> labels, copies, coefficient == Surd.sqrt(Fraction(1, 4), pi_power=-1)
    ((0e, 1o, 1o), (0, 1, 1), True)
    """
    plain = innermost(product)
    if isinstance(plain, TensorProduct):
        return list(_instructed(plain))
    if isinstance(plain, SpinTensorProduct):
        return list(_spun(plain))
    return list(_tabulated(plain._table_engine, irreps_of(plain)))


def _tabulated(engine: TableEngine, irreps: tuple[Any, Any, Any]) -> Iterator[CoupledPath]:
    """Read the terms off the sparse table and the products of an engine."""
    copies = [_copy_starts(one) for one in irreps]
    known = _block_coefficients(engine)
    for i0, a, j0, b, column, c, variant in engine._products.tolist():
        found = [side[place] for side, place in zip(copies, (i0, j0, column), strict=True)]
        value = known.get((a, b, c, variant))
        if value is not None:
            labels = found[0][1], found[1][1], found[2][1]
            yield CoupledPath(labels, (found[0][0], found[1][0], found[2][0]), value)


def _spun(product: SpinTensorProduct) -> Iterator[CoupledPath]:
    """List every pair of copies of every path: Clebsch-Gordan coefficients themselves."""
    first, second, third = (_firsts(one) for one in irreps_of(product))
    for one in product.instructions:
        muls = product.irreps_in1[one.i1].mul, product.irreps_in2[one.i2].mul
        for place, (u, v) in enumerate(np.ndindex(muls)):
            copies = first[one.i1] + u, second[one.i2] + v, third[one.i_out] + place
            yield CoupledPath((one.ir1, one.ir2, one.ir_out), copies, Surd.sqrt(1))


def _firsts(irreps: AnyIrreps) -> list[int]:
    """Return the number of the first copy of each entry."""
    return list(accumulate((mul for mul, _ in irreps), initial=0))


def _copy_starts(irreps: Irreps) -> dict[int, tuple[int, Irrep]]:
    """Return (number, irrep) of the copy that begins at each component."""
    starts: dict[int, tuple[int, Irrep]] = {}
    start = 0
    for mul, ir in irreps:
        for _ in range(mul):
            starts[start] = (len(starts), ir)
            start += ir.dim
    return starts


def _block_coefficients(engine: TableEngine) -> dict[tuple[int, ...], Surd]:
    """Return what each block of a table is, times the Clebsch-Gordan block of unit norm.

    For one m3 the squares of <l1 m1 l2 m2|l3 m3> sum to 1 over m1, m2, so those of the table sum to the
    square of the coefficient.
    """
    table, roles = engine._table, engine._roles
    given = getattr(table, "variants", None)
    variants = np.zeros(len(table.index), dtype=np.int64) if given is None else given
    labels = np.column_stack([table.index[:, list(roles)], variants])
    m1, m2, m3 = (table.index[:, 3 + role] for role in roles)
    order = np.lexsort((m2, m1, m3, *labels.T[::-1]))
    paths, first = np.unique(labels[order], axis=0, return_index=True)
    orders = table.index[order, 3 + roles[2]]
    found: dict[tuple[int, ...], Surd] = {}
    for path, begin, end in zip(paths.tolist(), first, [*first[1:], len(order)], strict=True):
        last = begin + int(np.searchsorted(orders[begin:end], orders[begin], side="right"))
        values = [_exact(table, int(row)) for row in order[begin:last]]
        square = sum((abs(value) for value in values), Fraction(0))
        sign = 1 if values[0] > 0 else -1
        found[tuple(path)] = Surd.sqrt(square, sign=sign, pi_power=table.pi_power)
    return found


def _exact(table: Any, row: int) -> Fraction:
    """Return the square of a row over pi^pi_power, with the sign of the row."""
    if isinstance(table, Table):
        entry = table.row(row)
        return Fraction(entry.sign * entry.numerator, entry.denominator)
    return Fraction(table.numerators[row], table.denominators[row])


def _instructed(product: TensorProduct) -> Iterator[CoupledPath]:
    """List the terms of a product with instructions."""
    irreps = product.irreps_in1, product.irreps_in2, product.irreps_out
    starts = [_firsts(one) for one in irreps]
    weight = 0
    for one in product.instructions:
        letters = one.letters
        sizes = {}
        for name, side, entry in zip(letters[:3], irreps, one.entries, strict=True):
            if len(name) == 1:
                sizes[name] = side[entry].mul
        first, second, out = (side[entry].ir for side, entry in zip(irreps, one.entries, strict=True))
        names = sorted(sizes)
        for copies in np.ndindex(*(sizes[name] for name in names)):
            at = dict(zip(names, copies, strict=True))
            places = [starts[k][one.entries[k]] + _place(letters[k], at, sizes) for k in range(3)]
            number = weight + _place(letters.weight, at, sizes) if one.has_weight else -1
            yield CoupledPath(
                (first, second, out), (places[0], places[1], places[2]), Surd.sqrt(one.square), number
            )
        weight += one.weight_numel


def _place(letters: str, at: dict[str, int], sizes: dict[str, int]) -> int:
    """Return the row-major place of copies."""
    place = 0
    for letter in letters:
        place = place * sizes[letter] + at[letter]
    return place
