"""SurdArray: numpy's indexing and shapes on exact entries, canonical fields, immutability, contraction."""

from __future__ import annotations

import pickle
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reptheory.conventions import COMPLEX, REAL
from reptheory.errors import ConventionMismatch, IncommensurableSurds, NotReal, OperandError, TooLarge
from reptheory.exact.arrays import SurdArray
from reptheory.exact.clebsch_gordan import clebsch_gordan_array
from reptheory.exact.real_basis import real_from_complex
from reptheory.exact.surd import Surd

CG = clebsch_gordan_array(1, 2, 2)


@st.composite
def arrays(draw: st.DrawFn, shape: tuple[int, ...] = (2, 3, 4), radicand: int | None = None) -> SurdArray:
    """Arrays of real surds; with `radicand` all entries are rational multiples of its root."""
    places = st.tuples(*(st.integers(0, length - 1) for length in shape))
    roots = st.sampled_from([1, 2, 3, 5]) if radicand is None else st.just(radicand)
    values = st.builds(Surd.scaled, st.integers(-6, 6).map(lambda n: Fraction(n, 4)), roots)
    entries = draw(st.dictionaries(places, values, max_size=8))
    return SurdArray.from_entries(shape, entries, REAL)


@settings(max_examples=40)
@given(arrays())
def test_dense_and_sparse_agree(array: SurdArray) -> None:
    dense = array.to_numpy()
    assert dense.shape == array.shape
    assert dense.dtype == np.float64
    assert np.count_nonzero(dense) == array.nnz
    for index in np.ndindex(*array.shape):
        assert dense[index] == float(array[index])
    assert array.values().tolist() == [float(value) for _, value in array.items()]
    assert array.values("float32").tolist() == [float(value.to_float32()) for _, value in array.items()]


@settings(max_examples=40)
@given(arrays())
def test_rows_are_lexicographic_and_lowest_terms(array: SurdArray) -> None:
    rows = array.indices.tolist()
    assert rows == sorted(rows)
    for top, bottom in zip(array.numerators, array.denominators, strict=True):
        assert Fraction(top, bottom).as_integer_ratio() == (top, bottom)


def test_one_array_has_one_form() -> None:
    rows = np.array([[1, 0], [0, 2]])
    array = SurdArray((2, 3), rows, [2, -4], [6, 8], convention=REAL)
    twin = SurdArray((2, 3), rows[::-1], [-1, 1], [2, 3], convention=REAL)
    assert array == twin
    assert hash(array) == hash(twin)
    assert array.numerators == (-1, 1)
    assert array != SurdArray((2, 3), rows, [2, -4], [6, 8], convention=COMPLEX)
    assert array != SurdArray((3, 3), rows, [2, -4], [6, 8], convention=REAL)
    assert array != -array
    assert (array == "array") is False


KEYS = [0, -1, (1, 2), (slice(None), 1), (slice(None, None, -1), slice(1, 4, 2)), (..., 2), (1, ..., -2), ()]


@pytest.mark.parametrize("key", [*KEYS, np.int64(1), (slice(0, 0),)])
def test_partial_indexing_is_numpys(key: object) -> None:
    part = CG[key]
    expected = CG.to_numpy()[key]  # type: ignore[index]
    assert part.shape == expected.shape
    assert np.array_equal(part.to_numpy(), expected)
    assert part.indices.tolist() == sorted(part.indices.tolist())


def test_full_indexing_gives_surds() -> None:
    assert CG[0, -1, 3] == -Surd.sqrt(Fraction(1, 3))
    assert CG[0, 0, 0] == 0
    for bad in [(3, 0, 0), (0, -6, 0), (0, 0, 0, 0)]:
        with pytest.raises(IndexError):
            CG[bad]
    for odd in [(0.5, 0, 0), ("0",), None]:
        with pytest.raises(TypeError):
            CG[odd]


@settings(max_examples=40)
@given(arrays(), st.permutations(range(3)))
def test_transpose_is_numpys(array: SurdArray, order: list[int]) -> None:
    assert np.array_equal(array.transpose(order).to_numpy(), array.to_numpy().transpose(order))
    assert array.transpose() == array.transpose((2, 1, 0))


@pytest.mark.parametrize("axes", [(0, 1), (0, 0, 1), (0, 1, 3)])
def test_transpose_refuses_what_is_no_permutation(axes: tuple[int, ...]) -> None:
    with pytest.raises(OperandError, match="permutation"):
        CG.transpose(axes)


@settings(max_examples=40)
@given(arrays((2, 3), 5), arrays((3, 2), 3))
def test_contraction_is_tensordot(left: SurdArray, right: SurdArray) -> None:
    for axes in (1, ([1], [0]), ([1, 0], [0, 1]), ([-1], [-2]), 0, ([0], [1])):
        dense = np.tensordot(left.to_numpy(), right.to_numpy(), axes)
        result = left.contract(right, axes)
        assert result.shape == dense.shape
        assert np.allclose(result.to_numpy(), dense, rtol=1e-12, atol=1e-10)


def test_contraction_refuses_what_it_cannot_do() -> None:
    matrix = SurdArray.from_entries((1, 2), {(0, 0): Surd.sqrt(2), (0, 1): Surd.sqrt(3)}, REAL)
    ones = SurdArray.from_entries((2, 1), {(0, 0): Surd.rational(1), (1, 0): Surd.rational(1)}, REAL)
    with pytest.raises(IncommensurableSurds):
        matrix.contract(ones, 1)
    for axes in [-1, 2, 3, ([0], [0]), ([0, 0], [1, 1]), ([5], [0]), ([0], [0, 1]), "01"]:
        with pytest.raises(OperandError, match="axes"):
            matrix.contract(ones, axes)  # type: ignore[arg-type]
    with pytest.raises(OperandError, match="each axis once"):
        CG.contract(CG, ([1, 1], [1, 2]))
    with pytest.raises(ConventionMismatch):
        real_from_complex(2).contract(CG, ([1], [1]))
    assert real_from_complex(2).contract(CG, ([1], [1]), REAL).convention is REAL


