"""Products of all pairs of copies: what does not fit a tile is taken in pieces, and no tile is large."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from weighted_cases import INSTRUCTIONS, IRREPS

from reptheory.kernels import pool
from reptheory.operations import pieces_engine
from reptheory.operations.pieces_engine import PiecesEngine
from reptheory.operations.tensor_product import TensorProduct
from reptheory.operations.weighted_engine import SampleEngine


def test_no_tile_of_many_pairs_of_copies_is_large(monkeypatch: pytest.MonkeyPatch) -> None:
    """A tile of the whole product would take 123 MB."""
    asked = []
    plain = pool.scratch

    def scratch(count: int, dtype: Any) -> Any:
        asked.append(count * np.dtype(dtype).itemsize)
        return plain(count, dtype)

    monkeypatch.setattr(pool, "scratch", scratch)
    tp = TensorProduct("400x0e", "400x1o", "160000x1o", [(0, 0, 0, "uvuv", True)])
    rng = np.random.default_rng(0)
    x, y, weight = (rng.standard_normal(n).astype(np.float32) for n in (400, 1200, 160000))
    z = tp(x, y, weight).reshape(400, 400, 3)
    pairs = x[:, None, None] * y.reshape(1, 400, 3)
    assert np.allclose(z, weight.reshape(400, 400, 1) * pairs, rtol=1e-5)
    gradients = tp.backward(x, y, weight, z.reshape(-1))
    assert np.allclose(gradients.weight, (z * pairs).sum(axis=-1).reshape(-1), rtol=1e-4, atol=1e-4)
    assert 0 < max(asked) <= 2**26


def test_pieces_are_taken_where_pairs_need_them(monkeypatch: pytest.MonkeyPatch) -> None:
    def engine(mode: str) -> Any:
        out = {"uvuv": "4x2e", "uvw": "3x2e"}[mode]
        return TensorProduct("2x1o", "2x1o", out, [(0, 0, 0, mode, True)])._engine

    assert isinstance(engine("uvuv"), SampleEngine)
    monkeypatch.setattr(pieces_engine, "MOST_ROWS", 31)
    assert isinstance(engine("uvuv"), PiecesEngine)
    monkeypatch.setattr(pieces_engine, "MOST_ROWS", 1)
    assert isinstance(engine("uvw"), SampleEngine)


def test_some_samples_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the samples of a step: the same numbers, and sums of shared weights within their bounds."""
    tp = TensorProduct(*IRREPS, INSTRUCTIONS)
    rng = np.random.default_rng(1)
    shapes = (9, tp.dim1), (9, tp.dim2), (tp.weight_numel,), (9, tp.dim_out)
    x, y, weight, grad = (rng.standard_normal(shape).astype(np.float32) for shape in shapes)
    expected, limits = tp.backward(x, y, weight, grad, with_bound=True)
    z, limit = tp(x, y, weight, with_bound=True)
    monkeypatch.setattr(pieces_engine, "PIECE_BYTES", 1)
    tp._engine = PiecesEngine(tp._spec, 10)
    found, bound = tp(x, y, weight, with_bound=True)
    assert (np.abs(found - z) <= bound + limit).all()
    values, bounds = tp.backward(x, y, weight, grad, with_bound=True)
    for one, two, first, second in zip(values, expected, bounds, limits, strict=True):
        assert (np.abs(one - two) <= first + second).all()


def test_bounds_count_the_pieces() -> None:
    """A gradient of y to which every piece adds, and rounds the same way."""
    tp = TensorProduct("64x0e", "1x0e", "64x0e", [(0, 0, 0, "uvuv", False)], path_normalization="none")
    tp._engine = PiecesEngine(tp._spec, 1)
    rising = np.where(np.arange(64) == 0, 1, 1.01 * 2.0**-24).astype(np.float32)
    ones = np.ones((1, 64), np.float32)
    gradients, bounds = tp.backward(rising[np.newaxis], ones[:, :1], None, ones, with_bound=True)
    off = abs(float(gradients.y[0, 0]) - rising.astype(np.float64).sum())
    assert 50 * 2.0**-25 < off <= bounds.y[0, 0]
