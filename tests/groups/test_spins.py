"""Spins and their direct sums: text both ways, the laws of SU(2), and what is no spin."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import two_spins, written

from reptheory.errors import LabelError
from reptheory.groups.o3 import Irrep
from reptheory.groups.spins import Spin, SpinIrreps
from reptheory.groups.su2 import SU2

SUMS = st.lists(st.tuples(st.integers(0, 3), two_spins().map(Spin.of_doubled)), max_size=4).map(SpinIrreps)


@given(two_spins().flatmap(lambda two_j: st.tuples(st.just(two_j), written(two_j))))
def test_a_spin_reads_what_a_caller_may_write(case: tuple[int, Any]) -> None:
    two_j, label = case
    spin = Spin(label)
    assert spin.two_j == two_j
    assert spin.dim == SU2.dimension(two_j)
    assert Spin(repr(spin)) == Spin(spin) == Spin.of_doubled(two_j) == spin
    assert repr(spin) == SU2.write(two_j)


@given(two_spins(), two_spins())
def test_products_are_those_of_the_group(a: int, b: int) -> None:
    assert [(c.two_j, 1) for c in Spin.of_doubled(a) * Spin.of_doubled(b)] == list(SU2.product(a, b))


@given(SUMS, SUMS)
def test_sums(left: SpinIrreps, right: SpinIrreps) -> None:
    assert SpinIrreps(repr(left)) == SpinIrreps(list(left)) == left
    assert pickle.loads(pickle.dumps(left)) == copy.deepcopy(left) == left
    assert (left + right).dim == left.dim + right.dim
    assert list(left + right) == list(left) + list(right)
    assert left.regroup().dim == left.dim
    ordered = left.sort()
    assert [left[k] for k in ordered.inv] == list(ordered.irreps)
    assert [entry.ir for entry in ordered.irreps] == sorted(entry.ir for entry in left)
    for one in left:
        assert one.ir in left
        assert left.count(one.ir) == sum(mul for mul, ir in left if ir == one.ir)
    assert [stop - start for start, stop in ((s.start, s.stop) for s in left.slices())] == [
        one.dim for one in left
    ]


def test_text() -> None:
    assert repr(SpinIrreps(" 2 x 1/2 + 1.5 + 3x0")) == "2x1/2+1x3/2+3x0"
    assert repr(SpinIrreps([(2, 0.5), Spin(1), "3x2"])) == "2x1/2+1x1+3x2"
    assert len(SpinIrreps()) == 0
    assert SpinIrreps("1/2") * 2 == SpinIrreps("1/2 + 1/2")


@pytest.mark.parametrize(
    "value",
    ["1o", "1/3", "x1", "2x", "-1/2", "1+", "1/2/2", "0.25", "1e0", 3, [(1, -1)], [(-1, 1)], [(1, 0.25)],
     [(1, None)], b"1", Irrep("1o"), "9" * 5000, f"{'9' * 5000}x1"],
)  # fmt: skip
def test_what_is_no_sum_of_spins(value: Any) -> None:
    with pytest.raises(LabelError, match=r"^(irreps|j|mul): "):
        SpinIrreps(value)


@pytest.mark.parametrize("value", [-1, 0.3, None, "a", "-1/2", True, 1j, float("nan"), np.array([1, 2])])
def test_what_is_no_spin(value: Any) -> None:
    with pytest.raises(LabelError, match=r"^j: "):
        Spin(value)
