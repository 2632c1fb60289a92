"""The table of 6j symbols: every entry of small tables, samples of large ones, floats, labels, refusals."""

from __future__ import annotations

import pickle
import random
import sys
from fractions import Fraction
from itertools import product

import numpy as np
import pytest
from spin_networks import all_6j

import reptheory as rt
from reptheory.errors import LabelError, TooLarge
from reptheory.exact import wigner6j_table as module
from reptheory.exact.rounding import all_nearest
from reptheory.exact.surd import Surd
from reptheory.exact.wigner6j import doubled_6j, triad_sum, triad_weight
from reptheory.exact.wigner6j_compiled import _FIRST_DOUBTS
from reptheory.kernels import six_j

PLAIN = module._plain
BOTH = pytest.mark.parametrize("plain", [True, False])


@pytest.fixture(autouse=True)
def path(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Make tables by plain integers or by compiled loops, whatever has been loaded."""
    plain = getattr(request.node, "callspec", None) and request.node.callspec.params.get("plain", False)
    monkeypatch.setattr(module, "_plain", lambda *_: bool(plain))


@BOTH
def test_every_entry_in_order(plain: bool) -> None:
    table = rt.wigner_6j_table(3, halves=True)
    labels = sorted(all_6j(6))
    assert [tuple(row) for row in table.labels().tolist()] == labels
    assert table.integers.tolist() == [triad_sum(*label) for label in labels]
    assert table.weights == tuple(triad_weight(*triad) for triad in table.two_js.tolist())
    pieces = [table.labels(at, at + 7) for at in range(0, len(table), 7)]
    assert (np.concatenate(pieces) == table.labels()).all()
    assert table.labels(5, 5).shape == (0, 6)


@BOTH
def test_whole_labels_only(plain: bool) -> None:
    table = rt.wigner_6j_table(4)
    labels = [label for label in sorted(all_6j(8)) if not any(two_j % 2 for two_j in label)]
    assert [tuple(row) for row in table.labels().tolist()] == labels
    assert table.integers.tolist() == [triad_sum(*label) for label in labels]


@BOTH
def test_floats_are_the_nearest_and_their_neighbours_are_not(plain: bool) -> None:
    table = rt.wigner_6j_table(2.5, halves=True)
    exact = [doubled_6j(*label) for label in table.labels().tolist()]
    tops = [s.sign * s.radicand.numerator for s in exact]
    bottoms = [s.radicand.denominator for s in exact]
    values = table.values()
    assert all_nearest(values, tops, bottoms).all()
    single = table.values("float32")
    assert single.dtype == np.float32
    assert all_nearest(single, tops, bottoms).all()
    nonzero = values != 0
    above = np.nextafter(values, np.inf)
    assert not all_nearest(above, tops, bottoms)[nonzero].any()
    assert (np.array([s.sign for s in exact]) == np.sign(values)).all()


@pytest.mark.parametrize(("jmax", "halves"), [(14, True), (16, False)])
def test_samples_of_large_tables(jmax: int, halves: bool) -> None:
    table = rt.wigner_6j_table(jmax, halves=halves)
    assert (table.high is None) == halves
    values, draw = table.values(), random.Random(jmax)
    for place in [0, len(table) - 1, *(draw.randrange(len(table)) for _ in range(300))]:
        label = table.labels(place, place + 1)[0].tolist()
        labels = [Fraction(two_j, 2) for two_j in label]
        assert table.position(*labels) == place
        assert table._integer(place) == triad_sum(*label)
        symbol = doubled_6j(*label)
        assert table[tuple(labels)] == symbol
        assert values[place] == float(symbol)


@pytest.mark.parametrize(("jmax", "halves"), [(4, True), (15, False)])
def test_doubtful_floats_come_from_integers(jmax: int, halves: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    table = rt.wigner_6j_table(jmax, halves=halves)
    expected, asked = table.values(), []
    original = module.nearest_sqrt
    monkeypatch.setattr(module, "nearest_sqrt", lambda *a: (asked.append(a), original(*a))[1])
    assert (table.values() == expected).all()
    assert not asked
    monkeypatch.setattr(six_j, "SLACK", 2.0**-56 if halves else 2.0**-63)
    assert (table.values() == expected).all()
    assert len(asked) > (_FIRST_DOUBTS if halves else 100)


def test_orthogonality_of_a_whole_table() -> None:
    """sum_x (2x+1)(2f+1) {a b x; c d f} {c d x; b a g} = delta_fg [DLMF 34.5.14], by integers."""
    table = rt.wigner_6j_table(4)
    for a, b, c, d in [(1, 1, 1, 1), (2, 1, 2, 1), (2, 2, 2, 2), (1, 2, 2, 1)]:
        for f, g in product(range(5), repeat=2):
            terms = [table[a, b, x, c, d, f] * table[c, d, x, a, b, g] * (2 * x + 1) for x in range(5)]
            total = sum(terms, Surd.rational(0)) * (2 * f + 1)
            allowed = abs(a - d) <= f <= a + d and abs(b - c) <= f <= b + c
            assert total == (1 if f == g and allowed else 0)


def test_forbidden_symbols_are_zero_and_others_are_refused() -> None:
    table = rt.wigner_6j_table(3)
    assert table[1, 1, 3, 1, 1, 1] == 0
    with pytest.raises(LabelError, match="selection rule"):
        table.position(1, 1, 3, 1, 1, 1)
    for labels in [(4, 1, 1, 1, 1, 1), (0.5, 0.5, 1, 0.5, 0.5, 1), (-1, 1, 1, 1, 1, 1), (True,) * 6, (1, 1)]:
        with pytest.raises(LabelError):
            table[labels]
    with pytest.raises(LabelError):
        table[1]


@pytest.mark.parametrize("jmax", [-1, 1.3, True, "x", None, 0.5, float("nan"), [1]])
def test_impossible_limits(jmax: object) -> None:
    with pytest.raises(LabelError, match="jmax"):
        rt.wigner_6j_table(jmax)


@pytest.mark.parametrize(
    ("jmax", "halves"), [(28, False), (27.5, True), (2**31, True), (10**9, False), (10**400, False)]
)
def test_what_does_not_fit_is_refused_with_its_size(jmax: float, halves: bool) -> None:
    with pytest.raises(TooLarge, match="symbols"):
        rt.wigner_6j_table(jmax, halves=halves)
    with pytest.raises(LabelError, match="halves"):
        rt.wigner_6j_table(1, halves="yes")  # type: ignore[arg-type]


@BOTH
def test_nobody_can_write_to_a_table(plain: bool) -> None:
    table = rt.wigner_6j_table(2, halves=True)
    for array in (table.integers, table.two_js, table.starts):
        with pytest.raises(ValueError, match="WRITEABLE"):
            array.setflags(write=True)
    copy = pickle.loads(pickle.dumps(table))
    assert copy == table
    assert hash(copy) == hash(table)
    assert copy != rt.wigner_6j_table(2)
    assert (copy.integers == table.integers).all()
    with pytest.raises(ValueError, match="read-only"):
        copy.integers[0] = 1


def test_who_keeps_asking_gets_compiled_loops(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_ASKED", module._Asked())
    monkeypatch.setattr(module, "_plain", PLAIN)
    assert not PLAIN(6, 1)  # the loops are there
    monkeypatch.delitem(sys.modules, "reptheory.kernels.six_j")
    assert PLAIN(14, 1)
    assert not PLAIN(16, 1)
    monkeypatch.setattr(module, "_OFTEN", 3 * module._about(6, 1))
    table = rt.wigner_6j_table(3, halves=True)
    table.values()
    assert PLAIN(6, 1)
    table.values()
    assert not PLAIN(6, 1)


def test_the_smallest_tables() -> None:
    assert len(rt.wigner_6j_table(0)) == 1
    assert rt.wigner_6j_table(0).values().tolist() == [1.0]
    assert rt.wigner_6j_table(0.5, halves=True)[0.5, 0.5, 0, 0.5, 0.5, 0] == Fraction(-1, 2)
