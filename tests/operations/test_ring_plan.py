"""Ring plans: the counts that bounds and costs rest on, done by hand where that is possible."""

from __future__ import annotations

import numpy as np
import pytest

from reptheory.operations.ring_plan import absolute, depth, multiplications, ring_plan, ring_underflow


@pytest.mark.parametrize(
    ("degrees", "fourier", "by_hand"),
    [
        # matrix of n terms: n + 1; fold 1, circle n + 1, butterfly 2 on each way in; product 1; and back
        ((0, 0, 0), False, 2 * (2 + 1 + 2 + 2) + 1 + (2 + 2 + 1 + 2)),
        ((0, 0, 0), True, 2 * (4 + 1 + 2 + 2) + 1 + (2 + 2 + 1 + 4)),
        # S = 4: 2 pairs of rings, 2 points a quadrant; one l a matrix in, two m a class
        ((1, 1, 2), False, 2 * (2 + 1 + 2 + 2) + 1 + (2 + 3 + 1 + 3)),
        # S = 10: 3 pairs, 3 points; x has l = 0, 2 or 1, 3 together, y has 0, 2 or 1
        ((3, 2, 5), False, (3 + 1 + 3 + 2) + (3 + 1 + 3 + 2) + 1 + (2 + 4 + 1 + 4)),
    ],
)
def test_depth_counts_every_rounding_on_a_way(
    degrees: tuple[int, int, int], fourier: bool, by_hand: int
) -> None:
    assert depth(ring_plan(*degrees, "float64", fourier=fourier)) == by_hand


def test_depth_and_cost_grow_with_the_degree() -> None:
    plans = [ring_plan(lmax, lmax, lmax, "float64", fourier=False) for lmax in range(8)]
    assert (np.diff([depth(plan) for plan in plans]) >= 0).all()
    assert depth(plans[7]) == 2 * depth(plans[0])
    assert (np.diff([multiplications(plan) for plan in plans]) > 0).all()


def test_multiplications_by_hand() -> None:
    """lmax 0: one ring entry in, one out, two points (a pair of rings) of one class, eight products."""
    plan = ring_plan(0, 0, 0, "float64", fourier=False)
    sides = 3 * (1 + 2 * 1)
    assert multiplications(plan) == sides + 8


@pytest.mark.parametrize("fourier", [False, True])
def test_grid_sizes(fourier: bool) -> None:
    """2 pairs rings and 4 quadrant points: as many as exactness asks for, to the next even or four."""
    for lmax1 in range(4):
        for lmax2 in range(4):
            for lmax_out in range(lmax1 + lmax2 + 1):
                plan = ring_plan(lmax1, lmax2, lmax_out, "float64", fourier=fourier)
                total, band = lmax1 + lmax2 + lmax_out, lmax1 + lmax2
                assert 4 * plan.quadrant > total >= 4 * (plan.quadrant - 1)
                if fourier:
                    assert 2 * plan.ring_pairs > band >= 2 * (plan.ring_pairs - 1)
                else:
                    assert 4 * plan.ring_pairs - 1 >= total > 4 * (plan.ring_pairs - 1) - 1


def test_absolute_raises_what_float32_cannot_hold() -> None:
    """Entries below the smallest normal number count as that number; zeros stay zeros."""
    plan = ring_plan(40, 1, 40, "float64", fourier=False)
    least = np.finfo(np.float32).smallest_normal
    small = (np.abs(plan.left.matrices) < least) & (plan.left.matrices != 0)
    assert small.any()
    narrow, wide = absolute(plan, "float32"), absolute(plan, "float64")
    assert (narrow.left.matrices[small] == least).all()
    assert np.array_equal(narrow.left.matrices[~small], np.abs(plan.left.matrices[~small]))
    assert np.array_equal(wide.left.matrices, np.abs(plan.left.matrices))
    assert np.array_equal(narrow.left.matrices == 0, plan.left.matrices == 0)


def test_underflow_is_linear_in_the_smallest_float() -> None:
    """Loss per unit of the smallest float: at least one a term, and the operands scale it."""
    plan = absolute(ring_plan(2, 2, 4, "float64", fourier=False), "float64")
    ones = np.ones((3, 9))
    ones[1] = 0
    loss = ring_underflow(plan, ones, ones, 1e-30) / 1e-30
    assert loss.shape == (3, 1)
    assert loss[0] == loss[2] > loss[1] > 1
    more = ring_underflow(plan, 10 * ones, ones, 1e-30) / 1e-30
    assert loss[0] < more[0] < 10 * loss[0]
    assert more[1] == loss[1]
