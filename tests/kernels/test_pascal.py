"""Pascal recursions: compiled loops and NumPy twins against Python's integers, to the edge of each width."""

from __future__ import annotations

from math import comb, isqrt
from typing import Any

import numpy as np
import pytest

from reptheory.exact.factorial_roots import factorial_roots
from reptheory.exact.rounding import is_nearest
from reptheory.exact.square_grid import polynomial
from reptheory.exact.wigner3j import doubled_3j
from reptheory.exact.wigner3j_blocks import NARROW_TWO_J, WIDE_TWO_J, Blocks
from reptheory.kernels.pascal import fill_table
from reptheory.kernels.pascal_floats import inverse_roots, round_single, round_table
from reptheory.kernels.pascal_plain import (
    CLASSES,
    PascalPlan,
    fill_plain,
    pascal_triangle,
    round_plain,
    rounded_plain,
)

TRIANGLE = pascal_triangle(140)
FILLS = (fill_table, fill_plain)


def chain(b: int, c: int, last: int, step: int) -> PascalPlan:
    """Plan the blocks with given b, c and a up to `last`, each from the one before."""
    degrees = range(last % step, last + 1, step)
    two_js = np.array([(a + c, a + b, b + c) for a in degrees])
    sizes = [(a + b + 1) * (a + c + 1) - a * (a + 1) for a in degrees]
    starts = np.cumsum([0, *sizes])
    return PascalPlan(two_js, starts, np.array([-1, *starts[:-2]]), step)


def filled(plan: PascalPlan, fill: Any, wide: bool) -> list[int]:
    """Return the integers of a plan as Python ints."""
    entries = int(plan.starts[-1])
    words = np.zeros(entries, np.uint64), np.zeros(entries if wide else 0, np.uint64)
    fill(plan, 0, CLASSES, words, words, TRIANGLE)
    if not wide:
        return words[0].view(np.int64).tolist()
    return [
        low + (high << 64)
        for low, high in zip(words[0].tolist(), words[1].view(np.int64).tolist(), strict=True)
    ]


def expected(plan: PascalPlan) -> list[int]:
    """Return the same from the polynomial of each block."""
    out = []
    for t1, t2, t3 in plan.two_js.tolist():
        table, b = polynomial(t1, t2, t3).tolist(), (t2 + t3 - t1) // 2
        for s in range(t3, -1, -1):
            inside = [(p, p - s + b) for p in range(t1 + 1) if 0 <= p - s + b <= t2]
            out += [(-1) ** (t1 + t3 - s) * table[p][q] for p, q in inside]
    return out


@pytest.mark.parametrize("fill", FILLS)
@pytest.mark.parametrize("wide", [False, True])
@pytest.mark.parametrize("step", [1, 2])
@pytest.mark.parametrize(
    ("b", "c", "last"), [(0, 0, 9), (3, 0, 4), (0, 5, 4), (4, 7, 8), (6, 6, 1), (5, 5, 0)]
)
def test_every_block_of_a_chain(fill: Any, wide: bool, step: int, b: int, c: int, last: int) -> None:
    plan = chain(b, c, last, step)
    assert filled(plan, fill, wide) == expected(plan)


@pytest.mark.parametrize("fill", FILLS)
@pytest.mark.parametrize("step", [1, 2])
def test_one_word_is_right_to_spin_27_and_wrong_at_30(fill: Any, step: int) -> None:
    within, beyond = chain(27, 27, 27, step), chain(30, 30, 30, step)
    assert max(map(abs, expected(within))).bit_length() == 59
    assert filled(within, fill, wide=False) == expected(within)
    assert filled(beyond, fill, wide=False) != expected(beyond)
    assert filled(beyond, fill, wide=True) == expected(beyond)


@pytest.mark.parametrize("fill", FILLS)
@pytest.mark.parametrize(
    "degrees", [(62, 0, 0), (63, 0, 0), (31, 16, 16), (126, 0, 0), (127, 0, 0), (54, 54, 54)]
)
def test_two_words_where_the_sum_of_spins_passes_62_and_126(fill: Any, degrees: tuple[int, int, int]) -> None:
    last, b, c = degrees
    plan = chain(b, c, last, 2)
    assert filled(plan, fill, wide=True) == expected(plan)


@pytest.mark.parametrize("fill", FILLS)
def test_two_words_are_wrong_at_57(fill: Any) -> None:
    plan = chain(57, 57, 57, 2)
    assert filled(plan, fill, wide=True) != expected(plan)


