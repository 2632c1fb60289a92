"""The cost model of vector products: its counts are those of the tables, its choice is the least time."""

from __future__ import annotations

from typing import Any

import pytest

from reptheory.operations import vector_costs
from reptheory.operations.vector_costs import _table_counts, cheapest_fields, field_nanoseconds
from reptheory.operations.vector_spherical_product import VectorSphericalProduct

SHAPES = [("dot", (1, 1, 2)), ("dot", (2, 3, 1)), ("cross", (2, 2, 2)), ("scale", (2, 1, 3))]


@pytest.mark.parametrize(("kind", "degrees"), SHAPES)
def test_counts_are_those_of_the_tables(kind: Any, degrees: tuple[int, int, int]) -> None:
    found, product = _table_counts(kind, degrees), VectorSphericalProduct(kind, *degrees, "table")
    rows = sum(2 * j3 + 1 for (_, _, j3, _), *_ in product._paths())
    for real, counted in ((product.cost, found["terms"]), (rows, found["rows"])):
        assert real <= counted <= 1.3 * real  # some ratios and coefficients of odd sums of degrees vanish
    assert found["copied"] == product.dim1 + product.dim2 + product.dim_out


@pytest.mark.parametrize(("kind", "degrees"), SHAPES)
def test_longer_sums_take_longer(kind: Any, degrees: tuple[int, int, int]) -> None:
    higher = (degrees[0] + 1, degrees[1] + 1, degrees[2] + 1)
    for method in ("table", "grid"):
        for dtype in ("float32", "float64"):
            assert field_nanoseconds(method, kind, degrees, dtype) > 0
            assert field_nanoseconds(method, kind, degrees, dtype) < field_nanoseconds(
                method, kind, higher, dtype
            )


def test_the_cheapest_is_chosen(monkeypatch: pytest.MonkeyPatch) -> None:
    """By both dtypes together: the table where the grid gains less in one than it loses in the other."""
    assert VectorSphericalProduct("dot", 2).method == VectorSphericalProduct("dot", 4, 1, 4).method == "table"
    assert (
        VectorSphericalProduct("cross", 3, 3, 3).method == VectorSphericalProduct("dot", 9).method == "grid"
    )
    times = {("table", "float32"): 3.0, ("grid", "float32"): 2.0, ("table", "float64"): 4.0}

    def time(method: str, _kind: str, _degrees: tuple[int, int, int], dtype: str) -> float:
        return times.get((method, dtype), 6.0)

    monkeypatch.setattr(vector_costs, "field_nanoseconds", time)
    cheapest_fields.cache_clear()
    assert cheapest_fields("dot", (1, 1, 1)) == "table"
    times["grid", "float64"] = 4.5
    cheapest_fields.cache_clear()
    assert cheapest_fields("dot", (1, 1, 1)) == "grid"
    cheapest_fields.cache_clear()
