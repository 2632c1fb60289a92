"""One small workload for every test of the checks: three atoms of alanine, l <= 2, multiplied exactly."""

from dataclasses import dataclass

import numpy as np
import pytest

from reptheory.verify.candidates import Candidate, Precision, full_candidate, gaunt_candidate
from reptheory.verify.enclosure import Enclosure
from reptheory.verify.exact_product import Coupling, exact_products
from reptheory.verify.features import neighbour_density
from reptheory.verify.molecules import shipped
from reptheory.verify.rotations import Rotation

LMAX = 2
DOUBLE = Precision("float64")


@dataclass(frozen=True)
class Workload:
    x: np.ndarray
    y: np.ndarray
    coupling: Coupling
    full_exact: Enclosure
    gaunt_exact: Enclosure
    full: Candidate
    gaunt: Candidate
    rotation: Rotation


@pytest.fixture(scope="session")
def work() -> Workload:
    alanine = shipped("alanine")
    x = neighbour_density(alanine, LMAX, "bessel")[:3].reshape(-1, 9)
    y = neighbour_density(alanine, LMAX, "gaussian")[:3].reshape(-1, 9)
    coupling = Coupling.to(LMAX)
    exact = exact_products(x, y, coupling)
    return Workload(
        x,
        y,
        coupling,
        exact.full,
        exact.gaunt[LMAX],
        full_candidate(LMAX, DOUBLE),
        gaunt_candidate(LMAX, "grid", DOUBLE),
        Rotation((3, -1, 2, 5), 2 * LMAX),
    )
