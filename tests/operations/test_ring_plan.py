"""Ring plans: the counts that bounds and costs rest on, done by hand where that is possible."""

from __future__ import annotations

import numpy as np
import pytest

from reptheory.kernels.rings import RingPlan
from reptheory.operations.term_plan import Term, term_multiplications, term_plan


def ring_plan(*degrees: int, fourier: bool) -> RingPlan:
    """Plan the product of two functions."""
    return term_plan(degrees[:2], degrees[2], [Term((0, 1))], "float64", fourier=fourier)


def test_cost_grows_with_the_degree() -> None:
    plans = [ring_plan(lmax, lmax, lmax, fourier=False) for lmax in range(8)]
    assert (np.diff([term_multiplications(plan) for plan in plans]) > 0).all()


def test_multiplications_by_hand() -> None:
    """lmax 0: one ring entry in, one out, two points (a pair of rings) of one class, eight products."""
    plan = ring_plan(0, 0, 0, fourier=False)
    sides = 3 * (1 + 2 * 1)
    assert term_multiplications(plan) == sides + 8


@pytest.mark.parametrize("fourier", [False, True])
def test_grid_sizes(fourier: bool) -> None:
    """2 pairs rings and 4 quadrant points: as many as exactness asks for, to the next even or four."""
    for lmax1 in range(4):
        for lmax2 in range(4):
            for lmax_out in range(lmax1 + lmax2 + 1):
                plan = ring_plan(lmax1, lmax2, lmax_out, fourier=fourier)
                total, band = lmax1 + lmax2 + lmax_out, lmax1 + lmax2
                assert 4 * plan.quadrant > total >= 4 * (plan.quadrant - 1)
                if fourier:
                    assert 2 * plan.ring_pairs > band >= 2 * (plan.ring_pairs - 1)
                else:
                    assert 4 * plan.ring_pairs - 1 >= total > 4 * (plan.ring_pairs - 1) - 1
