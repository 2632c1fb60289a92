"""Values of arrays of labels: the rounded exact ones by both paths, within 1/2 ulp at large labels too."""

from __future__ import annotations

import math
import os
import random
import subprocess
import sys
from collections.abc import Callable
from functools import cache
from itertools import product
from typing import Any

import mpmath
import numpy as np
import pytest
from hypothesis import given
from spin_networks import all_6j, all_9j, random_6j, random_9j, triads_6j
from strategies import two_coupled

import reptheory as rt
from reptheory.errors import LabelError, OperandError, TooLarge
from reptheory.exact import values as module
from reptheory.exact.rounding import is_nearest
from reptheory.kernels import symbols

Row = tuple[int, ...]
SCALARS: dict[str, tuple[Callable[..., Any], Callable[..., Any]]] = {
    name: (getattr(rt, f"{name}_values"), getattr(rt, name))
    for name in ("wigner_3j", "clebsch_gordan", "gaunt", "real_gaunt", "wigner_6j", "racah", "wigner_9j")
}
SLOW = pytest.mark.slow
BOTH = pytest.mark.parametrize("compiled", [True, False])


@pytest.fixture(autouse=True)
def path(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Evaluate by compiled loops, or by exact integers, whatever has been loaded."""
    chosen = request.node.callspec.params.get("compiled", True) if hasattr(request.node, "callspec") else True
    monkeypatch.setattr(module, "_worth_compiling", lambda _, count: chosen and count > 0)


def random_3j(count: int, most: int, seed: int, step: int = 1) -> list[Row]:
    """Draw allowed doubled labels; with step 2 whole ones."""
    draw, rows = random.Random(seed), []
    while len(rows) < count:
        a, b = step * draw.randint(0, most // step), step * draw.randint(0, most // step)
        c = draw.randrange(abs(a - b), a + b + 1, 2)
        u, v = draw.randrange(-a, a + 1, 2), draw.randrange(-b, b + 1, 2)
        if abs(u + v) <= c:
            rows.append((a, b, c, u, v, -u - v))
    return rows


def labels_of(name: str, count: int, most: int, seed: int) -> list[Row]:
    if name == "racah":  # W(a b c d; e f) is the 6j symbol {a b e; d c f}
        return [(a, b, c, d, e, f) for a, b, e, d, c, f in random_6j(count, most, seed)]
    if name in ("wigner_6j", "wigner_9j"):
        return (random_6j if name == "wigner_6j" else random_9j)(count, most, seed)
    rows = random_3j(count, most, seed, 2 if "gaunt" in name else 1)
    if name == "clebsch_gordan":
        return [(*row[:5], -row[5]) for row in rows]
    if name == "real_gaunt":
        draw = random.Random(seed)
        return [(*row[:3], *(draw.choice((-1, 1)) * m for m in row[3:])) for row in rows]
    return rows


def plain(row: Row) -> list[float]:
    return [label // 2 if label % 2 == 0 else label / 2 for label in row]


def check(name: str, rows: list[Row]) -> None:
    many, one = SCALARS[name]
    values = many(*(np.array(rows).T / 2))
    assert values.shape == (len(rows),)
    assert values.dtype == np.float64
    for row, value in zip(rows, values.tolist(), strict=True):
        assert value == float(one(*plain(row))), row
        assert value or math.copysign(1, value) == 1


@BOTH
@pytest.mark.parametrize("name", SCALARS)
def test_values_are_the_rounded_exact_ones(name: str, compiled: bool) -> None:
    for most in (4, 20, 60) if name != "wigner_9j" else (4, 12, 30):
        check(name, labels_of(name, 150 if compiled else 40, most, seed=most))


@BOTH
def test_every_small_symbol(compiled: bool) -> None:
    check("wigner_6j", all_6j(4))
    check("wigner_9j", all_9j(2))
    spins = [
        (a, b, c)
        for a, b, c in product(range(4), repeat=3)
        if abs(a - b) <= c <= a + b and (a + b + c) % 2 == 0
    ]
    rows = [(*js, *ms) for js in spins for ms in product(*(range(-two_j, two_j + 1, 2) for two_j in js))]
    check("wigner_3j", rows)
    check("clebsch_gordan", rows)
    whole = [row for row in rows if all(label % 2 == 0 for label in row[:3])]
    check("gaunt", whole)
    check("real_gaunt", whole)


@BOTH
def test_forbidden_symbols_are_zero(compiled: bool) -> None:
    draw = np.random.default_rng(5)
    spins = draw.integers(0, 8, (9, 300))
    for name in ("wigner_6j", "racah"):
        check(name, [tuple(row) for row in spins[:6].T.tolist()])
    check("wigner_9j", [tuple(row) for row in spins.T.tolist()])
    assert (rt.wigner_3j_values(1, 1, [0, 1, 2, 3, 4], 0, 0, 0) == 0).tolist() == [
        False,
        True,
        False,
        True,
        True,
    ]
    assert rt.wigner_6j_values(2, 2, 2, 1.5, 1.5, 1.5) == 0  # an accidental zero


@given(two_coupled(30))
def test_one_symbol_alone(row: Row) -> None:
    value = rt.wigner_3j_values(*plain(row))
    assert isinstance(value, np.float64)
    assert is_nearest(float(value), rt.wigner_3j(*plain(row)))


@pytest.mark.parametrize("name", SCALARS)
def test_doubtful_values_come_from_integers(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = labels_of(name, 60, 10, seed=3)
    many, _ = SCALARS[name]
    expected, asked = many(*(np.array(rows).T / 2)), []
    exact = module._exact
    monkeypatch.setattr(module, "_exact", lambda *a: (asked.append(a), exact(*a))[1])
    assert (many(*(np.array(rows).T / 2)) == expected).all()
    assert not asked
    monkeypatch.setattr(symbols, "SLACK", 2.0**-50)
    assert (many(*(np.array(rows).T / 2)) == expected).all()
    assert len(asked) > 5


@pytest.mark.parametrize("name", ["wigner_3j", "gaunt", "wigner_6j", "wigner_9j"])
def test_beyond_the_loops_exact_integers_serve(name: str) -> None:
    check(name, labels_of(name, 60, {"wigner_6j": 130, "wigner_9j": 36}.get(name, 150), seed=8))


@pytest.mark.parametrize("name", ["wigner_3j", "gaunt"])
def test_the_edges_of_the_words(name: str) -> None:
    """j1 + j2 + j3 = 61..63 and 125..127: where one word ends, and two."""
    rows = []
    for total in (61, 62, 63, 64, 125, 126, 127, 128):
        for two_j1, two_j2 in [(total // 3 * 2, total // 3 * 2), (total, total), (total - 4, total // 2 + 3)]:
            two_j3 = 2 * total - two_j1 - two_j2
            if name == "gaunt" and (two_j1 | two_j2 | two_j3) % 2:
                continue
            if abs(two_j1 - two_j2) <= two_j3 <= two_j1 + two_j2:
                for u in range(two_j1 % 2, min(two_j1, two_j2, two_j3), 10):
                    rows += [
                        (two_j1, two_j2, two_j3, u, v, -u - v)
                        for v in range(-two_j2, two_j2 + 1, 2)
                        if abs(u + v) <= two_j3 and (two_j3 - u - v) % 2 == 0
                    ]
    check(name, rows[:: max(1, len(rows) // 400)])


def test_single_precision() -> None:
    for name, (many, one) in SCALARS.items():
        rows = labels_of(name, 50, 12, seed=4)
        values = many(*(np.array(rows).T / 2), dtype="float32")
        assert values.dtype == np.float32
        for row, value in zip(rows, values.tolist(), strict=True):
            assert is_nearest(value, one(*plain(row)), "float32")
    with pytest.raises(OperandError, match="dtype"):
        rt.wigner_3j_values(1, 1, 0, 0, 0, 0, dtype="float16")


@BOTH
def test_shapes_broadcast(compiled: bool) -> None:
    j = np.arange(4)
    values = rt.wigner_6j_values(j[:, None], 2, j, 1.5, 1.5, 0.5)
    assert values.shape == (4, 4)
    assert values[1, 2] == float(rt.wigner_6j(1, 2, 2, 1.5, 1.5, 0.5))
    assert rt.wigner_3j_values([], [], [], [], [], []).shape == (0,)
    assert rt.wigner_9j_values(np.ones((2, 0)), 1, 1, 1, 1, 1, 1, 1, 1).shape == (2, 0)
    assert rt.real_gaunt_values([], 1, 1, 0, 0, 0).shape == (0,)
    assert rt.gaunt_values(np.int8(100), np.array(100, ">u2"), 0, 5, -5, 0) == float(
        rt.gaunt(100, 100, 0, 5, -5, 0)
    )


@pytest.mark.parametrize("name", SCALARS)
def test_bad_elements_are_named(name: str) -> None:
    many, _ = SCALARS[name]
    count = 9 if name == "wigner_9j" else 6
    names = ["aa", "bb", "cc", "dd", "ee", "ff"] if name == "racah" else [f"j{k}" for k in range(1, 10)]
    names = [f"l{k}" for k in (1, 2, 3)] + ["m1", "m2", "m3"] if "gaunt" in name else names
    names = [*names[:3], "m1", "m2", "m3"] if name in ("wigner_3j", "clebsch_gordan") else names
    for place in range(count):
        for bad in (1.3, True, "1", None, float("nan")):
            labels: list[object] = [0] * count
            labels[place] = [0, bad]
            with pytest.raises(LabelError, match=rf"^{names[place]}\[1\]: "):
                many(*labels)
    with pytest.raises(OperandError, match="broadcast"):
        many([0, 0], [0, 0, 0], *[0] * (count - 2))
    with pytest.raises(TooLarge):
        many([2**45], *[0] * (count - 1))


def test_orders_beyond_their_spin() -> None:
    for many in (rt.wigner_3j_values, rt.clebsch_gordan_values, rt.gaunt_values, rt.real_gaunt_values):
        with pytest.raises(LabelError, match=r"m2\[0, 1\]: got 2 with .2\[0, 1\] = 1"):
            many(1, 1, 2, 0, [[0, 2]], 0)
    with pytest.raises(LabelError, match=r"j2\[0\] - m2\[0\] must be"):
        rt.wigner_3j_values(1, [1.5], 0.5, 0, 0, 0.5)
    with pytest.raises(LabelError, match=r"l1\[1\]"):
        rt.gaunt_values([1, 0.5], 1, 1, 0, 0, 0)


@cache
def factorials(digits: int, most: int) -> list[Any]:
    """Return n! for n <= most, in the working precision of so many digits."""
    numbers = [mpmath.mpf(1)]
    for n in range(1, most + 1):
        numbers.append(numbers[-1] * n)
    return numbers


def delta(f: list[Any], a: int, b: int, c: int) -> Any:
    """Return the square of the triangle coefficient."""
    return f[(a + b - c) // 2] * f[(a + c - b) // 2] * f[(b + c - a) // 2] / f[(a + b + c) // 2 + 1]


def precise_3j(row: Row, f: list[Any]) -> Any:
    """Racah's sum over factorials [DLMF 34.2.4], by mpmath with digits to spare."""
    a, b, c, u, v, w = row
    square = delta(f, a, b, c)
    for j, m in ((a, u), (b, v), (c, w)):
        square *= f[(j + m) // 2] * f[(j - m) // 2]
    total, ends = mpmath.mpf(0), ((a + b - c) // 2, (a - u) // 2, (b + v) // 2)
    for s in range(max(0, (b - c - u) // 2, (a - c + v) // 2), min(ends) + 1):
        below = f[s] * f[(c - b + u) // 2 + s] * f[(c - a - v) // 2 + s]
        for end in ends:
            below *= f[end - s]
        total += (-1) ** s / below
    return (-1) ** (abs(a - b - w) // 2) * mpmath.sqrt(square) * total


def precise_6j(row: Row, f: list[Any]) -> Any:
    """Racah's sum over factorials [DLMF 34.4.2]."""
    a, b, c, d, e, g = row
    square, total = mpmath.mpf(1), mpmath.mpf(0)
    for triad in triads_6j(row):
        square *= delta(f, *triad)
    lower = [sum(triad) // 2 for triad in triads_6j(row)]
    upper = [(a + b + d + e) // 2, (b + c + e + g) // 2, (a + c + d + g) // 2]
    for t in range(max(lower), min(upper) + 1):
        term = (-1) ** t * f[t + 1]
        for end in [*(t - low for low in lower), *(high - t for high in upper)]:
            term /= f[end]
        total += term
    return mpmath.sqrt(square) * total


@pytest.mark.parametrize(
    ("most", "count"), [(200, 20), pytest.param(1000, 100, marks=SLOW), pytest.param(4000, 60, marks=SLOW)]
)
def test_labels_to_two_thousand_against_mpmath(most: int, count: int) -> None:
    with mpmath.workdps(200 + 2 * most // 3):
        f = factorials(mpmath.mp.dps, 2 * most + 2)
        rows = random_3j(count, most, seed=most)
        columns = np.array(rows).T / 2
        turned = rt.clebsch_gordan_values(*columns[:5], -columns[5])
        exact = [precise_3j(row, f) for row in rows]
        pairs = list(zip(rt.wigner_3j_values(*columns), exact, strict=True))
        for row, value, symbol in zip(rows, turned, exact, strict=True):
            sign = (-1) ** ((row[0] - row[1] - row[5]) // 2)
            pairs.append((value, sign * mpmath.sqrt(row[2] + 1) * symbol))
        sixes = [row for row in random_6j(count, most, seed=most) if max(row) <= most]
        values = rt.wigner_6j_values(*(np.array(sixes).T / 2))
        pairs += [(value, precise_6j(row, f)) for row, value in zip(sixes, values, strict=True)]
        for value, symbol in pairs:
            assert abs(mpmath.mpf(float(value)) - symbol) <= mpmath.mpf(0.500001) * float(
                np.spacing(abs(value))
            )


@pytest.mark.parametrize("name", SCALARS)
def test_large_labels_are_correctly_rounded(name: str) -> None:
    most = 120 if name == "wigner_9j" else 4000
    rows = labels_of(name, 5, most, seed=9)
    many, one = SCALARS[name]
    values = many(*(np.array(rows).T / 2))
    for row, value in zip(rows, values.tolist(), strict=True):
        assert is_nearest(value, one(*plain(row)))


@BOTH
def test_values_below_the_smallest_float(compiled: bool) -> None:
    tiny = rt.wigner_3j(600, 600, 1200, 600, -600, 0)
    assert tiny > 0
    assert rt.wigner_3j_values(600, 600, [1200, 1200], 600, -600, 0).tolist() == [float(tiny)] * 2
    assert rt.wigner_3j_values(2000, 2000, 4000, 2000, -2000, 0) == 0.0
    assert abs(rt.wigner_3j_values(520, 520, 1040, 520, -520, 0)) < 2.0**-1022


def test_few_symbols_compile_nothing() -> None:
    code = (
        "import sys, reptheory as rt; rt.wigner_3j_values([1, 2], 1, 2, 0, 0, 0)\n"
        "rt.wigner_9j_values(1, *[1] * 8); rt.wigner_d_values(1, 0, 0, [0.5])\n"
        "print('numba' in sys.modules, 'sympy' in sys.modules)\n"
        "from reptheory.exact import values; values._COLD = values._WARM = 10\n"
        "rt.wigner_6j_values([1] * 20, 1, 1, 1, 1, 1); assert values._worth_compiling('wigner_6j', 50)\n"
        "assert not values._worth_compiling('wigner_9j', 9); print('numba' in sys.modules)"
    )
    env = {name: value for name, value in os.environ.items() if name != "NUMBA_DISABLE_JIT"}
    run = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True, check=True)
    assert run.stdout.split() == ["False", "False", "True"]


def test_who_keeps_asking_gets_compiled_loops() -> None:
    asked = module._Asked()
    assert [asked.often("wigner_3j", 40_000) for _ in range(3)] == [False, False, True]
    assert not asked.often("wigner_6j", 40_000)
