"""Ints take a short way through the symbols: value or error are those of the same numbers as Fractions."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from itertools import product

import pytest

from reptheory.errors import LabelError
from reptheory.exact.clebsch_gordan import clebsch_gordan
from reptheory.exact.gaunt import gaunt
from reptheory.exact.surd import Surd
from reptheory.exact.wigner3j import wigner_3j
from reptheory.exact.wigner6j import wigner_6j


def outcome(function: Callable[..., Surd], labels: tuple[object, ...]) -> Surd | str:
    try:
        return function(*labels)
    except LabelError as error:
        return str(error)


@pytest.mark.parametrize("function", [wigner_3j, clebsch_gordan, gaunt])
def test_orders_in_and_out_of_range(function: Callable[..., Surd]) -> None:
    values, errors = 0, 0
    for labels in product(range(-1, 3), range(2), range(3), range(-2, 3), range(-2, 3), range(-3, 4)):
        found = outcome(function, labels)
        assert found == outcome(function, tuple(map(Fraction, labels))), labels
        values += isinstance(found, Surd) and found.sign != 0
        errors += isinstance(found, str)
    assert values > 20
    assert errors > 2000


def test_spins_in_and_out_of_range() -> None:
    for labels in product(range(-1, 3), repeat=6):
        found = outcome(wigner_6j, labels)
        assert found == outcome(wigner_6j, tuple(map(Fraction, labels))), labels
        assert isinstance(found, str) == (min(labels) < 0)
