"""Squares and their roots: lowest terms are lowest, and a float with a proof is the nearest one."""

import os
import subprocess
import sys
from fractions import Fraction
from math import prod
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reptheory.build.compiled import _bounds
from reptheory.build.rows import limbs
from reptheory.exact.rounding import nearest_sqrt
from reptheory.kernels.squares import prove_roots, reduce_squares
from reptheory.tables.parts import integers

ROOT = Path(__file__).parents[2]
PRIMES = np.array([2, 3, 5, 7, 59])
POWERS = st.integers(-30, 30)


def words(values):
    """Return integers as low and high words."""
    return tuple(np.array([value >> shift & (2**64 - 1) for value in values], np.uint64) for shift in (0, 64))


def roots(tops, bottoms, pi_power=0, signs=None):
    """Return the doubles, and where they have no proof."""
    signs = np.ones(len(tops), np.int8) if signs is None else np.array(signs, np.int8)
    doubles, failed = np.empty(len(tops)), np.empty(len(tops), np.bool_)
    with np.errstate(over="ignore"):
        prove_roots(signs, limbs(tops), limbs(bottoms), *_bounds(pi_power), doubles, failed)
    return doubles, failed


@given(
    st.lists(st.integers(1, 2**64 - 1) | st.integers(1, 2**128 - 1), min_size=1, max_size=5),
    st.lists(st.tuples(*[POWERS] * len(PRIMES)), min_size=4, max_size=4),
)
def test_squares_are_in_lowest_terms(values, powers):
    factors = np.array([[k % 4, (k + 1) % 4] for k in range(len(values))], np.int32)
    tops, bottoms = np.zeros((2, len(values), 16), np.uint64)
    with np.errstate(over="ignore"):
        wide = reduce_squares(words(values), factors, np.array(powers, np.int16), PRIMES, tops, bottoms)
    for row, value in enumerate(values):
        square = Fraction(value) ** 2
        for factor in factors[row]:
            square *= prod(Fraction(int(p)) ** e for p, e in zip(PRIMES, powers[factor], strict=True))
        assert integers(tops[row : row + 1]) == [square.numerator]
        assert integers(bottoms[row : row + 1]) == [square.denominator]
    for width, array in zip(wide, (tops, bottoms), strict=True):
        assert array[:, width - 1].any()
        assert not array[:, width:].any()


def test_squares_without_room_are_left():
    for power in (-60, 60):
        tops, bottoms = np.zeros((2, 1, 2), np.uint64)
        arguments = words([2**62 - 1]), np.zeros((1, 1), np.int32), np.array([[power] * 5], np.int16)
        with np.errstate(over="ignore"):
            assert reduce_squares(*arguments, PRIMES, tops, bottoms) == (-1, -1)


@given(
    st.lists(st.tuples(st.integers(1, 2**300), st.integers(1, 2**300)), min_size=1, max_size=4),
    st.sampled_from([-1, 0, 1]),
)
def test_proven_roots_are_the_nearest(fractions, pi_power):
    tops, bottoms = zip(*fractions, strict=True)
    doubles, failed = roots(tops, bottoms, pi_power, [-1] * len(tops))
    expected = [-nearest_sqrt(*pair, pi_power=pi_power) for pair in fractions]
    assert all(bad or one == other for bad, one, other in zip(failed, doubles, expected, strict=True))


@given(
    st.integers(2**52, 2**53 - 1) | st.integers(0, 20).map(lambda k: 2**52 + k),
    st.integers(-60, 60),
    st.integers(-3, 3),
    st.sampled_from([1, 2**10, 2**70, 2**200]),
)
def test_roots_beside_midpoints(m, exponent, step, scale):
    # (m + 1/2)^2 and its neighbours with a large denominator; below powers of two (m + 3/4)^2 / 4 as well.
    for odd, unit in ((2 * m + 1, 4), (4 * m + 3, 16), (4 * m - 1, 16)):
        square = Fraction(odd * odd * scale + step, unit * scale) * Fraction(4) ** exponent
        (double,), (failed,) = roots([square.numerator], [square.denominator])
        expected = nearest_sqrt(square.numerator, square.denominator)
        assert failed or double == expected
        if step == 0 and unit == 4:
            assert failed


@pytest.mark.parametrize("pi_power", [-1, 0, 1])
def test_nearly_every_root_has_a_proof(pi_power):
    chance = np.random.default_rng(5)
    tops, bottoms = chance.integers(1, 2**63, (2, 5000)).tolist()
    tops[:50] = [k * k for k in range(1, 51)]
    bottoms[:50] = [4**k % 2**60 or 1 for k in range(50)]
    doubles, failed = roots(tops, bottoms, pi_power)
    assert failed.mean() < 0.01
    expected = [nearest_sqrt(n, d, pi_power=pi_power) for n, d in zip(tops, bottoms, strict=True)]
    np.testing.assert_array_equal(doubles[~failed], np.array(expected)[~failed])


def test_tiny_and_huge_roots_are_left():
    _, failed = roots([1, 1 << 1820, 1], [1 << 1820, 1, 1])
    assert failed.tolist() == [True, True, False]


PLAIN = """
import numpy as np
from reptheory.build import compiled
from reptheory.build.factored import FACTORED
from reptheory.build.pieces import _blocks, cut
from reptheory.tables.kinds import table_key
compiled.worth_compiling = lambda *_: True
with np.errstate(over="ignore"):
    for kind, lmax in (("clebsch_gordan", 2), ("gaunt", 2), ("wigner_6j", 1)):
        key = table_key(kind, lmax)
        squares = compiled.compiled_squares(key, _blocks(key), cut(key)[0].rows)
        floats = compiled.compiled_floats(squares, -1 if key.kind == "gaunt" else 0)
        print([array.tolist() for array in (squares.index, squares.numerator, squares.denominator, *floats)])
"""


def test_the_kernels_run_as_plain_python():
    found = [
        subprocess.run(
            [sys.executable, "-c", PLAIN],
            env={**os.environ, "PYTHONPATH": str(ROOT), "NUMBA_DISABLE_JIT": flag},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for flag in ("0", "1")
    ]
    assert len(found[0]) > 1000
    assert found[0] == found[1]
