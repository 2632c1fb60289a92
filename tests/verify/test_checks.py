"""Every check holds for the real products and fails for a product that is broken on purpose."""

from dataclasses import replace

import numpy as np
import pytest

from reptheory.build import library
from reptheory.exact.arrays import SurdArray
from reptheory.exact.coupling import coupling_block
from reptheory.verify.candidates import METHODS, PRECISIONS, Candidate, candidates, gaunt_candidate
from reptheory.verify.checks import (
    check_agreement,
    check_certificate,
    check_error,
    check_inversion,
    check_rotation,
    check_tables,
    difference,
    judge,
)
from reptheory.verify.paths import check_exact_paths, check_probed_paths


def altered(candidate: Candidate, change) -> Candidate:
    """The candidate with z replaced by change(x, y, z), its bound as before."""

    def bounded(x, y):
        z, bound = candidate.bounded(x, y)
        return change(x, y, z.copy()), bound

    return replace(candidate, bounded=bounded)


def wrong_sign(candidate: Candidate) -> Candidate:
    """One coefficient, of y_21 x_11 -> z_10 in the Gaunt product, has the wrong sign."""
    value = float(coupling_block("gaunt", 1, 2, 1)[2, 3, 1])

    def change(x, y, z):
        z[..., 2] -= 2 * value * x[..., 3] * y[..., 7]
        return z

    assert value != 0
    return altered(candidate, change)


def leaking(candidate: Candidate) -> Candidate:
    """A millionth of the cross product, an odd path, leaks into z_1."""

    def change(x, y, z):
        z[..., 1:4] += 1e-6 * np.cross(x[..., 1:4], y[..., 1:4])
        return z

    return altered(candidate, change)


def lopsided(candidate: Candidate) -> Candidate:
    """One component is scaled, so that rotating and multiplying do not commute."""

    def change(_x, _y, z):
        z[..., 5] *= 1 + 1e-9
        return z

    return altered(candidate, change)


def test_every_candidate_passes_every_check(work) -> None:
    for candidate in candidates(2):
        x, y = (operand.astype(candidate.precision.dtype) for operand in (work.x, work.y))
        if candidate.precision.dtype == "float64":
            exact = work.full_exact if candidate.family != "Gaunt" else work.gaunt_exact
            check, z = check_error(candidate, x, y, exact)
            assert check.holds
            assert check.figures["tightness"] >= 1
            certificate = check_certificate(candidate, x, y, z, exact)
            assert certificate.holds
            assert 1 <= certificate.figures["tightness"] < 1.01
        rotation = check_rotation(candidate, x, y, work.coupling, work.rotation)
        assert rotation.holds
        assert 0 < rotation.figures["worst_error"] < rotation.figures["worst_bound"]
        inversion = check_inversion(candidate, x, y)
        assert inversion.holds
        assert inversion.figures["identical"] > 0.5


def test_operands_of_the_report_are_not_trivial(work) -> None:
    assert np.abs(work.x).min() > 1e-12
    assert np.abs(work.y).min() > 1e-12


def test_wrong_sign_is_found(work) -> None:
    broken = wrong_sign(work.gaunt)
    assert not check_error(broken, work.x, work.y, work.gaunt_exact)[0].holds
    assert not check_rotation(broken, work.x, work.y, work.coupling, work.rotation).holds
    assert not check_probed_paths(broken, work.full, work.coupling, 0).holds
    assert not check_agreement([work.gaunt, broken], work.x, work.y)[0].holds
    assert check_inversion(broken, work.x, work.y).holds  # parity alone cannot see it


def test_certificate_holds_for_any_result_and_fails_when_scaled(work) -> None:
    z, _ = wrong_sign(work.gaunt).bounded(work.x, work.y)
    check = check_certificate(work.gaunt, work.x, work.y, z, work.gaunt_exact)
    assert check.holds
    assert check.figures["worst_error"] > 1e-3
    proud = replace(work.gaunt, certify=lambda x, y, z: 0.99 * work.gaunt.certify(x, y, z))
    assert not check_certificate(proud, work.x, work.y, z, work.gaunt_exact).holds


def test_leaking_odd_path_is_found(work) -> None:
    broken = leaking(work.gaunt)
    assert not check_probed_paths(broken, work.full, work.coupling, 0).holds
    assert not check_inversion(broken, work.x, work.y).holds
    assert not check_error(broken, work.x, work.y, work.gaunt_exact)[0].holds
    assert check_rotation(broken, work.x, work.y, work.coupling, work.rotation).holds  # SO(3) allows it


def test_stray_degree_is_found(work) -> None:
    def change(x, y, z):
        z[..., 24] += 1e-9 * x[..., 0] * y[..., 0]
        return z

    check = check_probed_paths(altered(work.gaunt, change), work.full, work.coupling, 0)
    assert not check.holds
    assert check.figures["strays"] == 1


