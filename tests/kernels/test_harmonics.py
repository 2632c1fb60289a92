"""Harmonics of directions: kernels against their twins, terms an axis, independence of the batch."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from reptheory.kernels import harmonics
from reptheory.operations.vector_harmonics import _gradient_terms, _series, directions

Array = Any


def angles(samples: int) -> list[Array]:
    at = directions(np.random.default_rng(samples).normal(size=(samples, 3)))
    return [angle.view(np.float64).copy() for angle in (at.theta, at.phi)]


@pytest.mark.parametrize("lmax", [0, 1, 2, 5])
@pytest.mark.parametrize("samples", [1, 63, 64, 65, 200])
def test_harmonics_are_those_of_the_twin_in_any_range(lmax: int, samples: int) -> None:
    theta, phi = angles(samples)
    dim = (lmax + 1) ** 2
    work = np.empty(harmonics.series_scratch(lmax))
    first, last = samples // 3, samples
    results = []
    for function in (harmonics.evaluate, harmonics._evaluate_plain):
        values = np.full(samples * dim, np.nan)
        function(theta, phi, _series(lmax), values, first, last, work)
        results.append(values.reshape(samples, dim))
        assert np.isnan(results[-1][:first]).all()
    assert np.array_equal(results[0][first:], results[1][first:])


@pytest.mark.parametrize("lmax", [0, 1, 4])
def test_contractions_are_those_of_the_twin(lmax: int) -> None:
    rng = np.random.default_rng(lmax)
    dim = (lmax + 1) ** 2
    g, values = rng.normal(size=(2, 30 * dim))
    for absolute in (False, True):
        plan = _gradient_terms(lmax, absolute=absolute)
        results = []
        for function in (harmonics.contract, harmonics._contract_plain):
            t = np.full(90, 7.0)
            function(g, values, dim, plan, 5, 30, t)
            assert (t[:15] == 7).all()
            results.append(t[15:])
        assert np.allclose(*results, rtol=1e-14, atol=1e-14)


def test_terms_an_axis() -> None:
    """At most two of each (l, m), as the proof counts."""
    terms = _gradient_terms(8, absolute=False).terms[:, :2]
    assert np.unique(terms, axis=0, return_counts=True)[1].max() <= 2
