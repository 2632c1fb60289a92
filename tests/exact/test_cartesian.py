"""Cartesian tensors: counts, orthonormality, rotations, harmonics exactly; then floats and bad operands."""

from __future__ import annotations

import math
import pickle
from fractions import Fraction
from functools import cache
from itertools import product

import numpy as np
import pytest
from scalars import Unprintable
from scipy.special import sph_harm_y

from reptheory.conventions import REAL
from reptheory.errors import LabelError, OperandError, TooLarge
from reptheory.exact.arrays import SurdArray
from reptheory.exact.cartesian import CartesianTensor, cartesian_tensor
from reptheory.exact.clebsch_gordan import clebsch_gordan_array
from reptheory.exact.real_basis import real_from_complex
from reptheory.exact.surd import Surd
from reptheory.groups.irreps import Irreps

# irreps_out of e3nn 0.6.0's ReducedTensorProducts(formula, i="1o", j="1o", ...)
E3NN = {
    "i": "1x1o",
    "ij": "1x0e+1x1e+1x2e",
    "ij=ji": "1x0e+1x2e",
    "ij=-ji": "1x1e",
    "ijk": "1x0o+3x1o+2x2o+1x3o",
    "ijk=ikj": "2x1o+1x2o+1x3o",
    "ijk=-ikj": "1x0o+1x1o+1x2o",
    "ijk=jik=ikj": "1x1o+1x3o",
    "ijk=-jik=-ikj": "1x0o",
    "ijk=jki": "1x0o+1x1o+1x3o",
    "ijkl": "3x0e+6x1e+6x2e+3x3e+1x4e",
    "ijkl=klij": "3x0e+2x1e+4x2e+1x3e+1x4e",
    "ijkl=jikl=ijlk": "2x0e+1x1e+3x2e+1x3e+1x4e",
    "ijkl=jikl=klij": "2x0e+2x2e+1x4e",
    "ijkl=-jikl=klij": "1x0e+1x2e",
    "ijkl=jikl=kjil=ljki": "1x0e+1x2e+1x4e",
}
FORMULAS = list(E3NN)
ONE = Surd.rational(1)

# A quarter turn about z, a third of a turn about x + y + z, inversion, and a turn by a 3-4-5 angle about x:
# the first three generate the rotations and reflections of the cube, the last one makes them dense in O(3).
TURNS: dict[str, list[list[object]]] = {
    "quarter": [[0, -1, 0], [1, 0, 0], [0, 0, 1]],
    "third": [[0, 0, 1], [1, 0, 0], [0, 1, 0]],
    "inversion": [[-1, 0, 0], [0, -1, 0], [0, 0, -1]],
    "3-4-5": [[1, 0, 0], [0, Fraction(3, 5), Fraction(-4, 5)], [0, Fraction(4, 5), Fraction(3, 5)]],
}


def matrix(rows: list[list[object]]) -> SurdArray:
    entries = {(i, j): Surd.rational(value) for i, row in enumerate(rows) for j, value in enumerate(row)}
    return SurdArray.from_entries((len(rows), len(rows)), entries, REAL)


def identity(size: int) -> SurdArray:
    return SurdArray.from_entries((size, size), {(k, k): ONE for k in range(size)}, REAL)


def symmetric(rank: int) -> str:
    """Return the formula of a totally symmetric tensor."""
    letters = "ijklmn"[:rank]
    swaps = [letters[:k] + letters[k + 1] + letters[k] + letters[k + 2 :] for k in range(rank - 1)]
    return "=".join([letters, *swaps])


@cache
def turned(formula: str, turn: str) -> SurdArray:
    """Return the change of basis with every Cartesian index turned: C[k; i, ..] R[i, a] .., hence D(R) C."""
    array = cartesian_tensor(formula).change_of_basis
    for _ in range(array.ndim - 1):  # takes the first Cartesian axis, leaves it last
        array = array.contract(matrix(TURNS[turn]), ([1], [0]))
    return array


@cache
def wigner(degree: int, turn: str) -> SurdArray:
    """Return D of one degree by totally symmetric traceless tensors."""
    if degree == 0:
        return identity(1)
    formula = symmetric(degree)
    array = cartesian_tensor(formula).change_of_basis[-2 * degree - 1 :]
    axes = list(range(1, degree + 1))
    return turned(formula, turn)[-2 * degree - 1 :].contract(array, (axes, axes))


