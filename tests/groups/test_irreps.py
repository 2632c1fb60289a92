"""Irreps: e3nn's grammar and behaviour as laws, then the values its documentation states."""

from __future__ import annotations

import copy
import pickle
from collections import namedtuple
from dataclasses import FrozenInstanceError
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scalars import HALVES, NEGATIVES, UNREADABLE, named
from strategies import degrees, direct_sums, irreps_of_o3

from reptheory.errors import LabelError
from reptheory.groups.o3 import Irrep, Irreps, MulIr


def degrees_and_parities(irreps: Irreps) -> list[tuple[int, int]]:
    """Spell out every copy, in order."""
    return [(ir.l, ir.p) for mul, ir in irreps for _ in range(mul)]


# Laws


@given(direct_sums())
def test_text_round_trip(irreps: Irreps) -> None:
    assert Irreps(repr(irreps)) == irreps
    assert Irreps(list(irreps)) == irreps
    assert Irreps([(mul, (ir.l, ir.p)) for mul, ir in irreps]) == irreps
    assert hash(Irreps(repr(irreps))) == hash(irreps)
    assert pickle.loads(pickle.dumps(irreps)) == copy.deepcopy(irreps) == irreps


@given(direct_sums(), direct_sums())
def test_addition_joins(left: Irreps, right: Irreps) -> None:
    total = left + right
    assert list(total) == [*left, *right]
    assert total.dim == left.dim + right.dim
    assert total.num_irreps == left.num_irreps + right.num_irreps == len(total.ls)
    assert repr(left) + total == left + total
    assert sum([left, right], Irreps()) == total


@given(direct_sums(), st.integers(0, 3))
def test_a_factor_repeats(irreps: Irreps, times: int) -> None:
    assert times * irreps == irreps * times == sum([irreps] * times, Irreps())
    assert np.int64(times) * irreps == irreps * np.int64(times) == irreps * times


@given(direct_sums())
def test_slices_tile_the_axis(irreps: Irreps) -> None:
    covered = [index for part in irreps.slices() for index in range(part.start, part.stop)]
    assert covered == list(range(irreps.dim))
    assert [part.stop - part.start for part in irreps.slices()] == [entry.dim for entry in irreps]


@given(direct_sums())
def test_sort_is_a_stable_permutation(irreps: Irreps) -> None:
    ordered, p, inv = irreps.sort()
    assert [irreps[old] for old in inv] == list(ordered)
    assert [ordered[new] for new in p] == list(irreps)
    keys = [(ordered[new].ir, inv[new]) for new in range(len(ordered))]
    assert keys == sorted(keys)


@given(direct_sums())
def test_simplify_and_regroup_keep_every_copy(irreps: Irreps) -> None:
    simple, grouped = irreps.simplify(), irreps.regroup()
    assert degrees_and_parities(simple) == degrees_and_parities(irreps)
    assert all(a.ir != b.ir for a, b in pairwise(simple))
    assert all(entry.mul for entry in simple)
    assert len({entry.ir for entry in grouped}) == len(grouped)
    assert all(grouped.count(ir) == irreps.count(ir) for _, ir in irreps)
    assert grouped == grouped.sort().irreps == grouped.simplify()


@given(direct_sums(), direct_sums())
def test_keep_and_drop_split_the_sum(irreps: Irreps, chosen: Irreps) -> None:
    kept, dropped = irreps.filter(keep=chosen), irreps.filter(drop=chosen)
    assert kept.dim + dropped.dim == irreps.dim
    assert all(entry.ir in chosen for entry in kept)
    assert not any(entry.ir in chosen for entry in dropped)
    for form in (
        repr(chosen),
        list(chosen),
        [entry.ir for entry in chosen],
        lambda entry: entry.ir in chosen,
    ):
        assert irreps.filter(keep=form) == kept
        assert irreps.filter(drop=form) == dropped


@given(direct_sums(), degrees(4))
def test_lmax_filter(irreps: Irreps, lmax: int) -> None:
    kept = irreps.filter(lmax=lmax)
    assert kept == irreps.filter(keep=lambda entry: entry.ir.l <= lmax)
    assert not kept.num_irreps or kept.lmax <= lmax


@given(direct_sums(), irreps_of_o3(5))
def test_membership_and_count(irreps: Irreps, ir: Irrep) -> None:
    assert (ir in irreps) == any(entry.ir == ir for entry in irreps)
    assert (repr(ir) in irreps) == (ir in irreps)
    assert irreps.count(ir) == degrees_and_parities(irreps).count((ir.l, ir.p))
    assert irreps.remove_zero_multiplicities().count(ir) == irreps.count(ir)


@given(irreps_of_o3(), irreps_of_o3())
def test_irreps_of_one_group_multiply_and_order(a: Irrep, b: Irrep) -> None:
    product = list(a * b)
    assert sum(ir.dim for ir in product) == a.dim * b.dim
    assert product == sorted(product) == list(b * a) == list(a * repr(b))
    assert (a < b) == ((a.l, a.p) < (b.l, b.p))
    assert pickle.loads(pickle.dumps(a)) == copy.copy(a) == a == Irrep(a) == Irrep(*a) == Irrep((a.l, a.p))
    assert Irrep(repr(a)) == a
    assert list(a + b) == [MulIr(1, a), MulIr(1, b)]


# Values stated by e3nn's documentation


@pytest.mark.parametrize(
    ("text", "spelt"),
    [
        ("128x0e + 1o", "128x0e+1x1o"),
        ("", ""),
        ("  ", ""),
        ("0x2e", "0x2e"),
        ("3y+2y", "1x3o+1x2e"),
        ("2 x 1 o\n+ 0e", "2x1o+1x0e"),
        ("007x01o", "7x1o"),
    ],
)
def test_grammar(text: str, spelt: str) -> None:
    assert repr(Irreps(text)) == spelt