def test_lost_even_path_is_found(work) -> None:
    def change(_x, _y, z):
        z[..., 16:] = 0
        return z

    check = check_probed_paths(altered(work.gaunt, change), work.full, work.coupling, 0)
    assert check.figures["wrong"] == 1  # 2 x 2 -> 4


def test_lopsided_output_is_found(work) -> None:
    broken = lopsided(work.gaunt)
    assert not check_rotation(broken, work.x, work.y, work.coupling, work.rotation).holds
    assert check_inversion(broken, work.x, work.y).holds
    full = lopsided(work.full)
    assert not check_rotation(full, work.x, work.y, work.coupling, work.rotation).holds


@pytest.mark.parametrize("precision", PRECISIONS, ids=str)
@pytest.mark.parametrize("method", METHODS)
def test_bound_scaled_down_is_found(work, method, precision) -> None:
    candidate = gaunt_candidate(2, method, precision)
    x, y = (operand.astype("float32").astype(precision.dtype) for operand in (work.x, work.y))
    honest, z = check_error(candidate, x, y, work.gaunt_exact)

    def bounded(x, y):
        z, bound = candidate.bounded(x, y)
        return z, bound * 1e-6

    broken, _ = check_error(replace(candidate, bounded=bounded), x, y, work.gaunt_exact)
    assert not broken.holds
    assert broken.figures["exceeded"] > z.size // 4
    assert honest.figures["elements"] == z.size
    wrong_parity = replace(candidate, parities=-candidate.parities)
    assert not check_inversion(wrong_parity, x, y).holds


def test_not_a_number_is_found(work) -> None:
    def change(_x, _y, z):
        z[0, 0] = np.nan
        return z

    broken = altered(work.gaunt, change)
    check, _ = check_error(broken, work.x, work.y, work.gaunt_exact)
    assert not check.holds
    assert check.figures["exceeded"] == 1
    assert not check_agreement([work.gaunt, broken], work.x, work.y)[0].holds
    assert not check_inversion(broken, work.x, work.y).holds


def test_judge_counts_elements() -> None:
    error, bound = np.array([0.0, 1.0, np.inf, 2.0]), np.array([0.0, 1.0, 1.0, 4.0])
    check = judge("name", "subject", error, bound, extra=3.0)
    assert not check.holds
    assert check.figures["exceeded"] == 1
    assert check.figures["elements"] == 4
    assert check.figures["extra"] == 3.0
    assert not judge("", "", np.array([np.nan]), np.array([1.0])).holds
    assert not judge("", "", np.array([1.0]), np.array([np.nan])).holds
    fine = judge("", "", np.array([1.0, 0.0]), np.array([2.0, 8.0]))
    assert fine.figures["tightness"] == 8.0
    assert fine.figures["closest"] == 0.5
    assert judge("", "", np.zeros(2), np.zeros(2)).holds


def test_difference_is_rounded_up() -> None:
    a, b = np.array([1.0, 3.0, 2.0]), np.array([2.0**-60, 3.0, np.inf])
    got = difference(a, b)
    assert got[0] >= 1
    assert got[1] == 0
    assert got[2] == np.inf


def test_exact_paths_hold_and_break(work) -> None:
    def good(l1: int, l2: int, l3: int) -> SurdArray:
        return coupling_block("gaunt", l1, l2, l3)

    check = check_exact_paths(work.coupling, good)
    assert check.holds
    assert (check.figures["lost"], check.figures["kept"]) == (5, 14)

    def one_sign(l1: int, l2: int, l3: int) -> SurdArray:
        block = good(l1, l2, l3)
        if (l1, l2, l3) != (1, 2, 1):
            return block
        numerators = [-block.numerators[0], *block.numerators[1:]]
        return SurdArray(
            block.shape,
            block.indices,
            numerators,
            block.denominators,
            convention=block.convention,
            pi_power=block.pi_power,
        )

    def leak(l1: int, l2: int, l3: int) -> SurdArray:
        odd = (l1, l2, l3) == (1, 1, 1)
        return coupling_block("clebsch_gordan" if odd else "gaunt", l1, l2, l3)

    def loss(l1: int, l2: int, l3: int) -> SurdArray:
        return good(1, 1, 1) if (l1, l2, l3) == (1, 1, 0) else good(l1, l2, l3)

    for broken in (one_sign, leak, loss):
        found = check_exact_paths(work.coupling, broken)
        assert not found.holds
        assert found.figures["wrong"] == 1
    assert check_exact_paths(work.coupling, leak).figures["lost"] == 4


def test_one_ulp_in_a_table_is_found(monkeypatch) -> None:
    assert all(check.holds for check in check_tables([("gaunt", 2), ("clebsch_gordan", 2)]))
    table = library.load_table("gaunt", 2)
    for column in ("float64", "float32"):
        values = getattr(table, column).copy()
        values[7] = np.nextafter(values[7], np.inf, dtype=values.dtype)
        mutant = replace(table, **{column: values})
        monkeypatch.setattr(library, "load_table", lambda *_, mutant=mutant: mutant)
        (check,) = check_tables([("gaunt", 2)])
        assert not check.holds
