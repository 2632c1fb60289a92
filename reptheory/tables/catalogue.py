"""Catalogue: every kind of table, with its columns and the rules that tie them together.

A kind is data, not code. docs/table-format.md lists the kinds with their formulas; `build.recipes` computes
their rows. `kinds` holds their names and the keys of single tables.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from reptheory.tables.rules import Bound, Column, Kind, Parameters

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["CATALOGUE"]


def _rank(parameters: Parameters) -> int:
    """Return the number of indices of a formula such as "ijk=ikj"."""
    return len(str(parameters["formula"]).split("=", maxsplit=1)[0])


def _tuples(parameters: Parameters) -> int:
    """Return the last index of a Cartesian tensor, its indices read as digits of one number to the base 3."""
    return int(3 ** _rank(parameters) - 1)


def _one_more(parameters: Parameters) -> int:
    """Return the highest degree that couples with 1 to lmax."""
    return int(parameters["lmax"]) + 1


def _twice(parameters: Parameters) -> int:
    """Return the highest power in d^j(beta), or the highest spin that two spins couple to."""
    return 2 * int(parameters["lmax"])


def _spins(*names: str, bound: Bound = "lmax") -> tuple[Column, ...]:
    """Return columns of doubled spins."""
    return tuple(Column(f"two_{name}", bound) for name in names)


def _waves(bound: str) -> tuple[Column, ...]:
    """Return the columns of a harmonic and of a Fourier term."""
    order = Column("m", signed=True, of=0)
    return Column("l"), order, Column("u", bound, signed=True), Column("v", bound, signed=True)


def _same_size(columns: list[NDArray[np.int64]]) -> NDArray[np.bool_]:
    """|v| = |m|: the Fourier terms of a harmonic."""
    good: NDArray[np.bool_] = abs(columns[3]) == abs(columns[1])
    return good


def _same_degree(columns: list[NDArray[np.int64]]) -> NDArray[np.bool_]:
    """x^a y^b z^c has the degree, and the harmonics in it have l = degree, degree - 2, ..."""
    degree, harmonic = columns[0], columns[-5] if len(columns) == 6 else columns[0]
    powers = columns[-3] + columns[-2] + columns[-1]
    good: NDArray[np.bool_] = (powers == degree) & (harmonic <= degree) & ((degree - harmonic) % 2 == 0)
    return good


def _vector_field(columns: list[NDArray[np.int64]]) -> NDArray[np.bool_]:
    """(l 1 j) is a triangle and x^a y^b z^c has the degree l."""
    total, degree = columns[0], columns[1]
    good: NDArray[np.bool_] = (columns[4] + columns[5] + columns[6] == degree) & (abs(total - degree) <= 1)
    return good & (total + degree > 0)


def _whole_degree(columns: list[NDArray[np.int64]]) -> NDArray[np.bool_]:
    """Of j, l and s, doubled, l is whole."""
    good: NDArray[np.bool_] = columns[1] % 2 == 0
    return good


def _lower_degree(columns: list[NDArray[np.int64]]) -> NDArray[np.bool_]:
    """A derivative of degree l has orders of the degree l - 1."""
    good: NDArray[np.bool_] = abs(columns[3]) < columns[0]
    return good


def _even_degrees(columns: list[NDArray[np.int64]]) -> NDArray[np.bool_]:
    """l1 + l2 + l3 is even."""
    good: NDArray[np.bool_] = (columns[1] + columns[4] + columns[7]) % 2 == 0
    return good


def _vector_product(columns: list[NDArray[np.int64]]) -> NDArray[np.bool_]:
    """Vectors have |l - j| <= 1 <= l + j, functions l = j; l1 + l2 + l3 is even."""
    product, js, ls = columns[0], columns[1:4], columns[4:]
    good: NDArray[np.bool_] = (ls[0] + ls[1] + ls[2]) % 2 == 0
    for scalar, j, l in zip((2, -1, 0), js, ls, strict=True):  # noqa: E741
        good &= np.where(product == scalar, l == j, (abs(l - j) <= 1) & (l + j > 0))
    return good


def _polygon(columns: list[NDArray[np.int64]]) -> NDArray[np.bool_]:
    """The sum of all degrees is even, and none exceeds the others together."""
    degrees = np.stack(columns[: len(columns) // 2])
    total, good = degrees.sum(axis=0), np.ones(degrees.shape[1], dtype=np.bool_)
    good &= (total % 2 == 0) & (2 * degrees.max(axis=0) <= total)
    return good


def _many_harmonics(count: int, word: str) -> Kind:
    """Return the kind of the integrals of `count` harmonics."""
    places = range(1, count + 1)
    degrees = tuple(Column(f"l{place}") for place in places)
    orders = tuple(Column(f"m{place}", signed=True, of=place - 1) for place in places)
    return Kind(
        f"gaunt_{count}", (*degrees, *orders), ("real", "complex"), ("lmax",), count, 2 - count,
        f"integrals of {word} spherical harmonics over the sphere", (), _polygon,
        tuple((count + place, 1) for place in range(count)),
    )  # fmt: skip


def _parity(columns: list[NDArray[np.int64]]) -> NDArray[np.bool_]:
    """The curl form, and no other, is made of the family of degree l."""
    good: NDArray[np.bool_] = (columns[1] == 2) == (columns[2] == 1)
    return good


_TRIPLE: Final = (
    Column("l1"), Column("l2"), Column("l3", "lmax_out"),
    Column("m1", signed=True, of=0), Column("m2", signed=True, of=1),
    Column("m3", "lmax_out", signed=True, of=2),
)  # fmt: skip
_SPIN_TRIPLE: Final = (
    Column("two_j1"), Column("two_j2"), Column("two_j3", "lmax_out"),
    Column("two_m1", signed=True, of=0), Column("two_m2", signed=True, of=1),
    Column("two_m3", "lmax_out", signed=True, of=2),
)  # fmt: skip
_SIDE: Final = "left", "right"
_ROTATION: Final = (Column("two_j"), *(Column(f"two_m_{side}", signed=True, of=0) for side in _SIDE))
_POWERS: Final = Column("x_power"), Column("y_power"), Column("z_power")
_TRIANGLE: Final = ((0, 1, 2),)
_TWELVE: Final = tuple(f"{row}{place}" for row in "jlk" for place in range(1, 5))
_SIDES: Final = ((0, 1, 4), (1, 2, 5), (2, 3, 6), (8, 9, 4), (9, 10, 5), (10, 11, 6))

CATALOGUE: Final = (
    Kind(
        "clebsch_gordan", _TRIPLE, ("real", "complex"), ("lmax", "lmax_out"), 3, 0,
        "Clebsch-Gordan coefficients <l1 m1 l2 m2 | l3 m3>", _TRIANGLE,
    ),
    Kind(
        "spin_clebsch_gordan", _SPIN_TRIPLE, ("complex",), ("lmax", "lmax_out"), 3, 0,
        "Clebsch-Gordan coefficients <j1 m1 j2 m2 | j3 m3>, half-integers included", _TRIANGLE,
    ),
    Kind(
        "gaunt", _TRIPLE, ("real", "complex"), ("lmax", "lmax_out"), 3, -1,
        "integrals of three spherical harmonics over the sphere", _TRIANGLE, None, ((3, 1), (4, 1), (5, 1)),
    ),
    *(_many_harmonics(count, word) for count, word in ((4, "four"), (5, "five"))),
    Kind(
        "wigner_3j", _SPIN_TRIPLE, ("complex",), ("lmax", "lmax_out"), 3, 0,
        "Wigner 3j symbols, half-integers included", _TRIANGLE,
    ),
    Kind(
        "real_wigner_3j", _TRIPLE, ("real",), ("lmax", "lmax_out"), 3, 0,
        "Wigner 3j symbols in the real basis: blocks of norm 1 that rotations leave alone", _TRIANGLE,
    ),
    Kind(
        "wigner_6j", _spins(*(f"j{place}" for place in range(1, 7))), ("complex",), ("lmax",), 6, 0,
        "Wigner 6j symbols {j1 j2 j3; j4 j5 j6}, half-integers included",
        ((0, 1, 2), (0, 4, 5), (3, 1, 5), (3, 4, 2)),
    ),
    Kind(
        "racah", _spins(*(f"{letter}{letter}" for letter in "abcdef")), ("complex",), ("lmax",), 6, 0,
        "Racah's W(aa bb cc dd; ee ff), half-integers included",
        ((0, 1, 4), (2, 3, 4), (0, 2, 5), (1, 3, 5)),
    ),
    Kind(
        "recoupling_three_spins",
        (*_spins("j1", "j2", "j3", "j"), *_spins("j12", "j23", bound=_twice)),
        ("complex",), ("lmax",), 4, 0,
        "overlaps <((j1 j2)j12 j3)j | (j1 (j2 j3)j23)j>, halves included",
        ((0, 1, 4), (4, 2, 3), (1, 2, 5), (0, 5, 3)),
    ),
    Kind(
        "recoupling_four_spins",
        (*_spins("j1", "j2", "j3", "j4", "j"), *_spins("j12", "j34", "j13", "j24", bound=_twice)),
        ("complex",), ("lmax",), 5, 0,
        "overlaps <((j1 j2)j12 (j3 j4)j34)j | ((j1 j3)j13 (j2 j4)j24)j>, halves included",
        ((0, 1, 5), (2, 3, 6), (5, 6, 4), (0, 2, 7), (1, 3, 8), (7, 8, 4)),
    ),
    Kind(
        "wigner_9j", _spins(*(f"j{place}" for place in range(1, 10))), ("complex",), ("lmax",), 9, 0,
        "Wigner 9j symbols, row by row, half-integers included",
        ((0, 1, 2), (3, 4, 5), (6, 7, 8), (0, 3, 6), (1, 4, 7), (2, 5, 8)),
    ),
    Kind(
        "wigner_12j_first", _spins(*_TWELVE), ("complex",), ("lmax",), 12, 0,
        "12j symbols of the first kind (the Moebius strip)", (*_SIDES, (3, 8, 7), (11, 0, 7)),
    ),
    Kind(
        "wigner_12j_second", _spins(*_TWELVE), ("complex",), ("lmax",), 12, 0,
        "12j symbols of the second kind (the cube)", (*_SIDES, (3, 0, 7), (11, 8, 7)),
    ),
    Kind(
        "matrix_path_ratio", _spins("l1", "l2", "l3", "a", "b", "c"), ("complex", "real"), ("lmax",), 6, 0,
        "what multiplies the path l1 l2 l3 of a block (a, b) times a block (b, c)",
        ((0, 1, 2), (0, 3, 4), (1, 4, 5), (2, 3, 5)),
    ),
    Kind(
        "tensor_path_ratio", tuple(Column(f"{letter}{place}") for place in (1, 2, 3) for letter in "jls"),
        ("real",), ("lmax",), 9, -1,
        "what multiplies the path j1 j2 j3 in a pointwise product of tensor harmonics (j l s)",
        ((0, 1, 2), (3, 4, 5), (6, 7, 8), (0, 3, 6), (1, 4, 7), (2, 5, 8)), _even_degrees,
    ),
    Kind(
        "vector_path_ratio",
        (
            Column("product", 2), Column("j1"), Column("j2"), Column("j3"),
            Column("l1", _one_more), Column("l2", _one_more), Column("l3", _one_more),
        ),
        ("real",), ("lmax",), 4, -1,
        "the same of vector harmonics (j l), product 0 1 2 = dot, cross, scale",
        ((1, 2, 3), (4, 5, 6)), _vector_product,
    ),
    Kind(
        "block_basis",
        (
            Column("two_j1"), Column("two_j2"), Column("two_j", _twice),
            Column("two_m1", signed=True, of=0), Column("two_m2", signed=True, of=1),
            Column("two_m", _twice, signed=True, of=2),
        ),
        ("complex", "real"), ("lmax",), 2, 0,
        "entry (m1, m2) of the orthonormal matrix T^j_m from spin j2 to spin j1",
        _TRIANGLE,
    ),
    Kind(
        "harmonic_factor", (Column("l"), Column("m", signed=True, of=0)),
        ("complex", "real"), ("lmax",), 1, 0,
        "factor from orthonormal harmonics to those of another normalisation or phase",
        (), None, ((1, 1),),
    ),
    Kind(
        "real_from_complex",
        (Column("l"), Column("m", signed=True, of=0), Column("m_complex", signed=True, of=0)),
        ("real",), ("lmax",), 1, 0,
        "the unitary change from complex to real harmonics, degree by degree",
    ),
    Kind(
        "solid_harmonics", (Column("l"), Column("m", signed=True, of=0), *_POWERS),
        ("real", "complex"), ("lmax",), 1, -1,
        "coefficient of x^a y^b z^c in the solid harmonic r^l Y_lm", (), _same_degree, ((1, 1),),
    ),
    Kind(
        "harmonics_from_monomials",
        (Column("degree"), Column("l"), Column("m", signed=True, of=1), *_POWERS),
        ("real", "complex"), ("lmax",), 1, -1,
        "coefficient of x^a y^b z^c in r^degree Y_lm, l = degree, degree - 2, ...",
        (), _same_degree, ((2, 1),),
    ),
    Kind(
        "monomials_from_harmonics",
        (Column("degree"), Column("l"), Column("m", signed=True, of=1), *_POWERS),
        ("real", "complex"), ("lmax",), 1, 1,
        "coefficient of r^degree Y_lm in x^a y^b z^c: the inverse", (), _same_degree, ((2, -1),),
    ),
    Kind(
        "vector_harmonics",
        (
            Column("j"), Column("l", _one_more), Column("m", signed=True, of=0), Column("axis", 2),
            Column("x_power", _one_more), Column("y_power", _one_more), Column("z_power", _one_more),
        ),
        ("real", "complex"), ("lmax",), 1, -1,
        "coefficient of x^a y^b z^c in a Cartesian component of r^l Y^(l 1)j_m", (), _vector_field,
    ),
    Kind(
        "tensor_harmonics",
        (
            Column("two_j"), Column("two_l"), Column("two_s", "lmax_out"),
            Column("two_m", signed=True, of=0), Column("two_m_l", signed=True, of=1),
            Column("two_sigma", "lmax_out", signed=True, of=2),
        ),
        ("complex", "real"), ("lmax", "lmax_out"), 3, 0,
        "coefficient of Y_l,m_l e_sigma in Y^(l s)j_m of spin s, half-integers included",
        _TRIANGLE, _whole_degree,
    ),
    Kind(
        "forms_from_vector_harmonics", (Column("l"), Column("form", 2), Column("family", 2)),
        ("real", "complex"), ("lmax",), 1, 0,
        "coefficient of Y^(l-1+family 1)l_m in the radial, gradient, curl form of Y_lm",
        (), _parity,
    ),
    Kind(
        "solid_gradient",
        (
            Column("l"), Column("m", signed=True, of=0), Column("axis", 2),
            Column("m_lower", signed=True, of=0),
        ),
        ("real", "complex"), ("lmax",), 1, 0,
        "coefficient of r^(l-1) Y_l-1,m_lower in d/dx, d/dy, d/dz (axis 0, 1, 2) of r^l Y_lm",
        (), _lower_degree,
    ),
    Kind(
        "cartesian_tensor",
        (
            Column("l", _rank), Column("copy", _tuples), Column("m", _rank, signed=True, of=0),
            Column("component", _tuples),
        ),
        ("real",), ("formula",), 0, 0,
        "Cartesian tensors with the index symmetry of a formula, such as ij=ji, as irreps",
    ),
    Kind(
        "fourier_from_harmonics", _waves("lmax"), ("complex", "real"), ("lmax",), 1, -1,
        "coefficient of exp(i u theta) exp(i v phi) in the harmonic l m", (), _same_size, ((1, 1),),
    ),
    Kind(
        "harmonics_from_fourier", _waves("band_limit"), ("complex", "real"), ("lmax", "band_limit"), 1, 1,
        "coefficient of the Fourier term u v in the component l m, for a product of harmonics",
        (), _same_size, ((1, -1),),
    ),
    Kind(
        "theta_fourier", (Column("l"), Column("m", of=0), Column("u")), ("complex",), ("lmax",), 1, -1,
        "cosine (m even) or sine (m odd) series in theta of Y_lm exp(-i m phi), m >= 0",
    ),
    Kind(
        "theta_projection", (Column("l"), Column("m", of=0), Column("u", "band_limit")),
        ("complex",), ("lmax", "band_limit"), 1, 1,
        "the inverse of theta_fourier on products of harmonics",
    ),
    Kind(
        "generators",
        (Column("two_j"), Column("axis", 2), *(Column(f"two_m_{side}", signed=True, of=0) for side in _SIDE)),
        ("complex", "real"), ("lmax",), 1, 0,
        "angular momentum operators J_x, J_y, J_z (axis 0, 1, 2)",
    ),
    Kind(
        "rotation_matrix", (*_ROTATION, Column("part", 1)), ("complex", "real"), ("lmax", "quaternion"), 1, 0,
        "real and imaginary part (0, 1) of D^j of a rational quaternion",
    ),
    Kind(
        "wigner_d_pi_half", _ROTATION, ("complex", "real"), ("lmax",), 1, 0,
        "Wigner d at the angle pi/2, half-integers included",
    ),
    Kind(
        "wigner_d_fourier", (*_ROTATION, Column("two_mu", signed=True, of=0)),
        ("complex", "real"), ("lmax",), 1, 0,
        "coefficient of exp(-i mu beta) in d^j(beta), half-integers included",
    ),
    Kind(
        "wigner_d_polynomial", (*_ROTATION, Column("cos_power", _twice, of=0)),
        ("complex", "real"), ("lmax",), 1, 0,
        "coefficient of cos(beta/2)^p sin(beta/2)^(2j-p) in d^j(beta), half-integers included",
    ),
)  # fmt: skip
"""Every kind."""
