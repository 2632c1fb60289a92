"""Rounding: the nearest float, at every edge of the format; the integer test refuses every neighbour."""

from __future__ import annotations

import math
import random
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st
from oracle import precise_root

from reptheory.errors import NotReal, OperandError
from reptheory.exact.coupling import coupling_block
from reptheory.exact.rounding import (
    FORMATS,
    FloatName,
    all_nearest,
    float_format,
    is_nearest,
    narrowed,
    nearest_pair,
    nearest_sqrt,
    round_all,
)
from reptheory.exact.surd import Surd

BIG = st.integers(1, 2**300)
EPSILON = {"float64": 2.0**-52, "float32": 2.0**-23}
DTYPES: dict[FloatName, type] = {"float64": np.float64, "float32": np.float32}


def neighbours(value: float, form: FloatName) -> tuple[float, float]:
    kind = DTYPES[form]
    return float(np.nextafter(kind(value), kind(-np.inf))), float(np.nextafter(kind(value), kind(np.inf)))


def nearest_by_distance(square: Fraction, pi_power: int, form: FloatName) -> float:
    """The nearest float by comparing three candidates at 300 digits (the test of the test: no integers)."""
    exact = precise_root(square, pi_power)
    with np.errstate(all="ignore"):
        middle = float(DTYPES[form](float(exact)))
    candidates = [value for value in (middle, *neighbours(middle, form)) if math.isfinite(value)]
    return min(candidates, key=lambda value: abs(Fraction(value) - exact))


@pytest.mark.parametrize("form", ["float64", "float32"])
@given(BIG, BIG, st.integers(-3, 3))
def test_is_the_nearest_float(form: FloatName, numerator: int, denominator: int, pi_power: int) -> None:
    square = Fraction(numerator, denominator)
    if not 2**-120 < square < 2**120:  # float32's normal range; its edges are tested below
        square = Fraction(numerator, 2 ** numerator.bit_length())
    value = nearest_sqrt(square.numerator, square.denominator, form, pi_power)
    assert value == nearest_by_distance(square, pi_power, form)
    assert is_nearest(value, Surd.sqrt(square, pi_power=pi_power), form)


@pytest.mark.parametrize("form", ["float64", "float32"])
@given(st.data())
def test_neighbours_fail_the_integer_test(form: FloatName, data: st.DataObject) -> None:
    square = Fraction(data.draw(BIG), data.draw(BIG))
    surd = Surd.sqrt(square, sign=data.draw(st.sampled_from([1, -1])), pi_power=data.draw(st.integers(-1, 1)))
    try:
        value = float(surd) if form == "float64" else float(surd.to_float32())
    except OverflowError:
        return
    assert is_nearest(value, surd, form)
    assert not any(is_nearest(other, surd, form) for other in neighbours(value, form))


@given(st.integers(2**52, 2**53 - 1), st.integers(-200, 200), st.integers(0, 700), st.sampled_from([-1, 1]))
def test_next_to_the_middle_of_two_doubles(mantissa: int, exponent: int, bits: int, side: int) -> None:
    middle = Fraction(2 * mantissa + 1) * Fraction(2) ** exponent
    square = middle**2 * (1 + Fraction(side, 2**bits + 1))  # however near, it is on one side
    expected = math.ldexp(mantissa + (side > 0), exponent + 1)
    value = nearest_sqrt(square.numerator, square.denominator)
    assert bits < 60 or value == expected
    assert is_nearest(value, Surd.sqrt(square))


def test_roots_of_every_size() -> None:
    draw = random.Random(9)
    for exponent in range(-400, 400):
        square = Fraction(draw.getrandbits(100) + 1, draw.getrandbits(100) + 1) * Fraction(4) ** exponent
        assert is_nearest(nearest_sqrt(square.numerator, square.denominator), Surd.sqrt(square))


@pytest.mark.parametrize("form", ["float64", "float32"])
@given(st.data())
def test_ties_go_to_the_even_significand(form: FloatName, data: st.DataObject) -> None:
    precision = FORMATS[form].precision
    m = data.draw(st.integers(2 ** (precision - 1), 2**precision - 2))
    scale = Fraction(2) ** data.draw(st.integers(-100, 90))
    midpoint = Surd.rational((m + Fraction(1, 2)) * scale)
    even, odd = float((m + m % 2) * scale), float((m + 1 - m % 2) * scale)
    square = midpoint.square
    assert nearest_sqrt(square.numerator, square.denominator, form) == even
    assert is_nearest(even, midpoint, form)
    assert not is_nearest(odd, midpoint, form)