def bound(t1: int, t2: int, t3: int) -> int:
    """Return the bound on B of docs/proofs/pascal.md from orthogonality, rounded down to an integer."""
    a, b, c = (t1 + t2 - t3) // 2, (t2 + t3 - t1) // 2, (t1 + t3 - t2) // 2
    total = a + b + c
    top = (total + 1) * comb(total, a) * comb(t1, t1 // 2) * comb(t2, t2 // 2) * comb(t3, t3 // 2)
    return isqrt(top // ((max(t1, t2, t3) + 1) * comb(t1, c) * comb(t2, b)))


def largest_bound(two_top: int) -> int:
    """Return the largest bound over all triples up to a spin; it is symmetric in the three."""
    triples = (
        (t1, t2, t3) for t1 in range(two_top + 1) for t2 in range(t1 + 1) for t3 in range(t1 - t2, t2 + 1, 2)
    )
    return max(bound(*triple) for triple in triples)


def test_the_proven_widths() -> None:
    narrow, wide = largest_bound(NARROW_TWO_J), largest_bound(WIDE_TWO_J)
    assert (NARROW_TWO_J, WIDE_TWO_J) == (54, 108)
    assert 2**61 < narrow < 2**61.2
    assert 3 * narrow < 2**63  # x - 2 y
    assert 2**124 < wide < 2**125
    assert bound(56, 56, 56) > 2**63
    assert bound(112, 112, 112) > 2**127


def test_the_other_bounds() -> None:
    for triple in [(4, 4, 4), (7, 5, 4), (12, 12, 0), (13, 8, 7), (40, 30, 20)]:
        total = sum(triple) // 2
        largest = max(abs(int(x)) for x in polynomial(*triple).ravel())
        assert largest <= comb(total, total // 2) <= 2**total
        assert largest <= bound(*triple)
    assert max(abs(int(x)) for x in polynomial(12, 12, 0).ravel()) == comb(12, 6)


def test_pascals_triangle_in_two_words() -> None:
    low, high = TRIANGLE
    for n in (0, 1, 2, 67, 68, 100, 131, 140):
        for k in range(n + 1):
            assert int(low[n, k]) + (int(high[n, k]) << 64) == comb(n, k) % 2**128
    assert not low[5, 6:].any()


@pytest.mark.parametrize("fill", FILLS)
def test_classes_are_independent(fill: Any) -> None:
    blocks = Blocks(range(13), 12, 1)
    plan = blocks.plan(blocks)
    whole, parts = ((np.zeros(blocks.entries, np.uint64), np.zeros(0, np.uint64)) for _ in range(2))
    fill(plan, 0, CLASSES, whole, whole, TRIANGLE)
    for first, last in [(4, CLASSES), (0, 1), (1, 4)]:
        fill(plan, first, last, parts, parts, TRIANGLE)
    np.testing.assert_array_equal(whole[0], parts[0])


@pytest.mark.parametrize("form", ["float64", "float32"])
@pytest.mark.parametrize("degrees", [(0, 54, 54), (54, 54, 54), (36, 18, 18), (27, 27, 27)])
def test_floats_of_the_largest_integers(degrees: tuple[int, int, int], form: Any) -> None:
    """The high words of the first two need more than the 53 bits of a double."""
    last, b, c = degrees
    plan = chain(b, c, last, 2)
    entries, roots = int(plan.starts[-1]), factorial_roots()
    words = np.zeros(entries, np.uint64), np.zeros(entries, np.uint64)
    fill_table(plan, 0, CLASSES, words, words, TRIANGLE)
    scales = inverse_roots(roots, 108)
    start, rounded = int(plan.starts[-2]), []
    for round_values in (round_table, round_plain):
        out = np.zeros(entries, form)
        assert not len(round_values(plan, 0, CLASSES, words, roots, scales, 2.0**-97, out))
        rounded.append(out)
    np.testing.assert_array_equal(*rounded)
    t1, t2, t3 = plan.two_js[-1].tolist()
    place = start
    for s in range(t3, -1, -1):
        first = max(0, s - b)
        length = last + 1 + min(c, s) - first
        p = first + length // 2
        exact = doubled_3j(t1, t2, t3, 2 * p - t1, t2 - 2 * (p - s + b), t3 - 2 * s)
        assert is_nearest(float(rounded[0][place + length // 2]), exact, form)
        place += length


def test_a_double_between_two_singles_is_doubtful() -> None:
    """Rounded by way of the double, 1 + 2^-24 + 2^-80 would become 1, and is nearer to 1 + 2^-23."""
    high, low = (
        np.array([1 + 2.0**-24, 1 + 2.0**-24, 1.5, 1 + 2.0**-24]),
        np.array([2.0**-80, -(2.0**-80), 0, 2.0**-50]),
    )
    _, unsure = rounded_plain(high, low, 2.0**-97, np.dtype("float32"))
    out, marks = np.zeros(4, np.float32), np.zeros(4, np.bool_)
    assert round_single(high, low, 2.0**-97, out, marks) == 2
    assert unsure.tolist() == marks.tolist() == [True, True, False, False]
