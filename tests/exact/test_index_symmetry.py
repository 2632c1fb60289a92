"""Formulas of index symmetry: what they mean for the entries, and what is no formula."""

from __future__ import annotations

import numpy as np
import pytest
from scalars import Unprintable

from reptheory.errors import LabelError
from reptheory.exact.index_symmetry import index_symmetry

COUNTS = [
    ("i", 3),
    ("ij", 9),
    ("ij=ji", 6),
    ("ij=-ji", 3),
    ("ijk=jik=ikj", 10),
    ("ijk=-jik=-ikj", 1),
    ("ijk=jki", 11),  # necklaces of 3 beads in 3 colours
    ("ijk=-jki", 0),  # three steps lead back with the sign -1
    ("ijkl=jikl=klij", 21),
    ("ijkl=-jikl=klij", 6),
    ("ijkl=-jikl=-ikjl=-ijlk", 0),
    ("ij=-ij", 0),
]


@pytest.mark.parametrize(("formula", "count"), COUNTS)
def test_orbits_count_the_independent_entries(formula: str, count: int) -> None:
    assert len(index_symmetry(formula).orbits()) == count


@pytest.mark.parametrize("formula", ["ijk=ikj", "ijk=jki", "ijkl=-jikl=klij", "abc=-bac = cba"])
def test_a_tensor_filled_orbit_by_orbit_has_the_symmetry(formula: str) -> None:
    symmetry = index_symmetry(formula)
    tensor = np.zeros(3**symmetry.rank)
    seen: list[int] = []
    for number, orbit in enumerate(symmetry.orbits(), start=1):
        assert orbit[0] == min(orbit)
        assert orbit[0][1] == 1
        for index, sign in orbit:
            tensor[index] = sign * number
            seen.append(index)
    assert len(seen) == len({*seen})
    tensor = tensor.reshape((3,) * symmetry.rank)
    for sign, axes in symmetry.generators:
        assert (tensor == sign * tensor.transpose(axes)).all()


def test_a_cycle_says_what_its_letters_say() -> None:
    for orbit in index_symmetry("ijk=jki").orbits():
        i, j, k = np.unravel_index(orbit[0][0], (3, 3, 3))
        cycle = {int(9 * a + 3 * b + c) for a, b, c in [(i, j, k), (j, k, i), (k, i, j)]}
        assert {index for index, _ in orbit} == cycle


def test_letters_and_blanks_are_free() -> None:
    assert index_symmetry(" ab = -ba ") == index_symmetry("Xy=-yX") == index_symmetry("ij=-ji=-ji")


@pytest.mark.parametrize(
    ("formula", "rule"),
    [
        ("", "letters only"),
        ("ij=", "letters only"),
        ("=ij", "letters only"),
        ("ij=+ji", "letters only"),
        ("ij=--ji", "letters only"),
        ("i j=j i", "letters only"),
        ("i1=1i", "letters only"),
        ("íj=jí", "letters only"),
        ("ij,ji", "letters only"),
        ("-ij=ji", "first term has no sign"),
        ("ii", "an index twice"),
        ("ij=jj", "an index twice"),
        ("ij=ik", "no permutation"),
        ("ij=ijk", "no permutation"),
        ("ijk=ij", "no permutation"),
        ("ij=JI", "no permutation"),
        ("__import__('os').abort()", "letters only"),
        (None, "must be text"),
        (b"ij", "must be text"),
        (2, "must be text"),
        (["ij", "ji"], "must be text"),
        (Unprintable(), "must be text"),
    ],
)
def test_what_is_no_formula_is_refused_with_its_rule(formula: object, rule: str) -> None:
    with pytest.raises(LabelError, match=rf"(?s)^formula: got .*{rule}"):
        index_symmetry(formula)