@pytest.mark.parametrize("form", ["float64", "float32"])
@pytest.mark.parametrize("power", [-60, -1, 0, 1, 60])
def test_below_a_power_of_two_the_midpoint_is_half_as_far(form: FloatName, power: int) -> None:
    value, ulp = Fraction(2) ** power, Fraction(2) ** (power - FORMATS[form].precision + 1)
    tie = Surd.rational(value - ulp / 4)
    nearer = Surd.rational(value - ulp / 4 - ulp / 10**6)
    assert is_nearest(float(value), tie, form)
    assert not is_nearest(float(value), nearer, form)
    assert nearest_sqrt(*tie.square.as_integer_ratio(), form) == value
    assert nearest_sqrt(*nearer.square.as_integer_ratio(), form) == value - ulp / 2


@pytest.mark.parametrize("form", ["float64", "float32"])
def test_subnormals_and_underflow(form: FloatName) -> None:
    least = Fraction(2) ** FORMATS[form].smallest
    for multiple, expected in [
        (Fraction(1, 3), 0),
        (Fraction(1, 2), 0),
        (Fraction(50001, 100000), 1),
        (Fraction(3, 2), 2),
        (Fraction(5, 2), 2),
        (Fraction(2**22 * 10 + 3, 10), 2**22),
    ]:
        surd = Surd.rational(multiple * least)
        value = nearest_sqrt(*surd.square.as_integer_ratio(), form)
        assert value == float(expected * least)
        assert is_nearest(value, surd, form)
        assert not is_nearest(float((expected + 1) * least), surd, form)


@pytest.mark.parametrize("form", ["float64", "float32"])
def test_overflow_is_an_error_exactly_from_the_rounding_threshold_on(form: FloatName) -> None:
    precision, top = FORMATS[form].precision, FORMATS[form].top
    largest = (Fraction(2) ** precision - 1) * Fraction(2) ** (top - precision)
    ulp = Fraction(2) ** (top - precision)
    below = largest + ulp / 2 - ulp / 1000
    assert nearest_sqrt(*(below**2).as_integer_ratio(), form) == float(largest)
    assert is_nearest(float(largest), Surd.rational(below), form)
    with pytest.raises(OverflowError, match="too large"):
        nearest_sqrt(*((largest + ulp / 2) ** 2).as_integer_ratio(), form)
    assert not is_nearest(float(largest), Surd.rational(largest + ulp / 2), form)


def test_float32_is_not_rounded_through_float64() -> None:
    # Just above a float32 midpoint, by less than float64 can see.
    value = 1 + Fraction(1, 2**24) + Fraction(1, 2**80)
    surd = Surd.rational(value)
    assert np.float32(float(surd)) == np.float32(1)
    assert surd.to_float32() == np.float32(1 + 2.0**-23)


def multiple_of_pi(value: Fraction, side: int) -> Surd:
    """A rational multiple of pi just above (side 1) or below (-1) `value`, by 1e-100 of it: 332 bits."""
    digits = 10**100
    rounded = math.floor(precise_root(Fraction(1), 2) * digits) + (side < 0)
    surd = Surd.scaled(value / Fraction(rounded, digits), 1, pi_power=2)
    assert (surd > Surd.rational(value)) == (side > 0)
    return surd


@pytest.mark.parametrize("side", [1, -1])
def test_pi_next_to_a_midpoint_needs_and_gets_more_bits(side: int) -> None:
    above = 1 + 2.0**-52
    surd = multiple_of_pi(1 + Fraction(1, 2**53), side)
    right, wrong = (above, 1.0) if side > 0 else (1.0, above)
    assert float(surd) == right
    assert is_nearest(right, surd)
    assert not is_nearest(wrong, surd)


@pytest.mark.parametrize("side", [1, -1])
def test_the_rest_of_a_multiple_of_pi_next_to_a_midpoint(side: int) -> None:
    low = 2.0**-60
    middle = 1 + Fraction(low) * (1 + Fraction(1, 2**53))
    expected = low * (1 + 2.0**-52) if side > 0 else low
    assert nearest_pair(multiple_of_pi(middle, side)) == (1.0, expected)


def test_a_thousand_mutants_of_real_tables_fail() -> None:
    draw = random.Random(20)
    for kind in ("gaunt", "clebsch_gordan"):
        block = coupling_block(kind, 5, 6, 7 if kind == "gaunt" else 8)
        for form in DTYPES:
            values = block.values(form)
            assert values.dtype == form
            exact = block.numerators, block.denominators, block.pi_power
            assert all_nearest(values, *exact).all()
            for _ in range(3):
                up = np.array([draw.random() < 0.5 for _ in values])
                mutants = np.nextafter(values, np.where(up, np.inf, -np.inf).astype(form), dtype=form)
                assert len(mutants) > 90
                assert not all_nearest(mutants, *exact).any()


