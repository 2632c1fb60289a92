"""Operands of symmetric contractions: every shape, layout and set of weights, or an error that names it."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest
from array_layouts import ARRAYS
from contraction_cases import draw, made

from reptheory.errors import LabelError, OperandError, TooLarge
from reptheory.kernels import polynomials
from reptheory.operations.symmetric_contraction import SymmetricContraction

Array = Any


@pytest.mark.parametrize("samples", [0, 1, 3, 4, 5, 900])
def test_species_are_sets_of_weights(samples: int) -> None:
    contraction = made(17)
    x, weight, species, g = draw(contraction, samples, 4)
    z = contraction(x, weight, species)
    assert np.array_equal(contraction(x, weight[species]), z)
    found = contraction.backward(x, weight, species, g)
    single = contraction.backward(x, weight[species], None, g)
    assert np.array_equal(found.x, single.x)
    assert found.weight.shape == weight.shape
    summed = np.zeros_like(weight)
    np.add.at(summed, species, single.weight)
    assert np.allclose(found.weight, summed, rtol=1e-12, atol=1e-10)
    assert (found.weight[np.bincount(species, minlength=4) == 0] == 0).all()
    shared = contraction(x, weight[0])
    assert np.array_equal(shared, contraction(x, weight, np.zeros(samples, np.uint8)))


def test_leading_axes_broadcast() -> None:
    contraction = made(2)
    rng = np.random.default_rng(0)
    x, weight = (
        rng.standard_normal((3, 1, contraction.dim_in)),
        rng.standard_normal((4, contraction.weight_numel)),
    )
    g = rng.standard_normal((3, 4, contraction.dim_out))
    wide = np.broadcast_to(x, (3, 4, contraction.dim_in))
    z = contraction(x, weight)
    assert z.shape == (3, 4, contraction.dim_out)
    assert np.array_equal(z, contraction(x, weight, np.arange(4)))
    assert np.array_equal(z, contraction(wide, np.broadcast_to(weight, (3, *weight.shape))))
    found, whole = contraction.backward(x, weight, None, g), contraction.backward(wide, weight, None, g)
    assert np.allclose(found.x, whole.x.sum(axis=1, keepdims=True), rtol=1e-13, atol=1e-13)
    assert np.array_equal(found.weight, whole.weight)
    assert contraction(x[0, 0], weight[0]).shape == (contraction.dim_out,)
    assert contraction(x[:0], weight).shape == (0, 4, contraction.dim_out)
    assert contraction(np.zeros((0, contraction.dim_in)), weight[:0], np.zeros(0, int)).shape == (
        0,
        contraction.dim_out,
    )


@pytest.mark.parametrize("kind", sorted(ARRAYS))
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_layout_of_arrays_does_not_change_a_bit(kind: str, dtype: str) -> None:
    contraction = made(9)
    x, weight, species, g = draw(contraction, 7, 3, dtype)
    other = [ARRAYS[kind](array) for array in (x, weight, g)]
    wide = np.repeat(species, 2)[::2]
    assert np.array_equal(contraction(other[0], other[1], wide), contraction(x, weight, species))
    found, plain = (contraction.backward(a, b, c, d) for a, b, c, d in ((other[0], other[1], wide, other[2]), (x, weight, species, g)))  # fmt: skip # noqa: E501
    assert np.array_equal(found.x, plain.x)
    assert np.array_equal(found.weight, plain.weight)


def test_what_comes_in_compiles_nothing_new() -> None:
    """Kernels see flat arrays of two dtypes."""
    contraction = made(9)
    x, weight, species, g = draw(contraction, 7, 3)

    def calls() -> None:
        for dtype in ("float32", "float64", ">f4", "float16"):
            for kind in ARRAYS.values():
                for places in (species, kind(np.stack([species] * 7))[0], species.astype(np.uint8)):
                    given = [kind(array.astype(dtype)) for array in (x, weight, g)]
                    contraction(given[0], given[1], places)
                    contraction.backward(given[0], given[1], places, given[2])

    calls()
    kernels = (polynomials.arrange, polynomials.polynomial_values, polynomials.polynomial_gradients)
    before = [len(getattr(kernel, "signatures", ())) for kernel in kernels]
    calls()
    assert [len(getattr(kernel, "signatures", ())) for kernel in kernels] == before
    assert max(before) <= 2


REFUSED: dict[str, Callable[[Array], Any]] = {
    "too short": lambda array: array[..., :-1],
    "complex": lambda array: array + 0j,
    "bool": lambda array: array > 0,
    "object": lambda array: array.astype(object),
    "masked": np.ma.masked_array,
    "ragged": lambda _: [[1.0], [1.0, 2.0]],
    "scalar": lambda _: 1.0,
}


@pytest.mark.parametrize("fault", sorted(REFUSED))
@pytest.mark.parametrize("place", [0, 1])
def test_refused_by_name(fault: str, place: int) -> None:
    contraction = made(2)
    given = list(draw(contraction, 5, 3)[:3])
    given[place] = REFUSED[fault](given[place])
    with pytest.raises(OperandError, match=f"^{('x', 'weight')[place]}: "):
        contraction(*given)


@pytest.mark.parametrize(
    ("species", "rule"),
    [
        ([0.0] * 5, "whole numbers"),
        ([True] * 5, "whole numbers"),
        ([0, 1, 2, 3, 0], "0 to 2"),
        ([0, -1, 0, 0, 0], "0 to 2"),
        ([0, 1], "broadcast"),
        (np.ma.masked_array([0] * 5), "masked"),
        ([[0], [0, 1]], "NumPy"),
        (["a"] * 5, "whole numbers"),
    ],
)
def test_species_refused(species: Any, rule: str) -> None:
    contraction = made(2)
    x, weight, _, _ = draw(contraction, 5, 3)
    with pytest.raises(OperandError, match=rule):
        contraction(x, weight, species)


def test_other_questions_refused() -> None:
    x, weight, species, g = draw(made(2), 5, 3)
    with pytest.raises(OperandError, match="one row a species"):
        made(2)(x, weight[0], species)
    with pytest.raises(OperandError, match="grad"):
        made(2).backward(x, weight, species, g[:-1])
    for arguments in (("2x0e", "1x0e", 2), ("0x0e", "0x0e", 2), ("2x0e+3x1o", "2x0e", 2), ("", "", 1)):
        with pytest.raises(LabelError, match="as many copies"):
            SymmetricContraction(*arguments)
    for correlation in (0, -1, 1.5, "3"):
        with pytest.raises(LabelError, match="correlation"):
            SymmetricContraction("1x0e", "1x0e", correlation)  # type: ignore[arg-type]
    with pytest.raises(LabelError, match="layout_in"):
        SymmetricContraction("1x0e", "1x0e", 2, layout_in="ir")  # type: ignore[arg-type]
    with pytest.raises(LabelError, match="basis"):
        SymmetricContraction("1x0e", "1x0e", 2, basis="full")  # type: ignore[arg-type]
    with pytest.raises(TooLarge):
        SymmetricContraction("1x30e", "1x30e", 5)


def test_out_threads_copies_and_bad_rows() -> None:
    contraction = made(33, threads=1)
    x, weight, species, g = draw(contraction, 70, 3)
    z = contraction(x, weight, species)
    out = np.empty_like(z)
    assert contraction(x, weight, species, out=out) is out
    assert np.array_equal(out, z)
    strided = np.empty((70, 2 * contraction.dim_out))[:, ::2]
    contraction(x, weight, species, out=strided)
    assert np.array_equal(strided, z)
    same = made(33, 3, ("0e+1o", "0e+1o"))
    x2, weight2, species2, _ = draw(same, 9, 2)
    expected = same(x2, weight2, species2)
    assert np.array_equal(same(x2, weight2, species2, out=x2), expected)
    with pytest.raises(OperandError, match="out"):
        contraction(x, weight, species, out=out[:, :-1])
    plain = contraction.backward(x, weight, species, g)
    for other in (made(33, threads=2), copy.deepcopy(contraction), pickle.loads(pickle.dumps(contraction))):
        assert np.array_equal(other(x, weight, species), z)
        found = other.backward(x, weight, species, g)
        assert np.array_equal(found.x, plain.x)
        assert np.array_equal(found.weight, plain.weight)
    with ThreadPoolExecutor(2) as pool:
        for result in pool.map(lambda _: contraction(x, weight, species), range(4)):
            assert np.array_equal(result, z)
    x[::7] = [[np.nan], [np.inf]] * 5
    good = np.arange(70) % 7 != 0
    with np.errstate(invalid="ignore", over="ignore"):
        spoiled, bound = contraction(x, weight, species, with_bound=True)
    assert np.array_equal(spoiled[good], z[good])
    assert np.isinf(bound[~good]).any()
    assert np.isfinite(bound[good]).all()
