"""The report runs on real molecules, repeats itself, and fails when a product fails."""

import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

from reptheory.errors import LabelError, OperandError
from reptheory.verify import candidates as under_test
from reptheory.verify.features import neighbour_density
from reptheory.verify.molecules import SHIPPED, shipped
from reptheory.verify.render import MEANINGS
from reptheory.verify.report import handedness, run
from reptheory.verify.results import Report


@pytest.fixture(scope="module")
def report() -> Report:
    return run(["water", "hydrogen-peroxide"], 3, 1)


def facts(report: Report) -> list[tuple[str, str, bool, dict[str, float]]]:
    return [(check.name, check.subject, check.holds, dict(check.figures)) for check in report.checks]


def test_report_holds_and_covers_everything(report: Report) -> None:
    assert report.holds
    assert list(report.tally) == list(MEANINGS)
    assert len(report.rows) == 21
    methods = {("Gaunt", method) for method in under_test.METHODS}
    methods |= {("Clebsch-Gordan", method) for method in under_test.FULL_METHODS}
    assert {(row.family, row.method) for row in report.rows} == methods
    assert {row.precision for row in report.rows} == {str(one) for one in under_test.PRECISIONS}
    assert {point.degree for point in report.curves} == {1, 2, 3}
    assert [(one.name, one.samples, one.available) for one in report.molecules] == [
        ("water", 12, 12),
        ("hydrogen-peroxide", 16, 16),
    ]
    assert report.samples == 28


def test_errors_are_of_the_size_of_the_precision(report: Report) -> None:
    for row in report.rows:
        unit = 2.0**-24 if row.precision.startswith("float32") else 2.0**-53
        assert unit / 100 < row.worst_error < 100 * unit
        assert row.tightness >= 1
        assert 1 <= row.certificate_tightness < 1.01
        assert row.rotation_error <= row.rotation_tolerance
        assert row.microseconds > 0
    tight = [row.tightness for row in report.rows if "in" in row.precision]
    assert max(tight) < 3


def test_every_check_repeats_with_the_same_seed(report: Report) -> None:
    again = run(["water", "hydrogen-peroxide"], 3, 1)
    assert facts(again) == facts(report)
    other = run(["water", "hydrogen-peroxide"], 3, 2)
    assert facts(other) != facts(report)
    assert other.holds


def test_sparsity_counts(report: Report) -> None:
    counts = {(point.kind, point.degree): (point.nonzeros, point.dense) for point in report.sparsity}
    assert counts["gaunt", 1] == (21, 4 * 4 * 9)
    assert counts["clebsch_gordan", 1][1] == 4**4
    assert all(nonzeros <= dense for nonzeros, dense in counts.values())


def test_a_failing_product_fails_the_report(monkeypatch) -> None:
    honest = under_test.gaunt_candidate

    def broken(lmax, method, precision):
        candidate = honest(lmax, method, precision)
        if method != "grid" or precision.dtype != "float64":
            return candidate

        def bounded(x, y):
            z, bound = candidate.bounded(x, y)
            return z * (1 + 1e-9), bound

        return replace(candidate, bounded=bounded)

    monkeypatch.setattr(under_test, "gaunt_candidate", broken)
    report = run(["water"], 2, 0)
    assert not report.holds
    assert [row.holds for row in report.rows].count(False) == 1
    failed = {check.name for check in report.checks if not check.holds}
    assert failed >= {"error within its bound", "methods agree", "odd paths lost, even paths at their ratio"}


def test_handedness_has_the_sign_of_the_hand() -> None:
    for name in SHIPPED:
        value, mirrored = (
            handedness(neighbour_density(one, 1, "bessel"), neighbour_density(one, 1, "gaussian"))
            for one in (shipped(name), shipped(name).moved(-1.0 * np.eye(3)))
        )
        assert mirrored == pytest.approx(-value, abs=1e-13)
        assert (abs(value) > 0.1) == (name in {"alanine", "hydrogen-peroxide"})


def test_samples_are_thinned_where_memory_would_not_do(monkeypatch) -> None:
    monkeypatch.setattr("reptheory.verify.report._OUTPUTS", 500)
    report = run(["benzene"], 2, 0)
    assert (report.molecules[0].samples, report.molecules[0].available) == (6, 48)
    assert report.holds


def test_progress_only_grows() -> None:
    seen: list[tuple[int, int]] = []
    run(["water"], 1, 0, lambda done, total: seen.append((done, total)))
    done = [at for at, _ in seen]
    assert done == sorted(done)
    assert seen[-1] == (1000, 1000)


@pytest.mark.parametrize(("lmax", "seed"), [(0, 0), (17, 0), (1.5, 0), (-1, 0), (2, -1), (2, 0.5), (True, 0)])
def test_impossible_arguments_are_refused(lmax, seed) -> None:
    with pytest.raises(LabelError, match=r"lmax|seed"):
        run(["water"], lmax, seed)


def test_unknown_molecule_is_refused() -> None:
    with pytest.raises(OperandError, match="neither a file"):
        run(["unobtainium"], 2, 0)


def test_importing_the_report_loads_nothing_heavy() -> None:
    code = (
        "import sys, reptheory.verify.report, reptheory.verify.render, reptheory.verify.plots\n"
        "heavy = {'numba', 'sympy', 'scipy', 'matplotlib', 'flint', 'jinja2', 'rich', 'ase'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
