"""Harmonics of directions: kernels against their twins, terms an axis, independence of the batch."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from reptheory.kernels import harmonics
from reptheory.operations.vector_harmonics import _gradient_terms, _series
from reptheory.operations.vector_harmonics import harmonics as harmonics_of

Array = Any


@pytest.mark.parametrize("lmax", [0, 1, 2, 5])
@pytest.mark.parametrize("samples", [1, 63, 64, 65, 200])
def test_harmonics_are_those_of_the_twin_in_any_range(lmax: int, samples: int) -> None:
    vectors = np.random.default_rng(samples).normal(size=(samples, 3))
    vectors[-1] = 0
    vectors[samples // 2] *= 1e-310
    vectors[samples // 2, 0] = np.inf if samples % 2 else 0
    dim = (lmax + 1) ** 2
    work = np.empty(harmonics.series_scratch(lmax))
    first, last = samples // 3, samples
    results = []
    for function in (harmonics.evaluate, harmonics._evaluate_plain):
        values = np.full(samples * dim, np.nan)
        at, exponents = np.full(5 * samples, np.nan), np.zeros(samples, np.int64)
        function(vectors.reshape(-1), at, exponents, values, first, last, _series(lmax), work)
        results.append((values.reshape(samples, dim), at.reshape(samples, 5), exponents))
        assert np.isnan(results[-1][0][:first]).all()
    for one, other in zip(*results, strict=True):
        assert np.array_equal(one[first:], other[first:], equal_nan=True)


@pytest.mark.parametrize("lmax", [0, 1, 4])
def test_gradients_of_vectors_are_those_in_the_harmonics_without_their_radial_part(lmax: int) -> None:
    rng = np.random.default_rng(lmax)
    vectors = rng.normal(size=(30, 3)) * 10.0 ** rng.integers(-300, 300, 30)[:, None]
    vectors[7] = 0
    at, g = harmonics_of(vectors, lmax), rng.normal(size=(30, (lmax + 1) ** 2))
    plan, t, full = _gradient_terms(lmax, absolute=False), np.full((30, 3), 7.0), np.empty((30, 3))
    flat = g.reshape(-1), at.values.reshape(-1), g.shape[1], plan
    harmonics.pull(*flat, at.at.reshape(-1), at.exponent, 5, 30, t.reshape(-1))
    harmonics.contract(*flat, 0, 30, full.reshape(-1))
    with np.errstate(divide="ignore", invalid="ignore"):
        normal = np.nan_to_num(vectors / np.hypot(np.hypot(*vectors.T[:2]), vectors[:, 2])[:, None])
        expected = (full - normal * (normal * full).sum(axis=1, keepdims=True)) / np.hypot(
            np.hypot(*vectors.T[:2]), vectors[:, 2]
        )[:, None]
    expected[7] = 0
    assert (t[:5] == 7).all()
    assert np.allclose(t[5:], expected[5:], rtol=1e-12, atol=0 if lmax else 1e-300)


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
