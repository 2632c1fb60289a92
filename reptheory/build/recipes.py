"""Recipes: for every kind of table its blocks, and how `exact` gives one of them.

Rows of the catalogue's symbols come from `symbol_recipes`, of everything with orders from here. `block_of`
is what others call: it also scales to the normalisation and phase that a key asks for.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fractions import Fraction
from itertools import product
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, cast

import numpy as np

from reptheory.build.blocks import Block, Labels, Recipe, singly, top_label
from reptheory.build.changes import Change, changed_rows, entry_of, native_key
from reptheory.build.symbol_recipes import SYMBOLS
from reptheory.conventions import COMPLEX
from reptheory.exact.arrays import SurdArray
from reptheory.exact.cartesian import cartesian_tensor
from reptheory.exact.coupling import coupling_block
from reptheory.exact.fourier import one_degree
from reptheory.exact.gaunt_n import gaunt_n_array
from reptheory.exact.generators import generators
from reptheory.exact.half_angles import wigner_d_polynomial
from reptheory.exact.matrix_blocks import block_basis
from reptheory.exact.normalization import unchecked_factor
from reptheory.exact.real_basis import operator_in_real_basis, real_from_complex
from reptheory.exact.rotation_matrices import real_rotation_matrix, rotation_matrix
from reptheory.exact.solid_harmonics import (
    harmonics_from_monomials,
    monomials,
    monomials_from_harmonics,
    solid_harmonic,
)
from reptheory.exact.surd import Surd
from reptheory.exact.tensor_harmonics import (
    forms_from_vector_harmonics,
    solid_gradient,
    tensor_harmonic_array,
    vector_harmonic,
)
from reptheory.exact.wigner_d import wigner_d_fourier, wigner_d_pi_half
from reptheory.tables.kinds import kind_of

if TYPE_CHECKING:
    from reptheory.conventions import Basis
    from reptheory.exact.coupling import CouplingKind
    from reptheory.tables.kinds import TableKey

__all__ = ["RECIPES", "Block", "Recipe", "block_of", "coupling_of"]


def block_of(key: TableKey, labels: Labels) -> Block:
    """Return the rows of one block, in the convention of the table."""
    if key.stated is not None:
        source = native_key(key)
        change = Change(key.kind, entry_of(source.convention), entry_of(key.stated))
        block = RECIPES[key.kind].compute(source, labels)
        return changed_rows(change, block.values(source.pi_power))
    block = RECIPES[key.kind].compute(key, labels)
    return block if "normalization" not in dict(key.parameters) else _scaled(key, block)


def _scaled(key: TableKey, block: Block) -> Block:
    """Return rows of orthonormal harmonics as those of another normalisation and phase."""
    kind, convention = kind_of(key.kind), key.convention
    values, known = dict[Labels, Surd](), dict[Labels, Surd]()
    for row, value in block.values(kind.pi_power):
        for place, power in kind.harmonics:
            degree, order = row[cast("int", kind.columns[place].of)], row[place]
            if (degree, order) not in known:
                known[degree, order] = unchecked_factor(degree, order, convention) ** power
            value *= known[degree, order]  # noqa: PLW2901
        values[row] = value
    return Block.of_values(len(kind.columns), values)


def _whole(_: TableKey) -> list[Labels]:
    """One block in all."""
    return [()]


def _triples(key: TableKey) -> list[Labels]:
    """Return the degrees (doubled where the table's are) that couple, in order."""
    kind = kind_of(key.kind)
    top, (_, out) = top_label(key), kind.limits(dict(key.parameters))[2]
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
    name = cast("CouplingKind", key.kind.removeprefix("real_").removeprefix("spin_"))
    return coupling_of(name, key.convention.basis, labels, doubled=kind_of(key.kind).doubled)


def _polygons(key: TableKey) -> list[Labels]:
    """Return the degrees of n harmonics whose integral may differ from 0."""
    count = len(kind_of(key.kind).columns) // 2
    degrees = product(range(top_label(key) + 1), repeat=count)
    return [labels for labels in degrees if sum(labels) % 2 == 0 and 2 * max(labels) <= sum(labels)]


def _many_harmonics(key: TableKey, labels: Labels) -> Block:
    """Return the integrals of n harmonics of some degrees."""
    array = gaunt_n_array(labels, key.convention.basis)
    degrees = np.broadcast_to(np.array(labels, dtype=np.int64), array.indices.shape)
    return Block.of_array(np.hstack([degrees, array.indices - degrees]), array)


def _change(_: TableKey, labels: Labels) -> Block:
    """Return the change from complex to real harmonics of one degree."""
    (degree,), array = labels, real_from_complex(labels[0])
    column = np.full((array.nnz, 1), degree, dtype=np.int64)
    return Block.of_array(np.hstack([column, array.indices - degree]), array)


def _matrix(array: Callable[[Fraction, Basis], SurdArray]) -> Callable[[TableKey, Labels], Block]:
    """Label a block of one spin whose axes hold m + j, m ascending; the real basis has whole spins only."""

    def compute(key: TableKey, labels: Labels) -> Block:
        (two_j,), basis = labels, key.convention.basis
        if basis == "real" and two_j % 2:
            return Block.of_values(len(kind_of(key.kind).columns), {})
        block = array(Fraction(two_j, 2), basis)
        degree = np.full((block.nnz, 1), two_j, dtype=np.int64)
        return Block.of_array(np.hstack([degree, 2 * block.indices - two_j]), block)

    return compute


def _half_angles(key: TableKey, labels: Labels) -> Block:
    """Return the coefficients of d^j(beta) as polynomials in cos(beta/2) and sin(beta/2)."""
    (two_j,), entries, real = labels, dict[Labels, Surd](), key.convention.basis == "real"
    if real and two_j % 2:
        return Block.of_values(4, {})
    for row, column in product(range(two_j + 1), repeat=2):
        spin, left, right = _halves((two_j, 2 * row - two_j, 2 * column - two_j))
        found = wigner_d_polynomial(spin, left, right)
        for number, power, _sines in found.terms:
            entries[row, column, power] = found.scale * number
    array = SurdArray.from_entries((two_j + 1,) * 3, entries, COMPLEX)
    values = (operator_in_real_basis(array) if real else array).items()
    return Block.of_values(
        4, {(two_j, 2 * i - two_j, 2 * k - two_j, p): value for (i, k, p), value in values}
    )


def _rotation(key: TableKey, labels: Labels) -> Block:
    """Return D^j of a quaternion: its real part, and i times its imaginary part."""
    (two_j,), real = labels, key.convention.basis == "real"
    if real and two_j % 2:
        return Block.of_values(4, {})
    quaternion = [int(part) for part in str(dict(key.parameters)["quaternion"]).split(",")]
    spin = Fraction(two_j, 2)
    if real:
        parts = [real_rotation_matrix(spin, quaternion)]
    else:
        matrix = rotation_matrix(spin, quaternion)
        parts = [matrix.real, matrix.imag * Surd.sqrt(-1)]
    values: dict[Labels, Surd] = {
        (two_j, 2 * row - two_j, 2 * column - two_j, number): value
        for number, part in enumerate(parts)
        for (row, column), value in part.items()
    }
    return Block.of_values(4, values)


def _pairs(key: TableKey) -> list[Labels]:
    """Return pairs of doubled spins, whole ones in the real basis."""
    spins = range(0, top_label(key) + 1, 2 if key.convention.basis == "real" else 1)
    return list(product(spins, repeat=2))


def _block_basis(key: TableKey, labels: Labels) -> Block:
    """Return the orthonormal irreps of the matrices from one spin to another."""
    (two_j1, two_j2), values = labels, dict[Labels, Surd]()
    spins = range(abs(two_j1 - two_j2), two_j1 + two_j2 + 1, 2)
    columns = [(two_j, two_m) for two_j in spins for two_m in range(-two_j, two_j + 1, 2)]
    first, second = _halves(labels)
    for (row, column, k), value in block_basis(first, second, key.convention.basis).items():
        two_j, two_m = columns[k]
        values[two_j1, two_j2, two_j, 2 * row - two_j1, 2 * column - two_j2, two_m] = value
    return Block.of_values(6, values)


def _factor(_: TableKey, labels: Labels) -> Block:
    """Return the factors of orthonormal harmonics: 1."""
    (degree,), one = labels, Surd.rational(1)
    return Block.of_values(2, {(degree, order): one for order in range(-degree, degree + 1)})


def _halves(labels: Labels) -> list[Fraction]:
    return [Fraction(label, 2) for label in labels]


def _solid(key: TableKey, labels: Labels) -> Block:
    """Return the coefficients of the solid harmonics of one degree."""
    (degree,), values = labels, dict[Labels, Surd]()
    for order in range(-degree, degree + 1):
        terms = solid_harmonic(degree, order, key.convention.basis).terms
        values |= {(degree, order, *powers): value for powers, value in terms}
    return Block.of_values(5, values)


def _monomials(key: TableKey, labels: Labels) -> Block:
    """Return one of the matrices between harmonics and monomials of one degree."""
    (degree,), values = labels, dict[Labels, Surd]()
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
    (total,), values = labels, dict[Labels, Surd]()
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
    (degree,), values = labels, dict[Labels, Surd]()
    for (row, axis, column), value in solid_gradient(degree, key.convention.basis).items():
        values[degree, row - degree, axis, column - degree + 1] = value
    return Block.of_values(4, values)


def _generators(key: TableKey, labels: Labels) -> Block:
    """Return J_x, J_y and J_z of one spin; in the real basis those of whole spins."""
    (two_j,), values = labels, dict[Labels, Surd]()
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
    values = dict[Labels, Surd]()
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
        "spin_clebsch_gordan": Recipe(_triples, _coupling),
        "gaunt": Recipe(_triples, _coupling),
        "gaunt_4": Recipe(_polygons, _many_harmonics),
        "gaunt_5": Recipe(_polygons, _many_harmonics),
        "wigner_3j": Recipe(_triples, _coupling),
        "real_wigner_3j": Recipe(_triples, _coupling),
        **SYMBOLS,
        "block_basis": Recipe(_pairs, _block_basis),
        "harmonic_factor": Recipe(singly, _factor),
        "real_from_complex": Recipe(singly, _change),
        "solid_harmonics": Recipe(singly, _solid),
        "harmonics_from_monomials": Recipe(singly, _monomials),
        "monomials_from_harmonics": Recipe(singly, _monomials),
        "vector_harmonics": Recipe(singly, _vector),
        "tensor_harmonics": Recipe(_tensor_triples, _tensor),
        "forms_from_vector_harmonics": Recipe(singly, _forms),
        "solid_gradient": Recipe(singly, _gradient),
        "cartesian_tensor": Recipe(_whole, _cartesian),
        "fourier_from_harmonics": Recipe(singly, _change_of_basis),
        "harmonics_from_fourier": Recipe(singly, _change_of_basis),
        "theta_fourier": Recipe(singly, _change_of_basis),
        "theta_projection": Recipe(singly, _change_of_basis),
        "generators": Recipe(singly, _generators),
        "rotation_matrix": Recipe(singly, _rotation),
        "wigner_d_pi_half": Recipe(singly, _matrix(wigner_d_pi_half)),
        "wigner_d_fourier": Recipe(singly, _matrix(lambda j, basis: wigner_d_fourier(j, basis=basis))),
        "wigner_d_polynomial": Recipe(singly, _half_angles),
    }
)
"""The recipe of every kind."""
