"""Ratios of pointwise products of vector harmonics: integrals of polynomials, laws, the paths they reach."""

from __future__ import annotations

from itertools import product
from typing import Any

import pytest

from reptheory.errors import LabelError
from reptheory.exact.clebsch_gordan import clebsch_gordan_array
from reptheory.exact.complex_surds import ComplexSurd
from reptheory.exact.coupling import coupling_block
from reptheory.exact.solid_harmonics import solid_harmonic
from reptheory.exact.tensor_harmonics import vector_harmonic
from reptheory.exact.vector_paths import SPINS, VectorKind, tensor_path_ratio, vector_path, vector_path_ratio


def family(spin: int, degree: int) -> list[tuple[int, int]]:
    """Every (j, l) of one degree l."""
    return [(j, degree) for j in range(abs(degree - spin), degree + spin + 1)]


def field(spin: int, j: int, degree: int, m: int) -> Any:
    """A harmonic as polynomials."""
    return vector_harmonic(j, degree, m, "real") if spin else solid_harmonic(j, m, "real")


def pointwise(kind: VectorKind, a: Any, b: Any) -> Any:
    return {"dot": lambda: a.dot(b), "cross": lambda: a.cross(b), "scale": lambda: b * a}[kind]()


def integral(spin: int, value: Any, other: Any) -> ComplexSurd:
    """Integrate the scalar product of two real fields over the sphere."""
    return ComplexSurd.of(value.inner(other) if spin else (value * other).sphere_integral())


@pytest.mark.parametrize("kind", sorted(SPINS))
def test_pointwise_products_of_polynomials_have_the_9j_ratio_exactly(kind: VectorKind) -> None:
    s1, s2, s3 = SPINS[kind]
    compared = odd = 0
    for l1, l2 in product(range(2), range(3)):
        for (j1, _), (j2, _) in product(family(s1, l1), family(s2, l2)):
            m1, m2 = min(j1, 1), -min(j2, 1)
            value = pointwise(kind, field(s1, j1, l1, m1), field(s2, j2, l2, m2))
            for l3 in range(abs(l1 - l2), l1 + l2 + 1, 2):
                for j3, _ in family(s3, l3):
                    ratio = vector_path_ratio(kind, (j1, l1), (j2, l2), (j3, l3))
                    block = clebsch_gordan_array(j1, j2, j3, "real")
                    for m3 in range(-j3, j3 + 1) if block.nnz else ():
                        found = integral(s3, value, field(s3, j3, l3, m3))
                        assert found == block[m1 + j1, m2 + j2, m3 + j3] * ratio
                        compared += 1
                        odd += bool((j1 + j2 + j3) % 2 and ratio)
    assert compared > 100
    assert odd > 20


def test_functions_give_the_gaunt_product() -> None:
    for l1, l2, l3 in product(range(4), repeat=3):
        ratio = tensor_path_ratio((l1, l1, 0), (l2, l2, 0), (l3, l3, 0))
        gaunt = coupling_block("gaunt", l1, l2, l3)
        assert gaunt == coupling_block("clebsch_gordan", l1, l2, l3) * ratio or not (gaunt.nnz or ratio)


def test_every_path_even_or_odd_is_reached() -> None:
    """With vector signals no path is lost: each has a product, a choice of l, and a ratio that is not 0."""
    odd = 0
    for j1, j2 in product(range(7), repeat=2):
        for j3 in range(abs(j1 - j2), j1 + j2 + 1):
            way = vector_path(j1, j2, j3)
            out = (j3, way.l3)
            assert way.ratio == vector_path_ratio(way.kind, (j1, way.l1), (j2, way.l2), out)
            assert way.ratio.radicand
            assert (way.l1 + way.l2 + way.l3) % 2 == 0
            assert tensor_path_ratio((j1, j1, 0), (j2, j2, 0), (j3, j3, 0)) == 0 or (j1 + j2 + j3) % 2 == 0
            odd += (j1 + j2 + j3) % 2
    assert odd > 90


def test_the_vector_product_of_equal_fields_vanishes() -> None:
    """x cross x = 0: a path that is symmetric in its operands has ratio 0, or an antisymmetric coupling."""
    for j, degree in family(1, 1) + family(1, 2):
        for j3, l3 in (pair for out in range(5) for pair in family(1, out)):
            ratio = vector_path_ratio("cross", (j, degree), (j, degree), (j3, l3))
            assert not ratio or j3 % 2


def test_impossible_labels_are_refused_by_name() -> None:
    with pytest.raises(LabelError, match="kind"):
        vector_path_ratio("tensor", (1, 1), (1, 1), (1, 1))  # type: ignore[arg-type]
    with pytest.raises(LabelError, match=r"second\[1\]"):
        vector_path_ratio("dot", (1, 1), (1, 0.5), (1, 1))
    with pytest.raises(LabelError, match="three labels"):
        tensor_path_ratio((1, 1), (1, 1, 0), (1, 1, 0))
    with pytest.raises(LabelError, match="j1 - j2"):
        vector_path(1, 1, 3)
    assert vector_path_ratio("cross", (3, 1), (1, 1), (1, 1)) == 0