def blocks(tensor: CartesianTensor) -> list[tuple[int, int]]:
    """Return (degree, first row) of every irrep."""
    found, start = [], 0
    for mul, ir in tensor.irreps:
        for _ in range(mul):
            found.append((ir.l, start))
            start += ir.dim
    return found


@pytest.mark.parametrize("formula", FORMULAS)
def test_irreps_are_those_of_e3nn(formula: str) -> None:
    tensor = cartesian_tensor(formula)
    assert tensor.irreps == Irreps(E3NN[formula])
    assert tensor.dim == tensor.irreps.dim
    assert tensor.change_of_basis.shape == (tensor.dim, *(3,) * tensor.rank)
    assert tensor.change_of_basis.convention is REAL


@pytest.mark.parametrize("formula", FORMULAS)
def test_rows_are_orthonormal_exactly(formula: str) -> None:
    array = cartesian_tensor(formula).change_of_basis
    rows: list[dict[tuple[int, ...], Surd]] = [{} for _ in range(array.shape[0])]
    for (row, *index), value in array.items():
        rows[row][tuple(index)] = value
    for left, right in product(range(len(rows)), repeat=2):
        if left <= right:
            assert scalar_product(rows[left], rows[right]) == (left == right)


def scalar_product(left: dict[tuple[int, ...], Surd], right: dict[tuple[int, ...], Surd]) -> Surd:
    total = Surd.rational(0)
    for index in left.keys() & right.keys():
        total += left[index] * right[index]
    return total


@pytest.mark.parametrize("formula", FORMULAS)
def test_rows_have_the_symmetry_of_their_indices(formula: str) -> None:
    tensor = cartesian_tensor(formula)
    for sign, axes in tensor.symmetry.generators:
        assert (
            tensor.change_of_basis.transpose((0, *(axis + 1 for axis in axes))) * sign
            == tensor.change_of_basis
        )


@pytest.mark.parametrize("turn", TURNS)
@pytest.mark.parametrize("formula", FORMULAS)
def test_rows_turn_as_their_irreps(formula: str, turn: str) -> None:
    tensor = cartesian_tensor(formula)
    for degree, start in blocks(tensor):
        rows = slice(start, start + 2 * degree + 1)
        expected = wigner(degree, turn).contract(tensor.change_of_basis[rows], 1)
        sign = -1 if turn == "inversion" and (degree + tensor.rank) % 2 else 1
        assert turned(formula, turn)[rows] == expected * sign


def test_the_turns_of_degree_one_are_the_matrices_in_the_order_y_z_x() -> None:
    for turn, rows in TURNS.items():
        order = [1, 2, 0]
        assert wigner(1, turn) == matrix([[rows[i][j] for j in order] for i in order])


def test_inversion_multiplies_by_the_parity() -> None:
    for formula in FORMULAS:
        tensor = cartesian_tensor(formula)
        assert turned(formula, "inversion") == tensor.change_of_basis * (-1) ** tensor.rank
        assert {ir.p for _, ir in tensor.irreps} == {(-1) ** tensor.rank}


def test_degree_two_is_the_real_harmonics_exactly() -> None:
    """The rows are sqrt(8 pi / 15) S_2m(r) as polynomials in x, y, z, written as symmetric matrices."""
    half, sixth = Surd.sqrt(Fraction(1, 2)), Surd.sqrt(Fraction(1, 6))
    x, y, z = range(3)
    expected = {(0, x, x): -Surd.sqrt(Fraction(1, 3)), (0, y, y): -Surd.sqrt(Fraction(1, 3))}
    expected |= {(0, z, z): -Surd.sqrt(Fraction(1, 3))}
    for row, (i, j) in {1: (x, y), 2: (y, z), 4: (x, z)}.items():  # sqrt(2) x y, sqrt(2) y z, sqrt(2) x z
        expected |= {(row, i, j): half, (row, j, i): half}
    expected |= {(3, z, z): 2 * sixth, (3, x, x): -sixth, (3, y, y): -sixth}  # (3 z^2 - r^2) / sqrt(6)
    expected |= {(5, x, x): half, (5, y, y): -half}  # (x^2 - y^2) / sqrt(2)
    assert cartesian_tensor("ij=ji").change_of_basis == SurdArray.from_entries((6, 3, 3), expected, REAL)


def test_an_antisymmetric_matrix_is_its_vector() -> None:
    half = Surd.sqrt(Fraction(1, 2))
    expected = {}
    for row, axis in enumerate([1, 2, 0]):
        i, j = (axis + 1) % 3, (axis + 2) % 3
        expected |= {(row, i, j): half, (row, j, i): -half}
    assert cartesian_tensor("ij=-ji").change_of_basis == SurdArray.from_entries((3, 3, 3), expected, REAL)


