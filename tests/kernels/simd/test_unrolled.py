"""Unrolled maps against their twin in NumPy, on integers: exact, so equal bit by bit."""

from __future__ import annotations

import numpy as np
import pytest
from llvmlite import ir

from reptheory.kernels.simd.emit import on_aligned_stack
from reptheory.kernels.simd.plain import unrolled_plain
from reptheory.kernels.simd.unrolled import Pattern, unrolled


@pytest.mark.parametrize("dims", [(9, 9, 9), (1, 3, 2), (4, 16, 5)])
@pytest.mark.parametrize(
    ("inside", "outside"), [("float32", "float32"), ("float64", "float64"), ("float64", "float32")]
)
def test_a_random_map_equals_its_twin(dims: tuple[int, int, int], inside: str, outside: str) -> None:
    """Any dimensions, terms in any order and repeated; what stands around the samples survives."""
    rng = np.random.default_rng(sum(dims))
    places = list(zip(*(rng.integers(0, dim, 50).tolist() for dim in dims), strict=True))
    pattern = Pattern(dims, dims[0] == dims[1], places)
    x, y = (rng.integers(-9, 10, (60, dim)).astype(inside) for dim in dims[:2])
    values = rng.integers(-9, 10, 50).astype(inside)
    fast = np.full((60, dims[2]), np.nan, outside)
    plain = fast.copy()
    for first, last in ((2, 18), (20, 53)):
        unrolled(pattern.write())(x.ravel(), y.ravel(), fast.ravel(), first, last, values)
        unrolled_plain(*pattern, x.ravel(), y.ravel(), plain.ravel(), first, last, values)
    assert np.array_equal(fast, plain, equal_nan=True)


def test_patterns_are_read_as_written() -> None:
    for pattern in (Pattern((4, 2, 3), False, [(0, 1, 2), (3, 0, 1)]), Pattern((1, 1, 1), True, [(0, 0, 0)])):
        assert Pattern.read(pattern.write()) == pattern


def test_the_stack_begins_on_a_vector_boundary() -> None:
    """llvmlite writes no alignment of a function without another attribute."""
    function = ir.Function(ir.Module(), ir.FunctionType(ir.VoidType(), []), "f")
    on_aligned_stack(function)
    function.append_basic_block()
    assert "alignstack(64)" in str(function)