@pytest.mark.parametrize(
    "text",
    [
        *("1", "o", "e1", "1E", "1z", "-1e", "1.0e", "1oo", "x1e", "2x", "2x3x1e", "-1x0e", "2X1e", "1_0x1e"),
        *(
            "1e++1o",
            "+1e",
            "1e+",
            "+",
            "1e,1o",
            "1e 1o",
            "\u0661e",
            "\u00b2e",
            "\u221ee",
            "__import__('os')",
            "nan",
        ),
        *("9" * 5000 + "e", "9" * 5000 + "x1e", "1e+" * 1000, "1e\x00"),
    ],
    ids=lambda text: repr(text[:12]),
)
def test_text_outside_the_grammar(text: str) -> None:
    with pytest.raises(LabelError) as caught:
        Irreps(text)
    message = str(caught.value)
    assert message.startswith("irreps: got ")
    assert "\n" not in message
    assert len(message) < 260


def test_documented_values() -> None:
    assert Irreps("100x0e + 50x1e").dim == 250
    assert Irreps("100x0e + 50x1e + 0x2e").lmax == 1
    assert Irreps("2o + 1e + 0e + 1e").sort().p == (3, 1, 0, 2)
    assert Irreps("2o + 1e + 0e + 1e").sort().inv == (2, 1, 3, 0)
    assert repr(Irreps.spherical_harmonics(3)) == "1x0e+1x1o+1x2e+1x3o"
    assert repr(Irreps.spherical_harmonics(2, p=1)) == "1x0e+1x1e+1x2e"
    assert repr((Irreps("2x1e") * 3).simplify()) == "6x1e"
    assert repr(3 * Irrep("1e")) == "3x1e"
    assert repr(np.int64(3) * Irrep("1e")) == "3x1e"
    assert Irreps("2x0e+3x1o").ls == [0, 0, 1, 1, 1]
    assert repr(Irreps("1e+2e+0e")[1:]) == "1x2e+1x0e"
    assert Irreps("1e+2x2e")[-1] == (2, Irrep("2e"))
    assert Irrep("0e").is_scalar()
    assert not Irrep("0o").is_scalar()
    assert sorted([Irrep("1e"), Irrep("1o"), Irrep("0e")]) == [Irrep("0e"), Irrep("1o"), Irrep("1e")]


def test_large_multiplicities_cost_nothing() -> None:
    irreps = Irreps([(10**30, "1o")])
    assert irreps.dim == 3 * 10**30
    assert irreps.lmax == 1


def test_irreps_of_other_libraries_are_read() -> None:
    their_irrep = namedtuple("their_irrep", ["l", "p"])
    their_entry = namedtuple("their_entry", ["mul", "ir"])
    assert Irrep(their_irrep(2, -1)) == Irrep("2o")
    assert Irreps(their_irrep(2, -1)) == Irreps("2o")
    assert Irreps([their_entry(3, their_irrep(1, 1))]) == Irreps("3x1e")


def test_values_are_immutable() -> None:
    for value, field in ((Irrep("1o"), "l"), (Irreps("1o"), "entries")):
        with pytest.raises(FrozenInstanceError):
            setattr(value, field, 0)


# Faults


@pytest.mark.parametrize("value", named([*UNREADABLE, *HALVES, *NEGATIVES]))
def test_no_degree_multiplicity_or_parity(value: object) -> None:
    for call in (
        lambda: Irrep(value, 1),
        lambda: Irrep(1, [value]),
        lambda: Irrep((value, 1)),
        lambda: Irreps([(value, "1o")]),
        lambda: Irreps([MulIr(value, Irrep("1o"))]),
        lambda: Irreps("1o") * value,
        lambda: Irreps.spherical_harmonics(value),
    ):
        with pytest.raises(LabelError) as caught:
            call()
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize("parity", [0, 2, -3, 0.5, "e", True, 1j])
def test_no_parity(parity: object) -> None:
    with pytest.raises(LabelError, match="p: got"):
        Irrep(1, parity)


@pytest.mark.parametrize(
    "value", [3, 1.5, b"1o", object(), [3], [(1,)], [(1, 2, 3)], [None], [(1, -1)], [[]], (2, "1o")]
)
def test_no_irreps(value: object) -> None:
    with pytest.raises(LabelError):
        Irreps(value)


@pytest.mark.parametrize("value", [None, 1, "2x1o", "", "1", (1,), (1, 2), (1, -1, 0), MulIr(1, Irrep("1o"))])
def test_no_irrep(value: object) -> None:
    with pytest.raises(LabelError):
        Irrep(value)


def test_empty_sums_have_no_lmax() -> None:
    for text in ("", "0x3e"):
        with pytest.raises(LabelError, match="lmax"):
            _ = Irreps(text).lmax


def test_one_criterion_at_a_time() -> None:
    irreps = Irreps("1e+2e")
    assert irreps.filter() == irreps
    for criteria in ({"keep": "1e", "drop": "2e"}, {"keep": "1e", "lmax": 1}, {"drop": "1e", "lmax": 1}):
        with pytest.raises(LabelError, match="one criterion"):
            irreps.filter(**criteria)  # type: ignore[arg-type]


def test_an_array_is_no_multiplicity() -> None:
    for sum_or_irrep in (Irrep("1o"), Irreps("1o")):
        with pytest.raises(LabelError, match="array of shape"):
            _ = np.array([1, 2]) * sum_or_irrep


def test_a_tensor_product_is_not_a_repetition() -> None:
    with pytest.raises(LabelError, match="FullTensorProduct"):
        _ = Irreps("1o") * Irreps("1o")
