"""Symmetric couplings: counted by characters, orthonormal, equivariant, equal to contracted coefficients."""

from __future__ import annotations

from collections import Counter
from fractions import Fraction
from itertools import combinations_with_replacement, permutations
from math import factorial
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reptheory.errors import LabelError, TooLarge
from reptheory.exact.coupling import coupling_block
from reptheory.exact.residues import rank, residue
from reptheory.exact.rotation_matrices import real_rotation_matrix
from reptheory.exact.surd import Surd
from reptheory.exact.symmetric_coupling import SymmetricCoupling, SymmetricPath, symmetric_coupling
from reptheory.groups.o3 import Irrep, Irreps

FEATURES = ["0e+1o", "1o+1e", "0e+1o+2e", "1o+1o", "0o+2e", "1o+3o", "0e+1o+2e+3o"]


def multiplicity(irreps: Irreps, out: Irrep, degree: int) -> int:
    """Count copies of `out` in the symmetric power by weights: those of m = l less those of m = l + 1."""
    vectors = [(m, ir.p) for _, ir in irreps for m in range(-ir.l, ir.l + 1)]
    counts: Counter[int] = Counter()
    for some in combinations_with_replacement(vectors, degree):
        if np.prod([p for _, p in some]) == out.p:
            counts[sum(m for m, _ in some)] += 1
    return counts[out.l] - counts[out.l + 1]


def values(coupling: SymmetricCoupling) -> Any:
    return coupling.array().to_numpy()


def exact_rank(coupling: SymmetricCoupling) -> int:
    columns: dict[tuple[int, ...], int] = {}
    places = [columns.setdefault(tuple(row[1:]), len(columns)) for row in coupling.index.tolist()]
    images = [
        residue(Surd.sqrt(Fraction(abs(top), bottom), sign=1 if top > 0 else -1))
        for top, bottom in zip(coupling.numerators, coupling.denominators, strict=True)
    ]
    return rank(coupling.index[:, 0], np.array(places, dtype=np.int64), np.array(images).reshape(-1, 2).T)


@pytest.mark.parametrize("features", FEATURES)
@pytest.mark.parametrize("degree", [1, 2, 3])
def test_as_many_independent_paths_as_characters_count(features: str, degree: int) -> None:
    for out in map(Irrep, ("0e", "0o", "1o", "1e", "2e", "3o")):
        expected = multiplicity(Irreps(features), out, degree)
        reduced = symmetric_coupling(features, out, degree)
        assert len(reduced.paths) == expected
        assert exact_rank(reduced) == expected
        assert exact_rank(symmetric_coupling(features, out, degree, "mace")) == expected


@pytest.mark.parametrize(("features", "degree"), [("0e+1o+2e", 4), ("1o", 6), ("0e+1o", 5), ("3o", 4)])
def test_higher_orders_are_counted_too(features: str, degree: int) -> None:
    for out in map(Irrep, ("0e", "1o", "2e", "2o", "4e")):
        found = symmetric_coupling(features, out, degree)
        assert len(found.paths) == multiplicity(Irreps(features), out, degree)


@pytest.mark.parametrize("features", FEATURES)
def test_reduced_tensors_are_orthonormal_exactly(features: str) -> None:
    for out, degree in (("0e", 3), ("1o", 3), ("2e", 2), ("1o", 1)):
        coupling = symmetric_coupling(features, out, degree)
        array = coupling.array()
        axes = list(range(1, degree + 1))
        for path in range(len(coupling.paths)):
            own = array[..., path]
            for other in range(path + 1):
                gram = own.contract(array[..., other], (axes, axes))
                expected = [(k, k) for k in range(coupling.irrep_out.dim)] if path == other else []
                assert gram.nnz == len(expected)
                assert all(gram[at] == 1 for at in expected)


def contracted(path: SymmetricPath, irreps: Irreps) -> Any:
    """Couple one after another in floats: (order, m1, ..., mn)."""
    total = np.eye(irreps[path.entries[0]].ir.dim)
    for before, entry, after in zip(path.irreps, path.entries[1:], path.irreps[1:], strict=False):
        block = coupling_block("clebsch_gordan", before.l, irreps[entry].ir.l, after.l).to_numpy()
        total = np.einsum("k...,kab->b...a", total, block)
    return total