@pytest.mark.parametrize("degree", [1, 2, 3, 4, 5])
def test_the_traceless_symmetric_part_on_a_vector_is_the_real_harmonics(degree: int) -> None:
    """C[m; i, ..] r_i .. = sqrt(4 pi l! / (2l+1)!!) S_lm(r) for a unit vector r."""
    tensor = cartesian_tensor(symmetric(degree))
    r = np.array([0.48, 0.6, 0.64])
    power = np.ones(())
    for _ in range(degree):
        power = np.multiply.outer(power, r)
    theta, phi = np.arccos(r[2]), np.arctan2(r[1], r[0])
    orders = np.arange(-degree, degree + 1)
    complex_ones = sph_harm_y(degree, orders, theta, phi)
    harmonics = (real_from_complex(degree).to_numpy("complex128") @ complex_ones).real
    scale = np.sqrt(4 * np.pi * math.factorial(degree) / math.prod(range(2 * degree + 1, 0, -2)))
    assert np.allclose(
        tensor.to_irreps(power, project=True)[-2 * degree - 1 :], scale * harmonics, atol=1e-14
    )


def test_without_symmetry_rank_two_is_the_clebsch_gordan_blocks() -> None:
    array, start = cartesian_tensor("ij").change_of_basis, 0
    order = [2, 0, 1]  # x, y, z in the order (y, z, x)
    for degree in range(3):
        block = clebsch_gordan_array(1, 1, degree, basis="real")
        for m, i, j in product(range(2 * degree + 1), range(3), range(3)):
            assert array[start + m, i, j] == block[order[i], order[j], m]
        start += 2 * degree + 1


def test_any_rank_to_six() -> None:
    """Multiplicities by repeated products with a vector; every dimension is 3^n."""
    counts = {1: 1}
    for rank in range(2, 7):
        longer: dict[int, int] = {}
        for degree, count in counts.items():
            for other in range(abs(degree - 1), degree + 2):
                longer[other] = longer.get(other, 0) + count
        counts = dict(sorted(longer.items()))
        tensor = cartesian_tensor("ijklmn"[:rank])
        assert [(ir.l, mul) for mul, ir in tensor.irreps] == list(counts.items())
        assert tensor.dim == 3**rank
        array = tensor.change_of_basis.to_numpy().reshape(tensor.dim, -1)
        assert abs(array @ array.T - np.eye(tensor.dim)).max() < 1e-13


def test_a_formula_without_tensors_has_no_irreps() -> None:
    tensor = cartesian_tensor("ijkl=-jikl=-ikjl=-ijlk")
    assert (tensor.dim, tensor.irreps, tensor.change_of_basis.shape) == (0, Irreps(), (0, 3, 3, 3, 3))
    assert tensor.to_irreps(np.zeros((2, 3, 3, 3, 3))).shape == (2, 0)
    assert not tensor.from_irreps(np.zeros((2, 0))).any()


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("formula", FORMULAS)
def test_there_and_back(formula: str, dtype: type) -> None:
    tensor = cartesian_tensor(formula)
    vectors = np.random.default_rng(1).normal(size=(2, 5, tensor.dim)).astype(dtype)
    tensors = tensor.from_irreps(vectors)
    back = tensor.to_irreps(tensors)  # accepts them: symmetric to the last bit
    assert back.dtype == tensors.dtype == dtype
    tolerance = 100 * np.finfo(dtype).eps
    assert np.allclose(back, vectors, rtol=0, atol=tolerance)
    squares = (tensors.reshape(2, 5, -1) ** 2).sum(axis=-1)
    assert np.allclose(squares, (vectors**2).sum(axis=-1), rtol=tolerance)


@pytest.mark.parametrize("formula", ["ij=ji", "ijk=ikj", "ijkl", "ijkl=jikl=klij"])
def test_float32_stays_within_the_stated_bound(formula: str) -> None:
    """gamma_(t+1) sum |C| |x|, against float64, whose own error is 2^-29 of that."""
    tensor = cartesian_tensor(formula)
    matrix = tensor.change_of_basis.to_numpy().reshape(tensor.dim, -1)
    draw = np.random.default_rng(3)
    vectors = draw.normal(size=(500, tensor.dim)).astype(np.float32)
    tensors = draw.normal(size=(500, *(3,) * tensor.rank)).astype(np.float32)
    flat = tensors.reshape(500, -1).astype(np.float64)
    for found, exact, sizes, counts in (
        (
            tensor.to_irreps(tensors, project=True),
            flat @ matrix.T,
            abs(flat) @ abs(matrix).T,
            np.count_nonzero(matrix, axis=1),
        ),
        (
            tensor.from_irreps(vectors).reshape(500, -1),
            vectors.astype(np.float64) @ matrix,
            abs(vectors.astype(np.float64)) @ abs(matrix),
            np.count_nonzero(matrix, axis=0),
        ),
    ):
        small = (counts + 1) * 2.0**-24
        assert found.dtype == np.float32
        assert (abs(found - exact) <= small / (1 - small) * sizes * (1 + 2.0**-20)).all()


