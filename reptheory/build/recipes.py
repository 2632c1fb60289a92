"""Recipes: for every kind of table its blocks, and how `exact` gives one of them.

A recipe is a pair of functions: `blocks(key)` lists the labels of the blocks in order, `compute(key, labels)`
returns one. The labels of a block are the first labels of its rows, so that `reptheory show` can ask for one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, cast

import numpy as np
from numpy.typing import NDArray

from reptheory.exact.cartesian import cartesian_tensor
from reptheory.exact.coupling import coupling_block
from reptheory.exact.fourier import one_degree
from reptheory.exact.generators import generators
from reptheory.exact.half_angles import wigner_d_polynomial
from reptheory.exact.real_basis import real_from_complex
from reptheory.exact.solid_harmonics import (
    harmonics_from_monomials,
    monomials,
    monomials_from_harmonics,
    solid_harmonic,
)
from reptheory.exact.tensor_harmonics import (
    forms_from_vector_harmonics,
    solid_gradient,
    tensor_harmonic_array,
    vector_harmonic,
)
from reptheory.exact.wigner6j import doubled_6j
from reptheory.exact.wigner9j import doubled_9j
from reptheory.exact.wigner12j import wigner_12j_first, wigner_12j_second
from reptheory.exact.wigner_d import wigner_d_fourier, wigner_d_pi_half
from reptheory.tables.kinds import kind_of

if TYPE_CHECKING:
    from reptheory.conventions import Basis
    from reptheory.exact.arrays import SurdArray
    from reptheory.exact.coupling import CouplingKind
    from reptheory.exact.surd import Surd
    from reptheory.tables.kinds import TableKey

__all__ = ["RECIPES", "Block", "Recipe", "coupling_of"]

Labels = tuple[int, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Block:
    """Rows in lexicographic order.

    index         (rows, columns) int32
    numerators    sign times numerator of the squared value (without its power of pi), per row
    denominators  of the squared value, positive, in lowest terms, per row
    i_powers      (rows,) uint8, 0 or 1
    """

    index: NDArray[np.int32]
    numerators: Sequence[int]
    denominators: Sequence[int]
    i_powers: NDArray[np.uint8]

    @classmethod
    def of_array(cls, labels: NDArray[Any], array: SurdArray) -> Block:
        """Take the entries of an array, whose order the labels (rows, columns) keep."""
        return cls(labels.astype(np.int32), array.numerators, array.denominators, array.i_powers)

    @classmethod
    def of_values(cls, columns: int, values: Mapping[Labels, Surd]) -> Block:
        """Take values by their labels; zeros are left out."""
        rows = sorted((labels, value) for labels, value in values.items() if value.sign)
        squares = [value.radicand for _, value in rows]
        return cls(
            np.array([labels for labels, _ in rows], dtype=np.int32).reshape(-1, columns),
            [value.sign * square.numerator for (_, value), square in zip(rows, squares, strict=True)],
            [square.denominator for square in squares],
            np.array([value.i_power for _, value in rows], dtype=np.uint8),
        )


@dataclass(frozen=True, slots=True)
class Recipe:
    """How the rows of one kind are computed.

    blocks   key -> the labels of its blocks, in ascending order
    compute  key, labels of a block -> its rows
    value    labels of an admissible row -> its value, for symbols without orders; None for the other kinds
    """

    blocks: Callable[[TableKey], Sequence[Labels]]
    compute: Callable[[TableKey, Labels], Block]
    value: Callable[[Labels], Surd] | None = None


def _top(key: TableKey) -> int:
    """Return lmax, or the rank of a formula, doubled where the first label is."""
    (_, top), *_ = kind_of(key.kind).limits(dict(key.parameters))
    return top


def _singly(key: TableKey) -> list[Labels]:
    """One block a degree or spin."""
    return [(label,) for label in range(_top(key) + 1)]


def _whole(_: TableKey) -> list[Labels]:
    """One block in all."""
    return [()]


def _triples(key: TableKey) -> list[Labels]:
    """Return the degrees (doubled where the table's are) that couple, in order."""
    kind = kind_of(key.kind)
    top, (_, out) = _top(key), kind.limits(dict(key.parameters))[2]
    step = 2 if kind.doubled or kind.name == "gaunt" else 1  # spins keep parity; Gaunt needs l1+l2+l3 even
    return [
        (first, second, third)
        for first in range(top + 1)
        for second in range(top + 1)
        for third in range(abs(first - second), min(first + second, out) + 1, step)
    ]


def coupling_of(name: CouplingKind, basis: Basis, triple: Labels, *, doubled: bool) -> Block:
    """Return one coupling block: a row's labels are the triple, then the block's indices less its degrees."""
    step = 2 if doubled else 1
    first, second, third = (Fraction(label, step) for label in triple)
    block = coupling_block(name, first, second, third, basis)
    degrees = np.broadcast_to(np.array(triple, dtype=np.int64), block.indices.shape)
    return Block.of_array(np.hstack([degrees, step * block.indices - degrees]), block)


def _coupling(key: TableKey, labels: Labels) -> Block:
    name = cast("CouplingKind", key.kind.removeprefix("real_"))
    return coupling_of(name, key.convention.basis, labels, doubled=kind_of(key.kind).doubled)


def _matrix(array: Callable[[int], SurdArray]) -> Callable[[TableKey, Labels], Block]:
    """Label a block whose axes hold m + l, m ascending; doubled where the kind's labels are."""

    def compute(key: TableKey, labels: Labels) -> Block:
        (label,), step = labels, 2 if kind_of(key.kind).doubled else 1
        block = array(label)
        degree = np.full((block.nnz, 1), label, dtype=np.int64)
        return Block.of_array(np.hstack([degree, step * block.indices - label]), block)

    return compute


def _half_angles(_: TableKey, labels: Labels) -> Block:
    """Return the coefficients of d^j(beta) as polynomials in cos(beta/2) and sin(beta/2)."""
    (two_j,), values = labels, dict[Labels, "Surd"]()
    orders = range(-two_j, two_j + 1, 2)
    for left in orders:
        for right in orders:
            found = wigner_d_polynomial(Fraction(two_j, 2), Fraction(left, 2), Fraction(right, 2))
            for number, power, _sines in found.terms:
                values[two_j, left, right, power] = found.scale * number
    return Block.of_values(4, values)


def _admissible(key: TableKey, chosen: Labels) -> Iterator[Labels]:
    """Yield the doubled labels that begin with `chosen` and form every triangle of the kind, in order."""
    kind, place = kind_of(key.kind), len(chosen)
    if place == len(kind.columns):
        yield chosen
        return
    low, high, parities = 0, _top(key), set[int]()
    for triad in kind.triads:
        if place in triad and max(set(triad) - {place}) < place:
            first, second = (chosen[other] for other in triad if other != place)
            low, high = max(low, abs(first - second)), min(high, first + second)
            parities.add((first + second) % 2)
    for label in range(low, high + 1):
        if parities <= {label % 2}:
            yield from _admissible(key, (*chosen, label))


def _first_triads(key: TableKey) -> list[Labels]:
    """Return the doubled triangles (j1 j2 j3), or pairs (j1 j2), that a symbol's rows begin with."""
    triangle = kind_of(key.kind).triads[0] == (0, 1, 2)
    spins = range(_top(key) + 1)
    pairs = [(first, second) for first in spins for second in spins]
    if not triangle:
        return list(pairs)
    return [
        (first, second, third)
        for first, second in pairs
        for third in range(abs(first - second), min(first + second, _top(key)) + 1, 2)
    ]


def _symbol(value: Callable[[Labels], Surd]) -> Recipe:
    """Make the recipe of a symbol without orders from its value at doubled labels."""

    def compute(key: TableKey, labels: Labels) -> Block:
        values = {row: value(row) for row in _admissible(key, labels)}
        return Block.of_values(len(kind_of(key.kind).columns), values)

    return Recipe(_first_triads, compute, value)


def _halves(labels: Labels) -> list[Fraction]:
    return [Fraction(label, 2) for label in labels]


def _solid(key: TableKey, labels: Labels) -> Block:
    """Return the coefficients of the solid harmonics of one degree."""
    (degree,), values = labels, dict[Labels, "Surd"]()
    for order in range(-degree, degree + 1):
        terms = solid_harmonic(degree, order, key.convention.basis).terms
        values |= {(degree, order, *powers): value for powers, value in terms}
    return Block.of_values(5, values)


def _monomials(key: TableKey, labels: Labels) -> Block:
    """Return one of the matrices between harmonics and monomials of one degree."""
    (degree,), values = labels, dict[Labels, "Surd"]()
    forward = key.kind == "harmonics_from_monomials"
    array = (harmonics_from_monomials if forward else monomials_from_harmonics)(degree, key.convention.basis)
    harmonics = [(l, m) for l in range(degree % 2, degree + 1, 2) for m in range(-l, l + 1)]  # noqa: E741
    powers = monomials(degree)
    for index, value in array.items():
        row, column = index if forward else index[::-1]
        values[degree, *harmonics[row], *powers[column]] = value
    return Block.of_values(6, values)


def _vector(key: TableKey, labels: Labels) -> Block:
    """Return the coefficients of the vector harmonics of one j, its degrees l and components in order."""
    (total,), values = labels, dict[Labels, "Surd"]()
    for degree in range(abs(total - 1), total + 2):
        for order in range(-total, total + 1):
            field = vector_harmonic(total, degree, order, key.convention.basis)
            for axis, component in enumerate((field.x, field.y, field.z)):
                values |= {(total, degree, order, axis, *powers): value for powers, value in component.terms}
    return Block.of_values(7, values)


def _tensor_triples(key: TableKey) -> list[Labels]:
    """Return the doubled (j l s) with whole l; in the real basis with whole j, hence whole s."""
    step = 2 if key.convention.basis == "real" else 1
    return [triple for triple in _triples(key) if triple[1] % 2 == 0 and triple[0] % step == 0]


def _tensor(key: TableKey, labels: Labels) -> Block:
    """Return the coefficients of the tensor harmonics of one (j l s), orders in the same order."""
    total, degree, spin = _halves(labels)
    block = tensor_harmonic_array(total, degree, spin, key.convention.basis)
    doubled = np.broadcast_to(np.array(labels, dtype=np.int64), block.indices.shape)
    return Block.of_array(np.hstack([doubled, 2 * block.indices - doubled]), block)


def _forms(key: TableKey, labels: Labels) -> Block:
    """Return the radial, gradient and curl form of one degree."""
    (degree,) = labels
    array = forms_from_vector_harmonics(degree, key.convention.basis)
    return Block.of_values(3, {(degree, *index): value for index, value in array.items()})


def _gradient(key: TableKey, labels: Labels) -> Block:
    """Return the derivatives of the solid harmonics of one degree."""
    (degree,), values = labels, dict[Labels, "Surd"]()
    for (row, axis, column), value in solid_gradient(degree, key.convention.basis).items():
        values[degree, row - degree, axis, column - degree + 1] = value
    return Block.of_values(4, values)


def _generators(key: TableKey, labels: Labels) -> Block:
    """Return J_x, J_y and J_z of one spin; in the real basis those of whole spins."""
    (two_j,), values = labels, dict[Labels, "Surd"]()
    if key.convention.basis == "real" and two_j % 2:
        return Block.of_values(4, {})
    found = generators(Fraction(two_j, 2), key.convention.basis)
    for axis, operator in enumerate((found.x, found.y, found.z)):
        for (left, right), value in operator.items():
            values[two_j, axis, 2 * left - two_j, 2 * right - two_j] = value
    return Block.of_values(4, values)


def _cartesian(key: TableKey, _: Labels) -> Block:
    """Return the change of basis of one index symmetry; the copies of an irrep are counted from 0."""
    tensor = cartesian_tensor(str(dict(key.parameters)["formula"]))
    labels = [
        (irrep.l, copy, m)
        for multiplicity, irrep in tensor.irreps
        for copy in range(multiplicity)
        for m in range(-irrep.l, irrep.l + 1)
    ]
    values = dict[Labels, "Surd"]()
    for (row, *digits), value in tensor.change_of_basis.items():
        component = 0
        for digit in digits:
            component = 3 * component + digit
        values[*labels[row], component] = value
    return Block.of_values(4, values)


def _change_of_basis(key: TableKey, labels: Labels) -> Block:
    """Take a change of basis apart: its first axis is l*l+l+m, the others are u (and v) from their lowest."""
    (degree,), band = labels, int(dict(key.parameters).get("band_limit", labels[0]))
    array = one_degree(key.kind, degree, band, key.convention.basis)
    harmonic, waves = array.indices[:, :1], array.indices[:, 1:]
    order = harmonic - degree * degree - degree
    lowest = 0 if key.kind.startswith("theta") else band
    return Block.of_array(np.hstack([np.full_like(order, degree), order, waves - lowest]), array)


RECIPES: Final[Mapping[str, Recipe]] = MappingProxyType(
    {
        "clebsch_gordan": Recipe(_triples, _coupling),
        "gaunt": Recipe(_triples, _coupling),
        "wigner_3j": Recipe(_triples, _coupling),
        "real_wigner_3j": Recipe(_triples, _coupling),
        "wigner_6j": _symbol(lambda labels: doubled_6j(*labels)),
        "wigner_9j": _symbol(lambda labels: doubled_9j(cast("Any", labels))),
        "wigner_12j_first": _symbol(lambda labels: wigner_12j_first(*_halves(labels))),
        "wigner_12j_second": _symbol(lambda labels: wigner_12j_second(*_halves(labels))),
        "real_from_complex": Recipe(_singly, _matrix(real_from_complex)),
        "solid_harmonics": Recipe(_singly, _solid),
        "harmonics_from_monomials": Recipe(_singly, _monomials),
        "monomials_from_harmonics": Recipe(_singly, _monomials),
        "vector_harmonics": Recipe(_singly, _vector),
        "tensor_harmonics": Recipe(_tensor_triples, _tensor),
        "forms_from_vector_harmonics": Recipe(_singly, _forms),
        "solid_gradient": Recipe(_singly, _gradient),
        "cartesian_tensor": Recipe(_whole, _cartesian),
        "fourier_from_harmonics": Recipe(_singly, _change_of_basis),
        "harmonics_from_fourier": Recipe(_singly, _change_of_basis),
        "theta_fourier": Recipe(_singly, _change_of_basis),
        "theta_projection": Recipe(_singly, _change_of_basis),
        "generators": Recipe(_singly, _generators),
        "wigner_d_pi_half": Recipe(_singly, _matrix(lambda two_j: wigner_d_pi_half(Fraction(two_j, 2)))),
        "wigner_d_fourier": Recipe(_singly, _matrix(lambda two_j: wigner_d_fourier(Fraction(two_j, 2)))),
        "wigner_d_polynomial": Recipe(_singly, _half_angles),
    }
)
"""The recipe of every kind."""