@pytest.mark.parametrize("features", FEATURES[:4])
@pytest.mark.parametrize("degree", [1, 2, 3, 4])
def test_paths_of_mace_are_symmetrised_products_of_coefficients(features: str, degree: int) -> None:
    irreps = Irreps(features)
    for out in ("0e", "1o", "2e"):
        coupling = symmetric_coupling(features, out, degree, "mace")
        ours = values(coupling)
        for number, path in enumerate(coupling.paths):
            whole = np.zeros(ours.shape[:-1])
            whole[(slice(None), *(irreps.slices()[entry] for entry in path.entries))] = contracted(
                path, irreps
            )
            turns = [whole.transpose(0, *(1 + place for place in p)) for p in permutations(range(degree))]
            assert np.allclose(ours[..., number], sum(turns) / factorial(degree), rtol=1e-12, atol=1e-14)


@settings(max_examples=20)
@given(
    st.sampled_from(FEATURES[:6]),
    st.sampled_from(["0e", "1o", "1e", "2e"]),
    st.integers(1, 4),
    st.sampled_from(["reduced", "mace"]),
)
def test_polynomials_turn_as_their_irrep(features: str, out: str, degree: int, basis: Any) -> None:
    coupling = symmetric_coupling(features, out, degree, basis)
    irreps = coupling.irreps_in
    rng = np.random.default_rng(degree)
    x = rng.standard_normal(irreps.dim)
    turned = np.concatenate(
        [turn(ir) @ x[place] for (_, ir), place in zip(irreps, irreps.slices(), strict=True)] or [x]
    )
    for number in range(len(coupling.paths)):
        plain, rotated = (evaluated(coupling, number, one) for one in (x, turned))
        assert np.allclose(rotated, turn(coupling.irrep_out) @ plain, rtol=1e-10, atol=1e-10)


def turn(ir: Irrep) -> Any:
    """Return a rotation by a rational quaternion with an inversion."""
    return ir.p * real_rotation_matrix(ir.l, (1, 2, -1, 3)).to_numpy()


def evaluated(coupling: SymmetricCoupling, path: int, x: Any) -> Any:
    result = np.zeros(coupling.irrep_out.dim)
    for (number, order, *components), top, bottom in zip(
        coupling.index.tolist(), coupling.numerators, coupling.denominators, strict=True
    ):
        if number == path:
            result[order] += np.sign(top) * np.sqrt(abs(top) / bottom) * np.prod(x[components])
    return result


def test_a_few_known_values() -> None:
    """x . x / sqrt(3), and (x . x) x times sqrt(3 / 5), as symmetric tensors of norm 1 for each order."""
    square = symmetric_coupling("1o", "0e", 2)
    assert square.numerators == (1, 1, 1)
    assert square.denominators == (3, 3, 3)
    cube = symmetric_coupling("1o", "1o", 3)
    assert len(cube.paths) == 1
    assert set(zip(cube.numerators, cube.denominators, strict=True)) == {(3, 5)}  # c itself: sqrt(3 / 5)
    assert symmetric_coupling("1o", "1e", 2).paths == ()
    assert symmetric_coupling("1o", "1e", 2).array().shape == (3, 3, 3, 0)
    assert [path.entries for path in symmetric_coupling("1o+1o", "1e", 2).paths] == [(0, 1)]


def test_impossible_questions_are_refused() -> None:
    for degree in (0, -1, 1.5, "two"):
        with pytest.raises(LabelError, match="degree"):
            symmetric_coupling("1o", "0e", degree)  # type: ignore[arg-type]
    with pytest.raises(LabelError, match="basis"):
        symmetric_coupling("1o", "0e", 2, "full")  # type: ignore[arg-type]
    with pytest.raises(LabelError, match="one copy"):
        symmetric_coupling("2x1o", "0e", 2)
    for features, degree in (("20e", 9), ("0e+1o+2e+3o+4e+5o+6e", 7), ("1o", 10**30)):
        with pytest.raises(TooLarge):
            symmetric_coupling(features, "0e", degree)