def test_projection_takes_the_nearest_tensor() -> None:
    tensor = cartesian_tensor("ijk=ikj")
    given = np.random.default_rng(2).normal(size=(4, 3, 3, 3))
    nearest = tensor.from_irreps(tensor.to_irreps(given, project=True))
    assert np.allclose(nearest, (given + given.transpose(0, 1, 3, 2)) / 2, atol=1e-15)


def test_asymmetric_tensors_are_refused_unless_projected() -> None:
    stress = cartesian_tensor("ij=ji")
    tensors = np.zeros((2, 3, 3))
    tensors[1, 0, 2] = 1e-300
    with pytest.raises(OperandError, match=r"^tensor: got 1e-300 at \(1, 0, 2\).*project=True"):
        stress.to_irreps(tensors)
    assert stress.to_irreps(tensors, project=True).shape == (2, 6)


def test_what_is_not_finite_stays_in_its_sample() -> None:
    stress = cartesian_tensor("ij=ji")
    tensors = np.zeros((3, 3, 3))
    tensors[0], tensors[1], tensors[2] = np.nan, np.inf, np.eye(3)
    found = stress.to_irreps(tensors)
    assert not np.isfinite(found[:2]).all(axis=1).any()
    assert np.allclose(found[2], [-np.sqrt(3), 0, 0, 0, 0, 0], atol=1e-15)


@pytest.mark.parametrize(
    "good",
    [
        [[1, 2, 3], [2, 4, 5], [3, 5, 6]],
        np.array([[1, 2, 3], [2, 4, 5], [3, 5, 6]], dtype=np.int8),
        np.array([[1, 2, 3], [2, 4, 5], [3, 5, 6]], dtype=">f4"),
        np.array([[1, 2, 3], [2, 4, 5], [3, 5, 6]], dtype=float)[::-1, ::-1][::-1, ::-1],
    ],
)
def test_arrays_of_any_layout_are_read(good: object) -> None:
    expected = [
        -11 / np.sqrt(3),
        2 * np.sqrt(2),
        5 * np.sqrt(2),
        7 / np.sqrt(6),
        3 * np.sqrt(2),
        -3 / np.sqrt(2),
    ]
    assert np.allclose(cartesian_tensor("ij=ji").to_irreps(good), expected, rtol=1e-6)


@pytest.mark.parametrize(
    "bad",
    [
        np.zeros((3, 4)),
        np.zeros(9),
        np.zeros(()),
        np.zeros((3, 3, 1)),
        np.zeros((3, 3), complex),
        np.zeros((3, 3), bool),
        np.zeros((3, 3), object),
        np.zeros((3, 3), np.float16),
        np.zeros((3, 3), np.longdouble),
        np.ma.zeros((3, 3)),
        "ij",
        None,
        Unprintable(),
    ],
    ids=lambda value: type(value).__name__,
)
def test_other_operands_are_refused(bad: object) -> None:
    for name, method in [("tensor", "to_irreps"), ("vector", "from_irreps")]:
        with pytest.raises(OperandError, match=rf"^{name}: got "):
            getattr(cartesian_tensor("ij=ji"), method)(bad)


def test_formulas_are_checked_and_large_ranks_refused() -> None:
    with pytest.raises(LabelError, match=r"^formula: "):
        cartesian_tensor("ij=jk")
    with pytest.raises(TooLarge, match="8 indices needs about"):
        cartesian_tensor("abcdefgh")


def test_tensors_are_frozen_values() -> None:
    tensor = cartesian_tensor("ij=ji")
    with pytest.raises(AttributeError):
        tensor.formula = "ij"  # type: ignore[misc]
    assert pickle.loads(pickle.dumps(tensor)) == tensor
    assert hash(tensor) == hash(cartesian_tensor("ij=ji"))
    assert tensor != cartesian_tensor("ij")