@settings(max_examples=40)
@given(arrays(), st.fractions(max_denominator=9), st.integers(1, 7))
def test_scaling(array: SurdArray, q: Fraction, radicand: int) -> None:
    scale = Surd.scaled(q, radicand, pi_power=-1)
    scaled = array * scale
    for index, value in array.items():
        assert scaled[index] == value * scale
    assert scaled.nnz == (array.nnz if q else 0)
    assert -array == array * -1 == -1 * array
    with pytest.raises(TypeError):
        _ = array * 0.5


def test_imaginary_entries() -> None:
    change = real_from_complex(1)
    assert not change.is_real
    dense = change.to_numpy()
    assert dense.dtype == np.complex128
    assert change.to_numpy("complex64").dtype == np.complex64
    assert np.array_equal(change.conjugate().to_numpy(), dense.conj())
    root = np.sqrt(0.5)
    assert np.allclose(dense, [[root * 1j, 0, root * 1j], [0, 1, 0], [root, 0, -root]])
    for dtype in ("float64", "float32"):
        with pytest.raises(NotReal, match="complex128"):
            change.to_numpy(dtype)
    assert CG.to_numpy(complex).dtype == np.complex128


@pytest.mark.parametrize("dtype", ["float16", "int64", "longdouble", "object", "clongdouble"])
def test_other_dtypes_are_refused(dtype: str) -> None:
    with pytest.raises(OperandError, match=f"dtype: got '{np.dtype(dtype).name}'"):
        CG.to_numpy(dtype)


def test_an_array_without_axes_holds_one_value() -> None:
    whole = CG.contract(CG, 3)
    assert whole.shape == ()
    assert whole[()] == 5
    assert whole.to_numpy() == 5.0


def test_nothing_can_be_changed() -> None:
    with pytest.raises(AttributeError, match="immutable"):
        CG.shape = (1,)  # type: ignore[misc]
    with pytest.raises(AttributeError, match="immutable"):
        del CG.numerators
    for owned in (CG.indices, CG.i_powers):
        with pytest.raises(ValueError, match="read-only"):
            owned[0] = 0
    rows = np.array([[0], [1]])
    array = SurdArray((2,), rows, [1, 1], [1, 2], convention=REAL)
    rows[:] = 1
    assert array.indices.tolist() == [[0], [1]]
    first = CG.to_numpy()
    first[:] = 9
    assert CG.to_numpy().max() < 1


@pytest.mark.parametrize(
    ("rows", "tops", "bottoms", "rule"),
    [
        ([[0], [0]], [1, 1], [1, 1], "twice"),
        ([[2]], [1], [1], "outside"),
        ([[-1]], [1], [1], "outside"),
        ([[0]], [0], [1], "zeros"),
        ([[0]], [1], [0], "zeros"),
        ([[0]], [1], [-1], "zeros"),
        ([[0]], [1, 2], [1], "one of each"),
    ],
)
def test_impossible_fields_are_refused(
    rows: list[list[int]], tops: list[int], bottoms: list[int], rule: str
) -> None:
    with pytest.raises(OperandError, match=rule):
        SurdArray((2,), np.array(rows), tops, bottoms, convention=REAL)


def test_one_array_holds_one_power_of_pi() -> None:
    entries = {(0,): Surd.sqrt(2), (1,): Surd.sqrt(2, pi_power=1)}
    with pytest.raises(OperandError, match=r"powers \[0, 1\] of pi"):
        SurdArray.from_entries((2,), entries, REAL)


def test_a_dense_array_beyond_memory_is_refused_with_its_size() -> None:
    array = SurdArray.from_entries((10**5, 10**5, 10), {(0, 0, 0): Surd.sqrt(2)}, REAL)
    with pytest.raises(TooLarge, match="800000000000 bytes"):
        array.to_numpy()


def test_survives_pickling() -> None:
    for array in (CG, real_from_complex(2)):
        copy = pickle.loads(pickle.dumps(array))
        assert copy == array
        assert not copy.indices.flags.writeable


def test_repr() -> None:
    assert repr(CG) == f"SurdArray(shape=(3, 5, 5), nnz={CG.nnz}, convention='condon-shortley')"


def test_numpy_takes_the_rounded_floats() -> None:
    imaginary = CG * Surd.sqrt(-1)
    assert np.asarray(CG).dtype == np.float64
    assert np.array_equal(np.asarray(CG), CG.to_numpy())
    assert np.asarray(CG, dtype=np.float32).tobytes() == CG.to_numpy(np.float32).tobytes()
    assert np.array(imaginary, copy=True).tobytes() == imaginary.to_numpy(np.complex128).tobytes()
    with pytest.raises(NotReal, match=r"^dtype: "):
        np.asarray(imaginary, dtype=float)
    for dtype in (int, object, "U4"):
        with pytest.raises(OperandError, match=r"^dtype: got '(int64|object|str)"):
            np.asarray(CG, dtype=dtype)
    with pytest.raises(ValueError, match=r"^copy: got False"):
        np.array(CG, copy=False)


def test_numbers_of_numpy_scale_exactly() -> None:
    assert np.int64(2) * CG == CG * np.int64(2) == CG * 2
    for factor in (np.ones(2, dtype=int), np.ones((2, 2)), np.float64(2)):
        with pytest.raises(TypeError):
            factor * CG  # type: ignore[operator]
        with pytest.raises(TypeError):
            CG * factor
