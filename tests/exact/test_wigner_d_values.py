"""Values of d(beta) for arrays: the polynomials, closed forms by mpmath, layouts, refusals."""

from __future__ import annotations

import random
from fractions import Fraction

import mpmath
import numpy as np
import pytest

import reptheory as rt
from reptheory.errors import LabelError, OperandError, TooLarge


def test_values_are_those_of_the_polynomials() -> None:
    draw, rows = random.Random(1), []
    for two_j in range(12):
        rows += [(two_j, *(draw.randrange(-two_j, two_j + 1, 2) for _ in "ab"), draw.uniform(-7, 7))] * 2
    two_js, m1, m2, beta = (np.array(column) for column in zip(*rows, strict=True))
    values = rt.wigner_d_values(two_js / 2, m1 / 2, m2 / 2, beta)
    for row, value in zip(rows, values.tolist(), strict=True):
        assert value == rt.wigner_d_polynomial(*(label / 2 for label in row[:3]))(row[3])


def test_a_matrix_by_broadcasting_is_orthogonal() -> None:
    m = np.arange(-3, 4)
    d = rt.wigner_d_values(3, m[:, None], m, 0.7)
    assert d.shape == (7, 7)
    assert np.allclose(d @ d.T, np.eye(7), atol=1e-15)
    halves = rt.wigner_d_values(0.5, [[0.5], [-0.5]], [0.5, -0.5], 0.7)
    c, s = np.cos(0.35), np.sin(0.35)
    assert np.allclose(halves, [[c, -s], [s, c]], rtol=1e-15)


def test_closed_form_to_half_an_ulp() -> None:
    beta = np.linspace(-4, 4, 41)
    values = rt.wigner_d_values(40, 40, 40, beta)  # cos(beta/2)^80
    with mpmath.workdps(60):
        for angle, value in zip(beta.tolist(), values.tolist(), strict=True):
            exact = mpmath.cos(mpmath.mpf(angle) / 2) ** 80
            assert abs(value - exact) <= mpmath.mpf(0.500001) * np.spacing(abs(value))


def test_angles_of_every_kind() -> None:
    expected = rt.wigner_d_values(1, 0, 0, 0.5)
    assert isinstance(expected, np.float64)
    for beta in (np.float32(0.5), Fraction(1, 2), np.array(0.5), np.longdouble(0.5)):
        assert rt.wigner_d_values(1, 0, 0, beta) == expected
    for betas in (
        [0.5, 0.5],
        (Fraction(1, 2), 0.5),
        np.array([0.5, 0.5], ">f4"),
        np.array([1, 0.5, 2, 0.5])[1::2],
    ):
        assert rt.wigner_d_values(1, 0, 0, betas).tolist() == [expected] * 2
    assert rt.wigner_d_values(1, [1, 0], 0, [0]).tolist() == [0, 1]
    assert rt.wigner_d_values([], 0, 0, 0.5).shape == (0,)


@pytest.mark.parametrize(
    "beta", [[0.5, float("nan")], [1, "x"], [0, None], np.array([0, np.inf]), [0, True], [0, 1j]]
)
def test_what_is_no_angle(beta: object) -> None:
    with pytest.raises(LabelError, match=r"^beta\[1\]: "):
        rt.wigner_d_values(1, 0, 0, beta)


def test_bad_labels_and_shapes() -> None:
    for arguments in [
        (1, [0, 2], 0, 0.5),
        (1, 0, [0, 0.5], 0.5),
        ([1, -1], 0, 0, 0.5),
        ([1, True], 0, 0, 0.5),
    ]:
        with pytest.raises(LabelError, match=r"\[1\]"):
            rt.wigner_d_values(*arguments)
    with pytest.raises(LabelError, match="masked"):
        rt.wigner_d_values(1, 0, 0, np.ma.array([1.0, 2.0], mask=[0, 1]))
    for ragged in ([[1.0], [1.0, 2.0]], [np.zeros((2, 1)), np.zeros((2, 2))]):
        with pytest.raises(LabelError, match="beta"):
            rt.wigner_d_values(1, 0, 0, ragged)
    with pytest.raises(OperandError, match="broadcast"):
        rt.wigner_d_values([1, 1], 0, 0, [1.0, 2.0, 3.0])
    with pytest.raises(TooLarge):
        rt.wigner_d_values(2**45, 0, 0, 0.5)
