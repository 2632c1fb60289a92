"""Selection rules: textbook products, and each group as a quotient or extension of the others."""

from __future__ import annotations

import pytest
from hypothesis import given
from strategies import two_coupled

from reptheory.errors import LabelError
from reptheory.groups.labels import projection
from reptheory.groups.o3 import O3, Irrep
from reptheory.groups.so3 import SO3
from reptheory.groups.su2 import SU2, triangle


def test_two_spins_one_half_make_singlet_and_triplet() -> None:
    assert SU2.product(1, 1) == ((0, 1), (2, 1))


def test_two_vectors_make_scalar_pseudovector_and_quadrupole() -> None:
    assert O3.product(Irrep("1o"), Irrep("1o")) == ((Irrep("0e"), 1), (Irrep("1e"), 1), (Irrep("2e"), 1))


def test_triangle_is_membership() -> None:
    spins = range(7)
    for a in spins:
        for b in spins:
            assert [c for c in range(14) if triangle(a, b, c)] == [c for c, _ in SU2.product(a, b)]


@given(two_coupled())
def test_coupled_labels_satisfy_every_selection_rule(two: tuple[int, int, int, int, int, int]) -> None:
    assert triangle(*two[:3])
    assert sum(two[3:]) == 0
    for two_j, two_m in zip(two[:3], two[3:], strict=True):
        projection(two_j, two_m, "j", "m")


def test_so3_is_su2_on_whole_spins() -> None:
    for a in SO3.labels(5):
        for b in SO3.labels(5):
            assert [(2 * c, n) for c, n in SO3.product(a, b)] == list(SU2.product(2 * a, 2 * b))


def test_o3_is_so3_with_parity_multiplied() -> None:
    for a in O3.labels(4):
        for b in O3.labels(4):
            product = O3.product(a, b)
            assert [(c.l, n) for c, n in product] == list(SO3.product(a.l, b.l))
            assert {c.p for c, _ in product} == {a.p * b.p}


def test_o3_labels_are_in_sorted_order() -> None:
    assert list(O3.labels(3)) == sorted(Irrep(n, p) for n in range(4) for p in (1, -1))


def test_large_labels_do_not_overflow() -> None:
    large = 2**64
    assert SU2.contains(large, large, 2 * large) == 1
    assert SU2.contains(large, large, 2 * large + 2) == 0
    assert O3.dimension(Irrep(large, 1)) == 2 * large + 1
    assert SU2.product(large, 1) == ((large - 1, 1), (large + 1, 1))


@pytest.mark.parametrize(("text", "two_j"), [("0", 0), ("1/2", 1), ("1.5", 3), ("2", 4)])
def test_su2_reads_spins_and_writes_fractions(text: str, two_j: int) -> None:
    assert SU2.parse(text) == two_j


def test_su2_takes_doubled_spins_only() -> None:
    with pytest.raises(LabelError, match="pass 1 for the spin j = 1/2"):
        SU2.dimension(0.5)  # type: ignore[arg-type]


@pytest.mark.parametrize("text", ["-1", "1/2", "0.5", "l", ""])
def test_so3_refuses_text_that_is_no_degree(text: str) -> None:
    with pytest.raises(LabelError, match="l: got"):
        SO3.parse(text)


def test_names() -> None:
    assert [group.name for group in (SU2, SO3, O3)] == ["SU(2)", "SO(3)", "O(3)"]
