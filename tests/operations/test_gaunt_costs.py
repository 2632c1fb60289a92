"""The cost model: its counts are those of the plans, its file is complete, its choice is cheap to make."""

from __future__ import annotations

import json

import pytest

from reptheory.operations import gaunt_costs
from reptheory.operations.gaunt_costs import FEATURES, MEASURED, cheapest, counts, nanoseconds
from reptheory.operations.gaunt_tensor_product import GauntTensorProduct

SHAPES = [(0, 0, 0), (1, 1, 2), (3, 2, 4), (4, 4, 4), (5, 1, 3), (2, 6, 8)]


@pytest.mark.parametrize("degrees", SHAPES)
def test_counts_are_those_of_the_plans(degrees: tuple[int, int, int]) -> None:
    table = dict(zip(FEATURES["table"], counts("table", degrees), strict=True))
    real = GauntTensorProduct(*degrees, "table").cost  # a few coefficients vanish by accident
    assert real <= table["terms"] <= 1.01 * real
    for method in ("grid", "fourier"):
        rings = dict(zip(FEATURES[method], counts(method, degrees), strict=True))
        assert rings["dense"] + 8 * rings["points"] >= GauntTensorProduct(*degrees, method).cost
        assert rings["dense"] <= 1.5 * GauntTensorProduct(*degrees, method).cost


def test_the_file_has_every_time() -> None:
    times = json.loads(MEASURED.read_text(encoding="utf-8"))["nanoseconds"]
    for dtype in ("float32", "float64"):
        for method, features in FEATURES.items():
            assert set(times[dtype][method]) == set(features)
            assert all(value >= 0 for value in times[dtype][method].values())
            assert nanoseconds(method, (3, 3, 3), dtype) > 0


def test_both_dtypes_count_and_many_paths_take_no_table(monkeypatch: pytest.MonkeyPatch) -> None:
    def time(method: str, degrees: tuple[int, int, int], dtype: str = "float32") -> float:
        assert method != "table" or max(degrees) < 20, "counting its terms takes longer than a product"
        times = {"table": (1, 9), "unrolled": (9, 1), "grid": (4, 4), "fourier": (5, 5)}
        return times[method][dtype == "float64"]

    monkeypatch.setattr(gaunt_costs, "nanoseconds", time)
    cheapest.cache_clear()
    assert cheapest((2, 2, 2)) == cheapest((2, 2, 3)) == cheapest((20, 20, 20)) == "grid"
    cheapest.cache_clear()


def test_the_cheapest_is_chosen(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def time(method: str, degrees: tuple[int, int, int], dtype: str = "float32") -> float:
        asked.append((degrees, dtype))
        return {"table": 3.0, "unrolled": 4.0, "grid": 2.0, "fourier": 1.0}[method]

    monkeypatch.setattr(gaunt_costs, "nanoseconds", time)
    cheapest.cache_clear()
    assert cheapest((2, 2, 2)) == "fourier"
    assert asked
    cheapest.cache_clear()