@pytest.mark.parametrize("wrong", [math.nan, math.inf, -math.inf, -math.sqrt(2), 0.0])
def test_impossible_floats_fail(wrong: float) -> None:
    assert not is_nearest(wrong, Surd.sqrt(2))


def test_a_double_is_not_a_float32() -> None:
    assert not is_nearest(math.sqrt(2), Surd.sqrt(2), "float32")
    assert is_nearest(float(np.float32(math.sqrt(2))), Surd.sqrt(2), "float32")


def test_zero() -> None:
    zero = Surd.rational(0)
    assert float(zero) == 0.0
    assert nearest_pair(zero) == (0.0, 0.0)
    assert is_nearest(0.0, zero)
    assert not is_nearest(5e-324, zero)


@given(BIG, BIG, st.integers(-1, 1), st.sampled_from([1, -1]))
def test_pair_is_the_nearest_double_and_the_nearest_rest(p: int, q: int, pi_power: int, sign: int) -> None:
    surd = Surd.sqrt(Fraction(p, q), sign=sign, pi_power=pi_power)
    high, low = nearest_pair(surd)
    rest = sign * precise_root(surd.radicand, pi_power, 300) - Fraction(high)
    assert high == float(surd)
    assert abs(Fraction(low) - rest) <= abs(rest) / 2**53
    assert abs(low) <= math.ulp(high) / 2


@given(st.fractions(max_denominator=2**80).filter(bool))
def test_pair_of_a_rational_leaves_the_nearest_rest(q: Fraction) -> None:
    high, low = nearest_pair(Surd.rational(q))
    assert (high, low) == (float(q), float(q - Fraction(float(q))))


def test_pair_of_an_imaginary_value_is_refused() -> None:
    with pytest.raises(NotReal):
        nearest_pair(Surd.sqrt(-1))


@given(st.lists(st.tuples(st.integers(-(10**30), 10**30), st.integers(1, 10**30)), max_size=8))
def test_bulk_rounding_is_rounding_one_by_one(entries: list[tuple[int, int]]) -> None:
    tops, bottoms = [n for n, _ in entries], [d for _, d in entries]
    for form, dtype in DTYPES.items():
        rounded = round_all(tops, bottoms, form, -1)
        assert rounded.dtype == dtype
        expected = [math.copysign(nearest_sqrt(abs(n), d, form, -1), n) for n, d in entries]
        assert rounded.tolist() == expected
        assert all_nearest(rounded, tops, bottoms, -1).all()


def test_bulk_tests_tell_repeated_entries_apart() -> None:
    values = np.array([math.sqrt(2), math.nextafter(math.sqrt(2), 2), math.sqrt(2), -math.sqrt(2)])
    assert all_nearest(values, [2, 2, 2, -2], [1, 1, 1, 1]).tolist() == [True, False, True, True]


@pytest.mark.parametrize("bad", ["float16", "int64", "longdouble", object(), "nonsense", None])
def test_other_formats_are_refused(bad: object) -> None:
    if bad is None:  # NumPy reads None as float64; here it must be said
        assert float_format("float64") is FORMATS["float64"]
        return
    with pytest.raises(OperandError, match="float64"):
        float_format(bad)


@given(st.integers(1, 2**80), st.integers(1, 2**80), st.integers(-200, 200))
@example(302_231_431_259_759_770_075_095, 1, 178)
def test_float32_by_way_of_float64(numerator: int, denominator: int, shift: int) -> None:
    top = numerator << max(shift, 0)
    bottom = denominator << max(-shift, 0)
    wide = np.array([nearest_sqrt(top, bottom)])
    assume(wide[0] <= np.finfo(np.float32).max)
    expected = nearest_sqrt(top, bottom, "float32")
    assert narrowed(wide, lambda _: expected).tolist() == [expected]


def test_a_middle_between_two_float32_is_asked_for() -> None:
    for exponent in (0, -130, -148):
        middle = math.ldexp(2**24 + 1, exponent - 24) if exponent > -126 else math.ldexp(3, -150)
        asked = []
        narrow = narrowed(np.array([middle, 1.0]), lambda place, asked=asked: asked.append(place) or 0.0)
        assert asked == [0]
        assert narrow.tolist() == [0.0, 1.0]
